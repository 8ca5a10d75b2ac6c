// Every kind of mistake, where it stands and what is said about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(RecipeErrors, FiveMistakesAreFiveErrorsWithTheirLineAndColumn) {
  EXPECT_THAT(
      errors_in("recipe: v1\n"
                "name: five mistakes\n"
                "chain:\n"
                "  - eq:\n"
                "      phase: liner\n"
                "      bands:\n"
                "        - {type: bell, freqhz: 320, freq_hz: 320, gain_db: -1.2}\n"
                "        - {type: high-shelf, freq_hz: 1k, gain_db: 1}\n"
                "  - limit: {ceiling_dbtp: -1 dB}\n"
                "loudness: {target_lufs: -14, scope: track, target_lufs: -16}\n"),
      ElementsAre("bad.yaml:5:14: error: chain[0].eq.phase: unknown value 'liner'; one of linear | minimum (did you "
                  "mean 'linear'?)",
                  "bad.yaml:7:24: error: unknown key 'freqhz' in chain[0].eq.bands[0] (did you mean 'freq_hz'?)",
                  "bad.yaml:8:39: error: chain[0].eq.bands[1].freq_hz: '1k': write the number alone, 'freq_hz' is "
                  "in Hz",
                  "bad.yaml:9:27: error: chain[1].limit.ceiling_dbtp: '-1 dB': write the number alone, "
                  "'ceiling_dbtp' is in dBTP",
                  "bad.yaml:10:44: error: duplicate key 'target_lufs'"));
}

TEST(RecipeErrors, TheExceptionSaysEachErrorAndTheirNumber) {
  try {
    read("recipe: v1\nnam: x\npublish: never\n");
    FAIL() << "read without errors";
  } catch (const RecipeErrors& errors) {
    EXPECT_STREQ(errors.what(),
                 "bad.yaml:2:1: error: unknown key 'nam' (did you mean 'name'?)\n"
                 "bad.yaml:3:10: error: publish: unknown value 'never'; one of track | album\n2 errors");
    EXPECT_EQ(errors.problems()[1].line, 3);
    EXPECT_EQ(errors.problems()[1].column, 10);
  }
}

TEST(RecipeErrors, AProblemCanBeAWarningAndCanHaveNoLine) {
  EXPECT_EQ((RecipeProblem{"a.yaml", 3, 7, "so"}).text("warning"), "a.yaml:3:7: warning: so");
  EXPECT_EQ((RecipeProblem{"a.yaml", 0, 0, "so"}).text(), "a.yaml: error: so");
}

TEST(RecipeErrors, AnUnknownKeyWithoutANearOneListsTheKeys) {
  EXPECT_EQ(error_in_line("loudness: {target_lufs: -14, xyzzy: 1}"),
            "unknown key 'xyzzy' in loudness; one of scope | target_lufs | on_conflict");
}

TEST(RecipeErrors, AKeyWithTheWrongUnitNamesTheRightOne) {
  EXPECT_EQ(error_in_line("chain: [{limit: {ceiling_db: -1}}]"),
            "unknown key 'ceiling_db' in chain[0].limit (did you mean 'ceiling_dbtp'?)");
}

TEST(RecipeErrors, AnUnknownStageSuggestsANearOne) {
  EXPECT_EQ(error_in_line("chain: [{limiter: {}}]"), "unknown stage 'limiter' (did you mean 'limit'?)");
  EXPECT_THAT(error_in_line("chain: [{reverb: {}}]"),
              HasSubstr("unknown stage 'reverb'; one of declick | decrackle | "));
}

TEST(RecipeErrors, AValueOutOfRangeSaysTheRange) {
  EXPECT_EQ(error_in_line("loudness: {target_lufs: 3}"), "loudness.target_lufs: 3 is out of range, -70 to 0 LUFS");
  EXPECT_EQ(error_in_line("loudness: {target_lufs: -70.5}"),
            "loudness.target_lufs: -70.5 is out of range, -70 to 0 LUFS");
  EXPECT_EQ(error_in_line("chain: [{limit: {release_ms: 0.1}}]"),
            "chain[0].limit.release_ms: 0.1 is out of range, 1 to 5000 ms");
  EXPECT_EQ(error_in_line("outputs: [{sample_rate: 1000}]"),
            "outputs[0].sample_rate: 1000 is out of range, 8000 to 384000 Hz");
  EXPECT_EQ(error_in_line("chain: [{dehum: {harmonics: 99999999999}}]"),
            "chain[0].dehum.harmonics: 99999999999 is out of range, 1 to 64");
}

TEST(RecipeErrors, ASlopeIsAMultipleOfSix) {
  EXPECT_EQ(error_in_line("chain: [{eq: {bands: [{type: high-pass, freq_hz: 20, slope_db_oct: 20}]}}]"),
            "chain[0].eq.bands[0].slope_db_oct: 20 is not a multiple of 6, 6 to 96 dB/octave");
  EXPECT_THAT(errors_in("recipe: v1\nchain: [{eq: {bands: [{type: high-pass, freq_hz: 20, slope_db_oct: 96}]}}]"),
              IsEmpty());
}

TEST(RecipeErrors, AStageIsOneKind) {
  EXPECT_THAT(errors_in("recipe: v1\nchain:\n  - eq: {}\n    limit: {ceiling_db: 0}\n"),
              ElementsAre("bad.yaml:4:5: error: a stage is one of its kinds: 'limit' beside 'eq' needs its own '-'",
                          "bad.yaml:4:13: error: unknown key 'ceiling_db' in chain[0].limit (did you mean "
                          "'ceiling_dbtp'?)"));
}

TEST(RecipeErrors, AStageWithoutItsColonIsExplained) {
  EXPECT_EQ(error_in_line("chain: [declick]"), "write '- declick: {}': a stage is a map");
  EXPECT_THAT(error_in_line("chain: [{}]"), HasSubstr("chain[0] names no stage; one of declick"));
}

TEST(RecipeErrors, AMapInPlaceOfAListIsExplained) {
  EXPECT_EQ(error_in_line("chain: {limit: {}}"), "chain is a list, not a map: begin each item with '-'");
  EXPECT_EQ(error_in_line("outputs: wav"), "outputs is a list, not 'wav': begin each item with '-'");
  EXPECT_EQ(error_in_line("loudness: -14"), "loudness is a map of keys, not '-14'");
  EXPECT_EQ(error_in_line("labels: [a]"), "labels is a map of keys, not a list");
}

TEST(RecipeErrors, WhatIsRequiredIsMissed) {
  EXPECT_THAT(errors_in("name: x\n"),
              ElementsAre("bad.yaml:1:1: error: the recipe needs the key 'recipe' (recipe: v1)"));
  EXPECT_EQ(error_in_line("loudness: {scope: track}"), "loudness needs the key 'target_lufs' in LUFS");
  EXPECT_EQ(error_in_line("chain: [{eq: {bands: [{freq_hz: 100}]}}]"), "chain[0].eq.bands[0] needs the key 'type'");
  EXPECT_EQ(error_in_line("chain: [{eq: {bands: [{type: notch}]}}]"),
            "chain[0].eq.bands[0] needs the key 'freq_hz' in Hz");
  EXPECT_EQ(error_in_line("checks: [{}]"),
            "checks[0] needs one of 'profile' (a delivery profile) and 'codec_check' (lossy codecs, as "
            "[aac-256, mp3-320, opus-128]), or both");
  EXPECT_EQ(error_in_line("overrides: [{match: {track: 7}}]"), "overrides[0] needs the key 'set'");
  EXPECT_EQ(error_in_line("overrides: [{match: {track: 7}, set: {}}]"), "overrides[0].set is empty");
}

TEST(RecipeErrors, AnEmptyFileMissesTheVersion) {
  for (const char* text : {"", "\n\n", "# nothing\n", "---\n"}) {
    const auto errors = errors_in(text);
    ASSERT_EQ(errors.size(), 1u) << '"' << text << '"';
    EXPECT_THAT(errors[0], HasSubstr("error: the recipe needs the key 'recipe' (recipe: v1)"));
  }
}

TEST(RecipeErrors, AnUnknownVersionIsRefused) {
  EXPECT_THAT(errors_in("recipe: v2\n"),
              ElementsAre("bad.yaml:1:9: error: recipe: unknown value 'v2'; one of v1 (did you "
                          "mean 'v1'?)"));
}

TEST(RecipeErrors, YamlThatDoesNotParseIsOneErrorWithItsPlace) {
  EXPECT_THAT(errors_in("recipe: v1\nchain:\n  - limit: {ceiling_dbtp: -1\n"),
              ElementsAre(AllOf(HasSubstr("bad.yaml:3:29: error: not YAML: "), HasSubstr("a bracket is open"))));
  EXPECT_THAT(errors_in("recipe: v1\n\tname: x\n"), ElementsAre(HasSubstr("bad.yaml:2:1: error: not YAML: ")));
  EXPECT_THAT(errors_in("recipe: v1\nname: \"x\nchain: []\n"),
              ElementsAre("bad.yaml:2:7: error: not YAML: this quote is never closed"));
}

TEST(RecipeErrors, AValueLeftOutStandsAtItsKey) {
  EXPECT_THAT(errors_in("recipe: v1\nloudness:\n  target_lufs:\n  scope: track\nname:\n\n\n"),
              ElementsAre("bad.yaml:3:3: error: loudness.target_lufs: no value; expected a number in LUFS or reference",
                          "bad.yaml:5:1: error: name: no value; expected text"));
}

TEST(RecipeErrors, ColumnsCountCharacters) {
  EXPECT_THAT(errors_in("recipe: v1\nlabels: {é: ü}\nloudness: {scope: Spur✓, target_lufs: x}\n"),
              ElementsAre(HasSubstr("bad.yaml:3:19: "), HasSubstr("bad.yaml:3:39: ")));
}

TEST(RecipeErrors, LinesEndAsTheyDoOnWindows) {
  EXPECT_THAT(errors_in("\xEF\xBB\xBFrecipe: v1\r\nname: x\r\nnam: y\r\n"), ElementsAre(HasSubstr("bad.yaml:3:1: ")));
}

TEST(RecipeErrors, ANameThatIsNoRecipeListsTheShippedOnes) {
  try {
    RecipeSource::load("steaming");
    FAIL() << "loaded";
  } catch (const RecipeErrors& errors) {
    EXPECT_EQ(errors.problems()[0].text(),
              "steaming: error: no file and no shipped recipe; shipped are acoustic, broadcast-r128, cd, clean-up, "
              "electronic, gentle, loud, podcast, streaming, tape-master, tape-transfer, vinyl-master, "
              "vinyl-premaster, vinyl-transfer (did you mean 'streaming'?)");
  }
}

TEST(RecipeErrors, AFileThatCannotBeReadSaysWhy) {
  const auto message = [](const std::string& path) {
    try {
      RecipeSource::load(path);
      return std::string("loaded");
    } catch (const RecipeErrors& errors) {
      return errors.problems()[0].text();
    }
  };
  EXPECT_EQ(message("there/is/none.yaml"), "there/is/none.yaml: error: cannot be read: No such file or directory");
  EXPECT_EQ(message(::testing::TempDir()), ::testing::TempDir() + ": error: cannot be read: Is a directory");
}

}  // namespace
}  // namespace lathe::testing
