// A mix made of its stems: the sum, what is found wrong with stems, each stem's chain, and the share that is held.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "host/mastering/unusable_audio.h"
#include "kernels/math/decibel.h"
#include "tests/host/mastering/stem_session.h"

namespace lathe::test {
namespace {

using Samples = StemSamples;
using Stems = StemSession;

bool finds(const MasteredTrack& track, const std::string& text) {
  for (const std::string& finding : track.report.null_test->findings)
    if (finding.find(text) != std::string::npos) return true;
  return false;
}

std::string said(const MasteredTrack& track) {
  std::string all;
  for (const std::string& finding : track.report.null_test->findings) all += finding + "\n";
  return all;
}

bool notes(const MasteredTrack& track, const std::string& text) {
  for (const std::string& note : track.report.notes)
    if (note.find(text) != std::string::npos) return true;
  return false;
}

TEST_F(Stems, UntouchedSumToTheMixdownBitForBit) {
  const std::vector<Samples> stems = write_three();
  TrackJob mix = job(3);
  mix.mixdown = folder_ / "mix.wav";
  const MasteredTrack done = master(mix);
  EXPECT_TRUE(samples_in(done) == sum_of_stems(stems));
  EXPECT_TRUE(done.report.null_test->is_exact);
  EXPECT_TRUE(done.report.null_test->findings.empty()) << said(done);
  EXPECT_TRUE(std::isinf(done.report.null_test->residual_db));
}

TEST_F(Stems, AMixdownAtAnotherLevelIsSaidToBeSo) {
  const std::vector<Samples> stems = write_three();
  Samples lower = sum_of_stems(stems);
  for (float& x : lower) x *= static_cast<float>(db_to_amplitude(-1));
  TrackJob mix = job(3);
  mix.mixdown = write("lower.wav", lower);
  const MasteredTrack done = master(mix);
  EXPECT_NEAR(done.report.null_test->gain_db, -1, 0.001);
  EXPECT_LT(done.report.null_test->residual_db, -120);
  EXPECT_TRUE(done.report.null_test->findings.empty()) << said(done);
}

TEST_F(Stems, AShiftByOneFrameIsFoundAndSaidOfThatStemAlone) {
  std::vector<Samples> stems = write_three();
  stems[1].insert(stems[1].begin(), {0.0F, 0.0F});
  stems[1].resize(stems[0].size());
  write("1.wav", stems[1]);
  TrackJob mix = job(3);
  mix.mixdown = folder_ / "mix.wav";
  const MasteredTrack done = master(mix);
  EXPECT_TRUE(finds(done, "1.wav lies 1 frame late")) << said(done);
  EXPECT_EQ(done.report.null_test->findings.size(), 1u) << said(done);
}

TEST_F(Stems, AStemThatIsLowerOrUpsideDownInTheMixdownIsNamed) {
  std::vector<Samples> stems = write_three();
  for (float& x : stems[2]) x *= -2;
  write("2.wav", stems[2]);
  TrackJob mix = job(3);
  mix.mixdown = folder_ / "mix.wav";
  const MasteredTrack done = master(mix);
  EXPECT_TRUE(finds(done, "2.wav is upside down against the mixdown, and stands 6.02 dB lower")) << said(done);
}

TEST_F(Stems, AMissingStemLeavesSomethingThatNoStemExplains) {
  write_three();
  TrackJob mix = job(2);
  mix.mixdown = folder_ / "mix.wav";
  const MasteredTrack done = master(mix);
  EXPECT_TRUE(finds(done, "something that is in no stem")) << said(done);
  EXPECT_GT(done.report.null_test->residual_db, -30);
}

// Of a copy the null test says no place and no level: nothing is left for it in the mixdown.
TEST_F(Stems, ACopyOfAnotherStemIsNamedAtAnyLevelWithAndWithoutAMixdown) {
  const std::vector<Samples> stems = write_three();
  for (const float gain : {1.0F, 0.5F}) {
    Samples copy = stems[0];
    for (float& x : copy) x *= gain;
    write("3.wav", copy);
    const std::string same =
        gain == 1 ? "3.wav holds the same as 0.wav: a copy?" : "3.wav holds the same as 0.wav, 6.0 dB lower: a copy?";
    TrackJob mix = job(4);
    EXPECT_TRUE(notes(master(mix), same)) << gain;
    mix.mixdown = folder_ / "mix.wav";
    const MasteredTrack done = master(mix);
    EXPECT_TRUE(notes(done, same)) << gain;
    ASSERT_EQ(done.report.null_test->findings.size(), 1u) << said(done);
    EXPECT_TRUE(finds(done, "3.wav is not in the mixdown, or another stem holds the same")) << said(done);
  }
}

TEST_F(Stems, OfTwoStemsTheCopyIsNamedAndOtherStemsAreNotTakenForOne) {
  const std::vector<Samples> stems = write_three();
  EXPECT_FALSE(notes(master(job(3)), "a copy?"));
  write("1.wav", stems[0]);
  EXPECT_TRUE(notes(master(job(2)), "1.wav holds the same as 0.wav: a copy?"));
  // Two more, and what two hold together is no mixdown of theirs.
  write("2.wav", stems[0]);
  const MasteredTrack done = master(job(3));
  EXPECT_TRUE(notes(done, "1.wav holds the same as 0.wav") && notes(done, "2.wav holds the same as 0.wav"));
  EXPECT_FALSE(notes(done, "is it the mixdown?"));
}

TEST_F(Stems, AMutedStemIsSaidToBeMissingFromTheMixdownAndNotToBeVeryFaintThere) {
  const std::vector<Samples> stems = write_three();
  TrackJob mix = job(3);
  mix.mixdown = write("muted.wav", sum_of_stems({stems[0], stems[2]}));
  const MasteredTrack done = master(mix);
  EXPECT_EQ(done.report.null_test->findings.size(), 1u) << said(done);
  EXPECT_TRUE(finds(done, "1.wav is not in the mixdown")) << said(done);
}

TEST_F(Stems, AShorterStemIsNamedAndFollowedBySilence) {
  std::vector<Samples> stems = write_three();
  stems[1].resize(stems[1].size() - 2 * 4411);
  write("1.wav", stems[1]);
  const MasteredTrack done = master(job(3));
  EXPECT_TRUE(samples_in(done) == sum_of_stems(stems));
  ASSERT_EQ(done.report.stems[1].notes.size(), 1u);
  EXPECT_NE(done.report.stems[1].notes[0].find("1.wav is 4411 frames (0.100 s) shorter"), std::string::npos);
}

TEST_F(Stems, OneAtAnotherRateIsRefusedByNameUnlessThereIsARateToMixAt) {
  write_three();
  write("2.wav", stem_music(3, 5 * 48000, 0.1), 48000);
  try {
    master(job(3));
    FAIL() << "mixed rates were taken";
  } catch (const UnusableAudio& error) {
    EXPECT_NE(std::string(error.what()).find("2.wav has 48000 Hz where the other 2 stems have 44100 Hz"),
              std::string::npos)
        << error.what();
  }
  TrackJob at_rate = job(3);
  at_rate.chain.sample_rate_hz = 44100;
  EXPECT_EQ(samples_in(master(at_rate)).size(), 2u * 5 * kStemRate);
}

// Each stem through the program's own master of that file alone, summed here in double.
TEST_F(Stems, WithChainsTheMixIsTheSumOfTheStemsMasteredAlone) {
  write_three();
  TrackJob mix = job(3);
  CompressStage compress;
  compress.settings.sample_rate_hz = kStemRate;
  compress.settings.bands.resize(1);
  compress.settings.bands[0].threshold_db = -30;
  compress.settings.bands[0].ratio = 3;
  StereoStage wide;
  wide.settings.width = 1.4;
  mix.stems[0].stages = {EqStage{{{BandType::bell, 300, -4, 1}}}, compress};
  mix.stems[1].stages = {EqStage{{{BandType::high_shelf, 6000, 3, 0.7}}}, wide};
  mix.stems[1].gain_db = -2.5;
  mix.stems[2].gain_db = 3;
  mix.chain.stages = {EqStage{{{BandType::high_pass, 30, 0, 0.7, 24}}}, GainStage{-6}};
  const Samples got = samples_in(master(mix));
  std::vector<std::vector<double>> parts;
  for (std::size_t i = 0; i < 3; ++i) {
    TrackJob alone = job(0);
    alone.input = mix.stems[i].input;
    alone.chain.stages = mix.stems[i].stages;
    const Samples one = samples_in(master(alone));
    parts.emplace_back(one.begin(), one.end());
    for (double& x : parts.back()) x *= db_to_amplitude(mix.stems[i].gain_db);
  }
  Samples sum(parts[0].size());
  for (std::size_t n = 0; n < sum.size(); ++n) sum[n] = static_cast<float>(parts[0][n] + parts[1][n] + parts[2][n]);
  TrackJob bus = job(0);
  bus.input = write("sum.wav", sum);
  bus.chain.stages = mix.chain.stages;
  const Samples expected = samples_in(master(bus));
  double error = 0, energy = 0;
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t n = 0; n < got.size(); ++n) {
    error += std::pow(static_cast<double>(got[n]) - expected[n], 2);
    energy += std::pow(static_cast<double>(expected[n]), 2);
  }
  EXPECT_LT(error, energy * 1e-12);
}

TEST_F(Stems, AHeldStemKeepsItsShareOfTheMix) {
  write_three();
  TrackJob mix = job(3);
  mix.stems[0].stages = {GainStage{3}};
  const Samples free = samples_in(master(mix));
  mix.stems[0].holds_share = true;
  mix.outputs[0].path = folder_ / "held.wav";
  const MasteredTrack held = master(mix);
  EXPECT_NEAR(held.report.stems[0].share_after_lu, held.report.stems[0].share_before_lu, 0.02);
  // The chain's gain of 3 dB is all that moved it, so the held mix is the untouched one.
  EXPECT_NEAR(held.report.stems[0].held_gain_db, -3, 0.02);
  mix.stems[0] = job(1).stems[0];
  mix.outputs[0].path = folder_ / "untouched.wav";
  const Samples got = samples_in(held), untouched = samples_in(master(mix));
  double error = 0, moved = 0;
  for (std::size_t n = 0; n < got.size(); ++n) {
    error += std::pow(static_cast<double>(got[n]) - untouched[n], 2);
    moved += std::pow(static_cast<double>(free[n]) - untouched[n], 2);
  }
  EXPECT_LT(error, moved * 1e-4);
}

TEST_F(Stems, ATargetAndALimiterActOnTheSum) {
  write_three();
  TrackJob mix = job(3);
  mix.chain.goal.target_lufs = -14;
  mix.chain.goal.limit = LimitGoal{};
  const MasteredTrack done = master(mix);
  EXPECT_NEAR(done.report.outputs[0].after.figures.integrated_lufs, -14, 0.05);
  EXPECT_LE(done.report.outputs[0].after.figures.true_peak_dbtp, -1.0);
}

// Who waits for the GPU, and for proof that the stems were not written to, waits for the last pass over them.
TEST_F(Stems, OfAMixWithVersionsTheFirstPassIsOverWithTheLastOfThem) {
  write_three();
  TrackJob mix = job(3);
  mix.stems[2].role = "vocals";
  mix.outputs.push_back(mix.outputs.front());
  mix.outputs.back().path = folder_ / "instrumental.wav";
  mix.outputs.back().without = {"vocals"};
  double share = 0;
  std::vector<double> calls;
  mix.after_first_pass = [&] { calls.push_back(share); };
  const MasteringProgress progress = [&share](double now, std::string_view) { share = now; };
  const MasteredTrack done = TrackMaster(designs_).master(mix, progress, std::atomic<bool>(false));
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_GE(calls[0], 0.5);
  ASSERT_EQ(done.report.outputs.size(), 2u);
  EXPECT_TRUE(done.report.outputs[0].without.empty());
  EXPECT_EQ(done.report.outputs[1].without, std::vector<std::string>{"vocals"});
}

}  // namespace
}  // namespace lathe::test
