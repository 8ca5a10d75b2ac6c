// match_eq through the program: towards a reference, an album or a named target, and what is said of it.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"
#include "tests/support/tonal_oracle.h"

namespace lathe::test {
namespace {

constexpr std::int64_t kTransform = 8192;

// y[n] = (1 - a) x[n] + a y[n - 1], mixed with x: a shelf that darkens.
Signal darkened(const Signal& x, double a) {
  Signal y(x.size());
  double state = 0;
  for (std::size_t n = 0; n < x.size(); ++n) {
    state += (1 - a) * (x[n] - state);
    y[n] = 0.9 * state + 0.1 * x[n];
  }
  return y;
}

Sound darkened(Sound sound, double a) {
  for (Signal& channel : sound.channels) channel = darkened(channel, a);
  return sound;
}

// dB in thirds of an octave from 50 Hz to 16 kHz, their mean taken away.
std::vector<double> balance(const Sound& sound) {
  const LongTermOracle spectrum = long_term_oracle(sound.channels, sound.sample_rate_hz, kTransform);
  const double bin_hz = static_cast<double>(sound.sample_rate_hz) / kTransform;
  std::vector<double> levels;
  for (double f = 1000 * std::exp2(-13 / 3.0); f < 16500; f *= std::exp2(1 / 3.0))
    levels.push_back(10 * std::log10(third_octave_power(spectrum.power, bin_hz, f)));
  double mean = 0;
  for (const double level : levels) mean += level / static_cast<double>(levels.size());
  for (double& level : levels) level -= mean;
  return levels;
}

double rms_apart(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

class MasterMatch : public ::testing::Test {
 protected:
  std::string match(const std::string& words) const {
    return work_.recipe("recipe: v1\nchain:\n  - match_eq: {" + words + "}\n");
  }
  static nlohmann::json stage_of(const ProgramResult& run, const std::string& name) {
    return track_named(run.json(), name).at("stages").at(0);
  }

  Workspace work_;
};

TEST_F(MasterMatch, AReferenceGivesTheTrackItsSpectrumAndNotItsLevel) {
  Random random = seeded(901);
  const Sound dark = darkened(wandering(random, 44100, 2, 12, 0.3), 0.8);
  const Sound reference = wandering(random, 48000, 1, 12, 0.8);  // of another rate, mono and louder
  write_sound(work_.in() / "dark.wav", dark, kWav24);
  write_sound(work_.root() / "reference.wav", reference, kWav24);
  const ProgramResult run =
      work_.master({"--json", "--recipe", match("reference: reference.wav, strength: 1, max_db: 24")});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  const Sound out = read_sound(work_.out() / "dark.wav");
  EXPECT_GT(rms_apart(balance(dark), balance(reference)), 3);
  EXPECT_LT(rms_apart(balance(out), balance(reference)), 1);  // promised to users
  EXPECT_NEAR(integrated_lufs(out), integrated_lufs(dark), 0.5);
  const nlohmann::json stage = stage_of(run, "dark.wav");
  EXPECT_EQ(stage.at("name"), "match_eq");
  EXPECT_GT(stage.at("deviation_before_db").get<double>(), 3);
  EXPECT_LT(stage.at("deviation_after_db").get<double>(), 1);
  EXPECT_GT(stage.at("largest_boost_db").get<double>(), 3);
  EXPECT_LT(stage.at("largest_cut_db").get<double>(), -1);
  const std::string notes = track_named(run.json(), "dark.wav").at("notes").dump();
  EXPECT_NE(notes.find("reference.wav"), std::string::npos) << notes;
}

TEST_F(MasterMatch, ATrackMatchedToItselfKeepsItsBits) {
  Random random = seeded(902);
  write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 6, 0.5), kWav24);
  const ProgramResult run =
      work_.master({"--json", "--recipe", match("reference: in/a.wav, strength: 1, stereo_width: true")});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  EXPECT_EQ(stored_samples(work_.out() / "a.wav"), stored_samples(work_.in() / "a.wav"));
  EXPECT_EQ(stage_of(run, "a.wav").at("largest_boost_db"), 0);
}

TEST_F(MasterMatch, ATargetGoesByItsNameAndStaysBelowTheCeiling) {
  Random random = seeded(903);
  write_sound(work_.in() / "a.wav", strokes(random, 44100, 2, 8, 20), kWav24);
  const std::string recipe = work_.recipe(
      "recipe: v1\n"
      "chain:\n"
      "  - match_eq: {target: pop}\n"
      "  - limit: {ceiling_dbtp: -1}\n"
      "loudness: {target_lufs: -11}\n");
  const ProgramResult run = work_.master({"--json", "--recipe", recipe});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  const Sound out = read_sound(work_.out() / "a.wav");
  EXPECT_NEAR(integrated_lufs(out), -11, 0.1);
  EXPECT_LE(true_peak_dbtp(out), -1 + 0.02);
  const nlohmann::json stage = stage_of(run, "a.wav");
  EXPECT_LE(stage.at("largest_boost_db").get<double>(), 6);
  EXPECT_GE(stage.at("largest_cut_db").get<double>(), -6);
  EXPECT_LT(stage.at("deviation_after_db").get<double>(), stage.at("deviation_before_db").get<double>());

  const ProgramResult wrong = work_.master({"--recipe", match("target: popp")});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.err.find("did you mean 'pop'"), std::string::npos) << wrong.err;
}

TEST_F(MasterMatch, AReferencesContentCountsForWhatIsUnchanged) {
  Random random = seeded(904);
  write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 5, 0.5), kWav24);
  write_sound(work_.root() / "r.wav", wandering(random, 44100, 2, 5, 0.5), kWav24);
  const std::string recipe = match("reference: r.wav");
  ASSERT_EQ(work_.master({"--recipe", recipe}).exit_code, 0);
  EXPECT_EQ(states_of(work_.master({"--json", "--recipe", recipe}).json())["a.wav"], "UNCHANGED");
  write_sound(work_.root() / "r.wav", darkened(wandering(random, 44100, 2, 5, 0.5), 0.8), kWav24);
  EXPECT_EQ(states_of(work_.master({"--json", "--recipe", recipe}).json())["a.wav"], "DONE");
}

TEST_F(MasterMatch, AnAlbumIsAFolderAndAnotherTrackInItAnotherAim) {
  Random random = seeded(905);
  write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 5, 0.5), kWav24);
  write_sound(work_.in() / "b.wav", darkened(wandering(random, 44100, 2, 5, 0.5), 0.5), kWav24);
  const fs::path album = work_.root() / "album";
  fs::create_directory(album);
  write_sound(album / "1.wav", darkened(wandering(random, 44100, 2, 5, 0.5), 0.7), kWav24);
  write_sound(album / "2.wav", silence(44100, 2, 2), kWav24);
  spill(album / "cover.jpg", "no audio");
  const std::string recipe = match("reference: album, strength: 1, max_db: 12");
  const ProgramResult run = work_.master({"--json", "--recipe", recipe});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  EXPECT_LT(rms_apart(balance(read_sound(work_.out() / "a.wav")), balance(read_sound(album / "1.wav"))), 1);
  write_sound(album / "3.wav", wandering(random, 44100, 2, 5, 0.5), kWav24);
  EXPECT_EQ(states_of(work_.master({"--json", "--recipe", recipe}).json())["a.wav"], "DONE");
}

TEST_F(MasterMatch, AReferenceThatCannotServeIsNamed) {
  Random random = seeded(906);
  write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 3, 0.5), kWav24);
  const ProgramResult missing = work_.master({"--recipe", match("reference: nowhere.wav")});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.err.find("nowhere.wav"), std::string::npos) << missing.err;
  EXPECT_NE(missing.err.find(":3:"), std::string::npos) << missing.err;

  write_sound(work_.root() / "quiet.wav", silence(44100, 2, 3), kWav24);
  spill(work_.root() / "text.wav", "no audio at all");
  fs::create_directory(work_.root() / "empty");
  for (const char* name : {"quiet.wav", "text.wav", "empty"}) {
    const ProgramResult run = work_.master({"--json", "--recipe", match(std::string("reference: ") + name)});
    EXPECT_EQ(run.exit_code, 1) << name;
    const std::string reason = track_named(run.json(), "a.wav").at("reason");
    EXPECT_NE(reason.find(name), std::string::npos) << reason;
    EXPECT_NE(reason.find("the reference"), std::string::npos) << reason;
    EXPECT_FALSE(fs::exists(work_.out() / "a.wav"));
  }
}

TEST_F(MasterMatch, ATargetOfReferenceIsTheReferencesLoudness) {
  Random random = seeded(907);
  write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 5, 0.3), kWav24);
  const Sound reference = darkened(wandering(random, 48000, 2, 5, 0.6), 0.5);
  write_sound(work_.root() / "r.wav", reference, kWav24);
  const std::string recipe = work_.recipe(
      "recipe: v1\n"
      "chain:\n"
      "  - match_eq: {reference: r.wav}\n"
      "  - limit: {ceiling_dbtp: -1}\n"
      "loudness: {target_lufs: reference}\n"
      "outputs:\n"
      "  - {id: a, bits: 24}\n"
      "  - {id: b, bits: 24, loudness: {target_lufs: -30}}\n");
  const double asked = integrated_lufs(reference);
  const ProgramResult plan = work_.master({"--json", "--dry-run", "--recipe", recipe});
  ASSERT_EQ(plan.exit_code, 0) << plan.err << plan.out;
  const nlohmann::json planned = track_named(plan.json(), "a.wav");
  EXPECT_NEAR(planned.at("asked").at("integrated_lufs").get<double>(), asked, 0.01);
  EXPECT_NEAR(planned.at("expected").at("integrated_lufs").get<double>(), asked, 0.1);
  const ProgramResult run = work_.master({"--json", "--recipe", recipe});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  EXPECT_NEAR(integrated_lufs(read_sound(work_.out() / "a.a.wav")), asked, 0.1);
  EXPECT_NEAR(integrated_lufs(read_sound(work_.out() / "a.b.wav")), -30, 0.1);
  const nlohmann::json made = track_named(run.json(), "a.wav");
  EXPECT_EQ(made.at("asked"), planned.at("asked"));
  EXPECT_EQ(made.at("outputs")[1].at("asked").at("integrated_lufs"), -30);
}

TEST_F(MasterMatch, AReferencesLoudnessKeepsToTheLimitsOfAnyTarget) {
  Random random = seeded(908);
  write_sound(work_.in() / "a.wav", strokes(random, 44100, 2, 5, -40), kWav24);
  write_sound(work_.root() / "r.wav", wandering(random, 44100, 2, 5, 0.99), kWav24);
  const std::string recipe = work_.recipe(
      "recipe: v1\n"
      "chain:\n"
      "  - match_eq: {reference: r.wav, strength: 0}\n"
      "  - limit: {ceiling_dbtp: -1, max_gain_reduction_db: 0.5}\n"
      "loudness: {target_lufs: reference}\n");
  const ProgramResult run = work_.master({"--json", "--recipe", recipe});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  const std::string reason = track_named(run.json(), "a.wav").at("reason");
  EXPECT_NE(reason.find("max_gain_reduction_db"), std::string::npos) << reason;
  EXPECT_LE(true_peak_dbtp(read_sound(work_.out() / "a.wav")), -1 + 0.02);
}

// What a master is made after must not become one.
TEST_F(MasterMatch, AMasterOntoItsReferenceIsRefused) {
  Random random = seeded(7);
  write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 3, 0.5), kWav24);
  write_sound(work_.out() / "a.wav", darkened(wandering(random, 44100, 2, 3, 0.5), 0.9), kWav24);
  const std::string before = slurp(work_.out() / "a.wav");
  for (const fs::path& reference : {work_.out() / "a.wav", work_.out()}) {
    const ProgramResult run =
        work_.master({"--json", "--overwrite", "--recipe", match("reference: " + reference.string())});
    EXPECT_EQ(run.exit_code, 1) << run.err;
    EXPECT_EQ(track_named(run.json(), "a.wav").at("reason_code"), "OUTPUT_TAKEN");
    EXPECT_TRUE(slurp(work_.out() / "a.wav") == before);
  }
}

TEST_F(MasterMatch, WhatOtherSystemsLeaveBesideReferencesIsPassedOver) {
  Random random = seeded(8);
  write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 3, 0.5), kWav24);
  const fs::path folder = work_.root() / "references";
  write_sound(folder / "b.wav", darkened(wandering(random, 44100, 2, 3, 0.5), 0.9), kWav24);
  spill(folder / "._b.wav", "no audio");
  const ProgramResult run = work_.master({"--json", "--recipe", match("reference: " + folder.string())});
  EXPECT_EQ(run.exit_code, 0) << run.err;
}

}  // namespace
}  // namespace lathe::test
