// Cue sheets as rippers and people write them, and every mistake by its line.
#include "host/manifest/cue_sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/recipe/recipe_problem.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kLive =
    "REM GENRE \"Soul\"\nREM DATE 1974\nREM COMMENT \"ripped\"\nCATALOG 0602498614747\nPERFORMER \"The Band\"\n"
    "TITLE \"Live\"\nFILE \"live.wav\" WAVE\n"
    "  TRACK 01 AUDIO\n    TITLE \"One \"more\" time\"\n    ISRC USRC17607839\n    FLAGS DCP\n    INDEX 01 00:00:00\n"
    "  TRACK 02 AUDIO\n    TITLE Two words\n    PERFORMER \"Guest\"\n    INDEX 00 03:10:74\n    INDEX 01 03:12:07\n";

// "line: message" of each mistake.
std::vector<std::string> mistakes(std::string_view text) {
  std::vector<std::string> all;
  try {
    parse_cue_sheet(text, "a.cue");
  } catch (const RecipeErrors& errors) {
    for (const RecipeProblem& problem : errors.problems())
      all.push_back(std::to_string(problem.line) + ": " + problem.message);
  }
  return all;
}

TEST(CueSheet, SaysWhatTheDiscAndItsTracksAreCalledAndWhereTheyBegin) {
  const CueSheet sheet = parse_cue_sheet(kLive, "a.cue");
  EXPECT_EQ(sheet.texts.at("title"), "Live");
  EXPECT_EQ(sheet.texts.at("genre"), "Soul");
  EXPECT_EQ(sheet.texts.at("date"), "1974");
  EXPECT_EQ(sheet.texts.at("catalog"), "0602498614747");
  ASSERT_EQ(sheet.files.size(), 1u);
  EXPECT_EQ(sheet.files[0].name, "live.wav");
  ASSERT_EQ(sheet.tracks.size(), 2u);
  EXPECT_EQ(sheet.tracks[0].texts.at("title"), "One \"more\" time");
  EXPECT_EQ(sheet.tracks[0].texts.at("isrc"), "USRC17607839");
  EXPECT_EQ(sheet.tracks[1].texts.at("title"), "Two words");
  EXPECT_EQ(sheet.tracks[1].texts.at("performer"), "Guest");
  EXPECT_EQ(sheet.tracks[1].start, (3 * 60 + 12) * 75 + 7);  // INDEX 01, not the pregap's
  EXPECT_THAT(sheet.notes, IsEmpty());
}

TEST(CueSheet, OfEverySystemAndEncodingIsTheSame) {
  std::string crlf, cr;
  for (const char* at = kLive; *at != '\0'; ++at) {
    crlf += *at == '\n' ? "\r\n" : std::string(1, *at);
    cr += *at == '\n' ? '\r' : *at;
  }
  for (const std::string& text : {"\xef\xbb\xbf" + std::string(kLive), crlf, cr}) {
    const CueSheet sheet = parse_cue_sheet(text, "a.cue");
    ASSERT_EQ(sheet.tracks.size(), 2u);
    EXPECT_EQ(sheet.tracks[1].start_line, 17);
    EXPECT_EQ(sheet.texts.at("genre"), "Soul");
  }
  const CueSheet latin = parse_cue_sheet("TITLE \"Caf\xe9\"\nFILE a.wav WAVE\nTRACK 1 AUDIO\nINDEX 1 0:0:0\n", "a.cue");
  EXPECT_EQ(latin.texts.at("title"), "Caf\u00e9");
}

// As EAC writes gaps that were appended to the track before: the index of the gap lies in the file before.
TEST(CueSheet, ATrackMayBeginInTheNextFile) {
  const CueSheet sheet = parse_cue_sheet(
      "FILE \"CD 1\\01.wav\" WAVE\n TRACK 01 AUDIO\n  INDEX 01 00:00:00\n TRACK 02 AUDIO\n  INDEX 00 04:11:00\n"
      "FILE \"CD 1\\02.wav\" WAVE\n  INDEX 01 00:00:00\n",
      "a.cue");
  ASSERT_EQ(sheet.tracks.size(), 2u);
  EXPECT_EQ(sheet.tracks[0].file, 0u);
  EXPECT_EQ(sheet.tracks[1].file, 1u);
  EXPECT_EQ(sheet.tracks[1].start, 0);
  EXPECT_EQ(sheet.files[1].name, "CD 1/02.wav");
}

TEST(CueSheet, EveryMistakeHasItsLine) {
  EXPECT_THAT(mistakes(""), ElementsAre(HasSubstr("names no track")));
  EXPECT_THAT(mistakes("TRACK 01 AUDIO\n"), ElementsAre("1: TRACK stands before any FILE"));
  EXPECT_THAT(mistakes("FILE a.wav WAVE\nTRACK 01 AUDIO\n"), ElementsAre("2: track 1 has no INDEX 01"));
  EXPECT_THAT(mistakes("FILE a.wav WAVE\nINDEX 01 00:00:00\n"), ElementsAre("2: INDEX stands before any TRACK"));
  EXPECT_THAT(mistakes("FILE a.bin BINARY\n"), ElementsAre(HasSubstr("1: FILE BINARY holds raw sectors")));
  EXPECT_THAT(mistakes("FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 00:60:00\nINDEX 01 00:00:75\nINDEX 01 0:0\n"),
              ElementsAre(HasSubstr("2: track 1 has no INDEX 01"), HasSubstr("3: '00:60:00' is no time"),
                          HasSubstr("4: '00:00:75' is no time"), HasSubstr("5: '0:0' is no time")));
  EXPECT_THAT(mistakes("FILE a.wav WAVE\nTRACK 02 AUDIO\nINDEX 01 00:10:00\nTRACK 01 AUDIO\nINDEX 01 00:05:00\n"),
              ElementsAre("4: track 1 follows track 2: numbers rise",
                          "5: 00:05:00 lies before the INDEX above it in the same file"));
  EXPECT_THAT(mistakes("FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 00:10:00\nTRACK 02 AUDIO\nINDEX 01 00:10:00\n"),
              ElementsAre("5: the track before it begins there too"));
  EXPECT_THAT(mistakes("FILE a.wav WAVE\nTRACK 100 AUDIO\nTRACK xx AUDIO\n"),
              ElementsAre(HasSubstr("2: TRACK wants a number from 1 to 99, not '100'"), HasSubstr("3: ")));
  EXPECT_THAT(mistakes(std::string("FILE a\0.wav WAVE\n", 17)), ElementsAre(HasSubstr("NUL")));
  EXPECT_THAT(mistakes("\xff\xfe"), ElementsAre(HasSubstr("UTF-16")));
}

TEST(CueSheet, WhatItPassesOverItSays) {
  const CueSheet sheet = parse_cue_sheet(
      "FILE a.wav WAVE\nTRACK 01 AUDIO\nPREGAP 00:02:00\nINDEX 01 00:00:00\nARRANGER \"Nobody\"\n", "a.cue");
  EXPECT_THAT(sheet.notes, ElementsAre(HasSubstr("a.cue:3: PREGAP"), HasSubstr("a.cue:5: unknown command ARRANGER")));
}

}  // namespace
}  // namespace lathe
