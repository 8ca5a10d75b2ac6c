// Strict values: what is a number, a text, a choice, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/recipe/numbers.h"
#include "host/recipe/suggestion.h"
#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;

double target_of(const std::string& value) {
  return effective("recipe: v1\nloudness: {target_lufs: " + value + "}\n").loudness().target_lufs();
}

std::string target_error(const std::string& value) { return error_in_line("loudness: {target_lufs: " + value + "}"); }

TEST(RecipeScalars, NumbersAreReadAsWritten) {
  EXPECT_EQ(target_of("-14"), -14);
  EXPECT_EQ(target_of("-14.25"), -14.25);
  EXPECT_EQ(target_of("-1.4e1"), -14);
  EXPECT_EQ(target_of("-.5"), -0.5);
  EXPECT_EQ(parse_number("+3"), 3.0);
}

TEST(RecipeScalars, WhatIsNoPlainNumberIsRefused) {
  for (const char* text :
       {"",    "-",    "+",    ".",   "e",   "1e",    "1e999", "-1e999", "0x10", "1_000", "nan", ".nan",
        "inf", "-inf", ".inf", "--1", "+-1", "1.2.3", "1,5",   "012",    "-012", "1 ",    " 1",  "1dB"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
  for (const char* text : {"1.0", "1e3", "99999999999999999999", "007", ""}) EXPECT_FALSE(parse_integer(text)) << text;
  EXPECT_EQ(parse_integer("-7"), -7);
}

TEST(RecipeScalars, TheShortestTextReadsBackTheSame) {
  EXPECT_EQ(shortest(-15), "-15");
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(-0.0), "0");
  EXPECT_EQ(parse_number(shortest(1.0 / 3)), 1.0 / 3);
}

TEST(RecipeScalars, ANumberHasNoUnitInItsValue) {
  EXPECT_EQ(target_error("-14 LUFS"),
            "loudness.target_lufs: '-14 LUFS': write the number alone, 'target_lufs' is in LUFS");
  EXPECT_EQ(target_error("-14LUFS"),
            "loudness.target_lufs: '-14LUFS': write the number alone, 'target_lufs' is in LUFS");
  EXPECT_EQ(error_in_line("chain: [{stereo: {width: 110%}}]"),
            "chain[0].stereo.width: '110%': write the number alone, 'width' has no unit");
  EXPECT_EQ(error_in_line("chain: [{dehum: {freq_hz: 50 Hz}}]"),
            "chain[0].dehum.freq_hz: '50 Hz': write the number alone, 'freq_hz' is in Hz");
}

TEST(RecipeScalars, WrongTypesSayWhatIsExpected) {
  EXPECT_EQ(target_error("loud"), "loudness.target_lufs: expected a number in LUFS or reference, not 'loud'");
  EXPECT_EQ(target_error("'-14'"), "loudness.target_lufs: '-14' is text: write it without quotes");
  EXPECT_EQ(target_error(".nan"),
            "loudness.target_lufs: '.nan' is not a finite number; expected a number in LUFS or reference");
  EXPECT_EQ(target_error("-.inf"),
            "loudness.target_lufs: '-.inf' is not a finite number; expected a number in LUFS or reference");
  EXPECT_EQ(target_error("-014"), "loudness.target_lufs: '-014': a number has no leading zeros");
  EXPECT_EQ(target_error("1e999"), "loudness.target_lufs: expected a number in LUFS or reference, not '1e999'");
  EXPECT_EQ(target_error(""), "loudness.target_lufs: no value; expected a number in LUFS or reference");
  EXPECT_EQ(target_error("[-14]"), "loudness.target_lufs: expected a number in LUFS or reference, not a list");
  EXPECT_EQ(target_error("{a: 1}"), "loudness.target_lufs: expected a number in LUFS or reference, not a map");
  EXPECT_EQ(error_in_line("name: [x]"), "name: expected text, not a list");
  EXPECT_EQ(error_in_line("chain: [{dehum: {harmonics: 8.5}}]"),
            "chain[0].dehum.harmonics: expected a whole number, not '8.5'");
  EXPECT_EQ(error_in_line("chain: [{limit: {release_ms: slow}}]"),
            "chain[0].limit.release_ms: expected auto or a number in ms, not 'slow'");
}

TEST(RecipeScalars, TrueAndFalseAreTheOnlyOnes) {
  EXPECT_TRUE(effective("recipe: v1\ninput: {scrub: true}\n").input().scrub());
  for (const char* text : {"yes", "no", "on", "True", "1", "'true'"}) {
    EXPECT_THAT(error_in_line(std::string("input: {scrub: ") + text + "}"), HasSubstr("expected true or false"))
        << text;
  }
}

TEST(RecipeScalars, TextStaysAsItIsWritten) {
  const v1::Recipe recipe =
      effective("recipe: v1\nname: no\nabout: 1.50\nlabels: {upc: 012345678905, on: yes, empty: ''}\n");
  EXPECT_EQ(recipe.name(), "no");
  EXPECT_EQ(recipe.about(), "1.50");
  EXPECT_EQ(recipe.labels().at("upc"), "012345678905");
  EXPECT_EQ(recipe.labels().at("on"), "yes");
  EXPECT_EQ(recipe.labels().at("empty"), "");
}

TEST(RecipeScalars, BitsTakeNumbersAndThirtyTwoFloat) {
  const v1::Recipe recipe = effective(
      "recipe: v1\noutputs: [{id: a, bits: 16}, {id: b, bits: 32}, {id: c, bits: 32f}, {id: d, bits: '24'}]\n");
  EXPECT_EQ(recipe.outputs(0).bits(), v1::OUTPUT_BITS_16);
  EXPECT_EQ(recipe.outputs(1).bits(), v1::OUTPUT_BITS_32);
  EXPECT_EQ(recipe.outputs(2).bits(), v1::OUTPUT_BITS_32F);
  EXPECT_EQ(recipe.outputs(3).bits(), v1::OUTPUT_BITS_24);
  EXPECT_EQ(error_in_line("outputs: [{bits: 20}]"),
            "outputs[0].bits: unknown value '20'; one of 16 | 24 | 32 | 32f (did you "
            "mean '24'?)");
}

TEST(RecipeScalars, AutoOrANumber) {
  const v1::Recipe recipe = effective(
      "recipe: v1\nchain: [{dehum: {freq_hz: 50}}, {dehum: {freq_hz: auto}}, {limit: {release_ms: 120.5}}]\n");
  EXPECT_EQ(recipe.chain(0).dehum().freq_hz().number(), 50);
  EXPECT_TRUE(recipe.chain(1).dehum().freq_hz().auto_());
  EXPECT_EQ(recipe.chain(2).limit().release_ms().number(), 120.5);
}

TEST(RecipeScalars, ANoiseProfileIsAutoAFileOrASpan) {
  const v1::Recipe recipe = effective(
      "recipe: v1\nchain: [{denoise: {}}, {denoise: {profile: room.wav}}, {denoise: {profile: {from_s: 0.2, to_s: "
      "1.4}}}]\n");
  EXPECT_TRUE(recipe.chain(0).denoise().profile().auto_());
  EXPECT_EQ(recipe.chain(1).denoise().profile().file(), "room.wav");
  EXPECT_EQ(recipe.chain(2).denoise().profile().span().to_s(), 1.4);
  EXPECT_EQ(error_in_line("chain: [{denoise: {profile: {from_s: 0.2}}}]"),
            "chain[0].denoise.profile needs the key 'to_s' in s");
  EXPECT_EQ(error_in_line("chain: [{denoise: {profile: []}}]"),
            "chain[0].denoise.profile: expected auto or a file or {from_s, to_s}, not a list");
}

TEST(RecipeScalars, TheNearestWordIsWithinReach) {
  const std::vector<std::string> words = {"limit", "level", "high-pass"};
  EXPECT_EQ(nearest("limt", words), "limit");
  EXPECT_EQ(nearest("ilmit", words), "limit");
  EXPECT_EQ(nearest("High_Pass", words), "high-pass");
  EXPECT_EQ(nearest("reverb", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(10000, 'l'), words), "");
}

}  // namespace
}  // namespace lathe::testing
