// The recipes that come with Lathe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ShippedRecipes, AreThese) {
  EXPECT_THAT(
      shipped_recipe_names(),
      ElementsAre("acoustic", "broadcast-r128", "cd", "clean-up", "electronic", "gentle", "loud", "podcast",
                  "streaming", "tape-master", "tape-transfer", "vinyl-master", "vinyl-premaster", "vinyl-transfer"));
}

TEST(ShippedRecipes, LoadByNameAndCanBeRun) {
  for (const std::string& name : shipped_recipe_names()) {
    const RecipeSource source = RecipeSource::load(name);
    EXPECT_THAT(source.unbuilt(), IsEmpty()) << name;
    EXPECT_EQ(source.effective().recipe.name(), name);
    EXPECT_FALSE(source.effective().recipe.about().empty()) << name;
    EXPECT_TRUE(shipped_recipe_text(name).starts_with("# ")) << name << " explains itself";
  }
}

TEST(ShippedRecipes, WriteOneFileATrackInTheInputsFamily) {
  for (const std::string& name : shipped_recipe_names()) {
    const v1::Recipe recipe = RecipeSource::load(name).effective().recipe;
    ASSERT_EQ(recipe.outputs_size(), 1) << name;
    EXPECT_FALSE(recipe.outputs(0).has_format()) << name;
    EXPECT_FALSE(recipe.outputs(0).has_path()) << name;
    EXPECT_EQ(recipe.outputs(0).dither(), name == "cd" ? v1::DITHER_SHAPED : v1::DITHER_TPDF) << name;
  }
}

bool only_restores(const std::string& name) { return name == "clean-up" || name.ends_with("-transfer"); }

TEST(ShippedRecipes, EndInALimiterWithABoundedReduction) {
  for (const std::string& name : shipped_recipe_names()) {
    if (only_restores(name) || name == "vinyl-premaster") continue;
    const v1::Recipe recipe = RecipeSource::load(name).effective().recipe;
    const v1::Limit& limit = recipe.chain(recipe.chain_size() - 1).limit();
    EXPECT_LE(limit.ceiling_dbtp(), -0.5) << name;
    EXPECT_TRUE(limit.has_max_gain_reduction_db()) << name;
    EXPECT_LE(limit.max_gain_reduction_db(), name == "loud" || name == "podcast" ? 8 : 6) << name;
  }
}

// What stands in the way of its loudness is the true peak, not a limiter.
TEST(ShippedRecipes, ForVinylHaveNoLimiter) {
  const v1::Recipe recipe = RecipeSource::load("vinyl-premaster").effective().recipe;
  for (const v1::Stage& stage : recipe.chain()) EXPECT_FALSE(stage.has_limit());
  EXPECT_EQ(recipe.loudness().target_lufs(), -18);
  EXPECT_EQ(recipe.chain(1).stereo().mono_below_hz(), 120);
}

TEST(ShippedRecipes, OfRestorationChangeNeitherLoudnessNorTone) {
  for (const std::string& name : shipped_recipe_names()) {
    if (!only_restores(name)) continue;
    const v1::Recipe recipe = RecipeSource::load(name).effective().recipe;
    EXPECT_FALSE(recipe.has_loudness()) << name;
    for (const v1::Stage& stage : recipe.chain()) {
      const bool restores = stage.has_declick() || stage.has_decrackle() || stage.has_declip() || stage.has_dehum() ||
                            stage.has_denoise() || stage.has_rumble();
      EXPECT_TRUE(restores) << name;
    }
  }
}

TEST(ShippedRecipes, StreamingIsMinusFourteenLufsUnderMinusOneDbtp) {
  const v1::Recipe recipe = RecipeSource::load("streaming").effective().recipe;
  EXPECT_EQ(recipe.loudness().target_lufs(), -14);
  EXPECT_EQ(recipe.loudness().scope(), v1::LOUDNESS_SCOPE_TRACK);
  EXPECT_EQ(recipe.loudness().on_conflict(), v1::ON_CONFLICT_STOP_AT_LIMIT);
  EXPECT_EQ(recipe.chain(0).eq().bands(0).freq_hz(), 22);
  EXPECT_EQ(recipe.chain(1).limit().ceiling_dbtp(), -1);
  EXPECT_TRUE(recipe.chain(1).limit().release_ms().auto_());
  EXPECT_FALSE(recipe.outputs(0).has_bits());
}

TEST(ShippedRecipes, TakeSets) {
  const Sets sets = {"loudness.target_lufs=-16"};
  EXPECT_EQ(RecipeSource::load("streaming", sets).effective().recipe.loudness().target_lufs(), -16);
}

TEST(ShippedRecipes, AnUnknownNameSuggestsANearOne) {
  try {
    shipped_recipe_text("CD ");
    FAIL() << "found";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "no shipped recipe is called 'CD ' (did you mean 'cd'?)");
  }
}

}  // namespace
}  // namespace lathe::testing
