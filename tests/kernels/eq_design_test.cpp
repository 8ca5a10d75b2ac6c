// What a band asks for, and how near the designed kernel comes to it.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/equalizer/eq_design.h"
#include "tests/support/comparison.h"
#include "tests/support/eq_oracle.h"
#include "tests/support/random.h"

namespace lathe {
namespace {

constexpr BandType kAllTypes[] = {BandType::high_pass,  BandType::low_pass, BandType::bell,      BandType::low_shelf,
                                  BandType::high_shelf, BandType::notch,    BandType::band_pass, BandType::tilt};

TEST(EqBand, MagnitudesAreThoseOfTheTransferFunctions) {
  test::Random random = test::seeded(21);
  for (const BandType type : kAllTypes) {
    for (int i = 0; i < 200; ++i) {
      EqBand band{type, random.log_uniform(5, 40000), random.uniform(-36, 36), random.log_uniform(0.05, 100),
                  static_cast<int>(6 * random.integer(1, 16))};
      const double f = random.one_of({0.0, band.freq_hz, random.log_uniform(1, 100000)});
      const double want = test::band_gain_oracle(band, f), got = magnitude(band, f);
      EXPECT_NEAR(got, want, 1e-9 * want + 1e-12) << static_cast<int>(type) << " at " << f;
    }
  }
}

TEST(EqBand, GainsAreThoseTheirNamesPromise) {
  const auto level = [](EqBand band, double f) { return test::db(magnitude(band, f)); };
  EXPECT_NEAR(level({BandType::bell, 1000, 6, 2}, 1000), 6, 1e-9);
  EXPECT_NEAR(level({BandType::low_shelf, 1000, -9}, 0.01), -9, 1e-6);
  EXPECT_NEAR(level({BandType::low_shelf, 1000, -9}, 1000), -4.5, 1e-9);
  EXPECT_NEAR(level({BandType::high_shelf, 1000, 4}, 1e8), 4, 1e-6);
  EXPECT_NEAR(level({BandType::high_shelf, 1000, 4}, 1000), 2, 1e-9);
  EXPECT_NEAR(level({BandType::tilt, 1000, 6}, 0.001), -3, 1e-6);
  EXPECT_NEAR(level({BandType::tilt, 1000, 6}, 1000), 0, 1e-9);
  EXPECT_NEAR(level({BandType::tilt, 1000, 6}, 1e9), 3, 1e-6);
  EXPECT_NEAR(level({BandType::band_pass, 1000, 0, 5}, 1000), 0, 1e-9);
  EXPECT_LT(level({BandType::notch, 1000, 0, 5}, 1000), -200);
  for (const int slope : {6, 24, 96}) {
    EqBand band{BandType::high_pass, 100};
    band.slope_db_oct = slope;
    EXPECT_NEAR(level(band, 100), -3.0103, 1e-4);
    EXPECT_NEAR(level(band, 1) - level(band, 0.5), slope / 6 * test::db(2), 0.01);
    band.type = BandType::low_pass;
    EXPECT_NEAR(level(band, 100), -3.0103, 1e-4);
    EXPECT_NEAR(level(band, 10000) - level(band, 20000), slope / 6 * test::db(2), 0.01);
  }
}

TEST(EqBand, CheckNamesTheFieldThatIsOutOfRange) {
  const auto complaint = [](EqBand band) {
    try {
      band.check();
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(complaint({}), "");
  EXPECT_NE(complaint({BandType::bell, 4}).find("freq_hz"), std::string::npos);
  EXPECT_NE(complaint({BandType::bell, 1000, 37}).find("gain_db"), std::string::npos);
  EXPECT_NE(complaint({BandType::bell, 1000, 0, 0.01}).find("q"), std::string::npos);
  EXPECT_NE(complaint({BandType::high_pass, 1000, 0, 1, 15}).find("slope_db_oct"), std::string::npos);
  EXPECT_NE(complaint({BandType::high_pass, 1000, 0, 1, 102}).find("slope_db_oct"), std::string::npos);
  EXPECT_NE(complaint({BandType::bell, std::numeric_limits<double>::quiet_NaN()}).find("freq_hz"), std::string::npos);
}

TEST(EqDesign, NothingAskedIsOneTapOfOne) {
  const EqKernel kernel = design_kernel({}, 48000);
  EXPECT_EQ(kernel.taps, std::vector<double>{1.0});
  EXPECT_EQ(kernel.half(), 0);
}

TEST(EqDesign, RefusesABandAtHalfTheRateOrAbove) {
  EXPECT_THROW(design_kernel({{BandType::bell, 22050, 3}}, 44100), std::invalid_argument);
  EXPECT_NO_THROW(design_kernel({{BandType::bell, 22000, 3}}, 44100));
}

TEST(EqDesign, SaysFrequenciesAsPeopleWriteThem) {
  try {
    design_kernel({{BandType::bell, 9000, 3}}, 16000);
    FAIL() << "9 kHz at a rate of 16 kHz";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "a band at 9000 Hz does not fit a sample rate of 16000 Hz; it must lie below half of it");
  }
}

TEST(EqDesign, PreRingingIsTheShareOfEnergyAheadOfFiveMilliseconds) {
  const EqKernel wide = design_kernel({{BandType::bell, 5000, 3, 0.7}}, 48000);
  const EqKernel narrow = design_kernel({{BandType::bell, 60, 12, 8}}, 48000);
  EXPECT_LT(wide.pre_ring_db, -60);
  EXPECT_GT(narrow.pre_ring_db, -40);
  double early = 0, all = narrow.taps[0] * narrow.taps[0];
  for (std::size_t n = 1; n < narrow.taps.size(); ++n) {
    all += 2 * narrow.taps[n] * narrow.taps[n];
    if (n > 240) early += narrow.taps[n] * narrow.taps[n];
  }
  EXPECT_NEAR(narrow.pre_ring_db, 10 * std::log10(early / all), 1e-6);
}

}  // namespace
}  // namespace lathe
