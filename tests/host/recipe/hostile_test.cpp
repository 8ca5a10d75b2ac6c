// Input that was made to hurt: bombs, garbage, endless nesting. Each is an error, soon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "host/recipe/text_check.h"
#include "tests/host/recipe/example.h"
#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(HostileRecipe, DeepNestingIsRefused) {
  EXPECT_THAT(errors_in("recipe: v1\nname: " + repeated("[", 33) + repeated("]", 33)),
              ElementsAre(HasSubstr("bad.yaml:2:38: error: nested deeper than 32 levels")));
  for (const std::string opening : {"[", "{", "- ", "? ", "{a: ", "[{a: ", "&a [", "!a [", "a: &a\n ", "\"[", "- - "}) {
    EXPECT_FALSE(errors_in("name: " + repeated(opening, 100000)).empty()) << opening;
    EXPECT_FALSE(errors_in(repeated(opening, 100000)).empty()) << opening;
  }
}

TEST(HostileRecipe, AnAliasBombIsRefused) {
  std::string bomb = "recipe: v1\na: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    const std::string alias = std::string("*") + static_cast<char>(c - 1);
    bomb += std::string(1, c) + ": &" + c + " [" + repeated(alias + ", ", 8) + alias + "]\n";
  }
  EXPECT_THAT(errors_in(bomb), ElementsAre(HasSubstr("error: more than 20000 values, aliases counted in full")));
}

TEST(HostileRecipe, AnAliasOfItselfIsRefused) {
  EXPECT_THAT(errors_in("recipe: v1\nchain: &a [*a]\n"),
              ElementsAre(HasSubstr("bad.yaml:2:12: error: the alias stands inside")));
  EXPECT_THAT(errors_in("recipe: v1\nchain: *a\n"), ElementsAre(HasSubstr("bad.yaml:2:8: error: not YAML: ")));
}

TEST(HostileRecipe, AnchorsThatAreNoBombWork) {
  const v1::Recipe recipe = effective(
      "recipe: v1\nchain:\n  - eq: &warm {bands: [{type: tilt, freq_hz: 700, gain_db: -1}]}\n  - gain: {gain_db: 1}\n  "
      "- eq: *warm\n");
  EXPECT_EQ(recipe.chain(2).eq().bands(0).gain_db(), -1);
}

TEST(HostileRecipe, ALongListIsRefused) {
  EXPECT_THAT(errors_in("recipe: v1\nchain: [" + repeated("a,", 30000) + "]"),
              ElementsAre(HasSubstr("more than 20000 values")));
}

TEST(HostileRecipe, ThousandsOfMistakesAreSaidSoon) {
  EXPECT_GT(errors_in("recipe: v1\nchain:\n" + repeated("- {limt: {}}\n", 5000)).size(), 4999u);
  std::string overrides = "recipe: v1\nloudness: {target_lufs: -9}\noverrides:\n";
  for (int i = 0; i < 2000; ++i) overrides += "- {match: {path: a}, set: {loudness.target_lufs: -9}}\n";
  EXPECT_THAT(errors_in(overrides), IsEmpty());
}

TEST(HostileRecipe, ALargeFileIsRefused) {
  const std::string path = ::testing::TempDir() + "/large_recipe.yaml";
  {
    std::ofstream file(path, std::ios::binary);
    file << "recipe: v1\nname: " << std::string(10 << 20, 'x');
  }
  try {
    RecipeSource::load(path);
    FAIL() << "loaded";
  } catch (const RecipeErrors& errors) {
    EXPECT_EQ(errors.problems()[0].text(), path + ": error: over 1 MiB: this is no recipe");
  }
}

TEST(HostileRecipe, BinaryIsRefusedWithItsPlace) {
  EXPECT_THAT(errors_in(std::string("recipe: v1\nname: \0x", 19)),
              ElementsAre("bad.yaml:2:7: error: not a text file: control character 0x00"));
  EXPECT_THAT(errors_in("recipe: v1\nname: \xFF\xFE"), ElementsAre("bad.yaml:2:7: error: not UTF-8 text: byte 0xFF"));
  EXPECT_THAT(errors_in(std::string("\xFF\xFEr\0e\0", 6)),
              ElementsAre("bad.yaml:1:1: error: not UTF-8 text: byte 0xFF"));
  EXPECT_THAT(errors_in("name: \"\\0\""), ElementsAre(HasSubstr("the text holds a control character")));
}

TEST(HostileRecipe, OnlyWellFormedUtf8IsText) {
  for (const char* good : {"é", "€", "𝄞", "\xEF\xBF\xBD"}) EXPECT_FALSE(find_bad_text(good)) << good;
  for (const char* bad : {"\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\x80",
                          "\xC3", "\xE2\x82"}) {
    EXPECT_TRUE(find_bad_text(bad));
  }
}

TEST(HostileRecipe, WhatYamlHasAndRecipesDoNotIsRefused) {
  EXPECT_THAT(errors_in("recipe: v1\nname: !!str x\n"), ElementsAre(HasSubstr("a recipe has no tags")));
  EXPECT_THAT(errors_in("recipe: v1\nloudness: {<<: {scope: track}}\n"), ElementsAre(HasSubstr("merge keys (<<)")));
  EXPECT_THAT(errors_in("recipe: v1\n---\nrecipe: v1\n"), ElementsAre(HasSubstr("a second document")));
  EXPECT_THAT(errors_in("recipe: v1\n[a]: 1\n"), ElementsAre(HasSubstr("a key is one word")));
  EXPECT_THAT(errors_in("recipe: v1\n? {a: 1}\n: 1\n"), ElementsAre(HasSubstr("a key is one word")));
  EXPECT_THAT(errors_in("recipe: v1\n: 1\n"), ElementsAre(HasSubstr("a key is missing")));
  EXPECT_THAT(errors_in("- recipe: v1\n"), ElementsAre(HasSubstr("the recipe is a map of keys, not a list")));
}

// Random damage to real recipes, at a fixed seed: an error or a recipe, never anything else.
TEST(HostileRecipe, DamagedRecipesAreErrorsOrRecipes) {
  constexpr unsigned kSeed = 20;
  std::mt19937 random(kSeed);
  const std::string pieces[] = {"[",   "]",    "{",  "}",    ":", "- ",    "\n",    "  ", "'",        "\"",
                                "&a ", "*a",   "|",  ">",    "!", "%",     "@",     "? ", "#",        "\t",
                                ",",   "auto", "-1", ".nan", "~", "---\n", "...\n", "\\", "\xC3\xA9", "\r"};
  int errors = 0;
  for (int round = 0; round < 1000; ++round) {
    std::string text = round % 2 == 0 ? kWholeSchema : kCatalogue;
    for (int edit = 0; edit < 1 + round % 5; ++edit) {
      const std::size_t at = random() % text.size();
      const std::size_t drop = std::min<std::size_t>(random() % 4, text.size() - at);
      text.replace(at, drop, pieces[random() % std::size(pieces)]);
    }
    errors += errors_in(text).empty() ? 0 : 1;
  }
  EXPECT_GT(errors, 300) << "seed " << kSeed;
}

TEST(HostileRecipe, RandomTextIsAnError) {
  constexpr unsigned kSeed = 21;
  std::mt19937 random(kSeed);
  const std::string letters = "[]{}:,-?&*!|>'\"%@`#~ \n\t\\ab01<.";
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    const std::size_t length = 1 + random() % 200;
    for (std::size_t i = 0; i < length; ++i) text += letters[random() % letters.size()];
    EXPECT_FALSE(errors_in(text).empty()) << "seed " << kSeed << ": " << text;
    errors_in("recipe: v1\n", {text});
    errors_in("recipe: v1\n", {"chain=" + text});
    errors_in(kWholeSchema, {"chain" + text});
  }
}

}  // namespace
}  // namespace lathe::testing
