// Recipes as the program takes them: mistakes, values set, several outputs, templates, exceptions of single tracks.
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

class MasterRecipe : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random = seeded(60);
    write_sound(work_.in() / "Album/one.wav", wandering(random, 44100, 2, 2, 0.4), kWav24,
                {{SF_STR_TITLE, "First: a/b"}, {SF_STR_TRACKNUMBER, "1"}, {SF_STR_ALBUM, "The Album"}});
    write_sound(work_.in() / "Album/two.wav", wandering(random, 44100, 2, 2, 0.4), kWav24,
                {{SF_STR_TITLE, "Second"}, {SF_STR_TRACKNUMBER, "2"}, {SF_STR_ALBUM, "The Album"}});
  }

  void expect_nothing_written(const Tree& before) const {
    EXPECT_TRUE(tree_of(work_.root()) == before) << "something was written";
  }

  Workspace work_;
};

TEST_F(MasterRecipe, FiveMistakesAreNamedAllAtOnceWithTheirPlaces) {
  const std::string recipe = work_.recipe(
      "recipe: v1\n"
      "chain:\n"
      "  - eq: {bands: [{type: bel, freq_hz: 100}]}\n"
      "  - limit: {ceiling_db: -1}\n"
      "loudness: {target_lufs: -14, on_conflict: stopp}\n"
      "outputs:\n"
      "  - {bits: 20}\n"
      "input: {scrub: maybe}\n");
  const Tree before = tree_of(work_.root());
  const ProgramResult run = work_.master({"--json", "--recipe", recipe});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  for (const char* place : {":3:25: error", ":4:13: error", ":5:43: error", ":7:12: error", ":8:16: error"}) {
    EXPECT_NE(run.err.find(recipe + place), std::string::npos) << place << " is missing in\n" << run.err;
  }
  EXPECT_NE(run.err.find("did you mean"), std::string::npos);
  EXPECT_NE(run.err.find("5 error"), std::string::npos);
  expect_nothing_written(before);
}

TEST_F(MasterRecipe, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const Tree before = tree_of(work_.root());
  const ProgramResult run = work_.master({"--recipe", "streming"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("streming"), std::string::npos);
  EXPECT_NE(run.err.find("streaming"), std::string::npos) << run.err;
  expect_nothing_written(before);
}

TEST_F(MasterRecipe, WhatIsNotBuiltYetIsRefusedWithItsPlace) {
  const std::string recipe = work_.recipe("recipe: v1\nchain:\n  - limit: {oversample: 8}\n");
  const Tree before = tree_of(work_.root());
  const ProgramResult run = work_.master({"--recipe", recipe});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find(recipe + ":3:25: error"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("oversample"), std::string::npos);
  expect_nothing_written(before);
}

TEST_F(MasterRecipe, ABandAboveHalfTheRateFailsItsTrackWithAClearReason) {
  const ProgramResult run =
      work_.master({"--json", "--recipe",
                    work_.recipe("recipe: v1\nchain:\n  - eq: {bands: [{type: bell, freq_hz: 30000, gain_db: 1}]}\n")});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_EQ(track_named(run.json(), "one.wav").at("reason_code"), "RECIPE_DOES_NOT_FIT");
  EXPECT_NE(run.err.find("30000"), std::string::npos) << run.err;
}

TEST_F(MasterRecipe, SeveralOutputsLieBesideEachOther) {
  const ProgramResult run = work_.master(
      {"--json", "--recipe",
       work_.recipe("recipe: v1\nchain:\n  - limit: {ceiling_dbtp: -1}\nloudness: {target_lufs: -16}\n"
                    "outputs:\n  - {id: hd, format: wav, bits: 24}\n  - {id: cd, format: flac, bits: 16}\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json outputs = track_named(run.json(), "one.wav").at("outputs");
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].at("id"), "hd");
  EXPECT_EQ(outputs[1].at("id"), "cd");
  const fs::path hd = work_.out() / "Album/one.hd.wav", cd = work_.out() / "Album/one.cd.flac";
  EXPECT_EQ(outputs[0].at("path"), hd.string());
  EXPECT_EQ(outputs[1].at("path"), cd.string());
  EXPECT_EQ(stored_of(hd), kWav24);
  EXPECT_EQ(stored_of(cd), (Stored{SF_FORMAT_FLAC, SF_FORMAT_PCM_16}));
  EXPECT_EQ(masters_of(work_.out()).size(), 4u);
  for (const fs::path& file : {hd, cd}) EXPECT_NEAR(integrated_lufs(read_sound(file)), -16, 0.05);
  EXPECT_EQ(tags_of(cd).at(SF_STR_TITLE), "First: a/b");
}

TEST_F(MasterRecipe, PathTemplatesNameFilesByTags) {
  const ProgramResult run =
      work_.master({"--recipe", work_.recipe("recipe: v1\noutputs: [{path: \"{album}/{track:02} {title}.{ext}\"}]\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(fs::exists(work_.out() / "The Album/01 First: a_b.wav"));
  EXPECT_TRUE(fs::exists(work_.out() / "The Album/02 Second.wav"));
}

TEST_F(MasterRecipe, ATemplateOutOfTheOutputFolderIsRefused) {
  const ProgramResult run =
      work_.master({"--recipe", work_.recipe("recipe: v1\noutputs: [{path: \"../{stem}.{ext}\"}]\n")});
  EXPECT_NE(run.exit_code, 0);
  EXPECT_NE(run.err.find("output"), std::string::npos) << run.err;
  EXPECT_FALSE(fs::exists(work_.root() / "one.wav"));
}

TEST_F(MasterRecipe, SetChangesOneValue) {
  const ProgramResult run =
      work_.master({"--json", "--set", "loudness.target_lufs=-19", "--set", "chain.limit.ceiling_dbtp=-3"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "two.wav");
  EXPECT_EQ(track.at("asked").at("integrated_lufs"), -19);
  EXPECT_EQ(track.at("asked").at("true_peak_dbtp"), -3);
  EXPECT_NEAR(integrated_lufs(read_sound(work_.out() / "Album/two.wav")), -19, 0.05);
  const ProgramResult wrong = work_.master({"--set", "loudness.target=-19"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.err.find("--set loudness.target=-19"), std::string::npos) << wrong.err;
}

TEST_F(MasterRecipe, AnOverrideActsOnTheTrackItNames) {
  const ProgramResult run =
      work_.master({"--json", "--recipe",
                    work_.recipe("recipe: v1\nchain:\n  - limit: {}\nloudness: {target_lufs: -16}\n"
                                 "overrides: [{match: {track: 2}, set: {\"loudness.target_lufs\": -20}}]\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NEAR(track_named(run.json(), "one.wav").at("reached").at("integrated_lufs").get<double>(), -16, 0.05);
  EXPECT_NEAR(track_named(run.json(), "two.wav").at("reached").at("integrated_lufs").get<double>(), -20, 0.05);
  // Each track with the recipe that it was mastered by, in the manifest as text too.
  const nlohmann::json manifest = nlohmann::json::parse(slurp(work_.out() / "lathe-manifest.json"));
  const auto recipe_of = [&](const char* name) {
    const nlohmann::json tracks = manifest.at("tracks");
    const auto track = std::ranges::find_if(tracks, [name](const nlohmann::json& one) {
      return fs::path(one.at("input").get<std::string>()).filename() == name;
    });
    return manifest.at("recipes").at(track->at("recipe_sha256").get<std::string>());
  };
  EXPECT_EQ(recipe_of("one.wav").at("loudness").at("target_lufs"), -16);
  EXPECT_EQ(recipe_of("two.wav").at("loudness").at("target_lufs"), -20);
}

TEST_F(MasterRecipe, OnConflictFailWritesNothingForTheTrack) {
  Random random = seeded(61);
  write_sound(work_.in() / "hard.wav", strokes(random, 44100, 2, 3, -40), kWav24);
  const ProgramResult run = work_.master({"--json", "--set", "loudness.on_conflict=fail"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_EQ(track_named(run.json(), "hard.wav").at("reason_code"), "TARGET_OUT_OF_REACH");
  EXPECT_FALSE(fs::exists(work_.out() / "hard.wav"));
  EXPECT_EQ(masters_of(work_.out()).size(), 2u);
}

constexpr const char* kShipped[] = {
    "acoustic", "broadcast-r128", "cd",          "clean-up",      "electronic",   "gentle",          "loud",
    "podcast",  "streaming",      "tape-master", "tape-transfer", "vinyl-master", "vinyl-premaster", "vinyl-transfer"};

TEST_F(MasterRecipe, EveryShippedRecipeRuns) {
  for (const char* name : kShipped) {
    SCOPED_TRACE(name);
    const fs::path out = work_.root() / name;
    EXPECT_EQ(work_.master({"--out", out.string(), "--recipe", name, "-q"}).exit_code, 0);
    EXPECT_EQ(masters_of(out).size(), 2u);
  }
}

TEST(RecipeVerb, ListShowLintAndSchemaAnswer) {
  const Workspace work;
  const ProgramResult list = run_program({"recipe", "list"});
  EXPECT_EQ(list.exit_code, 0);
  for (const char* name : kShipped) {
    EXPECT_NE(list.out.find(name), std::string::npos);
    const ProgramResult show = run_program({"recipe", "show", name});
    EXPECT_EQ(show.exit_code, 0);
    // What is shown is a recipe itself.
    EXPECT_EQ(run_program({"recipe", "lint", work.recipe(show.out)}).exit_code, 0);
    const ProgramResult effective = run_program({"recipe", "show", name, "--effective"});
    EXPECT_EQ(effective.exit_code, 0);
    effective.json();
    EXPECT_EQ(run_program({"recipe", "lint", work.recipe(effective.out)}).exit_code, 0);
  }
  const ProgramResult schema = run_program({"recipe", "schema"});
  EXPECT_EQ(schema.exit_code, 0);
  EXPECT_TRUE(schema.json().contains("$schema"));
}

TEST(RecipeVerb, WarningsExitWithZeroUnlessStrict) {
  const Workspace work;
  const std::string recipe = work.recipe("recipe: v1\nchain:\n  - gain: {gain_db: 2}\n");
  const ProgramResult lint = run_program({"recipe", "lint", recipe});
  EXPECT_EQ(lint.exit_code, 0);
  EXPECT_NE(lint.out.find(recipe + ":3:5: warning: chain[0].gain: "), std::string::npos) << lint.out;
  EXPECT_NE(lint.out.find("no errors, 1 warning"), std::string::npos) << lint.out;
  const ProgramResult strict = run_program({"recipe", "lint", recipe, "--strict"});
  EXPECT_EQ(strict.exit_code, 2);
  EXPECT_NE(strict.out.find(recipe + ":3:5: error: chain[0].gain: "), std::string::npos) << strict.out;
  EXPECT_EQ(run_program({"recipe", "lint", "streaming", "--strict"}).exit_code, 0);
}

TEST_F(MasterRecipe, WarningsAreSaidOnce) {
  const ProgramResult run = work_.master({"-q", "--recipe", "streaming", "--set", "loudness.target_lufs=-4"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const std::size_t first = run.err.find("--set loudness.target_lufs=-4: warning: ");
  ASSERT_NE(first, std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("warning: ", first + 50), std::string::npos) << run.err;
}

TEST(RecipeVerb, MistakesExitWithTwo) {
  const Workspace work;
  const ProgramResult lint = run_program({"recipe", "lint", work.recipe("recipe: v1\nchian: []\n")});
  EXPECT_EQ(lint.exit_code, 2);
  EXPECT_NE((lint.out + lint.err).find(":2:1: error"), std::string::npos) << lint.out << lint.err;
  EXPECT_EQ(run_program({"recipe", "lint", (work.root() / "nowhere.yaml").string()}).exit_code, 2);
  EXPECT_EQ(run_program({"recipe", "show", "nothing"}).exit_code, 2);
  EXPECT_EQ(run_program({"recipe"}).exit_code, 2);
  EXPECT_EQ(run_program({"recipe", "dance"}).exit_code, 2);
}

}  // namespace
}  // namespace lathe::test
