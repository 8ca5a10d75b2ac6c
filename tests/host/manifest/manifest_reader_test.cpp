// Manifests as people and spreadsheets write them, and every mistake by its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "host/manifest/manifest.h"
#include "host/recipe/recipe_problem.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ManifestReader : public ::testing::Test {
 protected:
  ManifestReader() {
    std::string name = (fs::temp_directory_path() / "lathe-manifest-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ManifestReader() override { fs::remove_all(folder_); }

  fs::path file(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  Manifest csv(std::string_view text) const { return read_manifest(file("list.csv", text)); }
  Manifest json(std::string_view text) const { return read_manifest(file("list.json", text)); }

  // "line:column: message" of each mistake.
  std::vector<std::string> mistakes(const std::string& name, std::string_view text) const {
    std::vector<std::string> all;
    try {
      read_manifest(file(name, text));
    } catch (const RecipeErrors& errors) {
      for (const RecipeProblem& problem : errors.problems())
        all.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " + problem.message);
    }
    return all;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  fs::path folder_;
};

TEST_F(ManifestReader, RowsKeepTheirOrderAndPathsAreTheManifestFoldersOwn) {
  const Manifest manifest = csv("path,album,title\nz.wav,One,Last\na/b.wav,One,First\n/abs/c.wav,,\n");
  ASSERT_EQ(manifest.rows.size(), 3u);
  EXPECT_EQ(manifest.rows[0].path, at("z.wav"));
  EXPECT_EQ(manifest.rows[1].path, at("a/b.wav"));
  EXPECT_EQ(manifest.rows[2].path, "/abs/c.wav");
  EXPECT_EQ(manifest.rows[0].album, "One");
  EXPECT_EQ(manifest.rows[2].album, "");
  EXPECT_EQ(manifest.rows[1].tags.at("title"), "First");
  EXPECT_EQ(manifest.rows[2].line, 4);
}

TEST_F(ManifestReader, EveryCountrysSpreadsheetIsUnderstood) {
  const std::string rows[] = {"path,title\r\na.wav,\"x, y\"\r\n",
                              "path;title\na.wav;x, y\n",
                              "path\ttitle\na.wav\tx, y",
                              "\xEF\xBB\xBFpath;title\r\na.wav;x, y\r\n",
                              "sep=;\r\npath;title\r\na.wav;x, y\r\n",
                              "Title ;PATH\nx, y;a.wav\n",
                              "\n\npath,title\n,\na.wav,\"x, y\",,\n\n"};
  for (const std::string& text : rows) {
    SCOPED_TRACE(text);
    const Manifest manifest = csv(text);
    ASSERT_EQ(manifest.rows.size(), 1u);
    EXPECT_EQ(manifest.rows[0].path, at("a.wav"));
    EXPECT_EQ(manifest.rows[0].tags.at("title"), "x, y");
  }
}

TEST_F(ManifestReader, QuotedCellsHoldLinesAndQuotesAndLinesArePhysical) {
  const Manifest manifest = csv("path,title\na.wav,\"two\nlines \"\"and\"\" quotes\"\nb.wav,x\n");
  ASSERT_EQ(manifest.rows.size(), 2u);
  EXPECT_EQ(manifest.rows[0].tags.at("title"), "two\nlines \"and\" quotes");
  EXPECT_EQ(manifest.rows[1].line, 4);
}

TEST_F(ManifestReader, AllMistakesComeAtOnceWithTheirPlaces) {
  EXPECT_THAT(mistakes("list.csv", "path,tilte,isrc,isrc\na.wav,x,,\n,x,,\nb.wav,,,,extra\n./a.wav,,,\n"),
              ElementsAre(HasSubstr("1:6: unknown column 'tilte' (did you mean 'title'?)"),
                          HasSubstr("1:17: column 'isrc' is there twice")));
  EXPECT_THAT(mistakes("list.csv", "path,title,isrc,upc\na.wav,x,,\n,x,,\nb.wav,,,,extra\n./a.wav,,,\n"),
              ElementsAre(HasSubstr("3:1: the row has no path"), HasSubstr("4:10: a cell beyond the named columns"),
                          HasSubstr("5:1: " + at("a.wav") + " is there before, on line 2")));
  EXPECT_THAT(mistakes("list.csv", "file,album\na.wav,x\n"),
              ElementsAre(HasSubstr("1:1: there is no column 'path'"), HasSubstr("1:1: unknown column 'file'")));
  EXPECT_THAT(mistakes("list.csv", "path,title\na.wav,\"never\nclosed\n"), ElementsAre(HasSubstr("2:7: a quote")));
  EXPECT_THAT(mistakes("list.csv", "path\n\"a\"b.wav\nc\"d.wav\n"), ElementsAre(HasSubstr("2:4"), HasSubstr("3:2")));
  EXPECT_THAT(mistakes("list.csv", ""), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(mistakes("list.csv", "path\nCaf\xe9.wav\n"), ElementsAre(HasSubstr("not UTF-8")));
  EXPECT_THAT(mistakes("list.csv", "path,contiguous\na.wav,perhaps\n"), ElementsAre(HasSubstr("2:7: contiguous")));
  EXPECT_THROW(read_manifest(folder_ / "none.csv"), RecipeErrors);
}

TEST_F(ManifestReader, SpoiltCellsAreNotUsed) {
  const Manifest manifest = csv("path,upc,isrc\na.wav,8.84978E+11,USRC17607839\n");
  ASSERT_EQ(manifest.rows.size(), 1u);
  ASSERT_EQ(manifest.rows[0].damage.size(), 1u);
  EXPECT_THAT(manifest.rows[0].damage[0], HasSubstr("8.84978E+11"));
  EXPECT_FALSE(manifest.rows[0].tags.contains("upc"));
  EXPECT_EQ(manifest.rows[0].tags.at("isrc"), "USRC17607839");
}

TEST_F(ManifestReader, JsonComesInThreeForms) {
  for (const char* text : {R"([{"path": "a.wav", "track": 1}, "b.wav"])",
                           R"({"tracks": [{"path": "a.wav", "track": "1"}, {"path": "b.wav", "title": null}]})"}) {
    SCOPED_TRACE(text);
    const Manifest manifest = json(text);
    ASSERT_EQ(manifest.rows.size(), 2u);
    EXPECT_EQ(manifest.rows[0].path, at("a.wav"));
    EXPECT_EQ(manifest.rows[0].tags.at("track"), "1");
    EXPECT_EQ(manifest.rows[1].path, at("b.wav"));
  }
  const Manifest albums = json(R"({"albums": [{"album": "One", "tracks": [{"path": "b.wav", "contiguous": true}]},
    {"tracks": [{"path": "a.wav"}], "album": "Two"}]})");
  ASSERT_EQ(albums.rows.size(), 2u);
  EXPECT_EQ(albums.rows[0].album, "One");
  EXPECT_EQ(albums.rows[0].contiguous, true);
  EXPECT_EQ(albums.rows[1].album, "Two");
  EXPECT_EQ(albums.rows[1].line, 2);
}

TEST_F(ManifestReader, MistakesInJsonHaveTheirLineToo) {
  EXPECT_THAT(
      mistakes("list.json", "[\n  {\"path\": \"a.wav\"},\n  {\"paht\": \"b.wav\"}\n]"),
      ElementsAre(HasSubstr("3:3: the row has no path"), HasSubstr("unknown key 'paht' (did you mean 'path'?)")));
  EXPECT_THAT(mistakes("list.json", "[\n  {\"path\": \"a.wav\"}\n  {"),
              ElementsAre(HasSubstr("3:3: this is not JSON")));
  EXPECT_THAT(mistakes("list.json", "{\"songs\": []}"), ElementsAre(HasSubstr("unknown key 'songs'")));
  EXPECT_THAT(mistakes("list.json", "\"a.wav\""), ElementsAre(HasSubstr("a manifest is a list of tracks")));
  EXPECT_THAT(mistakes("list.json", ""), ElementsAre(HasSubstr("this is not JSON")));
  EXPECT_THAT(mistakes("list.json", "[[{\"path\": \"a.wav\"}]]"), ElementsAre(HasSubstr("a list has no place here")));
}

}  // namespace
}  // namespace lathe
