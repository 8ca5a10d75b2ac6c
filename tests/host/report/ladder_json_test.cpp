// An album's ladder as programs read it, and as people do.
#include "host/report/ladder_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/report/audit_file_json.h"
#include "host/report/audit_html.h"
#include "host/report/audit_table.h"
#include "tests/host/report/page_reader.h"
#include "tests/host/report/sample_audit.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

OctaveFigures some_octaves() {
  OctaveFigures octaves;
  octaves.level_db = {-8.123f, -2, 0, -3, -5, -7, -9, -13, std::nanf("")};
  octaves.octave_width_db = {-38, -30, -16, -12, -10, -9, -8, -8, std::nanf("")};
  octaves.width_db = -10.126f;
  octaves.balance_db = std::nanf("");
  return octaves;
}

AlbumLadder ladder_with_a_loud_track(const std::string& name = "4.wav") {
  std::vector<LadderTrack> tracks;
  for (int i = 1; i <= 4; ++i) {
    LadderTrack track{"/album/" + (i == 4 ? name : std::to_string(i) + ".wav"), true, "", 2, {}};
    track.figures = ladder_figures({i == 4 ? -9.5 : -14.0, 5, -10, -11, -1, -1.2}, some_octaves());
    tracks.push_back(track);
  }
  tracks.push_back({"/album/5.wav", false, "silence", 2, {}});
  return ladder_of(std::move(tracks));
}

TEST(LadderJson, HasTheMiddleTheDistancesAndWhatStandsOut) {
  const Json json = ladder_json(ladder_with_a_loud_track());
  EXPECT_EQ(json["state"], "COMPARED");
  EXPECT_EQ(json["summary"], "4 tracks compared, 1 stands out; 1 track without a loudness is left out");
  EXPECT_EQ(json["octave_edges_hz"].size(), kOctaves + 1u);
  EXPECT_EQ(json["octave_edges_hz"][9], 16000);
  EXPECT_EQ(json["middle"]["integrated_lufs"], -14.0);
  EXPECT_EQ(json["middle"]["octave_level_db"][0], -8.12);
  EXPECT_TRUE(json["middle"]["octave_level_db"][8].is_null());
  EXPECT_TRUE(json["middle"]["balance_db"].is_null());
  ASSERT_EQ(json["tracks"].size(), 5u);
  EXPECT_EQ(json["tracks"][3]["track"], 4);
  EXPECT_EQ(json["tracks"][3]["distance"]["integrated_lufs"], 4.5);
  EXPECT_EQ(json["tracks"][4]["state"], "UNMEASURABLE");
  EXPECT_TRUE(json["tracks"][4]["figures"]["integrated_lufs"].is_null());
  ASSERT_EQ(json["outliers"].size(), 2u);
  EXPECT_EQ(json["outliers"][0]["track"], 4);
  EXPECT_EQ(json["outliers"][0]["figure"], "integrated_lufs");
  EXPECT_EQ(json["outliers"][0]["distance"], 4.5);
  EXPECT_EQ(json["outliers"][1]["figure"], "peak_to_loudness_db");
}

TEST(LadderJson, OctavesComeBackFromIt) {
  const Json json = octaves_json(some_octaves());
  const auto back = octaves_from_json(Json::parse(json.dump()));
  ASSERT_TRUE(back);
  EXPECT_FLOAT_EQ(back->level_db[0], -8.12f);
  EXPECT_TRUE(std::isnan(back->level_db[8]));
  EXPECT_FLOAT_EQ(back->width_db, -10.13f);
  EXPECT_TRUE(std::isnan(back->balance_db));
  EXPECT_FALSE(octaves_from_json(Json()));
  EXPECT_FALSE(octaves_from_json(Json::parse(R"({"level_db": [1, 2], "octave_width_db": []})")));
}

// A farm's workers hand in to the bit what the report is made of.
TEST(LadderJson, AWorkersAuditKeepsTheOctaves) {
  FileAudit file = sample_audit().files.at(0);
  file.octaves = some_octaves();
  const FileAudit back = audit_file_from_json(audit_file_json(file));
  ASSERT_TRUE(back.octaves);
  EXPECT_EQ(back.octaves->level_db[0], file.octaves->level_db[0]);
  EXPECT_EQ(back.octaves->width_db, file.octaves->width_db);
  EXPECT_TRUE(std::isnan(back.octaves->balance_db));
  file.octaves.reset();
  EXPECT_FALSE(audit_file_from_json(audit_file_json(file)).octaves);
}

AlbumAudit album_with(AlbumLadder ladder) {
  AlbumAudit album = sample_audit().albums.at(0);
  album.ladder = std::move(ladder);
  return album;
}

std::string written(const AlbumAudit& album, const MakeWriter& make) {
  std::ostringstream out;
  const SampleAudit audit = sample_audit();
  const std::unique_ptr<AuditWriter> writer = make(out, audit.head);
  writer->album(album);
  writer->finish(audit.summary);
  return out.str();
}

TEST(LadderReports, PeopleReadWhatStandsOut) {
  const AlbumAudit album = album_with(ladder_with_a_loud_track());
  const auto table = [](std::ostream& out, const AuditHead& head) { return make_audit_table(out, head); };
  EXPECT_THAT(written(album, table), HasSubstr("consistency: 4 tracks compared, 1 stands out"));
  EXPECT_THAT(written(album, table), HasSubstr("track 4 (4.wav) is 4.5 LU louder"));
  const Page page = read_page(written(album, make_audit_html));
  EXPECT_THAT(page.text, HasSubstr("Consistency: 4 tracks compared, 1 stands out"));
  EXPECT_THAT(page.text, HasSubstr("-9.5 LUFS (+4.5)"));
  EXPECT_THAT(written(album_with({}), table), Not(HasSubstr("consistency")));
}

TEST(LadderReports, NamesAreShownAsText) {
  const AlbumAudit album = album_with(ladder_with_a_loud_track("<script>\x1b[31m\xFF.wav"));
  for (const auto& [name, make] : all_writers()) {
    if (name == "csv") continue;  // has no albums
    const std::string text = written(album, make);
    EXPECT_THAT(text, Not(HasSubstr("\x1b[31m"))) << name;
    if (name == "html") {
      EXPECT_THAT(read_page(text).text, HasSubstr("<script><U+001B>"));
    }
    if (name == "json") {
      const Json report = Json::parse(text);
      EXPECT_EQ(report["albums"][0]["consistency"]["outliers"][0]["path"], "/album/<script>\x1b[31m\xEF\xBF\xBD.wav");
    }
  }
}

}  // namespace
}  // namespace lathe::testing
