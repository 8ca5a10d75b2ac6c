// Exceptions of single tracks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kBase =
    "recipe: v1\n"
    "chain: [{eq: {bands: [{type: bell, freq_hz: 320, gain_db: -1}]}}, {limit: {}}]\n"
    "loudness: {target_lufs: -14}\n";

TEST(RecipeOverrides, ApplyWhereTheyFit) {
  const RecipeSource source = read(kBase +
                                   "overrides:\n"
                                   "  - {match: {track: 7}, set: {\"loudness.target_lufs\": -15}}\n"
                                   "  - {match: {track: 7, disc: 2}, set: {\"chain.eq.bands[0].gain_db\": -2.0}}\n");
  EXPECT_EQ(source.effective_for({.track = 1}).recipe.loudness().target_lufs(), -14);
  EXPECT_EQ(source.effective_for({.track = 7, .disc = 1}).recipe.loudness().target_lufs(), -15);
  EXPECT_EQ(source.effective_for({.track = 7, .disc = 1}).recipe.chain(0).eq().bands(0).gain_db(), -1);
  EXPECT_EQ(source.effective_for({.track = 7, .disc = 2}).recipe.chain(0).eq().bands(0).gain_db(), -2);
}

TEST(RecipeOverrides, MatchByPathTitleAndIsrc) {
  v1::TrackMatch match;
  match.set_path("*live*");
  EXPECT_TRUE(fits(match, {.path = "disc1/03 live.wav"}));
  EXPECT_FALSE(fits(match, {.path = "live/03.wav"})) << "without a slash the pattern is the file's name";
  match.set_path("*/live/*.wav");
  EXPECT_TRUE(fits(match, {.path = "/music/live/03.wav"}));
  EXPECT_FALSE(fits(match, {}));
  match.Clear();
  match.set_title("Song");
  EXPECT_TRUE(fits(match, {.title = "Song"}));
  EXPECT_FALSE(fits(match, {.title = "song 2"}));
  match.set_isrc("us-rc1-76-07839");
  EXPECT_TRUE(fits(match, {.title = "Song", .isrc = "USRC17607839"}));
  EXPECT_FALSE(fits(match, {.title = "Song", .isrc = "USRC17607840"}));
  EXPECT_FALSE(fits(match, {.title = "Song"}));
}

TEST(RecipeOverrides, ATracksHashChangesOnlyWithWhatItIsMasteredBy) {
  const RecipeSource without = read(kBase);
  const RecipeSource with = read(kBase + "overrides: [{match: {track: 7}, set: {loudness.target_lufs: -15}}]\n");
  EXPECT_EQ(without.effective_for({.track = 1}).sha256, with.effective_for({.track = 1}).sha256);
  EXPECT_EQ(without.effective_for({.track = 1}).sha256, without.effective().sha256);
  EXPECT_NE(without.effective_for({.track = 7}).sha256, with.effective_for({.track = 7}).sha256);
  EXPECT_NE(without.effective().sha256, with.effective().sha256);
}

TEST(RecipeOverrides, ErrorsAreFoundAtLoad) {
  EXPECT_THAT(
      errors_in(kBase + "overrides:\n"
                        "  - {match: {track: 7}, set: {loudness.target_lufs: loud}}\n"
                        "  - {match: {track: 8}, set: {loudness.targt_lufs: -15}}\n"
                        "  - match: {track: 9}\n"
                        "    set:\n"
                        "      chain.eq.bands[3].q: 1\n"
                        "      chain[0]: {limit: {}}\n"
                        "      publish: album\n"),
      ElementsAre("bad.yaml:2:68: error: a second limit: a chain has one, at its end (with overrides[2])",
                  "bad.yaml:5:53: error: loudness.target_lufs: expected a number in LUFS or reference, not 'loud'",
                  "bad.yaml:6:31: error: unknown key 'targt_lufs' in loudness (did you mean 'target_lufs'?)",
                  "bad.yaml:9:7: error: chain[0].eq.bands has 1 items, counted from 0; there is no [3]",
                  "bad.yaml:11:7: error: 'publish' cannot differ by track: an override sets paths in input, chain, "
                  "loudness, outputs or checks"));
}

TEST(RecipeOverrides, AnErrorOfTheRecipeIsNotSaidAgainForEachOverride) {
  EXPECT_EQ(errors_in(kBase + "nam: x\noverrides: [{match: {track: 7}, set: {loudness.target_lufs: -15}}]\n").size(),
            1u);
}

TEST(RecipeOverrides, TwoThatContradictEachOtherOnATrackAreFoundAtLoad) {
  const std::string pair = kBase +
                           "outputs: [{bits: 24}]\n"
                           "overrides:\n"
                           "  - {match: {track: 7}, set: {\"outputs[0].bits\": 32f}}\n";
  EXPECT_THAT(errors_in(pair + "  - {match: {title: A}, set: {\"outputs[0].dither\": tpdf}}\n"),
              ElementsAre(AllOf(HasSubstr("bad.yaml:7:52: error: 32f is not rounded"),
                                HasSubstr("(with overrides[0] and overrides[1])"))));
  EXPECT_THAT(errors_in(pair + "  - {match: {track: 8}, set: {\"outputs[0].dither\": tpdf}}\n"), IsEmpty())
      << "they fit no track together";
}

TEST(RecipeOverrides, ApplyInTheirOrder) {
  const RecipeSource source = read(kBase +
                                   "overrides:\n"
                                   "  - {match: {disc: 1}, set: {chain: []}}\n"
                                   "  - {match: {title: A}, set: {loudness.target_lufs: -12}}\n"
                                   "  - {match: {title: A}, set: {loudness.target_lufs: -11}}\n");
  const v1::Recipe recipe = source.effective_for({.disc = 1, .title = "A"}).recipe;
  EXPECT_EQ(recipe.chain_size(), 0);
  EXPECT_EQ(recipe.loudness().target_lufs(), -11);
  EXPECT_EQ(recipe.overrides_size(), 0);
  EXPECT_THAT(errors_in(kBase + "overrides:\n"
                                "  - {match: {disc: 1}, set: {chain: []}}\n"
                                "  - {match: {title: A}, set: {chain.limit.ceiling_dbtp: -2}}\n"),
              ElementsAre(HasSubstr("bad.yaml:6:31: error: chain has no 'limit'")))
      << "the first takes away what the second changes";
}

TEST(RecipeOverrides, KeepTheTypeOfWhatTheySet) {
  const v1::Recipe recipe = effective(
      kBase + "overrides: [{match: {track: 7}, set: {checks: [{profile: 007.yaml}], loudness.target_lufs: -15.0}}]\n");
  const auto& set = recipe.overrides(0).set();
  EXPECT_EQ(set.at("loudness.target_lufs").number_value(), -15);
  EXPECT_EQ(set.at("checks").list_value().values(0).struct_value().fields().at("profile").string_value(), "007.yaml");
}

TEST(RecipeOverrides, UnknownTrackNumbersFitNoNumber) {
  const RecipeSource source = read(kBase + "overrides: [{match: {track: 1}, set: {loudness.target_lufs: -15}}]\n");
  EXPECT_EQ(source.effective_for({}).recipe.loudness().target_lufs(), -14);
}

}  // namespace
}  // namespace lathe::testing
