// `lathe master LIST.csv --stems`: a manifest whose rows are stems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/tagged_file.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

// The vocals 6 dB down, by their role; an instrumental.
constexpr const char* kByRole =
    "recipe: v1\n"
    "name: song\n"
    "stems: [{match: 'no file is called so', role: vocals, gain_db: -6}]\n"
    "outputs:\n"
    "  - {id: master, format: wav, bits: 32f}\n"
    "  - {id: instrumental, format: wav, bits: 32f, without: [vocals]}\n";

class MasterStemList : public testing::Test {
 protected:
  MasterStemList() {
    fs::create_directories(work_.in());
    Random random = seeded(501);
    for (const char* name : {"a1", "a2", "b1"})
      write_sound(work_.in() / (std::string(name) + ".wav"), wandering(random, kRate, 2, 3, 0.2), kWavFloat);
  }

  ProgramResult master(const std::string& csv, const std::vector<std::string>& more = {}) const {
    spill(work_.root() / "songs.csv", csv);
    std::vector<std::string> arguments{"master",
                                       (work_.root() / "songs.csv").string(),
                                       "--out",
                                       work_.out().string(),
                                       "--state-dir",
                                       work_.state().string(),
                                       "--json",
                                       "--recipe",
                                       work_.recipe(kByRole)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }

  Sound stem(const std::string& name) const { return read_sound(work_.in() / (name + ".wav")); }

  Workspace work_;
};

// Float32 of the sum of `b` scaled and `a`, or of `a` alone.
void expect_mix(const Sound& mix, const Sound& a, double gain, const Sound& b) {
  ASSERT_EQ(mix.frames(), a.frames());
  for (std::size_t c = 0; c < mix.channels.size(); ++c) {
    for (std::size_t n = 0; n < mix.channels[c].size(); ++n)
      ASSERT_NEAR(mix.channels[c][n], a.channels[c][n] + gain * b.channels[c][n], 1e-7) << c << " " << n;
  }
}

TEST_F(MasterStemList, RowsAreStemsOfTheMixesAndRolesThatTheyName) {
  const ProgramResult run = master(
      "path,mix,role,title,isrc\n"
      "in/a1.wav,Album/First,guitar,Night Song,QZABC2600001\n"
      "in/a2.wav,Album/First,vocals,,\n"
      "in/b1.wav,Second,drums,Day,\n",
      {"--stems"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const double gain = std::pow(10.0, -6 / 20.0);
  expect_mix(read_sound(work_.out() / "Album/First.master.wav"), stem("a1"), gain, stem("a2"));
  expect_mix(read_sound(work_.out() / "Album/First.instrumental.wav"), stem("a1"), 0, stem("a2"));
  expect_mix(read_sound(work_.out() / "Second.master.wav"), stem("b1"), 0, stem("b1"));
  const nlohmann::json report = run.json();
  ASSERT_EQ(report.at("tracks").size(), 2u);
  const nlohmann::json& first = report.at("tracks").at(0);
  EXPECT_EQ(first.at("stems").at(0).at("role"), "guitar");
  EXPECT_EQ(first.at("tags").at("title"), "Night Song");
  EXPECT_THAT(first.at("row").get<std::string>(), HasSubstr("songs.csv:2"));
  EXPECT_THAT(slurp(work_.out() / "Album/First.master.wav"), HasSubstr("QZABC2600001"));
  // A second run finds all of it; another role makes the mix anew.
  EXPECT_EQ(master("path,mix,role,title,isrc\n"
                   "in/a1.wav,Album/First,guitar,Night Song,QZABC2600001\n"
                   "in/a2.wav,Album/First,choir,,\n"
                   "in/b1.wav,Second,drums,Day,\n",
                   {"--stems"})
                .json()
                .at("summary")
                .at("unchanged"),
            1);
}

// Called by the manifest, in its order; the row `mixdown` is no stem.
TEST_F(MasterStemList, AMixdownIsARowToo) {
  Sound sum = stem("a1");
  const Sound other = stem("a2");
  for (std::size_t c = 0; c < sum.channels.size(); ++c)
    for (std::size_t n = 0; n < sum.channels[c].size(); ++n) sum.channels[c][n] += other.channels[c][n];
  write_sound(work_.in() / "whole.wav", sum, kWavFloat);
  const ProgramResult run = master("path,role\nin/whole.wav,Mixdown\nin/a2.wav,\nin/a1.wav,\n", {"--stems"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_EQ(report.at("tracks").at(0).at("null_test").at("is_exact"), true);
  EXPECT_TRUE(fs::exists(work_.out() / "songs.master.wav"));
}

TEST_F(MasterStemList, MistakesAreNamedByTheirLines) {
  const ProgramResult wrong = master(
      "path,mix,role,title\n"
      "in/a1.wav,../up,,\n"
      "in/a2.wav,Song,mixdown,One\n"
      "in/b1.wav,Song,mixdown,Two\n",
      {"--stems"});
  EXPECT_EQ(wrong.exit_code, 2);
  for (const char* message : {"songs.csv:2:1: error: '../up' is no name", "songs.csv:4:1: error: the title",
                              "songs.csv:4:1: error: the mix 'Song' has a mixdown already"})
    EXPECT_THAT(wrong.err, HasSubstr(message));
  const ProgramResult codes =
      master("path,mix,isrc\nin/a1.wav,One,\nin/a2.wav,One,QZABC2600001\nin/b1.wav,Two,QZABC2600001\n", {"--stems"});
  EXPECT_EQ(codes.exit_code, 2);
  EXPECT_THAT(codes.err, HasSubstr("songs.csv:4:1: error: the ISRC QZABC2600001 is that of line 3 already"));
  spill(work_.root() / "songs.csv", "path,role\nin/a1.wav,vocals\n");
  const ProgramResult tracks =
      run_program({"master", (work_.root() / "songs.csv").string(), "--out", work_.out().string()});
  EXPECT_EQ(tracks.exit_code, 2);
  EXPECT_THAT(tracks.err, HasSubstr("songs.csv:2:1: error: mix and role are of stems"));
  const ProgramResult missing = master("path,mix\nin/a1.wav,One\nin/gone.wav,One\nin/b1.wav,Two\n", {"--stems"});
  EXPECT_EQ(missing.exit_code, 1) << missing.err;
  const nlohmann::json report = missing.json();
  EXPECT_THAT(track_named(report, "One").at("reason").get<std::string>(), HasSubstr("gone.wav: no such file"));
  EXPECT_TRUE(fs::exists(work_.out() / "Two.master.wav"));
  const ProgramResult both = master("path\nin/a1.wav\n", {"--stems", "--mixdown", "a2.wav"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.err, HasSubstr("the row with the role mixdown"));
}

// Nobody has summed them as they are, so nobody knows how loud that is.
TEST_F(MasterStemList, StemsOfSeveralRatesHaveNoFiguresBefore) {
  Random random = seeded(502);
  write_sound(work_.in() / "b1.wav", wandering(random, 48000, 2, 3, 0.2), kWavFloat);
  const ProgramResult run = master("path\nin/a1.wav\nin/b1.wav\n", {"--stems", "--set", "input.sample_rate=48000"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = run.json().at("tracks").at(0);
  for (const nlohmann::json& before : {track.at("before"), track.at("stems").at(0).at("before")}) {
    EXPECT_TRUE(before.at("integrated_lufs").is_null());
    EXPECT_THAT(before.at("reason").get<std::string>(), HasSubstr("several rates"));
  }
}

TEST_F(MasterStemList, ADryRunForeseesWhatTheRowsSay) {
  const ProgramResult run =
      master("path,mix,role\nin/a1.wav,Song,guitar\nin/a2.wav,Song,vocals\n", {"--stems", "--dry-run=quick"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_THAT(report.at("tracks").at(0).at("outputs").at(0).at("path").get<std::string>(),
              HasSubstr("Song.master.wav"));
}

}  // namespace
}  // namespace lathe::test
