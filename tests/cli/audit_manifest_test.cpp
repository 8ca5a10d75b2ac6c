// `lathe audit` of a manifest: its order, its albums, its names, and what is wrong with it.
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

class AuditManifest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a.wav", "b.wav", "c.wav"}) {
      Random random(static_cast<std::uint64_t>(700 + name[0]));
      write_sound(work_.in() / name, wandering(random, 44100, 2, 2, 0.4), kWav16);
    }
  }
  ProgramResult audit(const std::vector<std::string>& inputs) const {
    ProgramCall call;
    call.arguments = {"audit", "--format", "json", "--no-cache"};
    call.arguments.insert(call.arguments.end(), inputs.begin(), inputs.end());
    return run_program(call);
  }
  std::string list(const std::string& name, std::string_view text) const {
    spill(work_.in() / name, text);
    return (work_.in() / name).string();
  }
  static std::vector<std::string> names(const nlohmann::json& report) {
    std::vector<std::string> all;
    for (const auto& file : report.at("files")) all.push_back(fs::path(file.at("path").get<std::string>()).filename());
    return all;
  }
  static std::vector<std::string> codes(const nlohmann::json& file) {
    std::vector<std::string> all;
    for (const auto& finding : file.at("findings")) all.push_back(finding.at("code"));
    return all;
  }
  using Names = std::vector<std::string>;

  Workspace work_;
};

TEST_F(AuditManifest, OrderAlbumsAndNamesAreTheManifests) {
  const std::string manifest =
      list("list.csv", "path,album,title\nc.wav,Two,Third\na.wav,One,First\nb.wav,Two,Second\n");
  const ProgramResult result = audit({manifest, work_.in().string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json report = result.json();
  EXPECT_EQ(names(report), (Names{"c.wav", "a.wav", "b.wav"}));  // and none of them twice
  EXPECT_EQ(report.at("files").at(0).at("tags").at("title"), "Third");
  ASSERT_EQ(report.at("albums").size(), 2u);
  for (const auto& album : report.at("albums")) EXPECT_EQ(album.at("tracks"), album.at("path") == "Two" ? 2 : 1);
}

TEST_F(AuditManifest, ManifestsWithinFoldersAreNotTaken) {
  list("list.csv", "nonsense");
  EXPECT_EQ(audit({work_.in().string()}).exit_code, 0);
}

TEST_F(AuditManifest, AMissingFileIsARowWithItsLineAndTheRestGoesOn) {
  const std::string manifest =
      list("list.json", "[{\"path\": \"a.wav\"},\n {\"path\": \"none.wav\"},\n {\"path\": \"b.wav\"}]");
  const ProgramResult result = audit({manifest});
  EXPECT_EQ(result.exit_code, 8) << result.err;
  const nlohmann::json report = result.json();
  EXPECT_EQ(names(report), (Names{"a.wav", "none.wav", "b.wav"}));
  EXPECT_EQ(report.at("files").at(1).at("state"), "UNREADABLE");
  EXPECT_EQ(report.at("files").at(1).at("reason_code"), "NOT_FOUND");
  EXPECT_NE(report.at("files").at(1).at("reason").get<std::string>().find("list.json:2"), std::string::npos);
}

TEST_F(AuditManifest, AMalformedOneIsRefusedWithAllItsMistakesAndNothingIsWritten) {
  const std::string manifest = list("list.csv", "path,tilte,isrc,isrc\na.wav,x,,\n");
  const ProgramResult result = audit({manifest, "--out", (work_.root() / "report.json").string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find(manifest + ":1:6: error: unknown column 'tilte' (did you mean 'title'?)"),
            std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find(manifest + ":1:17: error: column 'isrc' is there twice"), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(work_.root() / "report.json"));
}

TEST_F(AuditManifest, IdentifiersAreCheckedAndComparedWithTheFilesOwn) {
  Random random = seeded(720);
  write_sound(work_.in() / "tagged.flac", wandering(random, 44100, 2, 2, 0.4), kFlac16, {{SF_STR_TITLE, "Own"}});
  const std::string manifest = list("list.csv",
                                    "path,isrc,upc\na.wav,USRC1760783,\nb.wav,,8.84978E+11\nc.wav,US-RC1-76-07839,"
                                    "36000291452\ntagged.flac,USRC17607839,036000291452\n");
  const nlohmann::json files = audit({manifest}).json().at("files");
  const auto has = [&](int i, const std::string& code) {
    const Names all = codes(files.at(static_cast<std::size_t>(i)));
    return std::find(all.begin(), all.end(), code) != all.end();
  };
  EXPECT_TRUE(has(0, "isrc-invalid"));
  EXPECT_TRUE(has(1, "manifest-damaged"));
  EXPECT_TRUE(has(2, "manifest-damaged"));
  EXPECT_FALSE(has(2, "isrc-invalid"));
  EXPECT_FALSE(has(3, "manifest-damaged") || has(3, "isrc-invalid") || has(3, "upc-invalid"));
  EXPECT_EQ(files.at(3).at("tags").at("title"), "Own");
  EXPECT_EQ(files.at(3).at("tags").at("isrc"), "USRC17607839");
}

}  // namespace
}  // namespace lathe::test
