// `lathe profile` from outside.
#include <gtest/gtest.h>

#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

TEST(Profile, ListNamesEachWithStatusAndLimits) {
  const ProgramResult run = run_program({"profile", "list"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find("ebu-r128 "), std::string::npos);
  EXPECT_NE(run.out.find("-23 ±0.2 LUFS, true peak at most -1 dBTP"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("folklore"), std::string::npos);
  EXPECT_EQ(run.err, "");
}

TEST(Profile, ListAsJsonHasSourcesAndFormulas) {
  const ProgramResult run = run_program({"profile", "list", "--json"});
  EXPECT_EQ(run.exit_code, 0);
  const nlohmann::json document = run.json();
  EXPECT_EQ(document["schema"], "lathe.profiles.v1");
  nlohmann::json spotify;
  for (const nlohmann::json& profile : document["profiles"]) {
    for (const char* key : {"name", "title", "version", "date", "status", "source"}) {
      EXPECT_FALSE(profile.at(key).get<std::string>().empty()) << profile;
    }
    if (profile["name"] == "spotify") spotify = profile;
  }
  EXPECT_EQ(spotify["playback"]["target_lufs"], -14);
  EXPECT_EQ(spotify["playback"]["mode"], "spotify");
  EXPECT_EQ(spotify["limits"]["when_louder"]["max_true_peak_dbtp"], -2);
  EXPECT_TRUE(spotify["limits"]["max_short_term_lufs"].is_null());
}

TEST(Profile, ShowPrintsAProfileThatCanBeChangedAndUsed) {
  const ProgramResult shown = run_program({"profile", "show", "ebu-r128"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_TRUE(shown.out.starts_with("# "));
  const Workspace work;
  const fs::path file = work.root() / "own.yaml";
  std::string text = shown.out;
  text.replace(text.find("tolerance_lu: 0.2"), 17, "tolerance_lu: 0.5");
  spill(file, text);
  const ProgramResult own = run_program({"profile", "show", file.string()});
  EXPECT_EQ(own.exit_code, 0) << own.err;
  EXPECT_EQ(own.json()["limits"]["integrated"][0]["max_lufs"], -22.5);
}

TEST(Profile, MistakesAreNamedWithTheirPlaceAndExitTwo) {
  const Workspace work;
  const fs::path file = work.root() / "bad.yaml";
  spill(file, "profile: v1\nnaem: x\n");
  const ProgramResult bad = run_program({"profile", "show", file.string()});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_EQ(bad.out, "");
  EXPECT_NE(bad.err.find(file.string() + ":2:1: error: unknown key 'naem'"), std::string::npos) << bad.err;
  const ProgramResult unknown = run_program({"profile", "show", "spotfy"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("did you mean 'spotify'"), std::string::npos) << unknown.err;
}

}  // namespace
}  // namespace lathe::test
