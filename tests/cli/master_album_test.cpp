// Albums: tracks that run into each other, gains that several share, masters that get their names together.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <numbers>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

// A limiter, an equaliser with a long kernel and a compressor: all that remembers what was before.
constexpr const char* kRecipe =
    "recipe: v1\n"
    "name: live\n"
    "chain:\n"
    "  - eq: {bands: [{type: high-pass, freq_hz: 30, slope_db_oct: 24}, {type: bell, freq_hz: 900, gain_db: 2, q: "
    "1}]}\n"
    "  - compress: {threshold_db: -24, ratio: 2, attack_ms: 10, release_ms: 200}\n"
    "  - limit: {ceiling_dbtp: -1, max_gain_reduction_db: 6}\n"
    "loudness: {target_lufs: -14}\n";

// Odd places, for nothing in the chain counts in these.
const std::vector<std::int64_t> kCuts{317'411, 700'003, 1'199'999};

Sound piece(const Sound& sound, std::int64_t first, std::int64_t end) {
  Sound part{sound.sample_rate_hz, {}};
  for (const Signal& channel : sound.channels)
    part.channels.emplace_back(channel.begin() + first, channel.begin() + end);
  return part;
}

class MasterAlbum : public testing::Test {
 protected:
  MasterAlbum() : recipe_(work_.recipe(kRecipe)) { fs::create_directories(work_.in()); }

  // 1.ext to 4.ext in in(), and the whole in `whole/`.
  void cut(const Sound& sound, Stored stored, const std::string& ext) {
    write_sound(work_.in() / "whole.wav", sound, kWav24);  // rounded once
    const Sound kept = read_sound(work_.in() / "whole.wav");
    fs::create_directories(work_.root() / "whole");
    fs::rename(work_.in() / "whole.wav", work_.root() / "whole/whole.wav");
    std::int64_t first = 0;
    for (std::size_t i = 0; i <= kCuts.size(); ++i) {
      const std::int64_t end = i < kCuts.size() ? kCuts[i] : kept.frames();
      write_sound(work_.in() / (std::to_string(i + 1) + ext), piece(kept, first, end), stored);
      first = end;
    }
  }

  std::vector<std::int32_t> whole_master(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{
        "master",      (work_.root() / "whole").string(),       "--out",    (work_.root() / "whole-out").string(),
        "--state-dir", (work_.root() / "whole-state").string(), "--recipe", recipe_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult run = run_program(arguments);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return stored_samples(work_.root() / "whole-out/whole.wav");
  }

  // The masters one after the other.
  std::vector<std::int32_t> joined_masters(const std::string& ext) const {
    std::vector<std::int32_t> all;
    for (std::size_t i = 0; i <= kCuts.size(); ++i) {
      const auto part = stored_samples(work_.out() / (std::to_string(i + 1) + ext));
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

  ProgramResult master(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"--json", "--recipe", recipe_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return work_.master(arguments);
  }

  // Loud, quiet and in between, ten seconds each.
  void write_ladder() {
    Random random = seeded(71);
    for (int i = 0; i < 3; ++i) {
      Sound sound = wandering(random, 44100, 2, 10, 0.5 / (1 << i));
      fade_ends(sound);
      write_sound(work_.in() / (std::to_string(i + 1) + ".wav"), sound, kWav24);
    }
  }

  static void fade_ends(Sound& sound) {
    for (Signal& channel : sound.channels) {
      const std::size_t n = channel.size();
      for (std::size_t i = 0; i < 4410; ++i) {
        channel[i] *= static_cast<double>(i) / 4410;
        channel[n - 1 - i] *= static_cast<double>(i) / 4410;
      }
    }
  }

  static double after_lufs(const nlohmann::json& report, const std::string& name) {
    return track_named(report, name).at("after").at("integrated_lufs").get<double>();
  }

  Workspace work_;
  std::string recipe_;
};

// Noise with a low tail under tones that glide, for 40 seconds.
Sound programme() {
  Random random = seeded(70);
  Sound sound = wandering(random, 44100, 2, 40, 0.3);
  for (std::size_t c = 0; c < sound.channels.size(); ++c) {
    double phase = 0;
    for (std::size_t n = 0; n < sound.channels[c].size(); ++n) {
      const double t = static_cast<double>(n) / 44100;
      phase += 2 * std::numbers::pi * (300 + 150 * std::sin(0.7 * t + static_cast<double>(c))) / 44100;
      sound.channels[c][n] += 0.2 * std::sin(phase);
    }
  }
  return sound;
}

TEST_F(MasterAlbum, TracksThatRunIntoEachOtherAreMasteredAsTheOneStreamTheyAre) {
  cut(programme(), kWav24, ".wav");
  const ProgramResult run = master();
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(joined_masters(".wav") == whole_master({}));
  const nlohmann::json report = run.json();
  EXPECT_EQ(report.at("summary").at("tracks"), 4);
  EXPECT_EQ(report.at("summary").at("done"), 4);
  EXPECT_NEAR(report.at("summary").at("audio_s").get<double>(), 40, 0.01);
  EXPECT_FALSE(track_named(report, "1.wav").contains("joined_to_previous"));
  for (const char* name : {"2.wav", "3.wav", "4.wav"}) {
    EXPECT_EQ(track_named(report, name).value("joined_to_previous", false), true) << name;
    EXPECT_NE(track_named(report, name).at("notes").dump().find("one stream"), std::string::npos);
  }
  const auto& album = report.at("albums").at(0);
  EXPECT_EQ(album.at("tracks"), 4);
  EXPECT_EQ(album.at("runs"), nlohmann::json::parse(R"([["1.wav", "4.wav"]])"));
}

TEST_F(MasterAlbum, FlacTracksTooAreCutApartAtTheFrame) {
  cut(programme(), kFlac24, ".flac");
  ASSERT_EQ(master().exit_code, 0);
  EXPECT_TRUE(joined_masters(".flac") == whole_master({}));
}

TEST_F(MasterAlbum, NeverMastersThemApart) {
  cut(programme(), kWav24, ".wav");
  const ProgramResult run = master({"--set", "input.contiguous=never"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_FALSE(joined_masters(".wav") == whole_master({}));
  EXPECT_FALSE(track_named(run.json(), "2.wav").contains("joined_to_previous"));
}

TEST_F(MasterAlbum, AlwaysJoinsWhatNothingTells) {
  Random random = seeded(72);
  Sound noise{44100, {Signal(1'400'000), Signal(1'400'000)}};
  for (Signal& channel : noise.channels) {
    for (double& x : channel) x = random.uniform(-0.2, 0.2);
  }
  cut(noise, kWav24, ".wav");
  const ProgramResult apart = master();
  ASSERT_EQ(apart.exit_code, 0) << apart.err;
  EXPECT_FALSE(track_named(apart.json(), "2.wav").contains("joined_to_previous"));
  const ProgramResult run = master({"--set", "input.contiguous=always"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(joined_masters(".wav") == whole_master({"--set", "input.contiguous=always"}));
}

TEST_F(MasterAlbum, UnrelatedTracksAreNotJoined) {
  Random random = seeded(73);
  for (int i = 0; i < 6; ++i) {
    // Cut off in the middle of the sound, at both ends; and tones, which begin at phase 0 in every file.
    Sound music = wandering(random, 44100, 2, 3, 0.4);
    write_sound(work_.in() / ("noise" + std::to_string(i) + ".wav"), music, kWav16);
    Sound tone{44100, {Signal(88'200)}};
    for (std::size_t n = 0; n < tone.channels[0].size(); ++n)
      tone.channels[0][n] = 0.3 * std::sin(2 * std::numbers::pi * 1000 * static_cast<double>(n) / 44100);
    write_sound(work_.in() / ("tone" + std::to_string(i) + ".wav"), tone, kWav16);
  }
  const nlohmann::json report = master().json();
  for (const auto& track : report.at("tracks")) EXPECT_FALSE(track.contains("joined_to_previous")) << track.at("input");
}

TEST_F(MasterAlbum, AnAlbumsGainKeepsTheDistancesOfItsTracks) {
  write_ladder();
  const ProgramResult run = master({"--set", "loudness.scope=album", "--set", "loudness.target_lufs=-20"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json();
  // The compressor acts before the gain: the distances are those of the same chain without a target.
  const ProgramResult plain = run_program(
      {"master", work_.in().string(), "--out", (work_.root() / "plain").string(), "--state-dir",
       (work_.root() / "plain-state").string(), "--json", "--recipe",
       work_.recipe(
           "recipe: v1\nname: plain\nchain:\n  - eq: {bands: [{type: high-pass, freq_hz: 30, slope_db_oct: 24}, "
           "{type: bell, freq_hz: 900, gain_db: 2, q: 1}]}\n  - compress: {threshold_db: -24, ratio: 2, "
           "attack_ms: 10, release_ms: 200}\n")});
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  // The loudness meter's figures are rounded to 1e-5; the limiter takes next to nothing at this target.
  for (const char* name : {"2.wav", "3.wav"}) {
    EXPECT_NEAR(after_lufs(report, "1.wav") - after_lufs(report, name),
                after_lufs(plain.json(), "1.wav") - after_lufs(plain.json(), name), 0.05);
  }
  const auto& loudness = report.at("albums").at(0).at("loudness").at(0);
  EXPECT_EQ(loudness.at("scope"), "album");
  EXPECT_NEAR(loudness.at("reached").at("integrated_lufs").get<double>(), -20, 0.05);
  EXPECT_EQ(loudness.at("asked").at("integrated_lufs"), -20);
  EXPECT_TRUE(loudness.at("gain_db").is_number());
}

// The curve a limiter holds to is kept until the last output of that rate has its gain, and an album's has it first.
TEST_F(MasterAlbum, AnOutputAtATracksOwnLoudnessIsTheSameBesideTheAlbums) {
  write_ladder();
  const std::string head = "recipe: v1\nname: both\nchain: [{limit: {ceiling_dbtp: -1}}]\noutputs:\n";
  const std::string own = "  - {id: own, path: \"own/{stem}.wav\", bits: 24, loudness: {target_lufs: -9}}\n";
  const std::string album =
      "  - {id: album, path: \"album/{stem}.wav\", bits: 24, loudness: {target_lufs: -9, scope: album}}\n";
  const ProgramResult both = work_.master({"--recipe", work_.recipe(head + own + album)});
  ASSERT_EQ(both.exit_code, 0) << both.err;
  const auto by = [&](const std::string& outputs) {
    const fs::path out = work_.root() / "alone";
    return run_program({"master", work_.in().string(), "--out", out.string(), "--state-dir",
                        (work_.root() / "alone-state").string(), "--recipe", work_.recipe(head + outputs)});
  };
  for (const std::string& alone : {own, album}) {
    const ProgramResult run = by(alone);
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  for (const char* name : {"own/1.wav", "own/2.wav", "own/3.wav", "album/1.wav", "album/2.wav", "album/3.wav"})
    EXPECT_TRUE(stored_samples(work_.out() / name) == stored_samples(work_.root() / "alone" / name)) << name;
}

// Each has a gain of its own; only the moment in which they get their names is shared.
TEST_F(MasterAlbum, AnAlbumThatIsPublishedAsOneNeedsNoGainInCommon) {
  write_ladder();
  const ProgramResult run = work_.master(
      {"--recipe", work_.recipe("recipe: v1\nname: whole\npublish: album\nloudness: {target_lufs: -20}\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(count_masters(work_.out()), 3);
  expect_nothing_staged(work_.out());
}

TEST_F(MasterAlbum, TheLoudestTrackIsOnTheTargetAndTheOthersBelow) {
  write_ladder();
  const ProgramResult run = master({"--set", "loudness.scope=loudest-track", "--set", "loudness.target_lufs=-20"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NEAR(after_lufs(run.json(), "1.wav"), -20, 0.05);
  EXPECT_LT(after_lufs(run.json(), "2.wav"), -22);
}

TEST_F(MasterAlbum, ARepeatedRunFindsTheAlbumUnchangedAndOneNewTrackMakesItAnew) {
  write_ladder();
  const std::vector<std::string> album{"--set", "loudness.scope=album"};
  ASSERT_EQ(master(album).exit_code, 0);
  const ProgramResult again = master(album);
  for (const auto& [name, state] : states_of(again.json())) EXPECT_EQ(state, "UNCHANGED") << name;
  EXPECT_EQ(again.json().at("albums").at(0).at("loudness").size(), 1u);
  Random random = seeded(74);
  write_sound(work_.in() / "2.wav", wandering(random, 44100, 2, 9, 0.3), kWav24);
  const ProgramResult changed = master(album);
  EXPECT_EQ(changed.exit_code, 0) << changed.err;
  for (const auto& [name, state] : states_of(changed.json())) EXPECT_EQ(state, "DONE") << name;
  // And each by itself again: what the album made is each track's own master.
  const ProgramResult apart = master();
  EXPECT_EQ(apart.exit_code, 0) << apart.err;
  for (const auto& [name, state] : states_of(apart.json())) EXPECT_EQ(state, "DONE") << name;
}

TEST_F(MasterAlbum, ABrokenTrackHoldsAPublishedAlbumBack) {
  write_ladder();
  fs::create_directories(work_.in() / "other");
  fs::copy(work_.in() / "1.wav", work_.in() / "other/1.wav");
  std::string bytes = slurp(work_.in() / "2.wav");
  bytes.resize(bytes.size() / 2);
  spill(work_.in() / "2.wav", bytes);
  const ProgramResult run = master({"--set", "publish=album"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_EQ(count_masters(work_.out()), 1);
  EXPECT_TRUE(fs::exists(work_.out() / "other/1.wav"));
  int failed = 0;
  const nlohmann::json report = run.json();
  for (const auto& track : report.at("tracks")) {
    if (track.at("state") != "FAILED") continue;
    ++failed;
    EXPECT_NE(track.at("reason").get<std::string>().find("2.wav"), std::string::npos);
    EXPECT_NE(track.at("reason").get<std::string>().find("as one"), std::string::npos);
  }
  EXPECT_EQ(failed, 3);
  expect_nothing_staged(work_.out());
}

TEST_F(MasterAlbum, SidesHaveAGainEachAndTracksWithoutOneAreTold) {
  Random random = seeded(75);
  for (const char* name : {"A1 one.wav", "A2 two.wav", "B1 three.wav"}) {
    Sound sound = wandering(random, 44100, 2, 6, name[1] == '2' ? 0.1 : 0.4);
    fade_ends(sound);
    write_sound(work_.in() / name, sound, kWav24);
  }
  const std::vector<std::string> sides{"--set", "loudness.scope=side", "--set", "loudness.target_lufs=-20"};
  const ProgramResult run = master(sides);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto loudness = run.json().at("albums").at(0).at("loudness");
  ASSERT_EQ(loudness.size(), 2u);
  for (const auto& side : loudness) EXPECT_NEAR(side.at("reached").at("integrated_lufs").get<double>(), -20, 0.05);
  EXPECT_EQ(loudness.at(0).at("side"), "A");
  fs::rename(work_.in() / "B1 three.wav", work_.in() / "three.wav");
  const ProgramResult without = master(sides);
  EXPECT_EQ(without.exit_code, 1);
  const auto track = track_named(without.json(), "three.wav");
  EXPECT_EQ(track.at("reason_code"), "NO_SIDES");
  EXPECT_NE(track.at("reason").get<std::string>().find("SIDE"), std::string::npos);
}

TEST_F(MasterAlbum, ADryRunKnowsWhatBelongsTogether) {
  cut(programme(), kWav24, ".wav");
  const ProgramResult run = master({"--dry-run"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(track_named(run.json(), "2.wav").at("notes").dump().find("one stream"), std::string::npos);
  EXPECT_EQ(run.json().at("tracks").size(), 4u);
}

TEST_F(MasterAlbum, KilledItGoesOnAndGivesTheSameMasters) {
  cut(programme(), kWav24, ".wav");
  const std::vector<std::int32_t> whole = whole_master({});
  for (const int ms : {150, 400, 800}) {
    RunningProgram program(work_.master_call({"--json", "--recipe", recipe_}));
    if (!program.ends_within(ms)) program.send(SIGKILL);
    if (!program.ends_within(5'000)) break;
    program.wait();
  }
  const ProgramResult run = master();
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(joined_masters(".wav") == whole);
  expect_nothing_staged(work_.out());
}

}  // namespace
}  // namespace lathe::test
