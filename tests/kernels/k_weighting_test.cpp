// The K-weighting filter against the tables of BS.1770-5 and against their response.
#include <gtest/gtest.h>

#include <algorithm>
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

// |H(f)| of the high-pass with the numerator as the table has it, as libebur128 and ffmpeg have it at every rate.
double gain_of_others(double frequency_hz, double rate) { return gain(frequency_hz, rate) / k_weighting(rate)[1].b0; }

// "The same frequency response that the filter provides at 48 kHz" and the response of other meters are both this near:
// half of what is between them, and what the bilinear transform leaves at 2.7 kHz, where the shelf is steepest.
TEST(KWeighting, ResponseAtOtherRatesLiesBetweenThatAt48kHzAndThatOfOtherMeters) {
  struct {
    double rate, from_48_db, from_others_db;
  } const cases[] = {{44100, 0.004, 0.002},
                     {88200, 0.017, 0.010},
                     {96000, 0.018, 0.011},
                     {176400, 0.024, 0.016},
                     {192000, 0.025, 0.0163}};
  for (const auto& [rate, from_48_db, from_others_db] : cases) {
    double worst = 0, where = 0, worst_others = 0;
    for (double f = 20; f <= 20000; f *= 1.01) {
      const double off = std::abs(test::db(gain(f, rate) / gain(f, 48000)));
      if (off > worst) {
        worst = off;
        where = f;
      }
      worst_others = std::max(worst_others, std::abs(test::db(gain(f, rate) / gain_of_others(f, rate))));
    }
    EXPECT_LT(worst, from_48_db) << rate << " at " << where;
    EXPECT_LT(worst_others, from_others_db) << rate;
  }
}

// Away from the shelf's slope the one reading is as far off as the other.
TEST(KWeighting, GainAtOtherRatesIsTheMeanOfBothReadings) {
  for (const double rate : {44100.0, 88200.0, 96000.0, 176400.0, 192000.0}) {
    const double from_48_db = test::db(gain(200, rate) / gain(200, 48000));
    const double from_others_db = test::db(gain(200, rate) / gain_of_others(200, rate));
    EXPECT_NEAR(from_48_db, -from_others_db, 1e-4) << rate;
  }
}

TEST(KWeighting, RefusesRatesNobodyMeasuresAt) {
  for (const double rate : {0.0, -48000.0, 3999.0, 768001.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(k_weighting(rate), std::invalid_argument) << rate;
  }
}

}  // namespace
}  // namespace lathe
