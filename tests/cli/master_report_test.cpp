// The contract of DESIGN section 8: keys, streams, exit codes, and what other programs build on.
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

class MasterReport : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random = seeded(70);
    write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 4, 0.4), kWav24);
    write_sound(work_.in() / "b.flac", wandering(random, 48000, 1, 1, 0.4), {SF_FORMAT_FLAC, SF_FORMAT_PCM_16});
  }
  Workspace work_;
};

void expect_keys(const nlohmann::json& object, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) EXPECT_TRUE(object.contains(key)) << key << " is missing in " << object.dump(1);
}

TEST_F(MasterReport, TheDocumentHasEveryKeyOfTheContract) {
  spill(work_.in() / "bad.wav", "no audio");
  const ProgramResult run = work_.master({"--json"});
  EXPECT_EQ(run.exit_code, 1);
  const nlohmann::json report = run.json();
  expect_keys(report,
              {"schema", "engine", "backend", "backend_reason", "recipe_sha256", "tracks", "albums", "summary"});
  expect_keys(report.at("summary"), {"tracks", "failed", "audio_s", "wall_s", "realtime_factor", "busy"});
  expect_keys(report.at("summary").at("busy"), {"decode", "kernels", "limiter", "encode", "io"});
  EXPECT_EQ(report.at("summary").at("tracks"), 3);
  EXPECT_EQ(report.at("summary").at("failed"), 1);
  EXPECT_NEAR(report.at("summary").at("audio_s").get<double>(), 5, 1e-9);
  ASSERT_EQ(report.at("tracks").size(), 3u);
  for (const auto& track : report.at("tracks")) {
    expect_keys(track, {"input", "state", "reason", "outputs", "before", "after", "asked", "reached", "stages"});
    EXPECT_TRUE(fs::path(track.at("input").get<std::string>()).is_absolute());
    if (track.at("state") == "FAILED") continue;
    for (const char* part : {"before", "after"}) {
      expect_keys(track.at(part), {"state", "integrated_lufs", "loudness_range_lu", "max_momentary_lufs",
                                   "max_short_term_lufs", "true_peak_dbtp", "sample_peak_dbfs"});
    }
    expect_keys(track.at("asked"), {"integrated_lufs", "true_peak_dbtp"});
    expect_keys(track.at("reached"), {"integrated_lufs", "true_peak_dbtp"});
    for (const auto& output : track.at("outputs")) {
      expect_keys(output, {"id", "path", "frames", "sample_rate_hz", "bits", "sha256"});
      EXPECT_TRUE(fs::path(output.at("path").get<std::string>()).is_absolute());
      EXPECT_TRUE(output.at("bits").is_number_integer());
      EXPECT_EQ(output.at("sha256").get<std::string>().size(), 64u);
    }
    for (const auto& stage : track.at("stages")) expect_keys(stage, {"name"});
  }
  EXPECT_FALSE(track_named(report, "a.wav").at("outputs").at(0).contains("pcm_md5"));
  EXPECT_EQ(track_named(report, "b.flac").at("outputs").at(0).at("pcm_md5").get<std::string>().size(), 32u);
  const std::string as_float = work_.recipe("recipe: v1\nname: float\noutputs:\n  - {bits: 32f}\n");
  const nlohmann::json floats = work_.master({"--json", "--recipe", as_float, "--no-cache"}).json();
  EXPECT_EQ(track_named(floats, "a.wav").at("outputs").at(0).at("bits"), "32f") << floats.dump(1);
  const nlohmann::json with_md5 = work_.master({"--json", "--pcm-md5"}).json();
  EXPECT_EQ(track_named(with_md5, "a.wav").at("outputs").at(0).at("pcm_md5").get<std::string>().size(), 32u);
}

TEST_F(MasterReport, LevelsOfNothingAreNullBesideAStateThatSaysWhy) {
  write_sound(work_.in() / "silence.wav", silence(44100, 1, 1), kWav24);
  write_sound(work_.in() / "short.wav", {44100, {Signal(4410, 0.1)}}, kWav24);
  const nlohmann::json report = work_.master({"--json"}).json();
  for (const char* name : {"silence.wav", "short.wav"}) {
    const nlohmann::json before = track_named(report, name).at("before");
    EXPECT_EQ(before.at("state"), "UNMEASURABLE");
    EXPECT_TRUE(before.at("integrated_lufs").is_null());
    EXPECT_NE(before.at("reason"), "");
  }
  EXPECT_TRUE(track_named(report, "silence.wav").at("before").at("true_peak_dbtp").is_null());
}

TEST_F(MasterReport, WithoutJsonNothingIsOnStdoutAndQuietIsQuiet) {
  const ProgramResult loud = work_.master();
  EXPECT_EQ(loud.out, "");
  EXPECT_NE(loud.err.find("2 mastered"), std::string::npos) << loud.err;
  const ProgramResult quiet = work_.master({"-q"});
  EXPECT_EQ(quiet.out + quiet.err, "");
}

TEST_F(MasterReport, WhatFailsIsSaidWithItsTracksNameThoughQuiet) {
  write_sound(work_.in() / "low.wav", {8000, {Signal(8000, 0.1)}}, kWav16);
  const std::string recipe =
      work_.recipe("recipe: v1\nchain: [{eq: {bands: [{type: bell, freq_hz: 9000, gain_db: 1}]}}]\n");
  const ProgramResult run = work_.master({"--recipe", recipe, "-q", "--json"});
  EXPECT_EQ(run.exit_code, 1);
  const std::string reason = track_named(run.json(), "low.wav").at("reason");
  EXPECT_EQ(reason.find("low.wav"), std::string::npos) << "the test is of a reason that names no file: " << reason;
  EXPECT_NE(run.err.find("FAILED    low.wav: " + reason + "\n"), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("DONE"), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("mastered"), std::string::npos) << run.err;
  const ProgramResult plan = work_.master({"--recipe", recipe, "--dry-run"});
  EXPECT_NE(plan.out.find("fails  low.wav: " + reason), std::string::npos) << plan.out;
}

TEST_F(MasterReport, MastersWhoseNamesWouldNotBeUtf8FailAndTheRestIsDone) {
  fs::rename(work_.in() / "a.wav", work_.in() / "caf\xE9.wav");
  fs::copy(work_.in() / "caf\xE9.wav", work_.in() / "caf\xE8.wav");
  const std::string recipe = work_.recipe("recipe: v1\ninput: {contiguous: never}\n");
  for (const char* more : {"--dry-run=quick", "--dry-run", "--no-cache"}) {
    const ProgramResult run = work_.master({"--json", more, "--recipe", recipe});
    EXPECT_EQ(run.exit_code, kSomeFailed) << run.err;
    const nlohmann::json report = run.json();
    std::string reasons;
    for (const auto& track : report.at("tracks")) {
      if (fs::path(track.at("input").get<std::string>()).filename() == "b.flac") continue;
      EXPECT_EQ(track.at("reason_code"), "NAME_NOT_UTF8") << more;
      reasons += track.at("reason").get<std::string>();
    }
    for (const char* name : {"caf\\xE8.wav", "caf\\xE9.wav", "made of tags"})
      EXPECT_NE(reasons.find(name), std::string::npos) << reasons;
    EXPECT_EQ(report.at("summary").at("failed"), 2);
  }
  const Tree masters = masters_of(work_.out());
  EXPECT_TRUE(masters.size() == 1 && masters.contains("b.flac"));
}

TEST_F(MasterReport, ATrackOfAnyNameIsMasteredUnderANameThatIsUtf8) {
  fs::rename(work_.in() / "a.wav", work_.in() / "caf\xE9.wav");
  const std::string input = (work_.in() / "caf\xE9.wav").string();
  const std::string recipe = work_.recipe("recipe: v1\noutputs: [{path: \"Café.{ext}\"}]\n");
  const auto run_again = [&] { return work_.master({input, "--json", "--recipe", recipe}); };
  const ProgramResult run = run_again();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.json().at("summary").at("done"), 1);
  EXPECT_TRUE(fs::exists(work_.out() / "Café.wav"));
  EXPECT_EQ(run_again().json().at("summary").at("unchanged"), 1);
  const ProgramResult check = run_program({"verify", work_.out().string()});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
}

TEST_F(MasterReport, AnOutputFolderWhosePathIsNotUtf8IsRefused) {
  const ProgramResult run = work_.master({"--out", (work_.root() / "m\xFC").string()});
  EXPECT_EQ(run.exit_code, 2) << run.err;
  EXPECT_NE(run.err.find("/m\\xFC: the path is not UTF-8"), std::string::npos) << run.err;
  EXPECT_FALSE(fs::exists(work_.root() / "m\xFC"));
}

TEST_F(MasterReport, NamesThatWouldSteerATerminalAreShownInWords) {
  fs::rename(work_.in() / "a.wav", work_.in() / "a\x1b[31m.wav");
  spill(work_.in() / "b\x1b[2J.wav", "no audio");
  const std::string told = work_.master().err;
  EXPECT_EQ(told.find('\x1b'), std::string::npos) << told;
  EXPECT_NE(told.find("a<U+001B>[31m.wav"), std::string::npos) << told;
  EXPECT_NE(told.find("b<U+001B>[2J.wav"), std::string::npos) << told;
}

TEST_F(MasterReport, DryRunWritesNothing) {
  fs::remove_all(work_.state());
  const Tree before = tree_of(work_.root());
  const ProgramResult run = work_.master({"--dry-run", "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.json().at("tracks").size(), 2u);
  EXPECT_NE(work_.master({"--dry-run"}).out.find((work_.out() / "a.wav").string()), std::string::npos);
  EXPECT_TRUE(tree_of(work_.root()) == before);
  EXPECT_FALSE(fs::exists(work_.out()));
  EXPECT_FALSE(fs::exists(work_.state()));
}

TEST_F(MasterReport, DryRunSaysWhatWouldFail) {
  spill(work_.in() / "bad.wav", "no audio");
  const ProgramResult run = work_.master({"--dry-run", "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.json().at("summary").at("failed"), 1);
  EXPECT_EQ(work_.master({(work_.root() / "nowhere").string(), "--dry-run"}).exit_code, 3);
  EXPECT_EQ(work_.master({(work_.in() / "bad.wav").string(), "--dry-run"}).exit_code, 3);
}

TEST_F(MasterReport, TheManifestDescribesTheMastersAndKeepsEarlierOnes) {
  ASSERT_EQ(work_.master({(work_.in() / "a.wav").string()}).exit_code, 0);
  ASSERT_EQ(work_.master({(work_.in() / "b.flac").string(), "--set", "loudness.target_lufs=-18"}).exit_code, 0);
  const nlohmann::json manifest = nlohmann::json::parse(slurp(work_.out() / "lathe-manifest.json"));
  ASSERT_EQ(manifest.at("tracks").size(), 2u);
  EXPECT_EQ(manifest.at("recipes").size(), 2u);
  for (const auto& track : manifest.at("tracks")) {
    EXPECT_TRUE(manifest.at("recipes").contains(track.at("recipe_sha256").get<std::string>()));
    EXPECT_TRUE(fs::exists(work_.out() / track.at("outputs").at(0).at("path").get<std::string>()));
  }
}

TEST_F(MasterReport, AForeignManifestIsKept) {
  for (const char* foreign : {"somebody's file", "[1, 2]", "{\"schema\": 7}", "{\"schema\": \"other\"}"}) {
    SCOPED_TRACE(foreign);
    spill(work_.out() / "lathe-manifest.json", foreign);
    const ProgramResult run = work_.master({"--json"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find("no manifest of Lathe's; move it away"), std::string::npos) << run.err;
    EXPECT_TRUE(masters_of(work_.out()).empty());
    EXPECT_EQ(slurp(work_.out() / "lathe-manifest.json"), foreign);
  }
}

TEST_F(MasterReport, UsageMistakesExitWithTwo) {
  EXPECT_EQ(run_program(ProgramCall()).exit_code, 2);
  EXPECT_EQ(run_program({"mastr"}).exit_code, 2);
  EXPECT_EQ(run_program({"master", work_.in().string()}).exit_code, 2);
  EXPECT_EQ(work_.master({"--jobs", "0"}).exit_code, 2);
  EXPECT_EQ(work_.master({"--memory", "many"}).exit_code, 2);
  EXPECT_EQ(work_.master({"--memory", "1MiB"}).exit_code, 2);
  EXPECT_EQ(work_.master({"--backend", "abacus"}).exit_code, 2);
  const ProgramResult unbuilt = run_program({"fleet", "slurm", "up"});
  EXPECT_EQ(unbuilt.exit_code, 2);
  EXPECT_NE(unbuilt.err.find("not built yet"), std::string::npos);
  EXPECT_FALSE(fs::exists(work_.out()));
}

TEST_F(MasterReport, HelpAndVersionExitWithZero) {
  EXPECT_EQ(run_program({"--version"}).out.substr(0, 6), "lathe ");
  EXPECT_EQ(run_program({"--help"}).exit_code, 0);
  EXPECT_EQ(run_program({"master", "--help"}).exit_code, 0);
}

TEST_F(MasterReport, TheStateFolderIsTheOneNamed) {
  ProgramCall call = work_.master_call({"--state-dir", (work_.root() / "mine").string()});
  EXPECT_EQ(run_program(call).exit_code, 0);
  EXPECT_TRUE(fs::exists(work_.root() / "mine/jobs.sqlite"));
  EXPECT_TRUE(tree_of(work_.state()).empty());
  call.environment = {{"HOME", work_.root().string()}, {"XDG_STATE_HOME", ""}};
  call.arguments = work_.master_call().arguments;
  EXPECT_EQ(run_program(call).exit_code, 0);
  EXPECT_TRUE(fs::exists(work_.root() / ".local/state/lathe/jobs.sqlite"));
}

TEST(Doctor, TellsWhatIsThere) {
  const Workspace work;
  ProgramCall call;
  call.arguments = {"doctor", "--json"};
  call.environment["LATHE_STATE_DIR"] = work.state().string();
  const ProgramResult run = run_program(call);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json doc = run.json();
  expect_keys(doc, {"schema", "engine", "processor", "memory", "gpu", "codecs", "store"});
  EXPECT_EQ(doc.at("store").at("state"), "ok");
  call.arguments = {"doctor"};
  const ProgramResult text = run_program(call);
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find("processor"), std::string::npos);
}

TEST(Doctor, FindsADamagedStore) {
  const Workspace work;
  spill(work.state() / "jobs.sqlite", std::string(8192, 'x'));
  ProgramCall call;
  call.arguments = {"doctor", "--json"};
  call.environment["LATHE_STATE_DIR"] = work.state().string();
  const ProgramResult run = run_program(call);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_NE(run.json().at("store").at("state"), "ok");
}

}  // namespace
}  // namespace lathe::test
