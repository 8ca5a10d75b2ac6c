// Effective recipes, their canonical JSON and their hash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <google/protobuf/util/message_differencer.h>

#include "host/recipe/canonical_json.h"
#include "tests/host/recipe/example.h"
#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(CanonicalJson, IsWrittenInOneWay) {
  EXPECT_EQ(read("recipe: v1\nloudness: {target_lufs: -14.50}\nchain: [{limit: }, ]\nname: \"a \\\"b\\\" \\\\ é\\n\"\n"
                 "labels: {z: 1, a: 2}\n")
                .effective()
                .canonical_json,
            R"({"recipe":"v1","name":"a \"b\" \\ é\n","labels":{"a":"2","z":"1"},)"
            R"("input":{"contiguous":"auto","scrub":false,"on_damaged":"fail","sample_rate":"keep"},"publish":"track",)"
            R"("chain":[{"limit":{"ceiling_dbtp":-1,"release_ms":"auto"}}],)"
            R"("loudness":{"scope":"track","target_lufs":-14.5,"on_conflict":"stop-at-limit"},)"
            R"("outputs":[{"dither":"tpdf","per":"track","snap_588":"off","of":"master"}]})");
}

TEST(CanonicalJson, IsARecipeThatGivesTheSameAgain) {
  for (const std::string text : {kWholeSchema, kCatalogue}) {
    const EffectiveRecipe first = read(text).effective();
    const EffectiveRecipe second = read(first.canonical_json).effective();
    EXPECT_EQ(first.canonical_json, second.canonical_json);
    EXPECT_EQ(first.sha256, second.sha256);
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(first.recipe, second.recipe));
  }
}

TEST(CanonicalJson, OfATrackIsARecipeThatGivesTheSameAgain) {
  const EffectiveRecipe track = read(kWholeSchema).effective_for({.track = 7});
  EXPECT_EQ(read(track.canonical_json).effective().canonical_json, track.canonical_json);
  EXPECT_THAT(track.canonical_json, Not(HasSubstr("overrides")));
}

TEST(EffectiveRecipe, EveryFieldWithADefaultIsExplicit) {
  const std::string json =
      read("recipe: v1\nchain: [{eq: {bands: [{type: bell, freq_hz: 100, gain_db: 1}]}}, {declick: }]\n")
          .effective()
          .canonical_json;
  EXPECT_THAT(json,
              HasSubstr(R"({"eq":{"phase":"linear","bands":[{"type":"bell","freq_hz":100,"gain_db":1,"q":0.70710678,)"
                        R"("slope_db_oct":12,"channel":"stereo"}],"resonances":"off","max_cuts":4,"max_cut_db":4,)"
                        R"("from_hz":120,"to_hz":8000,"min_prominence_db":3}})"));
  EXPECT_THAT(
      json,
      HasSubstr(R"({"declick":{"strength":0.5,"tier":"best","keep_removed":false,"mode":"auto","max_repair_ms":4}})"));
}

TEST(EffectiveRecipe, WhatHasNoDefaultStaysOut) {
  const EffectiveRecipe effective = read("recipe: v1\nchain: [{limit: {}}]\n").effective();
  EXPECT_FALSE(effective.recipe.has_loudness());
  EXPECT_FALSE(effective.recipe.chain(0).limit().has_max_gain_reduction_db());
  EXPECT_FALSE(effective.recipe.outputs(0).has_format());
  EXPECT_FALSE(effective.recipe.outputs(0).has_bits());
}

TEST(EffectiveRecipe, NoOutputsAreOneLikeTheInput) {
  EXPECT_EQ(hash_of("recipe: v1\n"), hash_of("recipe: v1\noutputs: []\n"));
  EXPECT_EQ(hash_of("recipe: v1\n"), hash_of("recipe: v1\noutputs: [{dither: tpdf}]\n"));
}

TEST(EffectiveRecipe, ABandOfACompressorTakesWhatItLeavesOutFromTheStage) {
  const v1::Recipe recipe = effective(
      "recipe: v1\nchain: [{compress: {ratio: 3, crossovers_hz: [200], bands: [{ratio: 2}, {attack_ms: 5}]}}]\n");
  const v1::Compress& compress = recipe.chain(0).compress();
  EXPECT_EQ(compress.bands(0).ratio(), 2);
  EXPECT_EQ(compress.bands(1).ratio(), 3);
  EXPECT_EQ(compress.bands(0).attack_ms(), 30);
  EXPECT_EQ(compress.bands(1).attack_ms(), 5);
  EXPECT_FALSE(compress.bands(0).has_max_gain_reduction_db());
}

TEST(RecipeHash, IsTheSha256OfTheCanonicalJson) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const EffectiveRecipe effective = read("recipe: v1\n").effective();
  EXPECT_EQ(effective.sha256, sha256_hex(effective.canonical_json));
}

TEST(RecipeHash, CommentsWhiteSpaceAndTheOrderOfKeysChangeNothing) {
  const std::string hash =
      hash_of("recipe: v1\nname: x\nchain:\n  - limit: {ceiling_dbtp: -1, max_gain_reduction_db: 6}\n");
  EXPECT_EQ(hash, hash_of("# a\n\nname:   x   # b\nchain:\n- limit:\n    max_gain_reduction_db: 6.0\n    ceiling_dbtp: "
                          "-1.00\nrecipe: v1\n"));
  EXPECT_EQ(hash, hash_of("{recipe: v1, name: 'x', chain: [{limit: {max_gain_reduction_db: 6e0}}]}"))
      << "a default that is written is the default";
}

TEST(RecipeHash, EveryValueChangesIt) {
  const std::string base =
      "recipe: v1\nchain: [{gain: {}}, {limit: {ceiling_dbtp: -1}}]\nloudness: {target_lufs: -14}\n";
  for (const char* set : {"chain.limit.ceiling_dbtp=-1.0000001", "loudness.target_lufs=-14.1",
                          "chain.limit.release_ms=50", "loudness.on_conflict=fail", "outputs=[{bits: 16}]",
                          "input.scrub=true", "name=x", "chain=[{limit: {}}]", "chain.gain.gain_db=0.1"}) {
    EXPECT_NE(hash_of(base), hash_of(base, {set})) << set;
  }
  EXPECT_NE(hash_of("recipe: v1\nchain: [{gain: {}}, {eq: {}}]\n"),
            hash_of("recipe: v1\nchain: [{eq: {}}, {gain: {}}]\n"))
      << "the chain's order counts";
}

}  // namespace
}  // namespace lathe::testing
