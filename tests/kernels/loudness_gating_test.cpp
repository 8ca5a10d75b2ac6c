// Gates, windows and weights: the arithmetic between the filter and the figures.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "kernels/loudness/loudness_meter.h"
#include "kernels/math/decibel.h"
#include "kernels/math/gating.h"
#include "tests/support/backends.h"
#include "tests/support/device_batch.h"

namespace lathe {
namespace {

using Weights = std::vector<double>;
using test::TestBackend;

constexpr double kNothing = -std::numeric_limits<double>::infinity();

double power_of(double lufs) { return db_to_power(lufs + 0.691); }

// Hops of 10 ms at 48 kHz, one level after another.
HopEnergies hops_of(const std::vector<std::pair<double, int>>& levels) {
  HopEnergies hops;
  hops.sample_rate_hz = 48000;
  for (const auto& [lufs, count] : levels)
    hops.energy.insert(hops.energy.end(), static_cast<std::size_t>(count), 480 * power_of(lufs));
  return hops;
}

TEST(Gating, ABlockAtTheAbsoluteGateIsOut) {
  EXPECT_EQ(gated_loudness(std::vector<double>{power_of(-70.0)}), kNothing);
  EXPECT_NEAR(gated_loudness(std::vector<double>{power_of(-69.999)}), -69.999, 1e-9);
  EXPECT_EQ(gated_loudness({}), kNothing);
  EXPECT_EQ(gated_loudness(std::vector<double>{0, 0, 0}), kNothing);
}

TEST(Gating, BlocksTenUnderTheMeanOfTheAudibleAreOut) {
  // Mean of the four: 10 log10((3 + 10^-1.2) / 4) = -1.16 under -20, so the gate stands at -31.16.
  EXPECT_NEAR(gated_loudness(std::vector<double>{power_of(-20), power_of(-20), power_of(-20), power_of(-32)}), -20,
              1e-9);
  const double kept = power_to_db((3 + db_to_power(-11)) / 4);
  EXPECT_NEAR(gated_loudness(std::vector<double>{power_of(-20), power_of(-20), power_of(-20), power_of(-31)}),
              -20 + kept, 1e-9);
}

TEST(Gating, SilenceUnderTheAbsoluteGateDoesNotLowerTheRelativeOne) {
  std::vector<double> blocks(100, power_of(-75));
  blocks.insert(blocks.end(), {power_of(-30), power_of(-41)});
  const double mean = power_to_db((1 + db_to_power(-11)) / 2);
  EXPECT_LT(-30 + mean - 10, -41);  // the gate without the silence lets -41 in
  EXPECT_NEAR(gated_loudness(blocks), -30 + mean, 1e-9);
}

// Hops go through the gates where the meter of a backend has them.
class Gates : public test::BackendTest {
 protected:
  LoudnessLevels levels_of(const HopEnergies& hops) const {
    if (backend() != TestBackend::cpu) return test::open_batch(backend())->levels_of(hops);
    return {integrated_loudness(hops), loudness_range(hops), max_momentary(hops), max_short_term(hops)};
  }
  double integrated(const HopEnergies& hops) const { return levels_of(hops).integrated_lufs; }
  double momentary(const HopEnergies& hops) const { return levels_of(hops).max_momentary_lufs; }
  double short_term(const HopEnergies& hops) const { return levels_of(hops).max_short_term_lufs; }
  double range(const HopEnergies& hops) const { return levels_of(hops).loudness_range_lu; }
};

TEST_P(Gates, BlocksUnderTheAbsoluteGateAreOutAndDoNotLowerTheRelativeOne) {
  EXPECT_EQ(integrated(hops_of({{-70.001, 100}})), kNothing);
  EXPECT_NEAR(integrated(hops_of({{-69.999, 100}})), -69.999, 1e-9);
  // The mean of what is audible is -32.8 and the gate stands at -42.8; with the silence in the mean it would let
  // -43.5 in, and the loudness were -32.8. The blocks on the edge take 0.007 LU.
  EXPECT_NEAR(integrated(hops_of({{-30, 10000}, {-43.5, 10000}, {-75, 90000}})), -30, 0.01);
}

TEST_P(Gates, BlocksTenUnderTheMeanOfTheAudibleAreOut) {
  const auto half = [](double lufs) { return hops_of({{-20, 10000}, {lufs, 10000}}); };
  // The mean of -20 and very little is -23: the gate stands at -33.
  EXPECT_NEAR(integrated(half(-34)), -20, 0.01);
  EXPECT_NEAR(integrated(half(-32)), -20 + power_to_db((1 + db_to_power(-12)) / 2), 0.01);
}

TEST_P(Gates, AnIncompleteBlockIsNotUsed) {
  EXPECT_EQ(integrated(hops_of({{-20, 39}})), kNothing);
  EXPECT_NEAR(integrated(hops_of({{-20, 40}})), -20, 1e-9);
  // The 9 hops after the last whole 100 ms step belong to no block.
  EXPECT_NEAR(integrated(hops_of({{-20, 40}, {0, 9}})), -20, 1e-9);
  EXPECT_GT(integrated(hops_of({{-20, 40}, {0, 10}})), -15);
}

TEST_P(Gates, MomentaryAndShortTermNeedAWholeWindow) {
  EXPECT_EQ(momentary(hops_of({{-20, 39}})), kNothing);
  EXPECT_NEAR(momentary(hops_of({{-20, 40}, {-30, 100}})), -20, 1e-9);
  EXPECT_EQ(short_term(hops_of({{-20, 299}})), kNothing);
  EXPECT_NEAR(short_term(hops_of({{-30, 5}, {-20, 300}, {-30, 100}})), -20, 1e-9);
}

TEST_P(Gates, LoudnessRangeIsUnchangedWhenTheProgrammeIsRepeated) {
  std::vector<std::pair<double, int>> once = {{-30, 2000}, {-20, 2000}, {-26, 1500}, {-23, 1500}}, twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  EXPECT_NEAR(range(hops_of(once)), 10, 0.1);
  EXPECT_NEAR(range(hops_of(twice)), range(hops_of(once)), 0.1);
  EXPECT_EQ(range(hops_of({{-80, 2000}})), 0);
  EXPECT_EQ(range(hops_of({})), 0);
}

// Every short-term value differs from every other, so a percentile read at the wrong place shows.
TEST_P(Gates, LoudnessRangeIsFromThe10thToThe95thPercentile) {
  HopEnergies hops = hops_of({});
  for (int k = 0; k < 6000; ++k)
    hops.energy.push_back(480 * power_of(-38 + 18 * std::sin(0.5 * std::numbers::pi * k / 6000)));
  std::vector<double> loudness;
  for (std::size_t first = 0; first + 300 <= 6150; first += 10) {
    double sum = 0;
    for (std::size_t k = first; k < std::min<std::size_t>(first + 300, 6000); ++k) sum += hops.energy[k];
    loudness.push_back(-0.691 + 10 * std::log10(sum / (300 * 480)));
  }
  std::sort(loudness.begin(), loudness.end());
  ASSERT_GT(loudness.front(), loudness.back() - 20) << "the relative gate is not what is tested here";
  const auto n = static_cast<double>(loudness.size());
  const auto value = [&loudness](double index) {
    return loudness[static_cast<std::size_t>(std::round(index)) - 1];
  };  // from 1, as the text counts
  EXPECT_NEAR(range(hops), value((n - 1) * 0.95 + 1) - value((n - 1) * 0.10 + 1), 1e-9);
}

LATHE_INSTANTIATE_BACKENDS(Gates);

TEST(Gating, HopsOfUnevenLengthStillGiveTheMeanSquare) {
  // 110.25 frames a hop at 11,025 Hz: some hops hold 110 frames, some 111.
  HopEnergies hops;
  hops.sample_rate_hz = 11025;
  for (std::int64_t k = 0; k < 400; ++k)
    hops.energy.push_back(0.01 * static_cast<double>(hop_start(k + 1, 11025) - hop_start(k, 11025)));
  for (const double power : window_powers(hops, 40, 1)) EXPECT_NEAR(power, 0.01, 1e-12);
}

TEST(ChannelWeights, SurroundsWeighMoreAndTheLfeNothing) {
  EXPECT_EQ(channel_weights(1, 0), (Weights{1}));
  EXPECT_EQ(channel_weights(2, 0), (Weights{1, 1}));
  EXPECT_EQ(channel_weights(5, 0), (Weights{1, 1, 1, 1.41, 1.41}));
  EXPECT_EQ(channel_weights(6, 0), (Weights{1, 1, 1, 0, 1.41, 1.41}));
  EXPECT_EQ(channel_weights(6, 0x60f), (Weights{1, 1, 1, 0, 1.41, 1.41}));        // side speakers instead of back
  EXPECT_EQ(channel_weights(8, 0x63f), (Weights{1, 1, 1, 0, 1, 1, 1.41, 1.41}));  // 7.1: the back pair stands at 135
  EXPECT_EQ(channel_weights(8, 0), channel_weights(8, 0x63f));
  EXPECT_EQ(channel_weights(2, 0x3f), (Weights{1, 1}));  // a mask of another number of channels
  EXPECT_EQ(channel_weights(11, 0), Weights(11, 1.0));   // nothing that is usual
}

// BS.1770-5 Annex 3: 1.41 from 60 to 120 degrees to the side and less than 30 above, 1 elsewhere.
TEST(ChannelWeights, UsualLayoutsOfMoreThanEightChannels) {
  const Weights bed{1, 1, 1, 0, 1.41, 1.41};
  Weights five_one_four = bed;
  five_one_four.insert(five_one_four.end(), 4, 1);
  EXPECT_EQ(channel_weights(10, 0), five_one_four);
  Weights seven_one_four = bed;
  seven_one_four.insert(seven_one_four.end(), 6, 1);
  EXPECT_EQ(channel_weights(12, 0), seven_one_four);
  EXPECT_EQ(channel_weights(7, 0), (Weights{1, 1, 1, 0, 1, 1.41, 1.41}));
  Weights wide = bed;
  wide.insert(wide.end(), {1, 1, 1.41, 1.41});
  wide.insert(wide.end(), 6, 1);
  EXPECT_EQ(channel_weights(16, 0), wide);
  // 9+10+3: L and R at 60 degrees and the pair at 90 count 1.41, both LFE nothing.
  Weights twenty_two{1.41, 1.41, 1, 0, 1, 1, 1, 1, 1, 0, 1.41, 1.41};
  twenty_two.insert(twenty_two.end(), 12, 1);
  EXPECT_EQ(channel_weights(24, 0), twenty_two);
}

TEST(ChannelWeights, NamedLoudspeakersWeighWhereverTheyStandInTheFile) {
  EXPECT_EQ(channel_weights(6, 0, "C L R Ls Rs LFE"), (Weights{1, 1, 1, 1.41, 1.41, 0}));
  EXPECT_EQ(channel_weights(8, 0, "L R C LFE Ls Rs Rls Rrs"), (Weights{1, 1, 1, 0, 1.41, 1.41, 1, 1}));
  EXPECT_EQ(channel_weights(6, 0x3f, "L R"), (Weights{1, 1, 1, 0, 1.41, 1.41}));  // names of another number of channels
}

TEST(ChannelWeights, TheLayoutSaysWhatItWasTakenFor) {
  EXPECT_EQ(channel_layout(6, 0x60f).name, "5.1");
  EXPECT_FALSE(channel_layout(6, 0x60f).is_assumed);
  EXPECT_EQ(channel_layout(8, 0).name, "7.1");
  EXPECT_TRUE(channel_layout(8, 0).is_assumed);
  EXPECT_EQ(channel_layout(2, 0).name, "stereo");
  EXPECT_FALSE(channel_layout(2, 0).is_assumed);
  EXPECT_EQ(channel_layout(3, 0xb).name, "L R LFE");
  EXPECT_EQ(channel_layout(11, 0).name, "11 channels");
}

}  // namespace
}  // namespace lathe
