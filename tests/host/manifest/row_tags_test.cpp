// What a row's columns make of a file's tags, and what no delivery can be made with.
#include "host/manifest/row_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(RowTags, ARowsValueTakesThePlaceOfAllTheFileHasUnderThatName) {
  const Tags file{{{"TITLE", "Old"}, {"ARTIST", "One"}, {"ARTIST", "Two"}, {"EAN", "1"}, {"GENRE", "Soul"}}, {}};
  ManifestRow row;
  row.album = "Album";
  row.tags = {{"title", "New"}, {"artist", "Three"}, {"upc", "0602498614747"}, {"isrc", "us-rc1-76-07839"}};
  const Tags tags = with_row(file, row, "list.csv");
  EXPECT_THAT(tags.fields, ElementsAre(Pair("TITLE", "New"), Pair("ARTIST", "Three"), Pair("BARCODE", "0602498614747"),
                                       Pair("GENRE", "Soul"), Pair("ALBUM", "Album"), Pair("ISRC", "USRC17607839")));
  EXPECT_THAT(tags.notes, ElementsAre("TITLE, ARTIST, BARCODE: as list.csv says it, where the file says otherwise"));
}

TEST(RowTags, WhatARowDoesNotSayStaysAndWhatIsTheSameIsNoNews) {
  const Tags file{{{"TITLE", "Same"}, {"ISRC", "USRC17607839"}}, {"a note"}};
  ManifestRow row;
  row.tags = {{"title", "Same"}};
  const Tags tags = with_row(file, row, "list.csv");
  EXPECT_EQ(tags.fields, file.fields);
  EXPECT_EQ(tags.notes, file.notes);
}

TEST(RowTags, APartOfAFileDoesNotTakeOverWhatIsTheWholes) {
  const Tags file{{{"TITLE", "Side A"},
                   {"TRACKNUMBER", "1"},
                   {"CUESHEET", "FILE x"},
                   {"ARTIST", "Band"},
                   {"CHAPTER001", "00:00:00.000"},
                   {"CHAPTER001NAME", "Intro"},
                   {"REPLAYGAIN_TRACK_GAIN", "-7 dB"},
                   {"LENGTH", "600000"}},
                  {}};
  ManifestRow row;
  row.part = {100, 200};
  row.tags = {{"track", "2"}};
  EXPECT_THAT(with_row(file, row, "a.cue").fields, ElementsAre(Pair("ARTIST", "Band"), Pair("TRACKNUMBER", "2")));
}

std::vector<std::string> problems_of(const std::vector<std::map<std::string, std::string>>& rows) {
  Manifest manifest{"list.csv", {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ManifestRow& row = manifest.rows.emplace_back();
    row.line = static_cast<int>(i) + 2;
    row.path = "/in/" + std::to_string(i) + ".wav";
    row.tags = rows[i];
  }
  std::vector<std::string> texts;
  for (const RecipeProblem& problem : delivery_problems(manifest)) texts.push_back(problem.text());
  return texts;
}

TEST(RowTags, CodesThatDoNotCheckStopADelivery) {
  EXPECT_THAT(problems_of({{{"isrc", "US-RC1-76-07839"}, {"upc", "0602498614747"}}, {{"isrc", "USRC17607840"}}}),
              IsEmpty());
  EXPECT_THAT(problems_of({{{"isrc", "USRC1760783"}}, {{"upc", "0602498614748"}}}),
              ElementsAre(HasSubstr("list.csv:2:1: error: 'USRC1760783' is no ISRC: 11 characters"),
                          HasSubstr("list.csv:3:1: error: '0602498614748' is no UPC or EAN: its check digit is 8")));
  EXPECT_THAT(problems_of({{{"isrc", "USRC17607839"}}, {{"isrc", "usrc17607839"}}}),
              ElementsAre(HasSubstr("list.csv:3:1: error: the ISRC usrc17607839 is that of line 2 already")));
}

TEST(RowTags, ACellThatASpreadsheetHasSpoiltStopsADelivery) {
  Manifest manifest{"list.csv", {}};
  manifest.rows.emplace_back().damage = {"upc '8.84978E+11' is a long number"};
  ASSERT_EQ(delivery_problems(manifest).size(), 1u);
  EXPECT_THAT(delivery_problems(manifest)[0].message, HasSubstr("8.84978E+11"));
}

}  // namespace
}  // namespace lathe
