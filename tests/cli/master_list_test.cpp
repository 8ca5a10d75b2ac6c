// Masters of what a manifest names: tags, names, order, and what stops it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

class MasterList : public testing::Test {
 protected:
  MasterList() {
    fs::create_directories(work_.in());
    Random random = seeded(811);
    for (const char* name : {"a.flac", "b.flac"})
      write_sound(work_.in() / name, wandering(random, 44100, 2, 1.5, 0.3), kFlac16,
                  {{SF_STR_TITLE, "Old"}, {SF_STR_ARTIST, "Band"}, {SF_STR_GENRE, "Soul"}});
  }
  ProgramResult master(const std::string& list, const std::vector<std::string>& more = {},
                       const std::string& recipe = kCopy) const {
    spill(work_.root() / "in/list.csv", list);
    std::vector<std::string> arguments{(work_.root() / "in/list.csv").string(), "--json", "--recipe",
                                       work_.recipe(recipe)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return work_.master(arguments);
  }
  Workspace work_;
};

TEST_F(MasterList, ARowsColumnsAreTheMastersTagsAndTheReportSaysSo) {
  const ProgramResult run = master(
      "path,title,album,upc,isrc,disc,track,version\n"
      "b.flac,New,The Album,0602498614747,US-RC1-76-07839,1,1,Live\na.flac,,,,,,,\n");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const SoundTags tags = tags_of(work_.out() / "b.flac");
  EXPECT_EQ(tags.at(SF_STR_TITLE), "New");
  EXPECT_EQ(tags.at(SF_STR_ALBUM), "The Album");
  EXPECT_EQ(tags.at(SF_STR_ARTIST), "Band");  // an empty cell changes nothing
  EXPECT_EQ(tags.at(SF_STR_GENRE), "Soul");
  EXPECT_EQ(tags_of(work_.out() / "a.flac").at(SF_STR_TITLE), "Old");
  const std::string bytes = slurp(work_.out() / "b.flac");
  EXPECT_THAT(bytes, HasSubstr("ISRC=USRC17607839"));
  EXPECT_THAT(bytes, HasSubstr("BARCODE=0602498614747"));
  EXPECT_THAT(bytes, HasSubstr("VERSION=Live"));
  const nlohmann::json track = track_named(run.json(), "b.flac");
  EXPECT_THAT(track.at("notes").dump(), HasSubstr("TITLE: as list.csv says it"));
  EXPECT_EQ(track.at("tags").at("isrc"), "USRC17607839");
  EXPECT_THAT(track.at("row").get<std::string>(), HasSubstr("list.csv:2"));
  EXPECT_EQ(run.json().at("tracks")[0].at("input"), (work_.in() / "b.flac").string());
  const nlohmann::json kept = nlohmann::json::parse(slurp(work_.out() / "lathe-manifest.json"));
  EXPECT_EQ(kept.at("tracks")[1].at("tags").at("upc"), "0602498614747");
}

TEST_F(MasterList, WhatARowSaysIsPartOfTheMaster) {
  ASSERT_EQ(master("path,title\na.flac,One\n").exit_code, 0);
  EXPECT_EQ(states_of(master("path,title\na.flac,One\n").json()).at("a.flac"), "UNCHANGED");
  const ProgramResult again = master("path,title\na.flac,Two\n");
  EXPECT_EQ(states_of(again.json()).at("a.flac"), "DONE") << again.err;
  EXPECT_EQ(tags_of(work_.out() / "a.flac").at(SF_STR_TITLE), "Two");
}

constexpr const char* kNamed =
    "recipe: v1\nname: named\noutputs: [{id: hd, format: wav, bits: 24, path: "
    "\"{upc}/{upc}_{disc:02}_{track:03}.{ext}\"}]\n";

TEST_F(MasterList, NamesAreMadeOfTheRow) {
  const ProgramResult run =
      master("path,upc,disc,track\na.flac,0602498614747,1,2\nb.flac,0602498614747,1,10\n", {}, kNamed);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(fs::exists(work_.out() / "0602498614747/0602498614747_01_002.wav"));
  EXPECT_TRUE(fs::exists(work_.out() / "0602498614747/0602498614747_01_010.wav"));
}

TEST_F(MasterList, AFieldThatNobodyGivesIsAnErrorOfTheRow) {
  const ProgramResult run =
      master("path,upc,disc,track\na.flac,0602498614747,1,2\nb.flac,0602498614747,,3\n", {}, kNamed);
  EXPECT_EQ(run.exit_code, 1);
  const nlohmann::json bad = track_named(run.json(), "b.flac");
  EXPECT_EQ(bad.at("state"), "FAILED");
  EXPECT_THAT(bad.at("reason").get<std::string>(), HasSubstr("{disc}"));
  EXPECT_THAT(bad.at("reason").get<std::string>(), HasSubstr("list.csv:3"));
  EXPECT_EQ(track_named(run.json(), "a.flac").at("state"), "DONE");
}

TEST_F(MasterList, OverridesFitByWhatTheRowSays) {
  const ProgramResult run =
      master("path,isrc,track\na.flac,USRC17607839,7\nb.flac,,8\n", {},
             "recipe: v1\nname: o\nchain: [{gain: {gain_db: 0}}]\noverrides: [{match: {isrc: US-RC1-76-07839}, set: "
             "{\"chain[0].gain.gain_db\": -6}}, {match: {track: 8}, set: {\"chain[0].gain.gain_db\": -12}}]\n");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const auto& [name, gain_db] : {std::pair("a.flac", -6.0), std::pair("b.flac", -12.0)}) {
    const nlohmann::json track = track_named(run.json(), name);
    EXPECT_NEAR(track.at("after").at("sample_peak_dbfs").get<double>(),
                track.at("before").at("sample_peak_dbfs").get<double>() + gain_db, 0.02)
        << name;
  }
}

TEST_F(MasterList, TheOrderIsTheRowsAndTheColumnContiguousJoins) {
  const ProgramResult run = master("path,track,contiguous\nb.flac,1,yes\na.flac,2,\n");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(track_named(run.json(), "a.flac").value("joined_to_previous", false), true);
  EXPECT_EQ(run.json().at("albums")[0].at("runs"), nlohmann::json::parse(R"([["b.flac", "a.flac"]])"));
  EXPECT_EQ(stored_samples(work_.out() / "a.flac"), stored_samples(work_.in() / "a.flac"));
}

TEST_F(MasterList, ABadCodeOrCellStopsItAllWithItsLine) {
  for (const auto& [list, message] :
       {std::pair("path,isrc\na.flac,US-RC1\n", ":2:1: error: 'US-RC1' is no ISRC"),
        std::pair("path,upc\na.flac,\nb.flac,0602498614748\n", ":3:1: error: '0602498614748' is no UPC or EAN"),
        std::pair("path,upc\na.flac,6.02E+11\n", ":2:1: error: upc '6.02E+11' is a long number"),
        std::pair("path,titel\na.flac,x\n", "unknown column 'titel'")}) {
    const ProgramResult run = master(list);
    EXPECT_EQ(run.exit_code, 2) << list;
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_FALSE(fs::exists(work_.out()));
  }
}

TEST_F(MasterList, ARowWithoutAFileIsATrackThatFails) {
  const ProgramResult run = master("path\na.flac\nnone.wav\n");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(track_named(run.json(), "none.wav").at("reason_code"), "NOT_FOUND");
  EXPECT_THAT(track_named(run.json(), "none.wav").at("reason").get<std::string>(), HasSubstr("list.csv:3 names it"));
  EXPECT_EQ(master("path\na.flac\nnone.wav\n", {"--dry-run"}).exit_code, 1);
}

// What a missing track holds back was there to be read: exit code 1. Where none of them is there, 3.
TEST_F(MasterList, TracksThatAreHeldBackByAMissingOneAreNotUnread) {
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, std::vector<std::string>{"--dry-run"}}) {
    std::vector<std::string> arguments{"--set", "loudness.scope=album"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const std::string recipe = "recipe: v1\nname: album\nloudness: {target_lufs: -16}\n";
    const ProgramResult run = master("path\na.flac\nb.flac\nnone.wav\n", arguments, recipe);
    EXPECT_EQ(run.exit_code, 1) << run.err;
    for (const auto& [name, state] : states_of(run.json())) EXPECT_EQ(state, "FAILED") << name;
    EXPECT_EQ(track_named(run.json(), "a.flac").at("reason_code"), "NOT_FOUND");
    EXPECT_EQ(master("path\nno.wav\nnone.wav\n", arguments, recipe).exit_code, kNothingRead);
  }
}

}  // namespace
}  // namespace lathe::test
