// What the schema alone cannot say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> errors_in_line(const std::string& line) { return errors_in("recipe: v1\n" + line + "\n"); }

TEST(RecipeSemantics, TheLimiterIsLast) {
  EXPECT_THAT(
      errors_in("recipe: v1\nchain:\n  - limit: {}\n  - gain: {gain_db: 1}\n"),
      ElementsAre("bad.yaml:3:5: error: limit must be the last stage of the chain: what follows it could pass its "
                  "ceiling"));
  EXPECT_THAT(errors_in_line("chain: [{gain: {}}, {limit: {}}]"), IsEmpty());
}

TEST(RecipeSemantics, AChainHasOneLimiter) {
  EXPECT_THAT(errors_in("recipe: v1\nchain:\n  - limit:\n  - eq:\n  - limit:\n"),
              ElementsAre("bad.yaml:5:5: error: a second limit: a chain has one, at its end"));
}

TEST(RecipeSemantics, AStemsChainIsAChain) {
  EXPECT_EQ(error_in_line("stems: [{match: '*drum*', chain: [{limit: {}}, {eq: {}}]}]"),
            "limit must be the last stage of the chain: what follows it could pass its ceiling");
}

TEST(RecipeSemantics, MistakesOfEveryKindAreSaidTogether) {
  EXPECT_EQ(
      errors_in("recipe: v1\nchain: [{limit: {}}, {equ: {}}]\noutputs: [{bits: 32f, dither: tpdf, bit: 1}]\n").size(),
      4u);
}

TEST(RecipeSemantics, BellsShelvesAndTiltsNeedTheirGain) {
  for (const std::string type : {"bell", "low-shelf", "high-shelf", "tilt"}) {
    EXPECT_EQ(error_in_line("chain: [{eq: {bands: [{type: " + type + ", freq_hz: 100}]}}]"),
              "chain[0].eq.bands[0] is a " + type + " and needs the key 'gain_db'");
  }
  for (const std::string type : {"high-pass", "low-pass", "notch", "band-pass"}) {
    EXPECT_THAT(errors_in_line("chain: [{eq: {bands: [{type: " + type + ", freq_hz: 100}]}}]"), IsEmpty()) << type;
  }
  EXPECT_THAT(error_in_line("chain: [{eq: {bands: [{type: bell, freq_hz: 100, gain_db: x}]}}]"),
              HasSubstr("expected a number in dB"))
      << "a wrong gain is not a missing one too";
}

TEST(RecipeSemantics, ATargetOfReferenceNeedsAReference) {
  const std::string no_reference =
      "loudness.target_lufs: reference: the chain has no match_eq with a 'reference' whose loudness this could be: add "
      "one, or write a number in LUFS";
  EXPECT_EQ(error_in_line("loudness: {target_lufs: reference}"), no_reference);
  EXPECT_THAT(errors_in("recipe: v1\nchain: [{match_eq: {target: pop}}]\nloudness:\n  target_lufs: reference\n"),
              ElementsAre("bad.yaml:4:16: error: " + no_reference));
  EXPECT_THAT(errors_in_line("chain: [{match_eq: {reference: a.wav}}]\nloudness: {target_lufs: reference}"), IsEmpty());
  EXPECT_THAT(errors_in_line("chain: [{match_eq: {reference: a.wav}}, {limit: {}}]\n"
                             "outputs: [{id: a}, {id: b, loudness: {target_lufs: reference}}]"),
              IsEmpty());
  EXPECT_THAT(error_in_line("outputs: [{loudness: {target_lufs: reference}}]"),
              HasSubstr("outputs[0].loudness.target_lufs: reference: "));
  EXPECT_THAT(error_in_line("loudness: {target_lufs: -14, reference: true}"), HasSubstr("unknown key 'reference'"));
  EXPECT_THAT(error_in_line("loudness: {target_lufs: referenc}"),
              HasSubstr("expected a number in LUFS or reference, not 'referenc'"));
}

TEST(RecipeSemantics, ATargetOfReferenceStaysOneInCanonicalJson) {
  const std::string text = "recipe: v1\nchain: [{match_eq: {reference: a.wav}}]\nloudness: {target_lufs: reference}\n";
  const EffectiveRecipe first = read(text).effective();
  EXPECT_THAT(first.canonical_json, HasSubstr("\"target_lufs\":\"reference\""));
  EXPECT_EQ(read(first.canonical_json).effective().canonical_json, first.canonical_json);
  EXPECT_TRUE(first.recipe.loudness().reference());
  // An override may set it, and unset it.
  const RecipeSource source = read(text + "overrides: [{match: {track: 1}, set: {loudness.target_lufs: -12}}]\n");
  EXPECT_EQ(source.effective_for({.track = 1}).recipe.loudness().target_lufs(), -12);
  EXPECT_FALSE(source.effective_for({.track = 1}).recipe.loudness().reference());
  EXPECT_TRUE(source.effective_for({.track = 2}).recipe.loudness().reference());
}

TEST(RecipeSemantics, ResonancesHaveARange) {
  EXPECT_THAT(errors_in("recipe: v1\nchain:\n  - eq:\n      resonances: apply\n      to_hz: 100\n"),
              ElementsAre("bad.yaml:5:14: error: chain[0].eq: to_hz (100) must be above from_hz (120)"));
  EXPECT_THAT(error_in_line("chain: [{eq: {resonances: find}}]"), HasSubstr("one of off | propose | apply"));
  EXPECT_THAT(error_in_line("chain: [{eq: {resonances: apply, max_cut_db: 20}}]"), HasSubstr("0.1 to 12 dB"));
  EXPECT_THAT(errors_in_line("chain: [{eq: {resonances: propose, from_hz: 200, to_hz: 4000, max_cuts: 2}}]"),
              IsEmpty());
}

TEST(RecipeSemantics, OutputIdsAreUnique) {
  EXPECT_THAT(errors_in("recipe: v1\noutputs:\n  - {id: hd}\n  - {id: cd}\n  - {bits: 16, id: hd}\n"),
              ElementsAre("bad.yaml:5:20: error: a second output with the id 'hd'"));
}

TEST(RecipeSemantics, OnlyOneOutputGoesWithoutId) {
  EXPECT_THAT(errors_in_line("outputs: [{bits: 16}]"), IsEmpty());
  EXPECT_THAT(errors_in_line("outputs: [{bits: 16}, {id: hd}]"), IsEmpty());
  EXPECT_EQ(error_in_line("outputs: [{bits: 16}, {bits: 24}]"),
            "a second output without 'id': only one may go without");
}

TEST(RecipeSemantics, IdsAndPathsStayInTheOutputFolder) {
  EXPECT_THAT(error_in_line("outputs: [{id: ../x}]"), HasSubstr("letters, digits, - and _ only"));
  EXPECT_THAT(error_in_line("outputs: [{id: ''}]"), HasSubstr("letters, digits, - and _ only"));
  for (const std::string path : {"../{stem}.wav", "/etc/x", "a/../b", "a/", "", ".."}) {
    EXPECT_THAT(error_in_line("outputs: [{path: \"" + path + "\"}]"), HasSubstr("under the output folder")) << path;
  }
  EXPECT_THAT(errors_in_line("outputs: [{path: '{album}/{stem}..{ext}'}]"), IsEmpty());
}

TEST(RecipeSemantics, OutputsDoNotOverwriteEachOther) {
  EXPECT_THAT(error_in_line("outputs: [{id: a, path: '{stem}.wav'}, {id: b, path: '{stem}.wav'}]"),
              HasSubstr("it would overwrite the first"));
  EXPECT_THAT(errors_in_line("outputs: [{id: a, path: '{id}/{stem}.wav'}, {id: b, path: '{id}/{stem}.wav'}]"),
              IsEmpty());
}

TEST(RecipeSemantics, FloatsAreNotDithered) {
  EXPECT_THAT(error_in_line("outputs: [{bits: 32f, dither: tpdf}]"),
              HasSubstr("32f is not rounded, so it takes no dither"));
  EXPECT_THAT(errors_in_line("outputs: [{bits: 32f, dither: none}]"), IsEmpty());
  EXPECT_EQ(effective("recipe: v1\noutputs: [{bits: 32f}]\n").outputs(0).dither(), v1::DITHER_NONE);
  EXPECT_EQ(effective("recipe: v1\noutputs: [{bits: 24}]\n").outputs(0).dither(), v1::DITHER_TPDF);
}

TEST(RecipeSemantics, FlacHoldsSixteenOrTwentyFourBits) {
  EXPECT_THAT(error_in_line("outputs: [{format: flac, bits: 32f}]"), HasSubstr("FLAC holds 16 or 24 bits"));
  EXPECT_THAT(error_in_line("outputs: [{format: flac, bits: 32}]"), HasSubstr("FLAC holds 16 or 24 bits"));
  EXPECT_THAT(errors_in_line("outputs: [{format: flac, bits: 24}]"), IsEmpty());
}

TEST(RecipeSemantics, MatchEqHasOneAim) {
  EXPECT_THAT(error_in_line("chain: [{match_eq: {}}]"), HasSubstr("needs one of 'reference'"));
  EXPECT_THAT(error_in_line("chain: [{match_eq: {reference: a.wav, target: pop}}]"),
              HasSubstr("needs one of 'reference'"));
  EXPECT_THAT(errors_in_line("chain: [{match_eq: {target: pop}}]"), IsEmpty());
}

TEST(RecipeSemantics, SpansAndEdgesRise) {
  EXPECT_THAT(error_in_line("chain: [{denoise: {profile: {from_s: 2, to_s: 1}}}]"), HasSubstr("to_s must be later"));
  EXPECT_THAT(error_in_line("chain: [{stereo: {bands: [{up_to_hz: 200, width: 0}, {up_to_hz: 100, width: 1}]}}]"),
              HasSubstr("must rise"));
  EXPECT_THAT(error_in_line("chain: [{stereo: {bands: [{width: 0}, {width: 1}]}}]"), HasSubstr("only the last band"));
  EXPECT_THAT(error_in_line("chain: [{compress: {crossovers_hz: [900, 120], bands: [{}, {}, {}]}}]"),
              HasSubstr("must rise"));
}

TEST(RecipeSemantics, CrossoversMakeOneMoreBand) {
  EXPECT_EQ(error_in_line("chain: [{compress: {crossovers_hz: [120, 900], bands: [{}, {}]}}]"),
            "2 crossovers_hz make 3 bands, but 2 are given");
  EXPECT_EQ(error_in_line("chain: [{compress: {crossovers_hz: [120]}}]"),
            "1 crossovers_hz make 2 bands, but 0 are given");
  EXPECT_THAT(errors_in_line("chain: [{compress: {crossovers_hz: [120], bands: [{}, {ratio: 3}]}}]"), IsEmpty());
}

TEST(RecipeSemantics, AnOverrideThatFitsEveryTrackIsRefused) {
  EXPECT_THAT(error_in_line("overrides: [{match: {}, set: {loudness: {target_lufs: -3}}}]"),
              HasSubstr("overrides[0].match would fit every track"));
}

TEST(RecipeSemantics, OneFileUnderTwoNamesIsSeen) {
  const std::string again = "a second output with this path: it would overwrite the first";
  EXPECT_EQ(error_in_line("outputs: [{id: a, path: '{stem}.wav'}, {id: b, path: './{stem}.wav'}]"), again);
  EXPECT_EQ(error_in_line("outputs: [{id: a, path: 'x//{stem}.wav'}, {id: b, path: 'x/./{stem}.wav'}]"), again);
  EXPECT_EQ(error_in_line("outputs: [{id: a, path: '{stem}.wav'}, {id: b, format: wav, path: '{stem}.{ext}'}]"), again);
  EXPECT_THAT(errors_in_line("outputs: [{id: a, format: flac, path: '{stem}.{ext}'}, {id: b, format: wav, path: "
                             "'{stem}.{ext}'}]"),
              IsEmpty());
}

TEST(RecipeSemantics, WhatABusCannotDoToSingleStemsIsRefusedAtItsLine) {
  const std::string outputs = "outputs: [{id: master}, {id: parts, of: stems}]\n";
  EXPECT_THAT(
      errors_in("recipe: v1\n" + outputs + "chain:\n  - eq:\n  - declick: {}\n"),
      ElementsAre("bad.yaml:5:5: error: chain[1]: declick on the bus mends the mix as a whole, and what it does "
                  "to one stem is unknown: put it into the stems' chains, or take away the output 'parts' (of: "
                  "stems)"));
  EXPECT_THAT(errors_in("recipe: v1\n" + outputs + "chain:\n  - stereo:\n      min_correlation: 0\n"),
              ElementsAre(HasSubstr("bad.yaml:5:24: error: chain[0].stereo.min_correlation: this guard moves")));
  for (const std::string stage : {"decrackle", "declip", "dehum", "denoise", "rumble"})
    EXPECT_THAT(error_in_line("chain: [{" + stage + ": }]\noutputs: [{of: stems}]"), HasSubstr(stage + " on the bus"));
  EXPECT_THAT(errors_in_line("chain: [{eq: }, {compress: }, {stereo: {width: 1.2, mono_below_hz: 100}}, {level: }, "
                             "{gain: {gain_db: 1}}, {match_eq: {target: pop}}, {limit: }]\n" +
                             outputs + "stems: [{match: '*', chain: [{declick: }]}]"),
              IsEmpty());
}

TEST(RecipeSemantics, StemsNeedNamesOfTheirOwn) {
  EXPECT_EQ(error_in_line("outputs: [{of: stems, path: '{title}.{ext}'}]"),
            "outputs[0].path: all stems would get this name: add {stem} or {role}");
  for (const std::string field : {"stem", "role"})
    EXPECT_THAT(errors_in_line("outputs: [{of: stems, path: '{mix}/{" + field + "}.{ext}'}]"), IsEmpty());
  for (const std::string field : {"mix", "role"}) {
    EXPECT_EQ(error_in_line("outputs: [{path: '{stem} {" + field + "}.{ext}'}]"),
              "the path names the field {" + field + "}, which only outputs of stems have (of: stems)");
  }
}

TEST(RecipeSemantics, StemsTakeNoPreviewAndNoChecks) {
  EXPECT_THAT(error_in_line("outputs: [{of: stems, preview_s: 30}]"), HasSubstr("a preview is of the whole mix"));
  EXPECT_THAT(error_in_line("outputs: [{id: a}, {id: b, of: stems}]\nchecks: [{profile: ebu-r128, outputs: [a, b]}]"),
              HasSubstr("checks[0].outputs[1]: 'b' is of stems"));
  EXPECT_THAT(errors_in_line("outputs: [{id: a}, {id: b, of: stems, skip: [limit]}]\nchain: [{limit: }]\n"
                             "checks: [{codec_check: [aac-256], on_overs: lower-ceiling}]"),
              IsEmpty());
}

}  // namespace
}  // namespace lathe::testing
