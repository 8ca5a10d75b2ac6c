// The equaliser of the bass alone: what it takes on, what it makes of an impulse wherever that falls, what folds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "kernels/equalizer/linear_phase_eq.h"
#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/convolution_oracle.h"
#include "tests/support/eq_oracle.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;
using test::TestBackend;

constexpr double kResponseLimitDb = 0.02, kSymmetryLimit = 1e-6, kFoldLimitDb = -110;

std::shared_ptr<const LinearPhaseEqDesign> rumble_filter(double rate) {
  return std::make_shared<const LinearPhaseEqDesign>(std::vector<EqBand>{{BandType::high_pass, 22}}, rate);
}

class BassEqualiser : public test::BackendTest {
 protected:
  FloatTrack filtered(const std::shared_ptr<const LinearPhaseEqDesign>& eq, double rate, const FloatTrack& in) const {
    return test::run_steps(backend(), {eq}, rate, in);
  }
};

TEST(BassKernel, TakesOnRumbleFiltersAndLeavesTheRest) {
  for (const double rate : {44100.0, 48000.0, 88200.0, 96000.0, 192000.0, 384000.0}) {
    SCOPED_TRACE(rate);
    for (const int slope : {12, 18, 24, 48}) {
      const auto kernel = BassKernel::design({{BandType::high_pass, 22, 0, 0.7, slope}}, rate);
      ASSERT_TRUE(kernel) << slope;
      EXPECT_LE(kernel->worst_db(), 0.01);
    }
    EXPECT_TRUE(BassKernel::design({{BandType::high_pass, 30, 0, 0.7, 24}, {BandType::high_pass, 20}}, rate));
    EXPECT_FALSE(BassKernel::design({{BandType::high_pass, 22, 0, 0.7, 6}}, rate));
    EXPECT_FALSE(BassKernel::design({{BandType::high_pass, 200}}, rate));
    EXPECT_FALSE(BassKernel::design({{BandType::high_pass, 22}, {BandType::bell, 3000, 1}}, rate));
    EXPECT_FALSE(BassKernel::design({{BandType::low_pass, 15000}}, rate));
    // Above 20 kHz, where nothing is judged, bands act all the same.
    if (rate < 96000) continue;
    EXPECT_FALSE(BassKernel::design({{BandType::low_pass, 0.3 * rate, 0, 0.7, 72}}, rate));
    EXPECT_FALSE(BassKernel::design({{BandType::high_pass, 22}, {BandType::low_pass, 0.3 * rate, 0, 0.7, 24}}, rate));
    EXPECT_FALSE(BassKernel::design({{BandType::notch, 0.4 * rate, 0, 20}}, rate));
  }
  EXPECT_FALSE(BassKernel::design({{BandType::high_pass, 200}}, 8000));
}

// The low rate's samples stand at every 16th frame: an impulse may fall on one or anywhere between.
TEST_P(BassEqualiser, AnImpulseAnywhereGivesTheTargetSymmetricallyAboutItself) {
  const std::vector<EqBand> bands{{BandType::high_pass, 22}};
  for (const double rate : {44100.0, 96000.0}) {
    const auto eq = rumble_filter(rate);
    ASSERT_NE(eq->bass(), nullptr);
    for (const std::int64_t phase : {0, 1, 7, 8, 15}) {
      SCOPED_TRACE(phase);
      const std::int64_t origin = (eq->longest_half() + 500) / 16 * 16 + phase;
      test::for_each_level_of(backend(), [&] {
        const Signal h = filtered(eq, rate, FloatTrack({test::impulses(2 * origin + 1, {origin})})).signal(0);
        for (double f = 20; f < 20000; f *= 1.1) {
          const double got = std::abs(test::response_at(h, f / rate, origin));
          ASSERT_NEAR(test::db(got / test::target_oracle(bands, f)), 0, kResponseLimitDb) << f;
        }
        double worst = 0, from_taps = 0;
        for (std::int64_t k = 1; k <= origin; ++k) {
          const double after = h[static_cast<std::size_t>(origin + k)],
                       before = h[static_cast<std::size_t>(origin - k)];
          const double tap = k <= eq->bass()->half() ? eq->bass()->taps()[static_cast<std::size_t>(k)] : 0.0;
          worst = std::max(worst, std::abs(after - before));
          from_taps = std::max(from_taps, std::abs(after - tap));
        }
        EXPECT_LT(worst, kSymmetryLimit);
        EXPECT_LT(from_taps, kSymmetryLimit);
      });
    }
  }
}

// What lies beside a multiple of the low rate would fold onto the bass that is taken away.
TEST_P(BassEqualiser, TonesBesideMultiplesOfTheLowRateLeaveTheBassAlone) {
  const double rate = 48000, low_rate = rate / 16;
  const auto eq = rumble_filter(rate);
  for (const double tone : {low_rate - 30, low_rate + 30, 3 * low_rate - 11, 8 * low_rate - 100}) {
    const FloatTrack in({test::sine(tone, 0.5, rate, 96000)});
    const FloatTrack out = filtered(eq, rate, in);
    const std::vector<float> got(out.channel(0).begin() + 20000, out.channel(0).end() - 20000);
    const std::vector<float> want(in.channel(0).begin() + 20000, in.channel(0).end() - 20000);
    EXPECT_LT(test::residual_db(got, want), kFoldLimitDb) << tone;
  }
}

TEST_P(BassEqualiser, TracksOfEveryLengthComeOutAsLongAndAsTheirConvolution) {
  test::Random random = test::seeded(37);
  const auto eq = rumble_filter(44100);
  std::vector<std::int64_t> lengths{1, 2, 15, 16, 17, 64, 1000, 5003, 120001};
  // The last answers of the low rate then come in a block of their own, or would; on a device in a tile of their own,
  // and fewer lengths tell as much.
  const std::int64_t factor = eq->bass()->factor(), hop = eq->bass()->low().hop();
  const bool is_cpu = backend() == TestBackend::cpu;
  for (const std::int64_t blocks : is_cpu ? std::vector<std::int64_t>{1, 2, 3} : std::vector<std::int64_t>{1}) {
    for (const std::int64_t off : {-9, -8, -7, -6, -5, -4}) {
      for (const std::int64_t less : {0, 1, 5, 15}) {
        if (is_cpu || less < 5) lengths.push_back(factor * (blocks * hop + off) - less);
      }
    }
  }
  for (const std::int64_t frames : lengths) {
    const FloatTrack in({test::white_noise(random, 0.3, frames)});
    const FloatTrack out = filtered(eq, 44100, in);
    ASSERT_EQ(out.frames(), frames);
    const Signal x = in.signal(0);
    std::vector<std::int64_t> places;
    for (std::int64_t n = 0; n < frames; n += 1 + frames / 20) places.push_back(n);
    for (std::int64_t n = std::max<std::int64_t>(0, frames - 17); n < frames; ++n) places.push_back(n);
    for (const std::int64_t n : places) {
      const double want = test::convolved_at(x, eq->bass()->taps(), n);
      ASSERT_NEAR(out.channel(0)[static_cast<std::size_t>(n)], want, 2e-6) << n << " of " << frames;
    }
  }
}

LATHE_INSTANTIATE_BACKENDS(BassEqualiser);

}  // namespace
}  // namespace lathe
