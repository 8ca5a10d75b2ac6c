// The oracles are only worth what they are themselves held to: theory that needs no code.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "tests/support/comparison.h"
#include "tests/support/convolution_oracle.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/loudness_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/true_peak_oracle.h"

namespace lathe::test {
namespace {

TEST(TruePeakOracle, FindsTheTopOfATonePlacedBetweenTheSamples) {
  for (const double frequency : {0.01, 0.1, 0.25, 0.4, 0.45, 0.48}) {
    for (const double phase : {0.0, 0.3, 0.7854, 1.2}) {
      Signal x = sine(frequency, 0.5, 1, 4000, phase);
      fade(x, 1000);
      // 16 points a sample see at least cos(pi f / 16) of a tone's top.
      const double unseen = -db(std::cos(std::numbers::pi * frequency / 16));
      EXPECT_LT(db(TruePeakOracle(16).peak(x)), db(0.5) + 0.002) << frequency;
      EXPECT_GT(db(TruePeakOracle(16).peak(x)), db(0.5) - unseen - 0.002) << frequency;
    }
  }
}

TEST(TruePeakOracle, GroupPeaksTogetherAreThePeak) {
  Random random = seeded(111);
  Signal x = white_noise(random, 0.2, 1000);
  fade(x, 300);
  const std::vector<double> groups = TruePeakOracle(16).group_peaks(x, 8);
  EXPECT_EQ(groups.size(), 125u);
  EXPECT_EQ(*std::max_element(groups.begin(), groups.end()), TruePeakOracle(16).peak(x));
}

TEST(LoudnessOracle, ATestToneReadsWhatTheStandardSays) {
  const Signal tone = sine(997, 1, 48000, 96000);
  EXPECT_NEAR(integrated_loudness_oracle({tone}, {1}, 48000), -3.01, 0.005);
  EXPECT_NEAR(integrated_loudness_oracle({tone, tone}, {1, 1}, 48000), 0.0, 0.005);
  EXPECT_EQ(integrated_loudness_oracle({Signal(19199, 1)}, {1}, 48000), -std::numeric_limits<double>::infinity());
}

TEST(LoudnessOracle, TheTablesComeBackAt48kHz) {
  const auto q = k_weighting_oracle(48000);
  EXPECT_NEAR(q[0].b1, -2.69169618940638, 1e-12);
  EXPECT_NEAR(q[0].a2, 0.73248077421585, 1e-12);
  EXPECT_NEAR(q[1].b0, 1.0, 1e-12);
  EXPECT_NEAR(q[1].a1, -1.99004745483398, 1e-12);
}

TEST(FourierOracle, AToneFillsOneBinAndASymmetricKernelHasNoPhase) {
  std::vector<Complex> x(48);
  for (std::size_t n = 0; n < 48; ++n) x[n] = std::polar(2.0, 2 * std::numbers::pi * 5 * static_cast<double>(n) / 48);
  for (int k = 0; k < 48; ++k) EXPECT_NEAR(std::abs(dft_bin(x, k)), k == 5 ? 96 : 0, 1e-11);
  const Signal kernel = {0.25, 0.5, 0.25};
  EXPECT_NEAR(std::abs(response_at(kernel, 0.25, 1) - 0.5), 0, 1e-15);
  EXPECT_NEAR(std::abs(response_at(kernel, 0.5, 1)), 0, 1e-15);
}

TEST(ConvolutionOracle, AnImpulseDrawsTheKernel) {
  const Signal x = impulses(9, {4}), taps = {3, 2, 1};
  const double want[] = {0, 0, 1, 2, 3, 2, 1, 0, 0};
  for (std::int64_t n = 0; n < 9; ++n) EXPECT_EQ(convolved_at(x, taps, n), want[n]);
  EXPECT_EQ(circularly_convolved(impulses(6, {0}), taps), (Signal{3, 2, 1, 0, 1, 2}));
}

TEST(Comparison, WhatIsMissingOrNotANumberIsInfinitelyFar) {
  const Signal a = {1, 2}, nan = {1, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_EQ(residual_db(Signal{1}, a), std::numeric_limits<double>::infinity());
  EXPECT_EQ(residual_db(nan, a), std::numeric_limits<double>::infinity());
  EXPECT_EQ(worst_difference(nan, a), std::numeric_limits<double>::infinity());
  EXPECT_NEAR(residual_db(Signal{1.001, 2.002}, a), -60, 1e-6);
}

TEST(Random, TheSameSeedGivesTheSameNumbers) {
  Random a(5), b(5), other(6);
  EXPECT_EQ(a.bits(), b.bits());
  EXPECT_NE(a.bits(), other.bits());
}

}  // namespace
}  // namespace lathe::test
