// Issue's point 6: same input, recipe and engine give the same bytes, whatever the machine is busy with.
#include <gtest/gtest.h>
#include <sndfile.h>

#include "kernels/simd/level.h"
#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

class MasterDeterminism : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random = seeded(20);
    write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 3, 0.9), {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
    write_sound(work_.in() / "b.flac", strokes(random, 48000, 2, 3, -8), {SF_FORMAT_FLAC, SF_FORMAT_PCM_16});
    write_sound(work_.in() / "c.wav", wandering(random, 48000, 6, 2, 0.3), {SF_FORMAT_WAVEX, SF_FORMAT_PCM_16});
    write_sound(work_.in() / "d/e.wav", strokes(random, 96000, 1, 2, -20), {SF_FORMAT_WAV, SF_FORMAT_FLOAT});
    write_sound(work_.in() / "d/f.aiff", wandering(random, 44100, 1, 2.3, 0.2), {SF_FORMAT_AIFF, SF_FORMAT_PCM_24});
  }

  // The whole output folder of a run that remembers nothing of the others.
  Tree run(std::vector<std::string> more, const std::map<std::string, std::string>& environment = {}) const {
    fs::remove_all(work_.out());
    fs::remove_all(work_.state());
    more.insert(more.begin(), "-q");
    ProgramCall call = work_.master_call(more);
    call.environment.insert(environment.begin(), environment.end());
    const ProgramResult result = run_program(call);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return tree_of(work_.out());
  }

  Workspace work_;
};

void expect_same(const Tree& got, const Tree& want) {
  ASSERT_GE(want.size(), 6u);
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, bytes] : want) {
    ASSERT_TRUE(got.contains(name)) << name;
    EXPECT_TRUE(got.at(name) == bytes) << name << " differs";
  }
}

TEST_F(MasterDeterminism, TwoRunsAndAnyNumberOfJobsGiveTheSameBytes) {
  const Tree once = run({"--jobs", "1"});
  expect_same(run({"--jobs", "1"}), once);
  expect_same(run({"--jobs", "8"}), once);
}

TEST_F(MasterDeterminism, TheOutputFoldersPlaceIsNotInTheBytes) {
  const Tree once = run({});
  const fs::path elsewhere = work_.root() / "somewhere/else";
  ASSERT_EQ(work_.master({"-q", "--out", elsewhere.string()}).exit_code, 0);
  expect_same(tree_of(elsewhere), once);
}

TEST_F(MasterDeterminism, Avx2AndAvx512GiveTheSameBytes) {
  if (processor_simd_level() < SimdLevel::avx512)
    GTEST_SKIP() << "this processor has no avx512: nothing to compare avx2 with";
  expect_same(run({}, {{"LATHE_SIMD", "avx2"}}), run({}, {{"LATHE_SIMD", "avx512"}}));
}

TEST_F(MasterDeterminism, ShortMemorySpoolsToTheDiskAndGivesTheSameBytes) {
  Random random = seeded(21);
  // 64 MiB is the least --memory takes; this track needs more in memory and less when it is spooled.
  write_sound(work_.in() / "long.wav", wandering(random, 44100, 6, 20, 0.5), {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  expect_same(run({"--memory", "64MiB", "--jobs", "2"}), run({"--jobs", "2"}));
}

TEST_F(MasterDeterminism, ARenamedFileGivesTheSameBytes) {
  const Tree before = run({});
  fs::rename(work_.in() / "a.wav", work_.in() / "z another name.wav");
  fs::rename(work_.in() / "b.flac", work_.in() / "0.flac");
  const Tree after = run({});
  EXPECT_TRUE(after.at("z another name.wav") == before.at("a.wav"));
  EXPECT_TRUE(after.at("0.flac") == before.at("b.flac"));
}

}  // namespace
}  // namespace lathe::test
