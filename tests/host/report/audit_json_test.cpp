// The JSON of an audit: the keys and words that programs rely on.
#include "host/report/audit_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "host/audio_file/text_encoding.h"
#include "tests/host/report/sample_audit.h"

namespace lathe::testing {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNoFigure = -std::numeric_limits<double>::infinity();
constexpr const char* kFigures[] = {"integrated_lufs",     "loudness_range_lu", "max_momentary_lufs",
                                    "max_short_term_lufs", "true_peak_dbtp",    "sample_peak_dbfs"};

Json parsed(const SampleAudit& audit) { return Json::parse(report_of(audit, make_audit_json)); }

std::vector<std::string> keys_of(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  return keys;
}

TEST(AuditJson, TheDocumentHasTheKeysOfTheContract) {
  const Json doc = parsed(sample_audit());
  EXPECT_THAT(keys_of(doc), ElementsAre("schema", "engine", "standard", "filter", "backend", "profiles", "files",
                                        "albums", "summary"));
  EXPECT_EQ(doc["schema"], "lathe.audit.v1");
  EXPECT_EQ(doc["engine"], "lathe 0.1.0");
  EXPECT_EQ(doc["profiles"][1], Json::parse(R"({"name": "ebu-r128", "title": "EBU R 128", "version": "1",
      "status": "official", "source": "EBU Tech 3343", "date": "2023-11-01", "limits": "-23 \u00B10.2 LUFS",
      "playback": "", "not_judged": ["the codec"]})"));
  ASSERT_EQ(doc["files"].size(), 4U);
  for (const Json& file : doc["files"]) {
    for (const char* key :
         {"path", "state", "reason", "sample_rate_hz", "channels", "frames", "duration_s", "findings", "profiles"}) {
      EXPECT_TRUE(file.contains(key)) << key;
    }
    for (const char* key : kFigures) EXPECT_TRUE(file.contains(key)) << key;
  }
}

TEST(AuditJson, AMeasuredFileHasItsFigures) {
  const Json file = parsed(sample_audit())["files"][1];
  EXPECT_EQ(file["path"], "/music/album/02 Two.wav");
  EXPECT_EQ(file["state"], "MEASURED");
  EXPECT_EQ(file["reason"], "");
  EXPECT_EQ(file["sample_rate_hz"], 44100);
  EXPECT_EQ(file["frames"], 44100 * 187);
  EXPECT_EQ(file["duration_s"], 187.0);
  const std::vector<double> expected = {-8.5, 0.0, -6.0, -7.1, 0.26, 0.0};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(file[kFigures[i]], expected[i]) << kFigures[i];
  EXPECT_EQ(file["below_20khz_lufs"], -8.51);
  EXPECT_EQ(file["stereo_correlation"], 0.5);
  EXPECT_EQ(file["mono_loss_db"], -1.25);
  EXPECT_EQ(file["true_peak_at_s"], 61.25);
  EXPECT_EQ(file["tags"]["isrc"], "DEA991900001");
  EXPECT_EQ(file["findings"][0], Json::parse(R"({"code": "clipped-runs", "severity": "error",
      "message": "12 runs of clipped samples", "at_s": 12.3, "figures": {"longest_ms": 0.3, "runs": 12.0}})"));
  EXPECT_TRUE(file["findings"][1]["at_s"].is_null());
  EXPECT_EQ(file["profiles"][0], Json::parse(R"({"name": "spotify", "version": "2", "verdict": "FAIL",
      "reasons": ["true peak 0.3 dBTP is above -1.0", "and louder than -14"], "notes": ["codec not judged",
      "not judged: the codec"], "playback_gain_db": -5.5, "playback_lufs": -14.0, "limited_by_peak": true})"));
  EXPECT_EQ(keys_of(file["profiles"][1]), (std::vector<std::string>{"name", "version", "verdict", "reasons", "notes"}));
}

TEST(AuditJson, WhatWasNotMeasuredHasNoFiguresWhateverLiesInThem) {
  SampleAudit audit = sample_audit();
  audit.files[2].figures = audit.files[3].figures = {-14.0, 5.0, -9.0, -10.0, -1.0, -1.0};
  const Json doc = parsed(audit);
  for (const std::size_t i : {2, 3}) {
    for (const char* key : kFigures) EXPECT_TRUE(doc["files"][i][key].is_null()) << key;
  }
  EXPECT_EQ(doc["files"][2]["state"], "UNMEASURABLE");
  EXPECT_EQ(doc["files"][2]["reason_code"], "SILENCE");
  EXPECT_EQ(doc["files"][3]["state"], "UNREADABLE");
  EXPECT_EQ(doc["files"][3]["reason"], "ends 1200 bytes early");
  EXPECT_TRUE(doc["files"][3]["sample_rate_hz"].is_null());
  EXPECT_TRUE(doc["files"][3]["duration_s"].is_null());
}

TEST(AuditJson, MinusInfinityIsNullAndZeroHasNoSign) {
  SampleAudit audit = sample_audit();
  audit.files[0].figures = {-23.0, -0.0, kNoFigure, std::numeric_limits<double>::quiet_NaN(), -1e-9, 3.01};
  const std::string text = report_of(audit, make_audit_json);
  const Json file = Json::parse(text)["files"][0];
  EXPECT_TRUE(file["max_momentary_lufs"].is_null());
  EXPECT_TRUE(file["max_short_term_lufs"].is_null());
  EXPECT_EQ(file["sample_peak_dbfs"], 3.01);
  EXPECT_THAT(text, ::testing::Not(HasSubstr("-0.0,")));
}

TEST(AuditJson, ASeriesStandsInsideItsFileAndNowhereElse) {
  const Json files = parsed(sample_audit())["files"];
  EXPECT_FALSE(files[0].contains("series"));
  const Json series = files[1]["series"];
  EXPECT_EQ(series["step_s"], 0.1);
  ASSERT_EQ(series["momentary_lufs"].size(), 1870U);
  ASSERT_EQ(series["short_term_lufs"].size(), 1870U);
  EXPECT_TRUE(series["momentary_lufs"][2].is_null());
  EXPECT_EQ(series["momentary_lufs"][3], -19.7);
  EXPECT_TRUE(series["short_term_lufs"][28].is_null());
}

TEST(AuditJson, AlbumsAndTheSummaryComeAfterTheFiles) {
  const Json doc = parsed(sample_audit());
  ASSERT_EQ(doc["albums"].size(), 2U);
  EXPECT_EQ(doc["albums"][0]["path"], "/music/album");
  EXPECT_EQ(doc["albums"][0]["tracks"], 2);
  EXPECT_EQ(doc["albums"][0]["integrated_lufs"], -10.4);
  EXPECT_EQ(doc["albums"][0]["findings"][0]["code"], "album-spread");
  EXPECT_EQ(doc["albums"][0]["profiles"][0]["verdict"], "FAIL");
  EXPECT_EQ(doc["albums"][1]["state"], "UNMEASURABLE");
  EXPECT_TRUE(doc["albums"][1]["integrated_lufs"].is_null());
  EXPECT_EQ(doc["summary"], Json::parse(R"({"files": 4, "measured": 2, "unmeasurable": 1, "unreadable": 1,
      "remembered": 1, "failed_by_profile": {"spotify": 1}, "findings_by_code": {"clipped-runs": 1, "dual-mono": 1},
      "audio_s": 561.0, "wall_s": 0.5, "realtime_factor": 1122.0, "interrupted": false})"));
}

TEST(AuditJson, NothingAtAllIsADocumentToo) {
  const Json doc = parsed({});
  EXPECT_EQ(doc["files"], Json::array());
  EXPECT_EQ(doc["albums"], Json::array());
  EXPECT_TRUE(doc["summary"]["realtime_factor"].is_null());
}

TEST(AuditJson, HostileTextIsValidUtf8AndOtherwiseItself) {
  const std::string text = report_of(audit_saying(kHostileText), make_audit_json);
  EXPECT_TRUE(is_utf8(text));
  const Json doc = Json::parse(text);
  std::string shown = kHostileText;
  shown.replace(shown.find('\xFF'), 1, "\xEF\xBF\xBD");
  EXPECT_EQ(doc["files"][0]["path"], "/music/" + shown + "/" + shown);
  EXPECT_EQ(doc["files"][0]["tags"][shown], shown);
  EXPECT_EQ(doc["albums"][0]["path"], shown);
  EXPECT_EQ(doc["summary"]["findings_by_code"][shown], 1);
}

TEST(AuditWriters, RefuseAFileAfterAnAlbum) {
  const SampleAudit audit = sample_audit();
  for (const auto& [name, make] : all_writers()) {
    if (name == "csv") continue;  // has no albums
    std::ostringstream out;
    const auto writer = make(out, audit.head);
    writer->album(audit.albums[0]);
    EXPECT_THROW(writer->file(audit.files[0]), std::logic_error) << name;
  }
}

struct FullDisk : std::streambuf {};  // takes not one byte

TEST(AuditWriters, SayThatTheDiskIsFull) {
  const SampleAudit audit = sample_audit();
  for (const auto& [name, make] : all_writers()) {
    FullDisk disk;
    std::ostream out(&disk);
    const auto writer = make(out, audit.head);
    writer->file(audit.files[0]);
    EXPECT_THROW(writer->finish(audit.summary), std::runtime_error) << name;
  }
}

}  // namespace
}  // namespace lathe::testing
