// One holder at a time, whoever comes and goes meanwhile, and nothing left behind.
#include "host/audio_file/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "host/audio_file/staged_file.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

namespace fs = std::filesystem;

// As if killed with the lock in its hands.
void end_with_lock(const fs::path& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = FolderLock::take(folder);
    ::_exit(lock && lock->is_held() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(fs::is_empty(folder / kStagingFolder));
}

TEST(FolderLock, IsOnesAloneUntilItGoes) {
  const ScratchFolder folder;
  {
    const auto first = FolderLock::take(folder.path());
    ASSERT_TRUE(first && first->is_held());
    EXPECT_FALSE(FolderLock::take(folder.path()));
    EXPECT_TRUE(FolderLock::take(folder / "other")->is_held());
  }
  EXPECT_TRUE(FolderLock::take(folder.path())->is_held());
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(FolderLock, TakesAwayTheFoldersThatWereMadeForItAndNothingElse) {
  const ScratchFolder folder;
  { const auto lock = FolderLock::take(folder / "a/b"); }
  EXPECT_TRUE(fs::is_empty(folder.path()));
  fs::create_directories(folder / "a");
  { const auto lock = FolderLock::take(folder / "a/b"); }
  EXPECT_TRUE(fs::exists(folder / "a"));
  EXPECT_FALSE(fs::exists(folder / "a/b"));
  {
    const auto lock = FolderLock::take(folder / "a/b");
    spill(folder / "a/b/master.wav", "kept");
  }
  EXPECT_EQ(slurp(folder / "a/b/master.wav"), "kept");
  EXPECT_FALSE(fs::exists(folder / "a/b" / kStagingFolder));
}

TEST(FolderLock, StaysWhileStagedFilesComeAndGo) {
  const ScratchFolder folder;
  {
    const auto lock = FolderLock::take(folder.path());
    StagedFile(folder.path(), folder / "x.wav").publish(Replace::refuse);
    EXPECT_EQ(remove_abandoned(folder.path()), 0);
    EXPECT_FALSE(FolderLock::take(folder.path()));
  }
  EXPECT_FALSE(fs::exists(folder / kStagingFolder));
}

TEST(FolderLock, OfAKilledProcessKeepsNobodyOut) {
  const ScratchFolder folder;
  end_with_lock(folder.path());
  EXPECT_TRUE(FolderLock::take(folder.path())->is_held());
  EXPECT_TRUE(fs::is_empty(folder.path()));
  end_with_lock(folder.path());
  EXPECT_EQ(remove_abandoned(folder.path()), 0);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(FolderLock, WhereNoneCanBeKeptNoneIsHeldAndNothingIsTouched) {
  const ScratchFolder folder;
  spill(folder / "out", "a file");
  {
    const auto lock = FolderLock::take(folder / "out");
    ASSERT_TRUE(lock);
    EXPECT_FALSE(lock->is_held());
  }
  EXPECT_EQ(slurp(folder / "out"), "a file");
}

TEST(FolderLock, NeverHasTwoHoldersThoughEachRemovesItsFile) {
  const ScratchFolder folder;
  std::atomic<int> inside{0}, taken{0}, unheld{0}, most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 300; ++n) {
        const auto lock = FolderLock::take(folder / "out");
        if (!lock) continue;
        unheld += !lock->is_held();
        ++taken;
        const int now = ++inside;
        if (now > most) most = now;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(unheld, 0);
  EXPECT_GE(taken, 1);
  EXPECT_FALSE(fs::exists(folder / "out" / kStagingFolder));
}

}  // namespace
}  // namespace lathe::testing
