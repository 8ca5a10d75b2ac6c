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

// "Different coefficient values, chosen to provide the same frequency response that the specified filter provides at
// 48 kHz" (BS.1770-5 Annex 1). Below 32 kHz a shelf of second order has ever less room beside half the rate.
TEST(KWeighting, ResponseAtEveryRateIsThatOfTheTablesAt48kHz) {
  struct {
    double rate, limit_db;
  } const cases[] = {{4000, 0.04},  {8000, 0.012},  {11025, 0.005}, {12000, 0.004}, {16000, 0.0013}, {22050, 3e-4},
                     {24000, 2e-4}, {32000, 5e-5},  {44100, 4e-5},  {48000, 1e-8},  {69313, 4e-5},   {88200, 4e-5},
                     {96000, 4e-5}, {176400, 4e-5}, {192000, 4e-5}, {352800, 4e-5}, {384000, 4e-5},  {768000, 4e-5}};
  for (const auto& [rate, limit_db] : cases) {
    for (double f = 20; f <= std::min(20000.0, 0.46 * rate); f *= 1.01) {
      EXPECT_NEAR(test::db(gain(f, rate)), test::db(test::k_weighting_gain_oracle(f)), limit_db) << rate << " " << f;
    }
  }
}

// Poles and zeros inside the unit circle: stable, and the phase of the 48 kHz tables, which are minimum phase but for
// the zeros at 0 Hz.
TEST(KWeighting, FiltersAtEveryRateAreStableAndMinimumPhase) {
  for (double rate = 4000; rate <= 768000; rate *= 1.07) {
    const auto q = k_weighting(rate);
    for (const Biquad& stage : q) {
      EXPECT_LT(std::abs(stage.a2), 1) << rate;
      EXPECT_LT(std::abs(stage.a1), 1 + stage.a2) << rate;
    }
    EXPECT_LT(std::abs(q[0].b2 / q[0].b0), 1) << rate;
    EXPECT_LT(std::abs(q[0].b1 / q[0].b0), 1 + q[0].b2 / q[0].b0) << rate;
  }
}

TEST(KWeighting, RefusesRatesNobodyMeasuresAt) {
  for (const double rate : {0.0, -48000.0, 3999.0, 768001.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(k_weighting(rate), std::invalid_argument) << rate;
  }
}

}  // namespace
}  // namespace lathe
