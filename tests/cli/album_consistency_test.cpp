// From outside: which tracks stand out of an album, in audits, masters, reports and manifests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

constexpr double kSeconds = 8;

// Noise that falls by 12 dB an octave above 700 Hz: its heights make none of its loudness, as in music.
Signal dark_noise(Random& random) {
  Signal x = white_noise(random, 0.5, static_cast<std::int64_t>(kSeconds * kRate));
  for (int pole = 0; pole < 2; ++pole) {
    double last = 0;
    for (double& sample : x) sample = last += 0.1 * (sample - last);
  }
  return x;
}

// With a side 10 dB under the mid; the same tune for every track but not the same notes.
Sound song(std::uint64_t seed, double gain_db = 0, double side_db = -10) {
  Random random = seeded(seed);
  const Signal mid = dark_noise(random), side = dark_noise(random);
  const double gain = std::pow(10, gain_db / 20), share = std::pow(10, side_db / 20);
  Sound sound{kRate, {Signal(mid.size()), Signal(mid.size())}};
  for (std::size_t n = 0; n < mid.size(); ++n) {
    sound.channels[0][n] = gain * (mid[n] + share * side[n]);
    sound.channels[1][n] = gain * (mid[n] - share * side[n]);
  }
  return sound;
}

// Everything above `hz` by `gain_db`: the sound and a first-order high-pass of it.
void shelve(Sound& sound, double hz, double gain_db) {
  const double more = std::pow(10, gain_db / 20) - 1;
  const double k = std::tan(std::numbers::pi * hz / sound.sample_rate_hz);
  for (Signal& x : sound.channels) {
    double before = 0, out = 0;
    for (double& sample : x) {
      out = (sample - before + out * (1 - k)) / (1 + k);
      before = sample;
      sample += more * out;
    }
  }
}

class AlbumConsistency : public ::testing::Test {
 protected:
  // Six tracks of which four are alike.
  void SetUp() override {
    fs::create_directories(work_.in() / "album");
    for (int i = 1; i <= 4; ++i) write(std::to_string(i) + " alike.wav", song(static_cast<std::uint64_t>(2700 + i)));
    Sound dull = song(2705);
    shelve(dull, 3000, -15);
    write("5 dull.wav", dull);
    write("6 narrow.wav", song(2706, 0, -34));
  }

  void write(const std::string& name, const Sound& sound) const {
    write_sound(work_.in() / "album" / name, sound, kWav24);
  }

  ProgramResult audit(const std::vector<std::string>& more) const {
    ProgramCall call;
    call.arguments = {"audit", work_.in().string()};
    call.arguments.insert(call.arguments.end(), more.begin(), more.end());
    call.environment["LATHE_STATE_DIR"] = work_.state().string();
    return run_program(call);
  }

  nlohmann::json consistency(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const nlohmann::json report = audit(arguments).json();
    return report.at("albums").at(0).at("consistency");
  }

  Workspace work_;
};

// The figure of each outlier by its track, and what is said of it.
std::map<std::string, std::string> said_of(const nlohmann::json& consistency) {
  std::map<std::string, std::string> said;
  for (const auto& outlier : consistency.at("outliers"))
    said[std::to_string(outlier.at("track").get<int>()) + " " + outlier.at("figure").get<std::string>()] =
        outlier.at("message").get<std::string>();
  return said;
}

TEST_F(AlbumConsistency, AnAuditNamesTheLoudTheDullAndTheNarrow) {
  write("7 loud.wav", song(2707, 4));
  const ProgramResult result = audit({"--format", "json", "--no-cache"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json report = result.json();
  const nlohmann::json found = report.at("albums").at(0).at("consistency");
  EXPECT_EQ(found.at("state"), "COMPARED");
  EXPECT_EQ(found.at("summary"), "7 tracks compared, 3 stand out");
  ASSERT_EQ(found.at("tracks").size(), 7u);
  EXPECT_EQ(found.at("tracks").at(6).at("path"), (work_.in() / "album/7 loud.wav").string());
  EXPECT_NEAR(found.at("tracks").at(6).at("distance").at("integrated_lufs").get<double>(), 4, 0.2);
  EXPECT_NEAR(found.at("middle").at("width_db").get<double>(), -10, 0.5);
  const auto said = said_of(found);
  ASSERT_EQ(said.size(), 3u) << found.at("outliers").dump(2);
  EXPECT_THAT(said.at("5 spectrum"), HasSubstr("less above 4 kHz than the album's middle"));
  EXPECT_THAT(said.at("6 width_db"), HasSubstr("is nearly mono where the others are wide"));
  EXPECT_THAT(said.at("7 integrated_lufs"), HasSubstr("LU louder than the album's middle"));
}

TEST_F(AlbumConsistency, WhatIsRememberedSaysTheSame) {
  const nlohmann::json first = consistency(), second = consistency(), moved = [this] {
    fs::rename(work_.in() / "album/6 narrow.wav", work_.in() / "album/6 renamed.wav");
    return consistency();
  }();
  EXPECT_EQ(first, second);
  EXPECT_EQ(moved.at("middle"), first.at("middle"));
  EXPECT_EQ(moved.at("tracks").at(5).at("figures"), first.at("tracks").at(5).at("figures"));
}

TEST_F(AlbumConsistency, ReportsForPeopleSayIt) {
  const std::string table = audit({"--no-cache"}).out;
  EXPECT_THAT(table, HasSubstr("consistency: 6 tracks compared, 2 stand out"));
  EXPECT_THAT(table, HasSubstr("track 6 (6 narrow.wav) is nearly mono"));
  const std::string page = audit({"--no-cache", "--format", "html"}).out;
  EXPECT_THAT(page, HasSubstr("Consistency: 6 tracks compared, 2 stand out"));
  EXPECT_THAT(page, HasSubstr("track 6 (6 narrow.wav) is nearly mono"));
}

TEST_F(AlbumConsistency, LoudnessAloneIsComparedWithoutChecks) {
  const nlohmann::json found = consistency({"--no-cache", "--checks", "none"});
  EXPECT_EQ(found.at("state"), "COMPARED");
  EXPECT_TRUE(found.at("middle").at("width_db").is_null());
  EXPECT_TRUE(found.at("middle").at("integrated_lufs").is_number());
  EXPECT_EQ(found.at("outliers"), nlohmann::json::array());
}

TEST(AlbumConsistencyOfFew, TwoTracksAreTooFew) {
  const Workspace work;
  fs::create_directories(work.in());
  write_sound(work.in() / "1.wav", song(2711), kWav16);
  write_sound(work.in() / "2.wav", song(2712, 9), kWav16);
  write_sound(work.in() / "3 silence.wav", silence(kRate, 2, 2), kWav16);
  ProgramCall call;
  call.arguments = {"audit", work.in().string(), "--no-cache", "--format", "json"};
  const nlohmann::json report = run_program(call).json();
  const nlohmann::json found = report.at("albums").at(0).at("consistency");
  EXPECT_EQ(found.at("state"), "TOO_FEW");
  EXPECT_THAT(found.at("reason").get<std::string>(), HasSubstr("2 tracks with a loudness: too few"));
  EXPECT_EQ(found.at("outliers"), nlohmann::json::array());
  EXPECT_TRUE(found.at("middle").at("integrated_lufs").is_null());
  EXPECT_EQ(found.at("tracks").at(2).at("state"), "UNMEASURABLE");
}

TEST(AlbumConsistencyOfFew, MonoFilesAmongStereoOnes) {
  const Workspace work;
  fs::create_directories(work.in());
  for (int i = 1; i <= 3; ++i)
    write_sound(work.in() / (std::to_string(i) + ".wav"), song(static_cast<std::uint64_t>(2720 + i)), kWav16);
  Sound mono = song(2724);
  mono.channels.resize(1);
  write_sound(work.in() / "4.wav", mono, kWav16);
  ProgramCall call;
  call.arguments = {"audit", work.in().string(), "--no-cache", "--format", "json"};
  const nlohmann::json report = run_program(call).json();
  const auto said = said_of(report.at("albums").at(0).at("consistency"));
  ASSERT_TRUE(said.contains("4 width_db"));
  EXPECT_THAT(said.at("4 width_db"), HasSubstr("track 4 (4.wav) is mono where the others are wide"));
}

// The target makes all tracks equally loud; what was dull and narrow stays so.
TEST_F(AlbumConsistency, MastersAreComparedByTheirOwnMeters) {
  const ProgramResult run = work_.master({"--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json();
  ASSERT_EQ(report.at("albums").size(), 1u);
  const nlohmann::json found = report.at("albums").at(0).at("consistency");
  EXPECT_EQ(found.at("state"), "COMPARED");
  EXPECT_NEAR(found.at("middle").at("integrated_lufs").get<double>(), -14, 0.05);
  EXPECT_EQ(found.at("tracks").at(4).at("path"), (work_.out() / "album/5 dull.wav").string());
  const auto said = said_of(found);
  EXPECT_EQ(said.size(), 2u) << found.at("outliers").dump(2);
  EXPECT_THAT(said.at("5 spectrum"), HasSubstr("less above 4 kHz"));
  EXPECT_THAT(said.at("6 width_db"), HasSubstr("nearly mono"));
  EXPECT_THAT(run.err, HasSubstr("consistency: 6 tracks compared, 2 stand out"));
  const nlohmann::json after = report.at("tracks").at(5).at("after").at("octaves");
  EXPECT_EQ(after.at("level_db").size() + 1, after.at("edges_hz").size());
  EXPECT_LT(after.at("width_db").get<double>(), -25);

  // An audit of the masters reads what their own meters did, and says the same.
  ProgramCall call;
  call.arguments = {"audit", (work_.out() / "album").string(), "--no-cache", "--format", "json"};
  const nlohmann::json audited = run_program(call).json();
  const nlohmann::json again = audited.at("albums").at(0).at("consistency");
  for (const auto& [what, message] : said_of(again)) EXPECT_TRUE(said.contains(what)) << message;
  EXPECT_EQ(again.at("outliers").size(), found.at("outliers").size());
  EXPECT_NEAR(again.at("middle").at("width_db").get<double>(), found.at("middle").at("width_db").get<double>(), 0.02);
}

TEST_F(AlbumConsistency, TheManifestHasItByFolderOfMasters) {
  ASSERT_EQ(work_.master().exit_code, 0);
  const auto manifest = [this] { return nlohmann::json::parse(slurp(work_.out() / "lathe-manifest.json")); };
  const nlohmann::json first = manifest();
  ASSERT_EQ(first.at("albums").size(), 1u);
  const nlohmann::json album = first.at("albums").at(0);
  EXPECT_EQ(album.at("path"), "album");
  EXPECT_EQ(album.at("tracks"), 6);
  EXPECT_EQ(album.at("consistency").at("tracks").at(0).at("path"), "album/1 alike.wav");
  EXPECT_EQ(said_of(album.at("consistency")).size(), 2u);
  // A run that finds everything unchanged, and one that adds a track.
  const ProgramResult again = work_.master({"--json"});
  EXPECT_EQ(manifest(), first);
  const nlohmann::json unchanged = again.json();
  EXPECT_EQ(unchanged.at("albums").at(0).at("consistency").at("summary"), "6 tracks compared, 2 stand out");
  write("7 alike.wav", song(2730));
  ASSERT_EQ(work_.master().exit_code, 0);
  const nlohmann::json more = manifest();
  EXPECT_EQ(more.at("albums").at(0).at("tracks"), 7);
}

}  // namespace
}  // namespace lathe::test
