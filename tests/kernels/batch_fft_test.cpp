// Batches of transforms of every backend against the definition.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/fft/batch_fft.h"
#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/device_batch.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/random.h"

namespace lathe {
namespace {

using test::Complex;
using Values = std::vector<Complex32>;

// Of values: float32 rounds at -150 dB and every stage adds its share.
constexpr double kLimitDb = -130;

std::vector<double> flat(const Values& values, double gain = 1) {
  std::vector<double> all;
  for (const Complex32& value : values) all.insert(all.end(), {gain * value.re, gain * value.im});
  return all;
}

class BatchFftOn : public test::BackendTest {};

// Some bins of the first, the last and a middle sequence, as far as there are as many.
void expect_bins(const Values& x, const Values& spectrum, std::int64_t points, test::Random& random) {
  const std::int64_t batch = static_cast<std::int64_t>(x.size()) / points;
  std::vector<double> got, want;
  for (const std::int64_t b : {std::int64_t{0}, batch / 2, batch - 1}) {
    std::vector<Complex> sequence;
    for (std::int64_t n = b * points; n < (b + 1) * points; ++n)
      sequence.emplace_back(x[static_cast<std::size_t>(n)].re, x[static_cast<std::size_t>(n)].im);
    for (int probe = 0; probe < 4; ++probe) {
      const std::int64_t k = random.integer(0, points - 1);
      const Complex bin = test::dft_bin(sequence, k);
      const Complex32& there = spectrum[static_cast<std::size_t>(b * points + k)];
      got.insert(got.end(), {there.re, there.im});
      want.insert(want.end(), {bin.real(), bin.imag()});
    }
  }
  EXPECT_LT(test::residual_db(got, want), kLimitDb);
}

TEST_P(BatchFftOn, IsTheDefinitionAtEverySizeAndPlaceOfTheBatch) {
  needs_no_kernel();  // on a GPU the transforms are cuFFT's
  test::Random random = test::seeded(621);
  const auto device = test::open_batch(backend());
  for (std::int64_t points = 16; points <= 1 << 17; points *= 2) {
    for (const std::int64_t batch : {1, 3, 17, 40}) {
      // The longest ones fill memory and tell nothing new in numbers.
      if (points > 8192 && batch > (points > 65536 ? 1 : 3)) continue;
      SCOPED_TRACE(std::to_string(batch) + " of " + std::to_string(points));
      Values x(static_cast<std::size_t>(points * batch));
      for (Complex32& value : x)
        value = {static_cast<float>(random.uniform(-1, 1)), static_cast<float>(random.uniform(-1, 1))};
      const Values spectrum = device->forward(x, points);
      expect_bins(x, spectrum, points, random);
      EXPECT_LT(test::residual_db(flat(device->inverse(spectrum, points)), flat(x, static_cast<double>(points))),
                kLimitDb);
    }
  }
}

LATHE_INSTANTIATE_DEVICES(BatchFftOn);

TEST(BatchFft, RefusesSizesThatAreNoPowersOfTwoAndEmptyBatches) {
  EXPECT_THROW(cpu::make_batch_fft(8, 1), std::invalid_argument);
  EXPECT_THROW(cpu::make_batch_fft(48, 1), std::invalid_argument);
  EXPECT_THROW(cpu::make_batch_fft(1 << 25, 1), std::invalid_argument);
  EXPECT_THROW(cpu::make_batch_fft(16, 0), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
