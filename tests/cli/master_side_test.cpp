// `per: side`: one file for each side of a record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/music.h"
#include "tests/cli/tagged_file.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The same loudness and samples once by track and once by side.
constexpr const char* kVinyl =
    "recipe: v1\n"
    "name: record\n"
    "chain:\n"
    "  - eq: {bands: [{type: high-pass, freq_hz: 25, slope_db_oct: 24}]}\n"
    "  - limit: {ceiling_dbtp: -1}\n"
    "loudness: {target_lufs: -14}\n"
    "outputs:\n"
    "  - {id: disc, bits: 16}\n"
    "  - {id: vinyl, bits: 24, per: side, skip: [limit], loudness: {target_lufs: -18, scope: side}}\n"
    "  - {id: single, bits: 24, skip: [limit], loudness: {target_lufs: -18, scope: side}}\n";

constexpr const char* kSidesAlone =
    "recipe: v1\nname: sides\nloudness: {target_lufs: -18, scope: side}\noutputs:\n  - {bits: 24, per: side}\n";

class MasterSide : public testing::Test {
 protected:
  MasterSide() { fs::create_directories(work_.in()); }

  void write_track(const std::string& name, double seconds, double peak, int rate_hz = kRate) {
    Random random = seeded(static_cast<std::uint64_t>(seconds * 1000));
    write_sound(work_.in() / name, wandering(random, rate_hz, 2, seconds, peak), kWav24);
  }

  void write_record() {
    write_track("A1 Morning.wav", 4.013, 0.5);
    write_track("A2 Noon.wav", 3.5, 0.4);
    write_track("B1 Evening.wav", 5.001, 0.25);
  }

  ProgramResult master(const char* recipe, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--json", "--recipe", work_.recipe(recipe)});
    return work_.master(more);
  }

  std::vector<std::int32_t> samples(const std::string& name) const { return stored_samples(work_.out() / name); }

  Workspace work_;
};

std::vector<std::int32_t> one_behind_the_other(std::vector<std::int32_t> first, const std::vector<std::int32_t>& next) {
  first.insert(first.end(), next.begin(), next.end());
  return first;
}

TEST_F(MasterSide, ItsFileHoldsItsTracksBitForBitAtOneLoudness) {
  write_record();
  const ProgramResult run = master(kVinyl);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(count_masters(work_.out()), 8);
  EXPECT_TRUE(samples("Side A.vinyl.wav") ==
              one_behind_the_other(samples("A1 Morning.single.wav"), samples("A2 Noon.single.wav")));
  EXPECT_TRUE(samples("Side B.vinyl.wav") == samples("B1 Evening.single.wav"));
  for (const char* name : {"Side A.vinyl.wav", "Side B.vinyl.wav"})
    EXPECT_NEAR(integrated_lufs(read_sound(work_.out() / name)), -18, 0.05) << name;

  const nlohmann::json report = run.json();
  const nlohmann::json first = track_named(report, "A1 Morning.wav"), second = track_named(report, "A2 Noon.wav");
  ASSERT_EQ(first.at("outputs").size(), 3);
  ASSERT_EQ(second.at("outputs").size(), 2);
  const nlohmann::json& side = first.at("outputs").at(1);
  EXPECT_EQ(side.at("per"), "side");
  EXPECT_EQ(side.at("side"), "A");
  EXPECT_NEAR(side.at("after").at("integrated_lufs").get<double>(), -18, 0.05);
  ASSERT_EQ(side.at("tracks").size(), 2);
  EXPECT_EQ(side.at("tracks").at(1).at("title"), "A2 Noon");
  EXPECT_EQ(side.at("tracks").at(1).at("first_frame"), side.at("tracks").at(0).at("frames"));
  const std::int64_t both = first.at("frames").get<std::int64_t>() + second.at("frames").get<std::int64_t>();
  EXPECT_EQ(side.at("frames"), both);
}

TEST_F(MasterSide, AMarkerStandsAtEachTracksFirstFrame) {
  write_record();
  ASSERT_EQ(master(kSidesAlone).exit_code, 0);
  const std::vector<RawChunk> chunks = chunks_of(slurp(work_.out() / "Side A.wav"));
  const std::string cues = chunk_named(chunks, "cue ");
  ASSERT_EQ(cues.size(), 4 + 2 * 24);
  const std::int64_t first = read_sound(work_.in() / "A1 Morning.wav").frames();
  EXPECT_EQ(cues.substr(4 + 24 + 20, 4), little(static_cast<std::uint64_t>(first), 4));
  EXPECT_THAT(chunk_named(chunks, "LIST", "adtl"), HasSubstr("A2 Noon"));
  EXPECT_THAT(chunk_named(chunks, "LIST", "INFO"), HasSubstr("Side A"));
}

TEST_F(MasterSide, ATrackWithoutAFileOfItsOwnIsReportedAllTheSame) {
  write_record();
  const ProgramResult run = master(kSidesAlone);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(masters_of(work_.out()), testing::SizeIs(2));
  const nlohmann::json report = run.json();
  const nlohmann::json track = track_named(report, "A2 Noon.wav");
  EXPECT_EQ(track.at("state"), "DONE");
  EXPECT_TRUE(track.at("outputs").empty());
  EXPECT_EQ(track.at("after").at("state"), "MEASURED");
  const nlohmann::json manifest = nlohmann::json::parse(slurp(work_.out() / "lathe-manifest.json"));
  EXPECT_EQ(manifest.at("tracks").size(), 3);
}

TEST_F(MasterSide, WhatIsUnchangedStaysAndAFlippedBitIsFound) {
  write_record();
  ASSERT_EQ(master(kVinyl).exit_code, 0);
  const Tree before = tree_of(work_.out());
  const ProgramResult again = master(kVinyl);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.json().at("summary").at("unchanged"), 3);
  EXPECT_TRUE(tree_of(work_.out()) == before);
  EXPECT_EQ(run_program({"verify", work_.out().string()}).exit_code, 0);
  std::string file = slurp(work_.out() / "Side A.vinyl.wav");
  file[file.size() / 2] = static_cast<char>(file[file.size() / 2] ^ 1);
  spill(work_.out() / "Side A.vinyl.wav", file);
  const ProgramResult verify = run_program({"verify", work_.out().string()});
  EXPECT_NE(verify.exit_code, 0);
  EXPECT_THAT(verify.out + verify.err, HasSubstr("Side A.vinyl.wav"));
}

TEST_F(MasterSide, ARecordWithoutSidesIsToldWhatToDo) {
  write_track("1.wav", 3, 0.4);
  write_track("2.wav", 3.2, 0.4);
  const ProgramResult run = master(kSidesAlone);
  EXPECT_NE(run.exit_code, 0);
  EXPECT_EQ(count_masters(work_.out()), 0);
  const nlohmann::json report = run.json();
  const nlohmann::json track = track_named(report, "1.wav");
  EXPECT_NE(track.at("state"), "DONE");
  EXPECT_THAT(track.at("reason").get<std::string>(), HasSubstr("SIDE"));
}

TEST_F(MasterSide, TracksOfDifferentRatesAreNamedBeforeAnythingIsDone) {
  write_track("A1.wav", 3, 0.4);
  write_track("A2.wav", 3.2, 0.4, 48000);
  write_track("B1.wav", 3.1, 0.4);
  const ProgramResult run = master(kSidesAlone);
  EXPECT_NE(run.exit_code, 0);
  const nlohmann::json report = run.json();
  const nlohmann::json track = track_named(report, "A1.wav");
  EXPECT_THAT(track.at("reason").get<std::string>(), HasSubstr("48000 Hz and 44100 Hz"));
  EXPECT_TRUE(fs::exists(work_.out() / "Side B.wav"));
  EXPECT_FALSE(fs::exists(work_.out() / "Side A.wav"));
}

TEST_F(MasterSide, ADryRunNamesEachFileOnce) {
  write_record();
  for (const char* kind : {"--dry-run", "--dry-run=quick"}) {
    const ProgramResult run = master(kSidesAlone, {kind});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const nlohmann::json report = run.json();
    const nlohmann::json first = track_named(report, "A1 Morning.wav"), second = track_named(report, "A2 Noon.wav");
    ASSERT_EQ(first.at("outputs").size(), 1) << kind;
    EXPECT_TRUE(second.at("outputs").empty()) << kind;
    const std::int64_t frames =
        read_sound(work_.in() / "A1 Morning.wav").frames() + read_sound(work_.in() / "A2 Noon.wav").frames();
    EXPECT_EQ(first.at("outputs").at(0).at("frames"), frames) << kind;
  }
}

TEST_F(MasterSide, TemplatesAndRecipesThatMakeNoSenseAreRefused) {
  write_record();
  const auto refusal = [&](const std::string& output) {
    const std::string recipe = "recipe: v1\nname: x\noutputs:\n  - {bits: 24, per: side, " + output + "}\n";
    const ProgramResult run = master(recipe.c_str());
    EXPECT_EQ(run.exit_code, 2) << output;
    return run.err;
  };
  EXPECT_THAT(refusal("path: \"{track}.wav\""), HasSubstr("{track} is a track's"));
  EXPECT_THAT(refusal("path: \"{album}.wav\""), HasSubstr("{side}"));
  EXPECT_THAT(refusal("preview_s: 30"), HasSubstr("preview"));
  EXPECT_EQ(count_masters(work_.out()), 0);
}

}  // namespace
}  // namespace lathe::test
