// Manifests that mean harm or were cut: refused with the place, never believed in part.
#include "host/compare/master_manifest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace lathe::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json good() {
  return Json::parse(R"({"schema": "lathe.manifest.v1", "recipes": {"x": {}}, "tracks": [{"input": "/in/a.wav",
    "frames": 9, "sample_rate_hz": 44100, "stages": [{"name": "limit"}], "outputs": [{"id": "hd", "path": "a.flac",
    "format": "FLAC", "frames": 9, "sample_rate_hz": 44100, "channels": 2, "bits": 24, "bytes": 99,
    "sha256": "0123456789012345678901234567890123456789012345678901234567890123", "pcm_md5": "m",
    "after": {"state": "MEASURED", "integrated_lufs": -14.5, "true_peak_dbtp": null}}]}]})");
}

class MasterManifestFile : public ::testing::Test {
 protected:
  MasterManifestFile() {
    std::string name = (fs::temp_directory_path() / "lathe-manifest-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~MasterManifestFile() override { fs::remove_all(folder_); }
  MasterManifest read(const std::string& text) const {
    std::ofstream(folder_ / kMasterManifestName) << text;
    return read_master_manifest(folder_);
  }
  fs::path folder_;
};

TEST_F(MasterManifestFile, WhatIsAskedForIsRead) {
  const MasterManifest manifest = read(good().dump());
  ASSERT_EQ(manifest.tracks.size(), 1U);
  const MasterEntry& entry = manifest.tracks[0].outputs.at(0);
  EXPECT_EQ(entry.path, "a.flac");
  EXPECT_EQ(entry.bits, "24");
  EXPECT_EQ(entry.integrated_lufs, -14.5);
  EXPECT_FALSE(entry.true_peak_dbtp.has_value());
  EXPECT_TRUE(entry.is_measured);
}

TEST_F(MasterManifestFile, EveryKeyThatIsLeftOutOrOfAnotherKindIsRefused) {
  for (const char* key : {"path", "format", "frames", "sample_rate_hz", "channels", "bits", "bytes", "sha256"}) {
    for (const Json& wrong :
         {Json(nullptr), Json(-1), Json(1e300), Json::array(), Json(true), Json(std::uint64_t(-1))}) {
      Json document = good();
      Json& output = document["tracks"][0]["outputs"][0];
      if (key == std::string("bits") && wrong.is_number_integer()) continue;
      output[key] = wrong;
      EXPECT_THROW(read(document.dump()), ManifestProblem) << key << " " << wrong;
      output.erase(key);
      EXPECT_THROW(read(document.dump()), ManifestProblem) << key;
    }
  }
}

TEST_F(MasterManifestFile, CutAnywhereItIsNoManifest) {
  const std::string text = good().dump();
  for (std::size_t length = 0; length < text.size(); length += 7)
    EXPECT_THROW(read(text.substr(0, length)), ManifestProblem) << length;
}

TEST_F(MasterManifestFile, DeepNestingIsNoMoreThanRefused) {
  EXPECT_THROW(read(std::string(200000, '[')), ManifestProblem);
  EXPECT_THROW(
      read(R"({"schema": "lathe.manifest.v1", "tracks": )" + std::string(100000, '[') + std::string(100000, ']') + "}"),
      ManifestProblem);
}

TEST(MasterPath, NonePointsOutOfTheFolder) {
  EXPECT_EQ(path_in_folder("/m", "a/b.wav"), fs::path("/m/a/b.wav"));
  EXPECT_EQ(path_in_folder("/m", "a/../b.wav"), fs::path("/m/b.wav"));
  for (const char* path : {"../b.wav", "a/../../b.wav", "/b.wav", "..", ""})
    EXPECT_FALSE(path_in_folder("/m", path).has_value()) << path;
}

TEST_F(MasterManifestFile, ALinkLeadsOutWhereItsTargetLiesOutside) {
  fs::create_directories(folder_ / "real/disc");
  std::ofstream(folder_ / "real/disc/a.wav") << "a";
  std::ofstream(folder_ / "secret.txt") << "s";
  fs::create_directory_symlink("real", folder_ / "masters");
  const fs::path masters = folder_ / "masters";
  fs::create_symlink("disc/a.wav", masters / "inside.wav");
  fs::create_symlink("../secret.txt", masters / "outside.wav");
  fs::create_directory_symlink("..", masters / "up");
  fs::create_symlink("loop.wav", masters / "loop.wav");
  for (const char* path : {"disc/a.wav", "inside.wav", "loop.wav", "missing.wav"})
    EXPECT_FALSE(leads_out(masters, masters / path).has_value()) << path;
  const fs::path secret = fs::canonical(folder_) / "secret.txt";
  EXPECT_EQ(leads_out(masters, masters / "outside.wav"), secret);
  EXPECT_EQ(leads_out(masters, masters / "up/secret.txt"), secret);
}

TEST_F(MasterManifestFile, AMixKnowsItsMixdownAndWhichFilesAreNoWholeMaster) {
  Json document = good();
  EXPECT_FALSE(read(document.dump()).tracks[0].is_mix);
  Json& track = document["tracks"][0];
  track["stems"] = Json::array({{{"input", "/in/drums.wav"}, {"stages", Json::array()}}});
  track["null_test"] = {{"mixdown", "/in/mix.wav"}};
  track["outputs"].push_back(track["outputs"][0]);
  track["outputs"][1]["preview"] = {{"at_s", 3}};
  const MasterManifest manifest = read(document.dump());
  EXPECT_TRUE(manifest.tracks[0].is_mix);
  EXPECT_EQ(manifest.tracks[0].mixdown, "/in/mix.wav");
  EXPECT_FALSE(manifest.tracks[0].outputs[0].is_partial);
  EXPECT_TRUE(manifest.tracks[0].outputs[1].is_partial);
  track["null_test"] = 1;
  EXPECT_THROW(read(document.dump()), ManifestProblem);
}

}  // namespace
}  // namespace lathe::test
