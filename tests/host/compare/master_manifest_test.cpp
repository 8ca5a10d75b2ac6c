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

}  // namespace
}  // namespace lathe::test
