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

  // The same of the tracks that a manifest lists, in its order.
  ProgramResult master_list(const std::string& csv, const char* recipe) const {
    spill(work_.root() / "record.csv", csv);
    return run_program({"master", (work_.root() / "record.csv").string(), "--out", work_.out().string(), "--state-dir",
                        work_.state().string(), "--json", "--recipe", work_.recipe(recipe)});
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

// Finished by itself each of them has a gain of its own, and they still are one file.
TEST_F(MasterSide, TracksWithGainsOfTheirOwnAreJoinedToo) {
  write_record();
  const char* by_track = "recipe: v1\nname: apart\nloudness: {target_lufs: -18}\noutputs:\n  - {bits: 24, per: side}\n";
  const ProgramResult run = master(by_track);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(masters_of(work_.out()), testing::SizeIs(2));
  expect_nothing_staged(work_.out());
}

TEST_F(MasterSide, AnOverrideThatTakesATrackFromItsSideIsRefusedAndTheOtherSideGoesOn) {
  write_record();
  const std::string outputs =
      "outputs:\n  - {id: disc, bits: 16}\n  - {id: vinyl, bits: 24, per: side}\noverrides:\n  - match: {path: "
      "\"*Noon*\"}\n    set: ";
  for (const std::string set : {"{outputs.vinyl.per: track}", "{outputs: [{id: disc, bits: 16}]}"}) {
    const std::string recipe = "recipe: v1\nname: x\n" + outputs + set + "\n";
    for (const char* how : {"--dry-run=quick", "--dry-run", "--pcm-md5"}) {
      const ProgramResult run = master(recipe.c_str(), {how});
      EXPECT_EQ(run.exit_code, 1) << set << how << run.err;
      const nlohmann::json report = run.json();
      for (const char* name : {"A1 Morning.wav", "A2 Noon.wav"}) {
        const nlohmann::json track = track_named(report, name);
        EXPECT_THAT(track.at("reason").get<std::string>(), HasSubstr("an override gives it other outputs"))
            << set << how;
      }
    }
    EXPECT_THAT(masters_of(work_.out()), testing::SizeIs(2)) << set;  // of side B
  }
}

TEST_F(MasterSide, AnotherOpenerReplacesTheSidesFile) {
  write_record();
  const std::string head = "path,album,side\n";
  const std::string morning = "in/A1 Morning.wav,R,A\n", noon = "in/A2 Noon.wav,R,A\n",
                    evening = "in/B1 Evening.wav,R,B\n";
  ASSERT_EQ(master_list(head + morning + noon + evening, kSidesAlone).exit_code, 0);
  const std::vector<std::int32_t> before = samples("Side A.wav");
  const ProgramResult run = master_list(head + noon + morning + evening, kSidesAlone);
  ASSERT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(track_named(run.json(), "A2 Noon.wav").at("outputs").at(0).at("tracks").size(), 2);
  EXPECT_EQ(samples("Side A.wav").size(), before.size());
  EXPECT_FALSE(samples("Side A.wav") == before);
  const nlohmann::json manifest = nlohmann::json::parse(slurp(work_.out() / "lathe-manifest.json"));
  EXPECT_EQ(manifest.at("tracks").size(), 3);
}

TEST_F(MasterSide, AForeignFileInASidesPlaceIsLeftAlone) {
  write_record();
  fs::create_directories(work_.out());
  spill(work_.out() / "Side A.wav", "somebody's");
  EXPECT_EQ(master(kSidesAlone).exit_code, 1);
  EXPECT_EQ(slurp(work_.out() / "Side A.wav"), "somebody's");
  EXPECT_TRUE(fs::exists(work_.out() / "Side B.wav"));
}

TEST_F(MasterSide, WhatWasAskedIsThatOfTheTracksOwnMaster) {
  write_record();
  const char* vinyl_first =
      "recipe: v1\nname: x\nchain: [{limit: {}}]\nloudness: {target_lufs: -14}\noutputs:\n"
      "  - {id: vinyl, bits: 24, per: side, skip: [limit], loudness: {target_lufs: -18, scope: side}}\n"
      "  - {id: disc, bits: 16}\n";
  for (const char* how : {"--dry-run=quick", "--dry-run", "--pcm-md5"}) {
    const nlohmann::json report = master(vinyl_first, {how}).json();
    for (const char* name : {"A1 Morning.wav", "A2 Noon.wav"})
      EXPECT_EQ(track_named(report, name).at("asked").at("integrated_lufs"), -14) << how;
  }
}

TEST_F(MasterSide, APathThatDiffersWithinASideIsNamed) {
  write_record();
  const char* by_folder =
      "recipe: v1\nname: x\noutputs:\n  - {bits: 24, per: side, path: \"{folder}/Side {side}.{ext}\"}\n";
  fs::create_directories(work_.in() / "more");
  fs::rename(work_.in() / "A2 Noon.wav", work_.in() / "more/A2 Noon.wav");
  const ProgramResult run =
      master_list("path,album\nin/A1 Morning.wav,R\nin/more/A2 Noon.wav,R\nin/B1 Evening.wav,R\n", by_folder);
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_THAT(track_named(run.json(), "A2 Noon.wav").at("reason").get<std::string>(), HasSubstr("{folder}"));
}

// An album of two discs with a side A each: four files, and nobody's gain is another's.
TEST_F(MasterSide, SidesOfTwoDiscsAreToldApart) {
  for (const std::string disc : {"1", "2"}) {
    for (const char* side : {"A", "B"}) {
      const std::string name = disc + side + ".wav";
      write_track(name, 3 + 0.1 * (disc == "1" ? 1 : 2), 0.4);
    }
  }
  const ProgramResult run = master_list(
      "path,album,disc,side,track\nin/1A.wav,R,1,A,1\nin/1B.wav,R,1,B,2\nin/2A.wav,R,2,A,1\nin/2B.wav,R,2,B,2\n",
      kSidesAlone);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* name : {"Side 1A.wav", "Side 1B.wav", "Side 2A.wav", "Side 2B.wav"})
    EXPECT_TRUE(fs::exists(work_.out() / name)) << name;
}

// The disc that one row leaves out is the album's only one, or nobody knows which of two.
TEST_F(MasterSide, ADiscThatIsNotSaidSplitsNoSide) {
  write_record();
  const std::string rows = "path,album,disc,side\nin/A1 Morning.wav,R,1,A\nin/A2 Noon.wav,R,,A\n";
  const ProgramResult one = master_list(rows + "in/B1 Evening.wav,R,1,B\n", kSidesAlone);
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_THAT(masters_of(work_.out()), testing::SizeIs(2));
  const ProgramResult two = master_list(rows + "in/B1 Evening.wav,R,2,A\n", kSidesAlone);
  EXPECT_EQ(two.exit_code, 1);
  EXPECT_EQ(track_named(two.json(), "A2 Noon.wav").at("reason_code"), "NO_SIDES");
}

// A name that tells sides apart tells those of two discs apart.
TEST_F(MasterSide, TracksOfTwoDiscsMayBeCalledByTheirSides) {
  write_record();
  const char* by_side =
      "recipe: v1\nname: x\noutputs:\n  - {id: side, bits: 24, per: side}\n  - {id: track, bits: 24, path: "
      "\"{side}{track}.wav\"}\n";
  const ProgramResult run =
      master_list("path,album,disc,side,track\nin/A1 Morning.wav,R,1,A,1\nin/A2 Noon.wav,R,2,A,1\n", by_side);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* name : {"1A1.wav", "2A1.wav", "Side 1A.side.wav", "Side 2A.side.wav"})
    EXPECT_TRUE(fs::exists(work_.out() / name)) << name;
}

TEST_F(MasterSide, TheManifestForgetsTracksWhoseSideIsGone) {
  write_record();
  ASSERT_EQ(master(kSidesAlone).exit_code, 0);
  ASSERT_EQ(master("recipe: v1\nname: tracks\noutputs:\n  - {bits: 24}\n").exit_code, 0);
  const auto tracks = [&] { return nlohmann::json::parse(slurp(work_.out() / "lathe-manifest.json")).at("tracks"); };
  // The sides' first tracks have two files each, and each other track one.
  EXPECT_EQ(tracks().size(), 5);
  for (const char* name : {"Side A.wav", "Side B.wav"}) fs::remove(work_.out() / name);
  ASSERT_EQ(master("recipe: v1\nname: tracks\noutputs:\n  - {bits: 24}\n").exit_code, 0);
  EXPECT_EQ(tracks().size(), 3);
}

TEST_F(MasterSide, ARowsSideIsALetter) {
  write_record();
  const ProgramResult run = master_list("path,side\nin/A1 Morning.wav,1\n", kSidesAlone);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("record.csv:2:19: error: side is a letter or two, as A or AA, not '1'"));
}

TEST_F(MasterSide, WhatItsFileLeavesOutIsNamed) {
  write_record();
  const fs::path track = work_.in() / "A2 Noon.wav";
  spill(track, with_chunks(slurp(track), {{"iXML", "<BWFXML/>"}}));
  const nlohmann::json report = master(kSidesAlone).json();
  const nlohmann::json side = track_named(report, "A1 Morning.wav").at("outputs").at(0);
  EXPECT_THAT(side.at("tags_not_representable").dump(), HasSubstr("iXML chunk"));
}

TEST_F(MasterSide, ARenamedTrackIsCalledByItsNewName) {
  write_record();
  ASSERT_EQ(master(kSidesAlone).exit_code, 0);
  fs::rename(work_.in() / "A2 Noon.wav", work_.in() / "A2 Midday.wav");
  const ProgramResult run = master(kSidesAlone);
  ASSERT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(chunk_named(chunks_of(slurp(work_.out() / "Side A.wav")), "LIST", "adtl"), HasSubstr("A2 Midday"));
  const nlohmann::json report = run.json();
  const nlohmann::json side = track_named(report, "A1 Morning.wav").at("outputs").at(0);
  EXPECT_THAT(side.at("tracks").at(1).at("input").get<std::string>(), HasSubstr("A2 Midday"));
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
  // What is right is not warned of.
  const std::string right =
      work_.recipe("recipe: v1\nname: x\noutputs:\n  - {bits: 24, per: side, path: \"{folder}/Side {side}.{ext}\"}\n");
  const ProgramResult lint = run_program({"recipe", "lint", right});
  EXPECT_EQ(lint.exit_code, 0);
  EXPECT_THAT(lint.out + lint.err, testing::Not(HasSubstr("would")));
  EXPECT_EQ(count_masters(work_.out()), 0);
}

}  // namespace
}  // namespace lathe::test
