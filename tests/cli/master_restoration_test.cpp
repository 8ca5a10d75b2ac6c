// Restoration through the program: what is mended, what keeps its bits, what is reported and kept.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"
#include "tests/support/comparison.h"
#include "tests/support/damage.h"
#include "tests/support/restoration_score.h"
#include "tests/support/rumble_oracle.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

class MasterRestoration : public ::testing::Test {
 protected:
  // Notes that swell and die away, a chord at a time: music enough for an AR model.
  static Sound tune(Random& random, double seconds) {
    Sound sound;
    sound.channels.assign(2, Signal(static_cast<std::size_t>(44100 * seconds)));
    for (double start = 0; start < seconds; start += 0.25) {
      for (int voice = 0; voice < 4; ++voice) {
        const double freq_hz = 110 * std::pow(2, static_cast<double>(random.integer(0, 36)) / 12);
        const double left = random.uniform(0.02, 0.08), right = random.uniform(0.02, 0.08);
        for (std::int64_t n = 0; n < 44100; ++n) {
          const auto at = static_cast<std::size_t>(44100 * start) + static_cast<std::size_t>(n);
          if (at >= sound.channels[0].size()) break;
          const double t = static_cast<double>(n) / 44100;
          const double tone = std::min(1.0, t / 0.01) * std::exp(-4 * t) *
                              (std::sin(6.2831853 * freq_hz * t) + 0.3 * std::sin(12.5663706 * freq_hz * t));
          sound.channels[0][at] += left * tone;
          sound.channels[1][at] += right * tone;
        }
      }
    }
    return sound;
  }

  Workspace work_;
};

TEST_F(MasterRestoration, CleanMusicComesOutBitForBitThroughEveryRestorationRecipe) {
  Random random = seeded(820);
  write_sound(work_.in() / "tune.wav", tune(random, 10), kWav16);
  write_sound(work_.in() / "noise.wav", wandering(random, 44100, 2, 4, 0.4), kWav24);
  for (const char* recipe : {"clean-up", "vinyl-transfer", "tape-transfer"}) {
    SCOPED_TRACE(recipe);
    const fs::path out = work_.root() / recipe;
    const ProgramResult run = work_.master({"--json", "--out", out.string(), "--recipe", recipe});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    for (const char* name : {"tune.wav", "noise.wav"}) {
      EXPECT_EQ(stored_samples(out / name), stored_samples(work_.in() / name)) << name;
      const nlohmann::json track = track_named(run.json(), name);
      for (const auto& stage : track.at("stages")) {
        EXPECT_FALSE(stage.at("acted").get<bool>()) << stage;
        EXPECT_TRUE(stage.at("confidence").is_number());
      }
    }
  }
}

TEST_F(MasterRestoration, ClicksAreMendedTheRestKeepsItsBitsAndTheReportSaysWhere) {
  Random random = seeded(821);
  const Sound clean = tune(random, 12);
  Sound damaged = clean;
  const Damage clicks = add_clicks(random, clean.channels, 44100, 2);
  damaged.channels = clicks.channels;
  write_sound(work_.in() / "clicks.wav", damaged, kWav16);
  const ProgramResult run =
      work_.master({"--json", "--recipe", "clean-up", "--set", "chain.declick.keep_removed=true"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "clicks.wav");
  const nlohmann::json& stage = track.at("stages").at(0);
  EXPECT_EQ(stage.at("name"), "declick");
  EXPECT_TRUE(stage.at("acted").get<bool>());
  EXPECT_GT(stage.at("confidence").get<double>(), 0.5);
  EXPECT_TRUE(track.at("faults").at("clicks").at("found").get<bool>());
  EXPECT_FALSE(track.at("faults").at("dropouts").at("found").get<bool>());
  const nlohmann::json& repairs = stage.at("repairs_at");
  ASSERT_GT(repairs.size(), 10u);

  const auto in = stored_samples(work_.in() / "clicks.wav"), out = stored_samples(work_.out() / "clicks.wav");
  ASSERT_EQ(in.size(), out.size());
  std::vector<bool> may_differ(in.size());
  for (const auto& repair : repairs) {
    const auto first = std::llround(repair.at("at_s").get<double>() * 44100);
    for (std::int64_t n = first - 1; n < first + repair.at("frames").get<std::int64_t>() + 1; ++n)
      may_differ[static_cast<std::size_t>(2 * n + repair.at("channel").get<int>() - 1)] = true;
  }
  std::int64_t changed = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    changed += in[i] != out[i];
    EXPECT_TRUE(in[i] == out[i] || may_differ[i]) << "frame " << i / 2 << " is outside all repairs";
  }
  EXPECT_EQ(changed > 0, true);
  const RestorationScore s = score(clean.channels, clicks, read_sound(work_.out() / "clicks.wav").channels, 44100);
  EXPECT_GT(s.gain_db(), 10);

  // What was taken out and what is left make up what came in.
  const Sound removed = read_sound(work_.out() / "clicks.declick-removed.wav");
  const Sound left = read_sound(work_.out() / "clicks.wav"), before = read_sound(work_.in() / "clicks.wav");
  EXPECT_EQ(stored_of(work_.out() / "clicks.declick-removed.wav"), kWavFloat);
  for (std::size_t n = 0; n < before.channels[0].size(); ++n)
    ASSERT_NEAR(removed.channels[0][n] + left.channels[0][n], before.channels[0][n], 1e-4) << n;
  ASSERT_EQ(track.at("outputs").size(), 2u);
  EXPECT_EQ(track.at("outputs")[1].at("id"), "declick-removed");
}

TEST_F(MasterRestoration, WhatWasRemovedIsAFileOfSilenceWhereNothingWas) {
  Random random = seeded(822);
  write_sound(work_.in() / "tune.wav", tune(random, 6), kWav16);
  ASSERT_EQ(work_.master({"--recipe", "clean-up", "--set", "chain.declip.keep_removed=true"}).exit_code, 0);
  const Sound removed = read_sound(work_.out() / "tune.declip-removed.wav");
  EXPECT_EQ(removed.frames(), 6 * 44100);
  for (const double x : removed.channels[1]) ASSERT_EQ(x, 0);
  // It is remembered as any other output.
  const ProgramResult again =
      work_.master({"--json", "--recipe", "clean-up", "--set", "chain.declip.keep_removed=true"});
  EXPECT_EQ(states_of(again.json())["tune.wav"], "UNCHANGED");
}

TEST_F(MasterRestoration, StagesRunInTheChainsOrderBetweenEqualisersToo) {
  Random random = seeded(823);
  const Sound clean = tune(random, 12);
  Sound damaged = clean;
  damaged.channels = add_clicks(random, clean.channels, 44100, 2).channels;
  write_sound(work_.in() / "clicks.wav", damaged, kWav24);
  const ProgramResult run = work_.master({"--json", "--recipe",
                                          work_.recipe("recipe: v1\n"
                                                       "chain:\n"
                                                       "  - gain: {gain_db: -2}\n"
                                                       "  - declick: {}\n"
                                                       "  - eq: {bands: [{type: bell, freq_hz: 1000, gain_db: 1}]}\n"
                                                       "  - dehum: {}\n"
                                                       "  - limit: {ceiling_dbtp: -1}\n"
                                                       "loudness: {target_lufs: -20}\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "clicks.wav");
  std::vector<std::string> names;
  for (const auto& stage : track.at("stages")) names.push_back(stage.at("name"));
  EXPECT_EQ(names, (std::vector<std::string>{"gain", "declick", "eq", "dehum", "loudness", "limit"}));
  EXPECT_TRUE(track.at("stages")[1].at("acted").get<bool>());
  EXPECT_NEAR(track.at("reached").at("integrated_lufs").get<double>(), -20, 0.05);
}

TEST_F(MasterRestoration, SpooledToDiskTheResultIsTheSame) {
  Random random = seeded(824);
  const Sound clean = tune(random, 60);
  Sound damaged = clean;
  damaged.channels = add_clicks(random, clean.channels, 44100, 2).channels;
  write_sound(work_.in() / "clicks.wav", damaged, kWav24);
  ASSERT_EQ(work_.master({"--recipe", "vinyl-transfer", "-q"}).exit_code, 0);
  const auto kept = stored_samples(work_.out() / "clicks.wav");
  EXPECT_NE(kept, stored_samples(work_.in() / "clicks.wav"));
  const fs::path out = work_.root() / "spooled";
  const ProgramResult run =
      work_.master({"--recipe", "vinyl-transfer", "-q", "--memory", "130M", "--no-cache", "--out", out.string()});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(stored_samples(out / "clicks.wav"), kept);
}

TEST_F(MasterRestoration, ANoiseProfileIsLookedForBesideTheRecipeAndItsContentCounts) {
  Random random = seeded(825);
  const Sound clean = tune(random, 10);
  Sound hissy = clean;
  hissy.channels = add_hiss(random, clean.channels, 44100, NoiseColour::white, 25).channels;
  write_sound(work_.in() / "hissy.wav", hissy, kWav24);
  Sound noise;
  noise.channels = {white_noise(random, 0.002, 44100)};
  write_sound(work_.root() / "noise.wav", noise, kWav24);
  const std::string recipe = work_.recipe(
      "recipe: v1\n"
      "chain:\n"
      "  - denoise: {profile: noise.wav, mode: always}\n");
  const ProgramResult run = work_.master({"--json", "--recipe", recipe});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(track_named(run.json(), "hissy.wav").at("stages")[0].at("acted").get<bool>());
  EXPECT_EQ(states_of(work_.master({"--json", "--recipe", recipe}).json())["hissy.wav"], "UNCHANGED");
  noise.channels = {white_noise(random, 0.004, 44100)};
  write_sound(work_.root() / "noise.wav", noise, kWav24);
  EXPECT_EQ(states_of(work_.master({"--json", "--recipe", recipe}).json())["hissy.wav"], "DONE");
}

TEST_F(MasterRestoration, ANoiseProfileThatIsNotThereOrDoesNotFitIsSaid) {
  Random random = seeded(826);
  write_sound(work_.in() / "tune.wav", tune(random, 4), kWav16);
  const std::string missing = work_.recipe("recipe: v1\nchain:\n  - denoise: {profile: nowhere.wav}\n");
  const ProgramResult none = work_.master({"--recipe", missing});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("nowhere.wav"), std::string::npos) << none.err;
  EXPECT_NE(none.err.find(":3:"), std::string::npos) << none.err;

  Sound noise;
  noise.sample_rate_hz = 48000;
  noise.channels = {white_noise(random, 0.002, 48000)};
  write_sound(work_.root() / "noise48.wav", noise, kWav24);
  const std::string other = work_.recipe("recipe: v1\nchain:\n  - denoise: {profile: noise48.wav}\n");
  const ProgramResult unfit = work_.master({"--json", "--recipe", other});
  EXPECT_EQ(unfit.exit_code, 1);
  const std::string reason = track_named(unfit.json(), "tune.wav").at("reason");
  EXPECT_NE(reason.find("48000"), std::string::npos) << reason;
  EXPECT_NE(reason.find("44100"), std::string::npos) << reason;
}

TEST_F(MasterRestoration, AMonoNoiseProfileServesBothChannelsOfAStereoTrack) {
  Random random = seeded(828);
  const Sound clean = tune(random, 10);
  Sound hissy = clean;
  for (Signal& channel : hissy.channels) {
    const Signal noise = white_noise(random, 0.004, 441000);
    for (std::size_t n = 0; n < noise.size(); ++n) channel[n] += noise[n];
  }
  write_sound(work_.in() / "hissy.wav", hissy, kWav24);
  Sound noise;
  noise.channels = {white_noise(random, 0.004, 44100 * 2)};
  write_sound(work_.root() / "noise.wav", noise, kWav24);
  const ProgramResult run = work_.master(
      {"--json", "--recipe", work_.recipe("recipe: v1\nchain:\n  - denoise: {profile: noise.wav, mode: always}\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json stage = track_named(run.json(), "hissy.wav").at("stages")[0];
  EXPECT_EQ(stage.at("correlation_of_channels"), 0) << stage;
  // One channel's noise is not what two have in common: it goes from their difference, too.
  const Sound out = read_sound(work_.out() / "hissy.wav");
  const auto noise_power = [&clean](const Sound& sound) {
    double power = 0;
    for (std::size_t n = 0; n < clean.channels[0].size(); ++n) {
      const double left = sound.channels[0][n] - clean.channels[0][n];
      power += std::pow(left - (sound.channels[1][n] - clean.channels[1][n]), 2);
    }
    return power;
  };
  EXPECT_LT(10 * std::log10(noise_power(out) / noise_power(hissy)), -6) << stage;
}

TEST_F(MasterRestoration, ANoiseProfileFromBehindTheTracksEndIsRefused) {
  Random random = seeded(829);
  write_sound(work_.in() / "tune.wav", tune(random, 4), kWav16);
  const ProgramResult run =
      work_.master({"--json", "--recipe", "clean-up", "--set", "chain.denoise.profile={from_s: 3.9, to_s: 5}"});
  EXPECT_EQ(run.exit_code, 1);
  const std::string reason = track_named(run.json(), "tune.wav").at("reason");
  EXPECT_NE(reason.find("3.9 to 5 s"), std::string::npos) << reason;
  EXPECT_FALSE(fs::exists(work_.out() / "tune.wav"));
  EXPECT_EQ(work_.master({"--recipe", "clean-up", "--set", "chain.denoise.profile={from_s: 3, to_s: 4.1}"}).exit_code,
            0);
}

TEST_F(MasterRestoration, AnOverridesNoiseProfileIsLookedForBesideTheRecipeToo) {
  Random random = seeded(830);
  Sound hiss;
  hiss.channels = {white_noise(random, 0.004, 44100 * 4)};
  write_sound(work_.in() / "hiss.wav", hiss, kWav24);
  write_sound(work_.root() / "noise.wav", hiss, kWav24);
  const auto recipe = [&](const std::string& file) {
    return work_.recipe(
        "recipe: v1\n"
        "chain:\n"
        "  - denoise: {mode: always}\n"
        "overrides:\n"
        "  - match: {path: hiss.wav}\n"
        "    set: {chain.denoise.profile: " +
        file + "}\n");
  };
  const ProgramResult run = work_.master({"--json", "--recipe", recipe("noise.wav")});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  EXPECT_EQ(track_named(run.json(), "hiss.wav").at("stages")[0].at("found"), true);
  const ProgramResult none = work_.master({"--recipe", recipe("nowhere.wav")});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find(":6:"), std::string::npos) << none.err;
  EXPECT_NE(none.err.find("nowhere.wav"), std::string::npos) << none.err;
}

TEST_F(MasterRestoration, WhatWasNotMendedKeepsAllOf32Bits) {
  Random random = seeded(831);
  Sound damaged = tune(random, 12);
  damaged.channels = add_clicks(random, damaged.channels, 44100, 2).channels;
  write_sound(work_.in() / "clicks.wav", damaged, {SF_FORMAT_WAV, SF_FORMAT_PCM_32});
  const ProgramResult run = work_.master({"--json", "--recipe", work_.recipe("recipe: v1\nchain: [{declick: {}}]\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json stage = track_named(run.json(), "clicks.wav").at("stages")[0];
  ASSERT_TRUE(stage.at("acted").get<bool>());
  const auto in = stored_samples(work_.in() / "clicks.wav"), out = stored_samples(work_.out() / "clicks.wav");
  ASSERT_EQ(in.size(), out.size());
  std::int64_t changed = 0, beyond_24_bits = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    changed += in[i] != out[i];
    beyond_24_bits += in[i] % 256 != 0;
  }
  EXPECT_GT(beyond_24_bits, 100000);
  EXPECT_LE(changed, stage.at("samples_changed").get<std::int64_t>());
}

TEST_F(MasterRestoration, WhereNoSampleChangedNothingIsCalledMended) {
  Sound silence;
  silence.channels.assign(2, Signal(44100, 0.0));
  write_sound(work_.in() / "silence.wav", silence, kWav16);
  const ProgramResult run = work_.master({"--recipe", "clean-up", "--set", "chain.declick.mode=always"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err.find("mended"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("DONE"), std::string::npos) << run.err;
}

TEST_F(MasterRestoration, RumbleOfARecordGoesAndTheReportSaysSo) {
  Random random = seeded(828);
  const Sound clean = tune(random, 20);
  Sound worn = clean;
  add_rumble(random, 0.05, 0.2, 44100, worn.channels[0], worn.channels[1]);
  write_sound(work_.in() / "side.wav", worn, kWavFloat);
  const ProgramResult run =
      work_.master({"--json", "--recipe", "vinyl-transfer", "--set", "chain.rumble.keep_removed=true"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "side.wav");
  EXPECT_TRUE(track.at("stages").at(2).at("acted").get<bool>()) << track;
  EXPECT_TRUE(track.at("faults").at("rumble").at("found").get<bool>()) << track;
  const Sound out = read_sound(work_.out() / "side.wav");
  for (std::size_t c = 0; c < 2; ++c)
    EXPECT_GT(residual_db(worn.channels[c], clean.channels[c]) - residual_db(out.channels[c], clean.channels[c]), 10);
  EXPECT_TRUE(fs::exists(work_.out() / "side.rumble-removed.wav"));
}

TEST_F(MasterRestoration, NastyInputSurvivesEveryStageOnAlways) {
  const std::string recipe = work_.recipe(
      "recipe: v1\n"
      "chain:\n"
      "  - declick: {mode: always}\n"
      "  - decrackle: {mode: always}\n"
      "  - declip: {mode: always}\n"
      "  - dehum: {mode: always}\n"
      "  - denoise: {mode: always}\n"
      "  - rumble: {mode: always}\n"
      "  - rumble: {mode: always, freq_hz: 20}\n");
  const auto put = [&](const std::string& name, int rate_hz, const std::vector<Signal>& channels) {
    Sound sound;
    sound.sample_rate_hz = rate_hz;
    sound.channels = channels;
    write_sound(work_.in() / name, sound, kWavFloat);
  };
  Random random = seeded(827);
  put("silence.wav", 44100, {Signal(44100, 0.0), Signal(44100, 0.0)});
  put("dc.wav", 44100, {Signal(44100, 0.5)});
  put("square.wav", 44100, {square(100, 1, 88200), square(99, 1, 88200)});
  put("frame.wav", 44100, {Signal(1, 0.5), Signal(1, -1.0)});
  put("eight.wav", 48000, std::vector<Signal>(8, white_noise(random, 0.1, 48000)));
  put("8k.wav", 8000, {white_noise(random, 0.2, 24000)});
  put("192k.wav", 192000, {white_noise(random, 0.2, 192000)});
  put("tiny.wav", 44100, {white_noise(random, 1e-38, 44100)});
  const ProgramResult run = work_.master({"--json", "--recipe", recipe});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const auto& entry : fs::directory_iterator(work_.out())) {
    if (entry.path().extension() != ".wav") continue;
    const Sound out = read_sound(entry.path());
    EXPECT_EQ(out.frames(), read_sound(work_.in() / entry.path().filename()).frames()) << entry.path();
    for (const Signal& channel : out.channels) {
      for (const double x : channel) ASSERT_TRUE(std::isfinite(x)) << entry.path();
    }
  }
}

}  // namespace
}  // namespace lathe::test
