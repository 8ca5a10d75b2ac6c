// Where tracks stand in their album: by tags, rows of a manifest, and names.
#include "scheduler/worker/album_order.h"

#include <gtest/gtest.h>

namespace lathe::scheduler {
namespace {

ScannedTrack named(const std::string& input, const ManifestRow* row = nullptr) {
  ScannedTrack track;
  track.input = input;
  track.row = row;
  return track;
}

AlbumPlace by_tags(std::vector<std::pair<std::string, std::string>> fields, const std::string& name = "/in/x.wav") {
  return place_of(named(name), Tags{std::move(fields), {}});
}

AlbumPlace place(int disc, std::string side, int number) { return {disc, std::move(side), number}; }

TEST(AlbumOrder, NumbersOfTagsAreReadAsPeopleWriteThem) {
  EXPECT_EQ(by_tags({{"TRACKNUMBER", "7"}}), place(0, "", 7));
  EXPECT_EQ(by_tags({{"TRACKNUMBER", "07/12"}, {"DISCNUMBER", "2/3"}}), place(2, "", 7));
  EXPECT_EQ(by_tags({{"TRACKNUMBER", "seven"}}), place(0, "", 0));
  EXPECT_EQ(by_tags({}), place(0, "", 0));
}

TEST(AlbumOrder, SidesAreThoseOfTheirTagElseOfTheNumberElseOfTheName) {
  EXPECT_EQ(by_tags({{"SIDE", "Side B"}, {"TRACKNUMBER", "2"}}), place(0, "B", 2));
  EXPECT_EQ(by_tags({{"VINYLSIDE", "c"}, {"TRACKNUMBER", "2"}}), place(0, "C", 2));
  EXPECT_EQ(by_tags({{"TRACKNUMBER", "AA12"}}), place(0, "AA", 12));
  EXPECT_EQ(by_tags({}, "/in/B2 Song.wav"), place(0, "B", 2));
  EXPECT_EQ(by_tags({{"TRACKNUMBER", "5"}}, "/in/B2 Song.wav"), place(0, "B", 5));
  EXPECT_EQ(by_tags({}, "/in/Album 3.wav"), place(0, "", 0));
}

TEST(AlbumOrder, AManifestsRowStandsBeforeTheTags) {
  ManifestRow row;
  row.tags = {{"track", "3"}, {"disc", "1"}, {"side", "B"}};
  const Tags tags{{{"TRACKNUMBER", "9"}, {"DISCNUMBER", "2"}, {"SIDE", "A"}}, {}};
  EXPECT_EQ(place_of(named("/in/x.wav", &row), tags), place(1, "B", 3));
  row.tags = {{"track", "3"}};
  EXPECT_EQ(place_of(named("/in/x.wav", &row), tags), place(2, "A", 3));
}

// A side is played to its end before the next: A1 A2 B1, not A1 B1 A2.
TEST(AlbumOrder, DiscsGoBeforeSidesAndSidesBeforeNumbers) {
  EXPECT_LT(place(1, "B", 9), place(2, "A", 1));
  EXPECT_LT(place(0, "A", 9), place(0, "B", 1));
  EXPECT_LT(place(0, "A", 1), place(0, "A", 2));
}

}  // namespace
}  // namespace lathe::scheduler
