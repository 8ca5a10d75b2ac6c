// Compressing and level riding, measured from the program's output.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/cli/workspace.h"
#include "tests/support/comparison.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

std::string recipe_of(const std::string& stage) {
  return "recipe: v1\nchain:\n  - " + stage + "\noutputs:\n  - {bits: 32f}\n";
}

// Each channel its own level, a second of a sine.
Sound sines(const std::vector<double>& levels_db, double freq_hz) {
  Sound sound{kRate, {}};
  for (const double level_db : levels_db)
    sound.channels.push_back(sine(freq_hz, std::pow(10.0, level_db / 20), kRate, kRate));
  return sound;
}

double level_db(const Signal& x) {
  double sum = 0;
  const std::size_t first = x.size() / 2, end = first + x.size() / 4;
  for (std::size_t n = first; n < end; ++n) sum += x[n] * x[n];
  return 10 * std::log10(2 * sum / static_cast<double>(end - first));
}

Sound mastered(const Workspace& work, const Sound& sound, const std::string& stage, nlohmann::json* report = nullptr) {
  write_sound(work.in() / "a.wav", sound, kWavFloat);
  const ProgramResult result = work.master({"--recipe", work.recipe(recipe_of(stage)), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  if (report != nullptr) *report = result.json();
  return read_sound(work.out() / "a.wav");
}

// Promised to users: 0.05 dB. One channel, two, and eight that are not linked.
TEST(MasterDynamics, SteadySinesFollowTheStaticCurve) {
  for (const std::string detector : {"peak", "rms"}) {
    const Workspace work;
    const std::vector<double> levels = {-40, -31, -27, -24, -20, -12, -6, -0.5};
    const Sound out = mastered(work, sines(levels, 1000),
                               "compress: {threshold_db: -24, ratio: 4, knee_db: 12, attack_ms: 5, release_ms: 100, "
                               "makeup_db: 2, link: 0, sidechain_high_pass_hz: 0, detector: " +
                                   detector + "}");
    ASSERT_EQ(out.frames(), kRate);
    for (std::size_t c = 0; c < levels.size(); ++c) {
      const double over = levels[c] + 24, in_knee = std::clamp(over + 6, 0.0, 12.0);
      const double reduction = 0.75 * (in_knee * in_knee / 24 + std::max(0.0, over - 6));
      EXPECT_NEAR(level_db(out.channels[c]), levels[c] - reduction + 2, 0.05) << detector;
    }
  }
}

TEST(MasterDynamics, ABandInBypassIsNotTouchedAndTheOthersFollowTheirCurves) {
  const Workspace work;
  Sound sound = sines({-10}, 60);
  const Signal high = sine(3000, 0.3, kRate, kRate);
  for (std::size_t n = 0; n < high.size(); ++n) sound.channels[0][n] += high[n];
  const std::string bands =
      "bands: [{threshold_db: -30, ratio: 3, attack_ms: 5, release_ms: 80, knee_db: 0}, {ratio: 1}]";
  const Sound out = mastered(work, sound, "compress: {crossovers_hz: [300], detector: peak, link: 1, " + bands + "}");
  // The tones end together after a second, so that each is found by its sine and cosine.
  const auto tone_db = [&](double freq_hz) {
    const Signal &x = out.channels[0], s = sine(freq_hz, 1, kRate, kRate),
                 c = sine(freq_hz, 1, kRate, kRate, std::numbers::pi / 2);
    double in_phase = 0, across = 0;
    for (std::size_t n = kRate / 2; n < kRate * 9 / 10; ++n) in_phase += x[n] * s[n], across += x[n] * c[n];
    return 20 * std::log10(2 * std::hypot(in_phase, across) / (kRate * 0.4));
  };
  EXPECT_NEAR(tone_db(60), -10 - 20 * 2.0 / 3, 0.05);
  EXPECT_NEAR(tone_db(3000), db(0.3), 0.002);
}

TEST(MasterDynamics, NeutralCompressorsLeaveEveryBit) {
  Random random = seeded(91);
  const Sound sound{kRate, {programme(random, kRate, 2 * kRate), programme(random, kRate, 2 * kRate)}};
  for (const std::string stage :
       {"compress: {ratio: 1}", "compress: {threshold_db: 0}", "compress: {threshold_db: -50, mix: 0}",
        "compress: {crossovers_hz: [200, 2000], bands: [{ratio: 1}, {threshold_db: 0}, {ratio: 1}]}",
        "level: {range_lu: 30}"}) {
    const Workspace work;
    mastered(work, sound, stage);
    EXPECT_EQ(stored_samples(work.out() / "a.wav"), stored_samples(work.in() / "a.wav")) << stage;
  }
}

TEST(MasterDynamics, TheReportSaysWhatWasTurnedDown) {
  const Workspace work;
  nlohmann::json report;
  mastered(work, sines({-6, -6}, 1000),
           "compress: {threshold_db: -18, ratio: 2, knee_db: 0, sidechain_high_pass_hz: 0}", &report);
  const nlohmann::json& stage = report["tracks"][0]["stages"][0];
  EXPECT_EQ(stage["name"], "compress");
  EXPECT_NEAR(stage["max_gain_reduction_db"].get<double>(), 6, 0.05);
  EXPECT_GT(stage["mean_gain_reduction_db"].get<double>(), 5);
  EXPECT_GT(stage["share_over_1_db"].get<double>(), 0.95);
  EXPECT_EQ(stage["gain_reduction_db_curve"]["values"].size(), 1u);
}

// Noise that is steady within a section: intro, verse, chorus.
Sound song(Random& random, const std::vector<double>& levels_db, int seconds) {
  Sound sound{kRate, {{}, {}}};
  for (const double level : levels_db) {
    for (Signal& channel : sound.channels) {
      const Signal noise = white_noise(random, std::pow(10.0, level / 20), static_cast<std::int64_t>(seconds) * kRate);
      channel.insert(channel.end(), noise.begin(), noise.end());
    }
  }
  return sound;
}

// Promised to users: within 0.5 LU, no gain steeper than 1 dB a second, a steady gain within a section.
TEST(MasterDynamics, ASongIsRiddenToTheRangeAskedFor) {
  Random random = seeded(92);
  const Workspace work;
  const Sound in = song(random, {-32, -26, -18}, 20);
  nlohmann::json report;
  const Sound out = mastered(work, in, "level: {range_lu: 3, window_s: 12}", &report);
  const nlohmann::json& track = report["tracks"][0];
  EXPECT_GT(track["before"]["loudness_range_lu"].get<double>(), 13);
  EXPECT_NEAR(track["after"]["loudness_range_lu"].get<double>(), 3, 0.5);
  EXPECT_NEAR(track["stages"][0]["range_after_lu"].get<double>(), track["after"]["loudness_range_lu"].get<double>(),
              0.1);
  ASSERT_EQ(out.frames(), in.frames());
  // The gain in dB at every tenth of a second, from the samples themselves.
  std::vector<double> gain_db;
  for (std::int64_t n = 0; n + kRate / 10 <= in.frames(); n += kRate / 10) {
    double before = 0, after = 0;
    for (std::int64_t k = n; k < n + kRate / 10; ++k) {
      before += in.channels[0][static_cast<std::size_t>(k)] * in.channels[0][static_cast<std::size_t>(k)];
      after += out.channels[0][static_cast<std::size_t>(k)] * out.channels[0][static_cast<std::size_t>(k)];
    }
    gain_db.push_back(10 * std::log10(after / before));
  }
  for (std::size_t i = 10; i < gain_db.size(); ++i) EXPECT_LE(std::abs(gain_db[i] - gain_db[i - 10]), 1.02) << i;
  EXPECT_GT(gain_db[50], gain_db[550] + 8);
}

TEST(MasterDynamics, ARangeThatCannotBeReachedIsSaid) {
  Random random = seeded(93);
  const Workspace work;
  nlohmann::json report;
  mastered(work, song(random, {-32, -18, -32, -18, -32, -18, -32, -18}, 4), "level: {range_lu: 2}", &report);
  const std::string notes = report["tracks"][0].dump();
  EXPECT_NE(notes.find("a loudness range of 2.0 LU was asked for"), std::string::npos) << notes;
}

}  // namespace
}  // namespace lathe::test
