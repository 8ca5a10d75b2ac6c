// Overlap-save against the definition of convolution.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/fft/overlap_save.h"
#include "tests/support/comparison.h"
#include "tests/support/convolution_oracle.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

using test::Signal;

constexpr double kConvolutionLimitDb = -125;

struct Blocks {
  AlignedArray<float> a, b;
};

Blocks filtered(const OverlapSaveKernel& kernel, const Signal& a, const Signal& b) {
  const auto points = static_cast<std::size_t>(kernel.points());
  Blocks blocks{AlignedArray<float>(points), AlignedArray<float>(points)};
  const std::vector<float> from_a(a.begin(), a.end()), from_b(b.begin(), b.end());
  kernel.filter(from_a.data(), from_b.data(), blocks.a.data(), blocks.b.data());
  return blocks;
}

Signal random_taps(test::Random& random, std::int64_t half) {
  Signal taps(static_cast<std::size_t>(half) + 1);
  for (std::size_t n = 0; n < taps.size(); ++n)
    taps[n] = random.uniform(-1, 1) / std::sqrt(1.0 + static_cast<double>(half));
  return taps;
}

// At both ends of the valid part, where a wrong offset shows, and at random places of both blocks.
TEST(OverlapSave, BothBlocksAreTheConvolutionOfTheDefinition) {
  test::Random random = test::seeded(11);
  for (const std::int64_t half : {0, 1, 15, 16, 31, 32, 33, 500, 511, 512, 513, 4000, 10000}) {
    SCOPED_TRACE(half);
    const Signal taps = random_taps(random, half);
    const OverlapSaveKernel kernel(taps);
    ASSERT_EQ(kernel.half(), half);
    ASSERT_EQ(kernel.hop() % 16, 0);
    ASSERT_LE(kernel.hop(), kernel.points() - 2 * half);
    ASSERT_GT(kernel.hop(), kernel.points() / 2);
    Signal a(static_cast<std::size_t>(kernel.points())), b(a.size());
    for (std::size_t n = 0; n < a.size(); ++n) {
      a[n] = static_cast<float>(random.uniform(-1, 1));
      b[n] = static_cast<float>(random.uniform(-1, 1));
    }
    std::vector<std::int64_t> places = {half, half + 1, half + kernel.hop() - 1};
    for (int i = 0; i < 200; ++i) places.push_back(half + random.integer(0, kernel.hop() - 1));
    Signal want;
    for (const std::int64_t n : places) want.push_back(test::convolved_at(a, taps, n));
    for (const std::int64_t n : places) want.push_back(test::convolved_at(b, taps, n));
    test::for_each_simd_level([&] {
      const Blocks y = filtered(kernel, a, b);
      Signal got;
      for (const std::int64_t n : places) got.push_back(y.a[static_cast<std::size_t>(n)]);
      for (const std::int64_t n : places) got.push_back(y.b[static_cast<std::size_t>(n)]);
      EXPECT_LT(test::residual_db(got, want), kConvolutionLimitDb);
    });
  }
}

TEST(OverlapSave, ALoudBlockLeavesItsQuietPartnerAlone) {
  test::Random random = test::seeded(12);
  const OverlapSaveKernel kernel(random_taps(random, 300));
  const Signal loud = test::white_noise(random, 1.0, kernel.points()), silent(loud.size(), 0.0);
  test::for_each_simd_level([&] {
    const Blocks y = filtered(kernel, loud, silent);
    double peak = 0;
    for (std::int64_t n = 0; n < kernel.points(); ++n)
      peak = std::max<double>(peak, std::abs(y.b[static_cast<std::size_t>(n)]));
    EXPECT_LT(test::db(peak), -120);
  });
}

TEST(OverlapSave, OnlyTheKernelOfOneTapOfOneIsTheIdentity) {
  EXPECT_TRUE(OverlapSaveKernel({1.0}).is_identity());
  EXPECT_TRUE(OverlapSaveKernel({1.0, 0.0, 0.0}).is_identity());
  EXPECT_FALSE(OverlapSaveKernel({0.5}).is_identity());
  EXPECT_FALSE(OverlapSaveKernel({1.0, 0.0, 1e-9}).is_identity());
}

TEST(OverlapSave, Avx2AndAvx512GiveTheSameBits) {
  LATHE_NEEDS_AVX512();
  test::Random random = test::seeded(13);
  for (const std::int64_t half : {5, 1000, 9000}) {
    const OverlapSaveKernel kernel(random_taps(random, half));
    const Signal a = test::white_noise(random, 0.1, kernel.points()),
                 b = test::white_noise(random, 0.1, kernel.points());
    const Blocks x = test::at_level(SimdLevel::avx2, [&] { return filtered(kernel, a, b); });
    const Blocks y = test::at_level(SimdLevel::avx512, [&] { return filtered(kernel, a, b); });
    for (std::size_t n = 0; n < x.a.size(); ++n) {
      ASSERT_EQ(x.a[n], y.a[n]) << n;
      ASSERT_EQ(x.b[n], y.b[n]) << n;
    }
  }
}

}  // namespace
}  // namespace lathe
