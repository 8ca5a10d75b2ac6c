// A recipe's checks of its masters: what is taken, and what is said of the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/recipe/codec_name.h"
#include "host/recipe/delivery_profiles.h"
#include "tests/host/recipe/reading.h"

namespace lathe::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> errors_with(const std::string& checks, const std::string& more = "") {
  return errors_in("recipe: v1\n" + more + "checks: " + checks + "\n");
}

constexpr char kLimited[] = "chain: [{limit: {}}]\noutputs: [{id: hd}, {id: cd}, {id: vinyl, skip: [limit]}]\n";

TEST(RecipeChecks, ProfilesAndCodecsTogetherOrAlone) {
  EXPECT_THAT(errors_with("[{profile: ebu-r128}]"), IsEmpty());
  EXPECT_THAT(errors_with("[{codec_check: [aac-256, mp3-320, opus-128, vorbis-160]}]"), IsEmpty());
  EXPECT_THAT(errors_with("[{profile: spotify, codec_check: [vorbis-96], on_overs: lower-ceiling, outputs: [hd, cd]}]",
                          kLimited),
              IsEmpty());
  EXPECT_THAT(error_in_line("checks: [{outputs: []}]"), HasSubstr("needs one of 'profile'"));
  EXPECT_THAT(error_in_line("checks: [{codec_check: []}]"), HasSubstr("needs one of 'profile'"));
}

TEST(RecipeChecks, UnknownNamesAreAnsweredWithTheNearest) {
  EXPECT_EQ(error_in_line("checks: [{profile: ebu-r182}]"),
            "checks[0].profile: there is no delivery profile 'ebu-r182' (did you mean 'ebu-r128'?)");
  EXPECT_THAT(error_in_line("checks: [{profile: zzzzzzzz}]"), HasSubstr("`lathe profile list`"));
  EXPECT_THAT(error_in_line("checks: [{codec_check: [acc-256]}]"), HasSubstr("did you mean 'aac'?"));
  EXPECT_THAT(error_in_line("checks: [{codec_check: [opus]}]"), HasSubstr("needs its kbit/s"));
  EXPECT_THAT(error_in_line("checks: [{codec_check: [opus-0128]}]"), HasSubstr("needs its kbit/s"));
  EXPECT_THAT(errors_with("[{profile: spotify, outputs: [hdd]}]", kLimited),
              ElementsAre(HasSubstr("there is no output with the id 'hdd' (did you mean 'hd'?)")));
  EXPECT_THAT(error_in_line("checks: [{profile: spotify, outputs: [hd]}]"), HasSubstr("outputs have no ids"));
}

TEST(RecipeChecks, BitratesAreTheCodecsOwn) {
  EXPECT_THAT(error_in_line("checks: [{codec_check: [aac-16]}]"), HasSubstr("aac takes 32 to 512 kbit/s"));
  EXPECT_THAT(error_in_line("checks: [{codec_check: [mp3-300]}]"), HasSubstr("MP3 has no 300 kbit/s; it takes 32, 40"));
  EXPECT_THAT(error_in_line("checks: [{codec_check: [opus-600]}]"), HasSubstr("opus takes 6 to 510 kbit/s"));
  EXPECT_THAT(error_in_line("checks: [{codec_check: [vorbis-44]}]"), HasSubstr("vorbis takes 45 to 500 kbit/s"));
  EXPECT_THAT(error_in_line("checks: [{codec_check: [aac-256, aac-256]}]"), HasSubstr("named twice"));
  for (const char* name : {"aac-32", "aac-512", "mp3-320", "opus-6", "opus-510", "vorbis-45", "vorbis-500"}) {
    ASSERT_TRUE(codec_named(name)) << codec_problem(name);
    EXPECT_EQ(codec_text(*codec_named(name)), name);
  }
}

TEST(RecipeChecks, OnlyALimitersCeilingCanBeLowered) {
  const std::string lower = "[{codec_check: [aac-256], on_overs: lower-ceiling}]";
  EXPECT_THAT(errors_with(lower), ElementsAre(HasSubstr("the chain has no limit stage")));
  EXPECT_THAT(errors_with(lower, kLimited), ElementsAre(HasSubstr("the output 'vinyl' skips limit")));
  EXPECT_THAT(errors_with("[{codec_check: [aac-256], on_overs: report}]", kLimited), IsEmpty());
  EXPECT_THAT(error_in_line("checks: [{profile: spotify, on_overs: lower-ceiling}]"), HasSubstr("is for codecs"));
}

TEST(RecipeChecks, CdFramesAreOf44100Hz) {
  EXPECT_THAT(errors_in("recipe: v1\noutputs: [{snap_588: report}]\n"), IsEmpty());
  EXPECT_THAT(errors_in("recipe: v1\noutputs: [{snap_588: report, sample_rate: 44100}]\n"), IsEmpty());
  EXPECT_THAT(errors_in("recipe: v1\noutputs: [{snap_588: report, sample_rate: 48000}]\n"),
              ElementsAre(HasSubstr("CDs run at 44100 Hz, and this output at 48000 Hz")));
  EXPECT_THAT(errors_in("recipe: v1\ninput: {sample_rate: 96000}\noutputs: [{snap_588: report}]\n"),
              ElementsAre(HasSubstr("this output at 96000 Hz")));
}

TEST(RecipeChecks, AnEffectiveRecipeIsARecipeAgain) {
  for (const std::string checks :
       {"[{profile: ebu-r128}]", "[{codec_check: [aac-256], on_overs: lower-ceiling}, {profile: spotify}]"}) {
    const std::string text = "recipe: v1\nchain: [{limit: {}}]\nchecks: " + checks + "\n";
    const EffectiveRecipe once = read(text).effective();
    EXPECT_EQ(read(once.canonical_json).effective().canonical_json, once.canonical_json);
  }
}

TEST(RecipeChecks, ShippedProfilesAreKnownByName) {
  EXPECT_THAT(delivery_profile_names(), Contains("ebu-r128"));
  EXPECT_THAT(delivery_profile_names(), Contains("apple-digital-masters"));
}

}  // namespace
}  // namespace lathe::testing
