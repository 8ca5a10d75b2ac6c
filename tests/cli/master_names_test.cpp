// What masters may be called: by templates, beside each other, and beside what Lathe itself writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

class MasterNames : public testing::Test {
 protected:
  MasterNames() { fs::create_directories(work_.in()); }

  void write_track(const std::string& name) {
    Random random = seeded(name.size() + 600);
    write_sound(work_.in() / name, wandering(random, kRate, 2, 1.5, 0.3), kWav24);
  }

  ProgramResult master(const std::string& output, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--json", "--recipe", work_.recipe("recipe: v1\noutputs:\n  - " + output + "\n")});
    return work_.master(more);
  }

  // Why the only track failed.
  std::string reason(const std::string& output) const {
    const nlohmann::json report = master(output).json();
    EXPECT_EQ(report.at("tracks").at(0).at("state"), "FAILED") << output;
    return report.at("tracks").at(0).at("reason").get<std::string>();
  }

  Workspace work_;
};

// Of two tracks one may be called as what a stage takes out of the other is: whoever comes first, the same one fails.
TEST_F(MasterNames, WhatAStageTookOutNeverTakesATracksPlace) {
  write_track("a.wav");
  write_track("a.declick-removed.wav");
  const std::string recipe = work_.recipe("recipe: v1\nchain: [{declick: {keep_removed: true}}]\n");
  for (const char* jobs : {"1", "2"}) {
    const ProgramResult run = work_.master({"--json", "--recipe", recipe, "--jobs", jobs, "--overwrite", "--no-cache"});
    EXPECT_EQ(run.exit_code, 1);
    const nlohmann::json report = run.json();
    EXPECT_EQ(report.at("summary").at("failed"), 1) << jobs;
    const nlohmann::json failed = track_named(report, "a.wav");
    EXPECT_EQ(failed.at("reason_code"), "OUTPUT_TAKEN") << jobs;
    EXPECT_EQ(track_named(report, "a.declick-removed.wav").at("state"), "DONE") << jobs;
  }
}

TEST_F(MasterNames, WhatLatheKeepsThereIsNobodysMaster) {
  write_track("a.wav");
  for (const std::string path : {"BatchComplete.json", "lathe-manifest.json/{stem}.wav", ".lathe/{stem}.wav"})
    EXPECT_THAT(reason("{bits: 24, path: \"" + path + "\"}"), HasSubstr("is Lathe's own")) << path;
}

TEST_F(MasterNames, AFieldThatNobodyGivesIsSaid) {
  write_track("a.wav");
  const std::string output = "{id: p, bits: 24, path: \"{album}/{track:02} {stem}.wav\"}";
  for (const char* how : {"--dry-run=quick", "--dry-run", "--pcm-md5"}) {
    const nlohmann::json report = master(output, {how}).json();
    EXPECT_THAT(report.at("tracks").at(0).at("notes").dump(),
                HasSubstr("output p: the path names {album}, {track}, which no tag gives"))
        << how;
  }
  EXPECT_TRUE(fs::exists(work_.out() / "_/00 a.wav"));
}

TEST_F(MasterNames, AnEndingOfAnotherFormatIsRefused) {
  write_track("a.wav");
  EXPECT_THAT(reason("{bits: 24, path: \"{stem}.flac\"}"), HasSubstr("ends with .flac, and the file would be WAV"));
  EXPECT_EQ(master("{bits: 24, format: flac, path: \"{stem}.FLAC\"}").exit_code, 0);
  const ProgramResult lint =
      run_program({"recipe", "lint", work_.recipe("recipe: v1\noutputs:\n  - {bits: 24, path: \"{stem}.flac\"}\n")});
  EXPECT_THAT(lint.out + lint.err, HasSubstr("write format: flac"));
}

TEST_F(MasterNames, ATooLongOneIsNamedBeforeAnythingIsDone) {
  write_track("a.wav");
  const std::string output = "{bits: 24, path: \"" + std::string(253, 'x') + "{stem}.wav\"}";
  EXPECT_THAT(reason(output), HasSubstr("258 bytes, and a file's name may have 255"));
  EXPECT_EQ(master(output, {"--dry-run=quick"}).exit_code, 1);
}

TEST_F(MasterNames, ADamagedManifestStopsARunBeforeItsMastersAreMade) {
  write_track("a.wav");
  ASSERT_EQ(master("{bits: 24}").exit_code, 0);
  const fs::path manifest = work_.out() / "lathe-manifest.json";
  nlohmann::json doc = nlohmann::json::parse(slurp(manifest));
  doc["tracks"].insert(doc["tracks"].begin(), 5);
  spill(manifest, doc.dump());
  const Tree before = tree_of(work_.out());
  const ProgramResult run = master("{bits: 16}");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("tracks[0]"));
  EXPECT_TRUE(tree_of(work_.out()) == before);
}

}  // namespace
}  // namespace lathe::test
