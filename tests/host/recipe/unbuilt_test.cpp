// What the schema has and this version cannot do yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/recipe/example.h"
#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> unbuilt_paths(const std::string& line) {
  std::vector<std::string> paths;
  for (const UnbuiltFeature& feature : unbuilt_features(effective("recipe: v1\n" + line + "\n")))
    paths.push_back(feature.path);
  return paths;
}

TEST(UnbuiltFeatures, ExamplesOfTheWholeSchemaAreReadWithoutErrors) {
  EXPECT_THAT(errors_in(kWholeSchema), IsEmpty());
  EXPECT_THAT(errors_in(kCatalogue), IsEmpty());
}

TEST(UnbuiltFeatures, TheStagesThatAreStillToCome) {
  EXPECT_THAT(unbuilt_paths("chain: [{declick: }, {decrackle: }, {declip: }, {dehum: }, {denoise: }, {rumble: }, "
                            "{match_eq: {target: pop}}, "
                            "{stereo: }, {compress: }, {level: }, {eq: }, {gain: }, {limit: }]"),
              IsEmpty());
}

TEST(UnbuiltFeatures, OneByOne) {
  EXPECT_THAT(unbuilt_paths("chain: [{limit: {oversample: 8}}]"), ElementsAre("chain[0].limit.oversample"));
  for (const std::string scope : {"album", "loudest-track", "side"}) {
    EXPECT_THAT(unbuilt_paths("loudness: {target_lufs: -14, scope: " + scope + "}"), IsEmpty());
  }
  EXPECT_THAT(unbuilt_paths("stems: [{match: '*', chain: [{eq: {}}]}]"), IsEmpty());
  EXPECT_THAT(unbuilt_paths("stems: [{match: '*', chain: [{declick: {keep_removed: true}}, {limit: {}}]}]"),
              ElementsAre("stems[0].chain[0].declick.keep_removed", "stems[0].chain[1].limit"));
  EXPECT_THAT(unbuilt_paths("publish: album"), IsEmpty());
  EXPECT_THAT(unbuilt_paths("checks: [{profile: ebu-r128, codec_check: [aac-256]}]"), IsEmpty());
  EXPECT_THAT(unbuilt_paths("input: {contiguous: always, on_damaged: salvage, accept: [wav], sample_rate: 44100}"),
              ElementsAre("input.on_damaged"));
  EXPECT_THAT(unbuilt_paths("outputs: [{sample_rate: 44100, skip: [limit, eq], snap_588: report, "
                            "loudness: {target_lufs: -9}}]"),
              ElementsAre("outputs[0].skip"));
  EXPECT_THAT(unbuilt_paths("outputs: [{per: side}]"), IsEmpty());
}

TEST(UnbuiltFeatures, SeveralOutputsAreBuilt) {
  EXPECT_THAT(
      unbuilt_paths("outputs: [{id: hd, format: wav, bits: 24}, {id: cd, format: flac, bits: 16, dither: none}, "
                    "{id: shaped, bits: 16, dither: shaped}, {id: strong, bits: 16, dither: shaped-strong}]\n"
                    "input: {scrub: true, contiguous: never}\nloudness: {target_lufs: -14, on_conflict: fail}"),
      IsEmpty());
}

TEST(UnbuiltFeatures, StandWhereTheRecipeWritesThem) {
  const RecipeSource source = read(
      "recipe: v1\n"
      "stems: [{match: '*', chain: [{limit: }]}]\n"
      "chain:\n"
      "  - limit:\n"
      "      oversample: 8\n"
      "outputs: [{skip: [eq]}]\n",
      {"input.on_damaged=salvage"});
  std::vector<std::string> lines;
  for (const RecipeProblem& problem : source.unbuilt()) lines.push_back(problem.text("warning"));
  EXPECT_THAT(lines,
              ElementsAre("--set input.on_damaged=salvage: warning: input.on_damaged: this version of Lathe cannot do "
                          "this yet: salvaging damaged files (on_damaged: salvage)",
                          "bad.yaml:5:19: warning: chain[0].limit.oversample: this version of Lathe cannot do this "
                          "yet: choosing the limiter's oversampling, which is 16 times where it proves its ceiling",
                          HasSubstr("warning: stems[0].chain[0].limit: "),
                          HasSubstr("bad.yaml:6:12: warning: outputs[0].skip: ")));
}

TEST(UnbuiltFeatures, OfAnOverrideCountToo) {
  const RecipeSource source = read(
      "recipe: v1\nstems: [{match: '*', chain: [{limit: }]}]\nchain: [{limit: }]\n"
      "overrides:\n  - {match: {track: 1}, set: {chain.limit.oversample: 8}}\n");
  const auto problems = source.unbuilt();
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(problems[0].text(), HasSubstr("error: stems[0].chain[0].limit"));
  EXPECT_THAT(problems[1].text(), HasSubstr("bad.yaml:5:55: error: chain[0].limit.oversample"));
}

}  // namespace
}  // namespace lathe::testing
