// What the client reads of people: addresses, deadlines, tokens, and catalogues.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "scheduler/client/catalogue.h"
#include "scheduler/client/farm_address.h"
#include "scheduler/client/farm_connection.h"
#include "scheduler/client/finish_by.h"
#include "scheduler/worker/listed_tracks.h"

namespace lathe::test {
namespace {

using namespace scheduler;
namespace fs = std::filesystem;

TEST(FarmAddress, WhatPeopleWriteIsWhatGrpcConnectsTo) {
  EXPECT_EQ(parse_farm_address("farm:7777").target(), "dns:///farm:7777");
  EXPECT_EQ(parse_farm_address("10.0.0.1:7777").target(), "ipv4:10.0.0.1:7777");
  EXPECT_EQ(parse_farm_address("[::1]:7777").target(), "ipv6:[::1]:7777");
  EXPECT_EQ(parse_farm_address("unix:/run/lathe").target(), "unix:/run/lathe");
  EXPECT_EQ(parse_farm_address("10.0.0.1:1,10.0.0.2:2").target(), "ipv4:10.0.0.1:1,10.0.0.2:2");
}

TEST(FarmAddress, WhatIsNoAddressIsRefused) {
  for (const char* wrong : {"", "farm", "farm:", "farm:0", "farm:70000", "farm:x", ":7", "::1:7", "http://farm:7",
                            "unix:", "a:1,", "unix:/a,b:1", "a:1,unix:/b"})
    EXPECT_THROW(parse_farm_address(wrong), std::invalid_argument) << wrong;
}

TEST(FarmAddress, OnlyThisMachineIsLocal) {
  for (const char* local : {"127.0.0.1:7", "127.9.9.9:7", "localhost:7", "[::1]:7", "unix:/x", "localhost:1,[::1]:2"})
    EXPECT_TRUE(parse_farm_address(local).is_local()) << local;
  for (const char* far : {"10.0.0.1:7", "127.evil.example:7", "localhost.example:7", "[fe80::1]:7", "localhost:1,b:2"})
    EXPECT_FALSE(parse_farm_address(far).is_local()) << far;
}

class FinishBy : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC-01:00", 1);  // an hour ahead
    ::tzset();
  }
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static constexpr std::int64_t kNow_ms = 1'795'000'000'000;  // 2026-11-18 11:06:40 UTC
};

TEST_F(FinishBy, ATimeOfDayIsTheNextOne) {
  EXPECT_EQ(parse_finish_by("12:30", kNow_ms), kNow_ms + (23 * 60 + 20) * 1000);
  EXPECT_EQ(parse_finish_by("12:06", kNow_ms), kNow_ms - 40'000 + 86'400'000);
}

TEST_F(FinishBy, IsoTimesAreLocalUnlessTheySayTheirZone) {
  const std::int64_t noon_utc_ms = 1'795'003'200'000;
  EXPECT_EQ(parse_finish_by("2026-11-18T13:00", kNow_ms), noon_utc_ms);
  EXPECT_EQ(parse_finish_by("2026-11-18 13:00:00", kNow_ms), noon_utc_ms);
  EXPECT_EQ(parse_finish_by("2026-11-18T12:00Z", kNow_ms), noon_utc_ms);
  EXPECT_EQ(parse_finish_by("2026-11-18T07:00:00-05:00", kNow_ms), noon_utc_ms);
}

TEST_F(FinishBy, NonsenseAndThePastAreRefused) {
  for (const char* wrong : {"", "6", "25:00", "06:60", "tomorrow", "2026-02-30T06:00", "2026-11-18T10:00", "2026-11-19",
                            "2026-11-19T06:00+1", "2026-11-19T06:00 CET", "06:00x"})
    EXPECT_THROW(parse_finish_by(wrong, kNow_ms), std::invalid_argument) << wrong;
}

class ClientCatalogue : public ::testing::Test {
 protected:
  ClientCatalogue() : root_(fs::temp_directory_path() / ("catalogue-" + std::to_string(::getpid()))) {
    fs::create_directories(root_);
  }
  ~ClientCatalogue() override { fs::remove_all(root_); }
  fs::path put(const fs::path& name, const std::string& bytes) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << bytes;
    return root_ / name;
  }
  fs::path root_;
};

TEST_F(ClientCatalogue, ARowWithoutAFileIsATrackThatSaysSo) {
  put("a/1.wav", "x");
  const fs::path manifest = put("list.csv", "path\na/1.wav\nb/2.wav\n");
  Scan scan = scan_inputs({manifest}, root_ / "out", true);
  place_manifest_tracks(scan, root_ / "out");
  const Catalogue catalogue = master_catalogue(scan, RecipeSource::load("streaming"), root_ / "out");
  ASSERT_EQ(catalogue.tasks.size(), 2u);
  EXPECT_EQ(catalogue.problems, 1);
  EXPECT_EQ(catalogue.tasks[0].problem(), "");
  EXPECT_EQ(catalogue.tasks[0].relative(), "a/1");
  EXPECT_EQ(catalogue.tasks[1].relative(), "b/2");
  EXPECT_NE(catalogue.tasks[1].problem().find("list.csv:3"), std::string::npos) << catalogue.tasks[1].problem();
  EXPECT_EQ(catalogue.tasks[1].predicted_cost_s(), 0);
}

TEST_F(ClientCatalogue, ARecipeThatRestoresCostsMore) {
  put("a/1.wav", std::string(1'000'000, 'x'));
  const Scan scan = scan_inputs({root_ / "a"}, root_ / "out", true);
  const auto cost_s = [&](const char* recipe) {
    return master_catalogue(scan, RecipeSource::load(recipe), root_ / "out").cost_s;
  };
  EXPECT_GT(cost_s("vinyl-transfer"), 2 * cost_s("streaming"));
}

TEST_F(ClientCatalogue, TheLongestAlbumIsPlannedFirstAndTracksKeepTheirPlace) {
  put("in/a/1.wav", std::string(1000, 'x'));
  put("in/b/1.wav", std::string(4000, 'x'));
  put("in/b/2.wav", std::string(9000, 'x'));
  const Catalogue catalogue = audit_catalogue(scan_inputs({root_ / "in"}, {}, true));
  ASSERT_EQ(catalogue.tasks.size(), 3u);
  EXPECT_EQ(catalogue.tasks[0].input(), (root_ / "in/a/1.wav").string());
  EXPECT_EQ(catalogue.tasks[0].plan_rank(), 2);
  EXPECT_EQ(catalogue.tasks[1].plan_rank(), 1);
  EXPECT_EQ(catalogue.tasks[2].plan_rank(), 0);
  EXPECT_EQ(catalogue.tasks[2].relative(), "");
}

TEST_F(ClientCatalogue, ARowInTheOutputFolderIsRefused) {
  put("out/1.wav", "x");
  Scan scan = scan_inputs({put("list.csv", "path\nout/1.wav\n")}, root_ / "out", true);
  EXPECT_THROW(place_manifest_tracks(scan, root_ / "out"), RefusedInput);
}

TEST_F(ClientCatalogue, ATokenIsOneWord) {
  EXPECT_EQ(read_token(put("t", " secret\n").string()), "secret");
  EXPECT_THROW(read_token(put("t", "two words\n").string()), std::invalid_argument);
  EXPECT_THROW(read_token(put("t", " \n").string()), std::invalid_argument);
  EXPECT_THROW(read_token((root_ / "none").string()), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::test
