// Masters of what a cue sheet names: one long file cut into its tracks, or a file for each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLoud =
    "recipe: v1\nname: loud\nchain: [{eq: {bands: [{type: high-pass, freq_hz: 30}]}}, {limit: {ceiling_dbtp: -1}}]\n"
    "loudness: {target_lufs: -16}\n";

class MasterCue : public testing::Test {
 protected:
  MasterCue() { fs::create_directories(work_.in()); }

  void album(const std::string& name, int rate_hz, Stored stored) {
    Random random = seeded(812);
    write_sound(work_.in() / name, wandering(random, rate_hz, 2, 9, 0.4), stored, {{SF_STR_TITLE, "Whole side"}});
  }
  void sheet(const std::string& file) {
    spill(work_.in() / "album.cue",
          "PERFORMER \"Band\"\r\nTITLE \"Live\"\r\nFILE \"" + file +
              "\" WAVE\r\n  TRACK 01 AUDIO\r\n    TITLE \"Intro\"\r\n    INDEX 01 00:00:00\r\n  TRACK 02 AUDIO\r\n"
              "    TITLE \"Song/One\"\r\n    ISRC USRC17607839\r\n    INDEX 00 00:01:70\r\n    INDEX 01 00:02:11\r\n"
              "  TRACK 03 AUDIO\r\n    INDEX 01 00:06:74\r\n");
  }
  ProgramResult master(const std::string& input, const std::string& recipe = kCopy,
                       const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{(work_.in() / input).string(), "--json", "--recipe", work_.recipe(recipe)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return work_.master(arguments);
  }
  std::vector<std::int32_t> joined(const std::string& ext) const {
    std::vector<std::int32_t> all;
    for (const char* name : {"01 Intro", "02 Song_One", "03 album"}) {
      const auto part = stored_samples(work_.out() / (name + ext));
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }
  Workspace work_;
};

TEST_F(MasterCue, OneLongFileIsCutWhereTheSheetSaysAndNotASampleIsLost) {
  album("album.flac", 44100, kFlac24);
  sheet("album.wav");  // it was compressed since
  const ProgramResult run = master("album.cue");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("album.wav is not there, and album.flac is taken"));
  EXPECT_EQ(masters_of(work_.out()).size(), 3u);
  EXPECT_EQ(stored_samples(work_.out() / "01 Intro.flac").size(), 2u * (2 * 75 + 11) * 588);
  EXPECT_EQ(joined(".flac"), stored_samples(work_.in() / "album.flac"));
  const SoundTags tags = tags_of(work_.out() / "02 Song_One.flac");
  EXPECT_EQ(tags.at(SF_STR_TITLE), "Song/One");
  EXPECT_EQ(tags.at(SF_STR_ARTIST), "Band");
  EXPECT_EQ(tags.at(SF_STR_ALBUM), "Live");
  EXPECT_EQ(tags.at(SF_STR_TRACKNUMBER), "2");
  EXPECT_EQ(tags_of(work_.out() / "03 album.flac").count(SF_STR_TITLE), 0u);  // not the whole side's
  const nlohmann::json report = run.json();
  const nlohmann::json second = report.at("tracks")[1];
  EXPECT_EQ(second.at("input"), (work_.in() / "album.flac").string());
  EXPECT_EQ(second.at("part").at("first_frame"), (2 * 75 + 11) * 588);
  EXPECT_EQ(second.at("part").at("frames"), second.at("outputs")[0].at("frames"));
  EXPECT_EQ(second.at("tags").at("isrc"), "USRC17607839");
  EXPECT_EQ(report.at("albums").size(), 1u);
  EXPECT_EQ(report.at("albums")[0].at("tracks"), 3);
}

TEST_F(MasterCue, TheTracksAreOneStream) {
  for (const int rate_hz : {44100, 96000}) {
    const Workspace whole;
    Random random = seeded(813);
    const Sound sound = wandering(random, rate_hz, 2, 9, 0.4);
    fs::create_directories(whole.in());
    write_sound(whole.in() / "album.wav", sound, kWav24);
    ASSERT_EQ(whole.master({"--recipe", whole.recipe(kLoud)}).exit_code, 0);
    write_sound(work_.in() / "album.wav", sound, kWav24);
    sheet("album.wav");
    const ProgramResult run = master("album.cue", kLoud, {"--overwrite"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(joined(".wav"), stored_samples(whole.out() / "album.wav")) << rate_hz;
    EXPECT_EQ(run.json().at("tracks")[2].value("joined_to_previous", false), true);
  }
}

TEST_F(MasterCue, ASheetInAFolderStandsForItsFile) {
  album("album.wav", 44100, kWav24);
  Random random = seeded(814);
  write_sound(work_.in() / "other.wav", wandering(random, 44100, 2, 1, 0.3), kWav24);
  sheet("ALBUM.WAV");
  const ProgramResult run = master("", kCopy);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(masters_of(work_.out()).size(), 4u);  // three parts and the other, but not the whole
  EXPECT_EQ(joined(".wav"), stored_samples(work_.in() / "album.wav"));
  EXPECT_EQ(run.json().at("summary").at("tracks"), 4);
}

TEST_F(MasterCue, ASecondRunFindsTheTracksUnchangedAndAnotherCutMakesThemAnew) {
  album("album.wav", 44100, kWav24);
  sheet("album.wav");
  ASSERT_EQ(master("album.cue").exit_code, 0);
  const ProgramResult second = master("album.cue");
  const nlohmann::json again = second.json();
  for (const auto& track : again.at("tracks")) EXPECT_EQ(track.at("state"), "UNCHANGED");
  EXPECT_EQ(second.json().at("tracks").size(), 3u);
  std::string text = slurp(work_.in() / "album.cue");
  text.replace(text.find("00:06:74"), 8, "00:06:00");
  spill(work_.in() / "album.cue", text);
  const ProgramResult third = master("album.cue");
  ASSERT_EQ(third.exit_code, 0) << third.err;
  EXPECT_EQ(stored_samples(work_.out() / "03 album.wav").size(), 2u * 3 * 44100);
  EXPECT_EQ(joined(".wav"), stored_samples(work_.in() / "album.wav"));
}

TEST_F(MasterCue, WithAFileForEachTrackTheSheetSaysOrderAndNames) {
  Random random = seeded(815);
  for (const char* name : {"x.wav", "y.wav"})
    write_sound(work_.in() / name, wandering(random, 44100, 2, 1, 0.3), kWav24, {{SF_STR_TITLE, "Old"}});
  spill(work_.in() / "a.cue",
        "FILE y.wav WAVE\nTRACK 01 AUDIO\nTITLE First\nINDEX 00 00:00:00\nINDEX 01 00:00:20\nFILE x.wav WAVE\nTRACK 02 "
        "AUDIO\nTITLE \"Caf\xe9\"\nINDEX 01 00:00:00\n");
  const ProgramResult run = master("", kCopy);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.json().at("tracks")[0].at("input"), (work_.in() / "y.wav").string());
  EXPECT_EQ(tags_of(work_.out() / "x.wav").at(SF_STR_TITLE), "Caf\u00e9");
  EXPECT_EQ(stored_samples(work_.out() / "y.wav"), stored_samples(work_.in() / "y.wav"));
}

TEST_F(MasterCue, WhatIsWrongWithASheetIsSaidByLineAndInAFolderItIsPassedOver) {
  album("album.wav", 44100, kWav24);
  sheet("../album.wav");
  const ProgramResult named = master("album.cue");
  EXPECT_EQ(named.exit_code, 2);
  EXPECT_THAT(named.err, HasSubstr("album.cue:3:1: error: ../album.wav leads out of the sheet's folder"));
  EXPECT_FALSE(fs::exists(work_.out()));
  const ProgramResult found = master("");
  EXPECT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.err, HasSubstr("album.cue:3:1: warning: ../album.wav leads out of the sheet's folder"));
  EXPECT_TRUE(fs::exists(work_.out() / "album.wav"));
}

TEST_F(MasterCue, APipeThatIsCalledLikeASheetHoldsNothingUp) {
  album("album.wav", 44100, kWav24);
  ASSERT_EQ(::mkfifo((work_.in() / "x.cue").c_str(), 0600), 0);
  const ProgramResult folder = master("");
  EXPECT_EQ(folder.exit_code, 0) << folder.err;
  EXPECT_TRUE(fs::exists(work_.out() / "album.wav"));
  const ProgramResult named = master("x.cue");
  EXPECT_EQ(named.exit_code, kNothingRead);
  EXPECT_THAT(track_named(named.json(), "x.cue").at("reason").get<std::string>(), HasSubstr("is not a regular file"));
}

TEST_F(MasterCue, LinesForPeopleSayWhichPartOfTheFileTheyAreOf) {
  album("album.wav", 12000, kWav24);
  sheet("album.wav");
  EXPECT_THAT(master("album.cue").err, HasSubstr("album.wav (02 Song_One)"));
  const std::string recipe = "recipe: v1\nname: t\nchain: [{eq: {bands: [{type: bell, freq_hz: 9000, gain_db: 1}]}}]\n";
  const ProgramResult run = master("album.cue", recipe, {"--no-cache"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  for (const char* part : {"01 Intro", "02 Song_One", "03 album"})
    EXPECT_THAT(run.err, HasSubstr(std::string("FAILED    album.wav (") + part + "): "));
  const std::string reason = run.json().at("tracks")[0].at("reason");
  EXPECT_EQ(reason.find("Intro"), std::string::npos) << reason;
}

TEST_F(MasterCue, ADryRunAndTemplatesKnowTheTracks) {
  album("album.wav", 44100, kWav24);
  sheet("album.wav");
  const std::string recipe = "recipe: v1\nname: t\noutputs: [{id: a, format: flac, path: \"{track:02}.{ext}\"}]\n";
  const ProgramResult plan = master("album.cue", recipe, {"--dry-run"});
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_EQ(plan.json().at("tracks").size(), 3u);
  EXPECT_EQ(plan.json().at("tracks")[2].at("outputs")[0].at("path"), (work_.out() / "03.flac").string());
  EXPECT_EQ(plan.json().at("tracks")[0].at("frames"), (2 * 75 + 11) * 588);
  ASSERT_EQ(master("album.cue", recipe).exit_code, 0);
  EXPECT_EQ(stored_samples(work_.out() / "01.flac").size(), 2u * (2 * 75 + 11) * 588);
}

}  // namespace
}  // namespace lathe::test
