// What lint warns of: allowed, and most likely not meant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/recipe/example.h"
#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> warnings_of(const std::string& text, const Sets& sets = {}) {
  std::vector<std::string> lines;
  for (const RecipeProblem& problem : read(text, sets).warnings()) lines.push_back(problem.text("warning"));
  return lines;
}

std::vector<std::string> warnings_in_lines(const std::string& lines) {
  return warnings_of("recipe: v1\n" + lines + "\n");
}

TEST(RecipeAdvice, ShippedRecipesNeedNone) {
  for (const std::string& name : shipped_recipe_names())
    EXPECT_THAT(RecipeSource::load(name).warnings(), IsEmpty()) << name;
}

TEST(RecipeAdvice, StandsWhereTheRecipeWritesIt) {
  EXPECT_THAT(warnings_of("recipe: v1\nchain:\n  - eq: {bands: [{type: bell, freq_hz: 30000, gain_db: 1}]}\n"),
              ElementsAre(AllOf(HasSubstr("bad.yaml:3:40: warning: chain[0].eq.bands[0].freq_hz: "),
                                HasSubstr("for 44.1 kHz input 30000 Hz lies at or above half the rate"))));
  EXPECT_THAT(warnings_of("recipe: v1\nchain: [{eq: {bands: [{type: low-pass, freq_hz: 900}]}}]\n",
                          {"chain.eq.bands[0].freq_hz=22050"}),
              ElementsAre(HasSubstr("--set chain.eq.bands[0].freq_hz=22050: warning: ")));
}

TEST(RecipeAdvice, BandsAboveHalfOfAWrittenRateAreErrors) {
  const std::string eq = "chain: [{eq: {bands: [{type: bell, freq_hz: 16000, gain_db: 1}]}}]";
  EXPECT_THAT(error_in_line("input: {sample_rate: 32000}\n" + eq), HasSubstr("16000 Hz is not below 16000 Hz"));
  EXPECT_THAT(errors_in("recipe: v1\ninput: {sample_rate: 32001}\n" + eq + "\n"), IsEmpty());
  EXPECT_THAT(
      error_in_line("input: {sample_rate: 16000}\nchain: [{compress: {crossovers_hz: [9000], bands: [{}, {}]}}]"),
      HasSubstr("half of input.sample_rate"));
  EXPECT_THAT(error_in_line("input: {sample_rate: 16000}\n"
                            "chain: [{stereo: {bands: [{up_to_hz: 8000, width: 0}, {width: 1}]}}]"),
              HasSubstr("chain[0].stereo.bands[0].up_to_hz"));
  EXPECT_THAT(
      warnings_in_lines("input: {sample_rate: 96000}\nchain: [{eq: {bands: [{type: low-pass, freq_hz: 30000}]}}]"),
      IsEmpty());
}

TEST(RecipeAdvice, ATargetThatMusicDoesNotReach) {
  const auto of = [](const std::string& limit, const std::string& loudness) {
    return warnings_in_lines("chain: [{limit: {" + limit + "}}]\nloudness: {" + loudness + "}");
  };
  EXPECT_THAT(of("ceiling_dbtp: -1, max_gain_reduction_db: 2", "target_lufs: -6"),
              ElementsAre(AllOf(HasSubstr("room for peaks 7 dB above the loudness"), HasSubstr("hardly any track"),
                                HasSubstr("Lower the target to -7 LUFS or less"))));
  EXPECT_THAT(of("ceiling_dbtp: -1, max_gain_reduction_db: 2", "target_lufs: -6, on_conflict: fail"),
              ElementsAre(HasSubstr("nearly every track will fail")));
  EXPECT_THAT(of("ceiling_dbtp: -1, max_gain_reduction_db: 2", "target_lufs: -7"), IsEmpty());
  EXPECT_THAT(of("ceiling_dbtp: -1", "target_lufs: -6"), IsEmpty());
  EXPECT_THAT(of("ceiling_dbtp: -1", "target_lufs: -4"), ElementsAre(HasSubstr("distortion, not music")));
  EXPECT_THAT(error_in_line("chain: [{limit: {ceiling_dbtp: -20}}]\nloudness: {target_lufs: -5}"),
              HasSubstr("nothing under a ceiling of -20 dBTP can be as loud as -5 LUFS"));
  EXPECT_THAT(errors_in("recipe: v1\nchain: [{limit: {ceiling_dbtp: -20}}]\nloudness: {target_lufs: -6}\n"), IsEmpty());
}

TEST(RecipeAdvice, ATargetWithoutALimiter) {
  EXPECT_THAT(warnings_in_lines("loudness: {target_lufs: -14}"),
              ElementsAre(HasSubstr("many tracks would stop at 0 dBTP before they are that loud")));
  EXPECT_THAT(warnings_in_lines("loudness: {target_lufs: -14, on_conflict: exceed-limit}"),
              ElementsAre(HasSubstr("many tracks would pass 0 dBTP and clip")));
  EXPECT_THAT(warnings_in_lines("loudness: {target_lufs: -18}"), IsEmpty());
  EXPECT_THAT(warnings_in_lines("chain: [{limit: }]\nloudness: {target_lufs: -14}\noutputs: [{skip: [limit]}]"),
              ElementsAre(HasSubstr("outputs[0].loudness.target_lufs: nothing limits here")));
}

TEST(RecipeAdvice, ACeilingWithoutRoom) {
  EXPECT_THAT(warnings_in_lines("chain: [{limit: {ceiling_dbtp: 0}}]"), ElementsAre(HasSubstr("lossy encoders")));
  EXPECT_THAT(warnings_in_lines("chain: [{limit: {ceiling_dbtp: -0.1}}]"), IsEmpty());
}

TEST(RecipeAdvice, RestorationComesFirst) {
  EXPECT_THAT(warnings_in_lines("chain:\n  - eq: {bands: [{type: bell, freq_hz: 100, gain_db: 1}]}\n  - denoise:\n"),
              ElementsAre(HasSubstr("bad.yaml:4:5: warning: chain[1].denoise: denoise belongs before chain[0].eq")));
  EXPECT_THAT(warnings_in_lines("chain: [{compress: }, {rumble: }]"),
              ElementsAre(HasSubstr("rumble belongs before chain[0].compress")));
  EXPECT_THAT(warnings_in_lines("chain: [{denoise: }, {declick: }, {dehum: }]"),
              ElementsAre(HasSubstr("declick belongs before chain[0].denoise, which smears")));
  EXPECT_THAT(warnings_in_lines("chain: [{gain: {gain_db: -3}}, {declick: }, {denoise: }]"), IsEmpty());
}

TEST(RecipeAdvice, BandsTwiceAndKeysThatTheirTypeHasNot) {
  EXPECT_THAT(warnings_in_lines("chain: [{eq: {bands: [{type: bell, freq_hz: 100, gain_db: 1}, {type: bell, freq_hz: "
                                "100, gain_db: 1, q: 0.70710678}]}}]"),
              ElementsAre(HasSubstr("chain[0].eq.bands[1]: the same band as chain[0].eq.bands[0]")));
  EXPECT_THAT(warnings_in_lines("chain: [{eq: {bands: [{type: bell, freq_hz: 100, gain_db: 1}, {type: bell, freq_hz: "
                                "100, gain_db: 1, channel: mid}]}}]"),
              IsEmpty());
  EXPECT_THAT(warnings_in_lines("chain: [{eq: {bands: [{type: high-pass, freq_hz: 30, gain_db: 1, q: 2}]}}]"),
              ElementsAre(HasSubstr("a high-pass has no gain_db"), HasSubstr("its key is slope_db_oct")));
  EXPECT_THAT(warnings_in_lines("chain: [{eq: {bands: [{type: tilt, freq_hz: 900, gain_db: 1, q: 2}]}}]"),
              ElementsAre(HasSubstr("a tilt has no q")));
  EXPECT_THAT(warnings_in_lines("chain: [{eq: {bands: [{type: notch, freq_hz: 900, slope_db_oct: 12}]}}]"),
              ElementsAre(HasSubstr("a notch has no slope_db_oct")));
}

TEST(RecipeAdvice, StagesThatDoNothing) {
  for (const std::string stage : {"stereo: {}", "compress: {ratio: 1}", "compress: {threshold_db: 0}",
                                  "compress: {mix: 0}", "compress: {max_gain_reduction_db: 0}",
                                  "compress: {crossovers_hz: [100], bands: [{ratio: 1}, {threshold_db: 0}]}"}) {
    EXPECT_THAT(warnings_in_lines("chain: [{" + stage + "}]"), ElementsAre(HasSubstr("does nothing"))) << stage;
  }
  for (const std::string stage :
       {"stereo: {width: 1.1}", "stereo: {mono_below_hz: 100}", "compress: {}", "compress: {ratio: 1, makeup_db: 1}",
        "compress: {crossovers_hz: [100], bands: [{ratio: 1}, {}]}"}) {
    EXPECT_THAT(warnings_in_lines("chain: [{" + stage + "}]"), IsEmpty()) << stage;
  }
}

TEST(RecipeAdvice, AStageMayWaitForAnOverride) {
  EXPECT_THAT(warnings_in_lines("chain: [{stereo: }]\noverrides: [{match: {track: 1}, set: {chain.stereo.width: 1.2}}, "
                                "{match: {track: 2}, set: {input.scrub: true}}]"),
              IsEmpty());
}

TEST(RecipeAdvice, WidthsThatOthersReplace) {
  EXPECT_THAT(warnings_in_lines("chain: [{stereo: {width: 1.2, bands: [{up_to_hz: 200, width: 0}, {width: 1}]}}]"),
              ElementsAre(HasSubstr("bands replace it")));
  EXPECT_THAT(
      warnings_in_lines("chain: [{stereo: {mono_below_hz: 150, bands: [{up_to_hz: 100, width: 1}, {width: 1.1}]}}]"),
      ElementsAre(HasSubstr("chain[0].stereo.bands[0]: all of it lies below mono_below_hz (150)")));
}

TEST(RecipeAdvice, AGainThatTheLoudnessUndoes) {
  const std::string loudness = "\nloudness: {target_lufs: -16}";
  EXPECT_THAT(warnings_in_lines("chain: [{gain: {gain_db: 2}}, {limit: }]" + loudness),
              ElementsAre(HasSubstr("the loudness gain undoes it")));
  EXPECT_THAT(warnings_in_lines("chain: [{gain: {gain_db: 2}}, {compress: }, {limit: }]" + loudness), IsEmpty());
  EXPECT_THAT(warnings_in_lines("chain: [{gain: {gain_db: 2}}, {limit: }]"), IsEmpty());
  EXPECT_THAT(warnings_in_lines("chain: [{gain: {gain_db: 2}}]"), ElementsAre(HasSubstr("above -2 dBFS may clip")));
  EXPECT_THAT(warnings_in_lines("chain: [{gain: {gain_db: -2}}]"), IsEmpty());
}

TEST(RecipeAdvice, OutputsThatGainNothing) {
  EXPECT_THAT(warnings_in_lines("input: {sample_rate: 44100}\noutputs: [{sample_rate: 96000}]"),
              ElementsAre(HasSubstr("adds nothing but bytes")));
  EXPECT_THAT(warnings_in_lines("input: {sample_rate: 96000}\noutputs: [{sample_rate: 44100}]"), IsEmpty());
  EXPECT_THAT(warnings_in_lines("outputs: [{bits: 24, dither: shaped}]"), ElementsAre(HasSubstr("at 24 bits")));
  EXPECT_THAT(warnings_in_lines("outputs: [{bits: 16, dither: shaped}]"), IsEmpty());
  EXPECT_THAT(warnings_in_lines("outputs: [{bits: 16, dither: shaped, sample_rate: 192000}]"),
              ElementsAre(HasSubstr("at 192000 Hz")));
  EXPECT_THAT(warnings_in_lines("chain: [{limit: }]\noutputs: [{bits: 16, dither: none}]"),
              ElementsAre(HasSubstr("without dither distorts")));
  EXPECT_THAT(warnings_in_lines("chain: [{declick: }]\noutputs: [{bits: 16, dither: none}]"), IsEmpty());
  EXPECT_THAT(warnings_in_lines("chain: [{limit: }]\noutputs: [{skip: [denoise]}]"),
              ElementsAre(HasSubstr("the chain has no denoise")));
}

TEST(RecipeAdvice, PathsThatNameNoFileOfTheirOwn) {
  EXPECT_THAT(error_in_line("outputs: [{path: '{stem} {titel}.{ext}'}]"),
              HasSubstr("the field {titel} (did you mean 'title'?)"));
  EXPECT_THAT(errors_in("recipe: v1\noutputs: [{path: '{folder}/{disc:02}-{track:03} {artist} {isrc} {upc}.{ext}'}]\n"),
              IsEmpty());
  EXPECT_THAT(warnings_in_lines("outputs: [{path: '{album}/master.{ext}'}]"),
              ElementsAre(HasSubstr("every track would get this name")));
  EXPECT_THAT(warnings_in_lines("outputs: [{path: '{track} a.b/{title}'}]"), ElementsAre(HasSubstr("no extension")));
  EXPECT_THAT(warnings_in_lines("outputs: [{format: wav, path: '{stem}.flac'}]"),
              ElementsAre(HasSubstr("ends with .flac, but the format is wav")));
  EXPECT_THAT(warnings_in_lines("outputs: [{format: aiff, path: '{stem}.AIF'}]"), IsEmpty());
  EXPECT_THAT(warnings_in_lines("outputs: [{format: wav, path: '{stem}.mp3'}]"),
              ElementsAre(HasSubstr("ends with .mp3, but the format is wav")));
  EXPECT_THAT(warnings_in_lines("outputs: [{path: '{stem}.mp3'}]"),
              ElementsAre(HasSubstr("ends with .mp3, but the format is the input's")));
  EXPECT_THAT(warnings_in_lines("outputs: [{format: wav, path: '{ext}/{stem}.mp3'}]"),
              ElementsAre(HasSubstr("ends with .mp3, but the format is wav")));
  EXPECT_THAT(warnings_in_lines("outputs: [{path: '{stem}.flac'}]"),
              ElementsAre(HasSubstr("inputs of other formats fail: write format: flac")));
}

TEST(RecipeAdvice, LimitsOfResonancesThatNobodyLooksFor) {
  EXPECT_THAT(warnings_in_lines("chain: [{eq: {max_cuts: 2}}]"),
              ElementsAre(HasSubstr("chain[0].eq.max_cuts: no resonances are looked for")));
  EXPECT_THAT(warnings_in_lines("chain: [{eq: {resonances: propose, max_cuts: 2}}]"), IsEmpty());
}

TEST(RecipeAdvice, AReferencesLoudnessWithoutALimiter) {
  EXPECT_THAT(warnings_in_lines("chain: [{match_eq: {reference: a.wav}}]\nloudness: {target_lufs: reference}"),
              ElementsAre(HasSubstr("nothing limits here")));
  EXPECT_THAT(
      warnings_in_lines("chain: [{match_eq: {reference: a.wav}}, {limit: }]\nloudness: {target_lufs: reference}"),
      IsEmpty());
}

TEST(RecipeAdvice, OfAnOverrideCountsOnce) {
  EXPECT_THAT(warnings_in_lines("chain: [{limit: {max_gain_reduction_db: 2}}]\nloudness: {target_lufs: -14}\n"
                                "overrides: [{match: {track: 1}, set: {loudness.target_lufs: -6}}, {match: {track: 2}, "
                                "set: {loudness.target_lufs: -15}}]"),
              ElementsAre(AllOf(HasSubstr("-6 LUFS under -1 dBTP"), HasSubstr(" (with overrides[0])"))));
  EXPECT_THAT(warnings_of(kCatalogue), IsEmpty());
}

}  // namespace
}  // namespace lathe::testing
