// The K-weighting filter against the tables of BS.1770-5 and against their response.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "kernels/math/k_weighting.h"
#include "tests/support/comparison.h"
#include "tests/support/loudness_oracle.h"

namespace lathe {
namespace {

double gain(double frequency_hz, double rate) {
  const auto q = k_weighting(rate);
  return magnitude(q[0], frequency_hz, rate) * magnitude(q[1], frequency_hz, rate);
}

TEST(KWeighting, TablesAt48kHzAreThoseOfTheStandard) {
  const auto q = k_weighting(48000);
  EXPECT_NEAR(q[0].b0, 1.53512485958697, 1e-13);
  EXPECT_NEAR(q[0].b1, -2.69169618940638, 1e-13);
  EXPECT_NEAR(q[0].b2, 1.19839281085285, 1e-13);
  EXPECT_NEAR(q[0].a1, -1.69065929318241, 1e-13);
  EXPECT_NEAR(q[0].a2, 0.73248077421585, 1e-13);
  EXPECT_NEAR(q[1].b0, 1.0, 1e-13);
  EXPECT_NEAR(q[1].b1, -2.0, 1e-13);
  EXPECT_NEAR(q[1].b2, 1.0, 1e-13);
  EXPECT_NEAR(q[1].a1, -1.99004745483398, 1e-13);
  EXPECT_NEAR(q[1].a2, 0.99007225036621, 1e-13);
}

// The oracle's coefficients at other rates are derived from the tables alone, not from the constants k_weighting uses.
TEST(KWeighting, OtherRatesAreTheTablesThroughTheBilinearTransform) {
  for (const double rate : {8000.0, 22050.0, 44100.0, 88200.0, 96000.0, 176400.0, 192000.0, 384000.0}) {
    for (double f = 10; f < 0.499 * rate; f *= 1.05) {
      EXPECT_NEAR(test::db(gain(f, rate)), test::db(test::k_weighting_gain_oracle(f, rate)), 1e-6) << rate << " " << f;
    }
  }
}

// "The same frequency response that the filter provides at 48 kHz", as near as the bilinear transform comes: 0.0016 dB
// at 44.1, 0.0063 at 96 and 0.0078 at 192 kHz, all at 2.7 kHz, where the shelf is steepest.
TEST(KWeighting, ResponseAtOtherRatesIsThatAt48kHz) {
  for (const double rate : {44100.0, 88200.0, 96000.0, 176400.0, 192000.0}) {
    double worst = 0, where = 0;
    for (double f = 20; f <= 20000; f *= 1.01) {
      const double off = std::abs(test::db(gain(f, rate) / gain(f, 48000)));
      if (off > worst) {
        worst = off;
        where = f;
      }
    }
    EXPECT_LT(worst, rate < 50000 ? 0.002 : 0.008) << rate << " at " << where;
  }
}

TEST(KWeighting, RefusesRatesNobodyMeasuresAt) {
  for (const double rate : {0.0, -48000.0, 3999.0, 768001.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(k_weighting(rate), std::invalid_argument) << rate;
  }
}

}  // namespace
}  // namespace lathe
