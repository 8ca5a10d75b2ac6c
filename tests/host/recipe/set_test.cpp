// `--set PATH=VALUE`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/recipe/set_path.h"
#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char kRecipe[] =
    "recipe: v1\n"
    "chain:\n"
    "  - eq: {bands: [{type: notch, freq_hz: 50}, {type: bell, freq_hz: 320, gain_db: -1}]}\n"
    "  - gain:\n"
    "  - limit: {ceiling_dbtp: -1.0}\n"
    "outputs:\n"
    "  - {id: hd, format: wav, bits: 24}\n"
    "  - {id: cd, format: wav}\n";

std::string set_error(const std::string& set) {
  const auto errors = errors_in(kRecipe, {set});
  if (errors.size() != 1) return std::to_string(errors.size()) + " errors";
  const std::string mark = "--set " + set + ": error: ";
  return errors[0].starts_with(mark) ? errors[0].substr(mark.size()) : errors[0];
}

TEST(RecipeSet, ChangesAValueByPath) {
  const v1::Recipe recipe = effective(kRecipe, {"chain.limit.ceiling_dbtp=-0.5", "chain.eq.bands[1].gain_db=-2",
                                                "outputs[0].bits=16", "outputs.cd.bits=24", "chain[1].gain.gain_db=3"});
  EXPECT_EQ(recipe.chain(2).limit().ceiling_dbtp(), -0.5);
  EXPECT_EQ(recipe.chain(0).eq().bands(1).gain_db(), -2);
  EXPECT_EQ(recipe.outputs(0).bits(), v1::OUTPUT_BITS_16);
  EXPECT_EQ(recipe.outputs(1).bits(), v1::OUTPUT_BITS_24);
  EXPECT_EQ(recipe.chain(1).gain().gain_db(), 3);
}

TEST(RecipeSet, MakesMapsOnTheWay) {
  const v1::Recipe recipe =
      effective(kRecipe, {"loudness.target_lufs=-16", "labels.team=a b", "chain.limit.release_ms=80"});
  EXPECT_EQ(recipe.loudness().target_lufs(), -16);
  EXPECT_EQ(recipe.loudness().scope(), v1::LOUDNESS_SCOPE_TRACK);
  EXPECT_EQ(recipe.labels().at("team"), "a b");
  EXPECT_EQ(recipe.chain(2).limit().release_ms().number(), 80);
}

TEST(RecipeSet, TakesYamlAsValue) {
  const v1::Recipe recipe =
      effective(kRecipe, {"outputs=[{bits: 16}]", "loudness={target_lufs: -9, on_conflict: fail}",
                          "chain.eq.bands[0]={type: tilt, freq_hz: 700, gain_db: 2}", "name=a=b"});
  EXPECT_EQ(recipe.outputs_size(), 1);
  EXPECT_EQ(recipe.loudness().on_conflict(), v1::ON_CONFLICT_FAIL);
  EXPECT_EQ(recipe.chain(0).eq().bands(0).type(), v1::BAND_TYPE_TILT);
  EXPECT_EQ(recipe.name(), "a=b");
}

TEST(RecipeSet, TheLastOfTwoCounts) { EXPECT_EQ(effective(kRecipe, {"name=a", "name=b"}).name(), "b"); }

TEST(RecipeSet, GivesTheSameRecipeAsTheFile) {
  EXPECT_EQ(hash_of("recipe: v1\n", {"loudness.target_lufs=-16.0"}),
            hash_of("recipe: v1\nloudness: {target_lufs: -16}\n"));
}

TEST(RecipeSet, ErrorsNameTheSet) {
  EXPECT_EQ(set_error("loudness.target_lufs=loud"),
            "loudness.target_lufs: expected a number in LUFS or reference, not 'loud'");
  EXPECT_EQ(set_error("loudness.target_lufs=-16 LUFS"),
            "loudness.target_lufs: '-16 LUFS': write the number alone, 'target_lufs' is in LUFS");
  EXPECT_EQ(set_error("loudness.targt_lufs=-16"), "unknown key 'targt_lufs' in loudness (did you mean 'target_lufs'?)");
  EXPECT_EQ(set_error("lodness.target_lufs=-16"), "unknown key 'lodness' (did you mean 'loudness'?)");
  EXPECT_EQ(set_error("publish=tracks"),
            "publish: unknown value 'tracks'; one of track | album (did you mean 'track'?)");
  EXPECT_EQ(set_error("chain.limit.ceiling_dbtp=1"), "chain[2].limit.ceiling_dbtp: 1 is out of range, -24 to 0 dBTP");
  EXPECT_EQ(set_error("loudness.on_conflict=fail"), "loudness needs the key 'target_lufs' in LUFS");
}

TEST(RecipeSet, WrongPathsAreExplained) {
  EXPECT_EQ(set_error("loudness"), "write PATH=VALUE, as in loudness.target_lufs=-16");
  EXPECT_EQ(set_error("chain.limiter.ceiling_dbtp=-1"),
            "chain has no 'limiter' (did you mean 'limit'?); a path changes items of a list but adds none");
  EXPECT_EQ(set_error("outputs.vinyl.bits=16"),
            "outputs has no 'vinyl'; one of hd | cd; a path changes items of a list but "
            "adds none");
  EXPECT_EQ(set_error("chain[3].gain.gain_db=1"), "chain has 3 items, counted from 0; there is no [3]");
  EXPECT_EQ(set_error("stems[0].role=x"), "stems has 0 items, counted from 0; there is no [0]");
  EXPECT_EQ(set_error("chain[2].ceiling_dbtp=-1"),
            "unknown key 'ceiling_dbtp' in chain[2]; one of declick | decrackle | "
            "declip | dehum | denoise | eq | match_eq | stereo | compress | level | "
            "limit | gain | rumble");
  EXPECT_EQ(set_error("chain[2].eq.phase=linear"), "chain[2] is 'limit': write chain[2].limit.eq");
  EXPECT_EQ(set_error("chain.eq.bands.gain_db=1"), "chain[0].eq.bands is a list: write chain[0].eq.bands[0].gain_db");
  EXPECT_EQ(set_error("name.first=x"), "name has nothing inside, so no 'first'");
  EXPECT_EQ(set_error("name[0]=x"), "name is no list, so it has no [0]");
  for (const std::string path : {"", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "[0]", "a[0]b", "a]"}) {
    EXPECT_EQ(errors_in(kRecipe, {path + "=1"}).size(), 1u) << path;
  }
}

TEST(RecipeSet, AStageThatOccursTwiceNeedsItsIndex) {
  const std::string twice = "recipe: v1\nchain: [{gain: {}}, {eq: {}}, {gain: {}}]\n";
  EXPECT_THAT(errors_in(twice, {"chain.gain.gain_db=1"}),
              ElementsAre(HasSubstr("chain has 2 times 'gain': write chain[0].gain")));
  EXPECT_EQ(effective(twice, {"chain[2].gain.gain_db=1"}).chain(2).gain().gain_db(), 1);
}

TEST(RecipeSet, AllWrongSetsAreSaidAtOnceBesideTheFilesErrors) {
  EXPECT_EQ(errors_in("recipe: v1\nnam: x\n", {"a=1", "loudness.target_lufs=5", "name=[", "publish=album"}).size(), 4u);
  EXPECT_THAT(errors_in("recipe: v1\n", {"publish=album"}), IsEmpty());
}

TEST(RecipeSet, AWrongPathLeavesNothingBehind) {
  std::vector<RecipeProblem> problems;
  RecipeNode root = *parse_yaml("recipe: v1", "a.yaml", false, problems);
  EXPECT_FALSE(set_at(root, "loudness.nothing", {}, {}).problem.empty());
  EXPECT_EQ(root.entries.size(), 1u);
}

}  // namespace
}  // namespace lathe::testing
