// BatchComplete.json says the truth, whatever befalls a run: another run, a failure, a master that goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>

#include "tests/cli/farm.h"
#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

bool is_stopped(pid_t pid) {
  const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end).starts_with(") T");
}

class MasterSentinel : public testing::Test {
 protected:
  MasterSentinel() {
    Random random = seeded(841);
    for (const char* name : {"a.wav", "b.wav"})
      write_sound(work_.in() / name, wandering(random, 44100, 2, 1, 0.3), kWav24);
  }
  std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"--json", "--recipe", work_.recipe(kCopy)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ProgramResult master(const std::vector<std::string>& more = {}) const { return work_.master(arguments(more)); }
  // A run that has made its masters, and stops before it writes manifest and sentinel.
  std::unique_ptr<RunningProgram> stopped_before_delivery() const {
    ProgramCall call = work_.master_call(arguments());
    call.environment["LATHE_FAILPOINTS"] = "master.delivered=stop";
    auto run = std::make_unique<RunningProgram>(call);
    EXPECT_TRUE(comes_true([&] { return is_stopped(run->pid()); }));
    return run;
  }
  fs::path sentinel() const { return work_.out() / "BatchComplete.json"; }
  Workspace work_;
};

TEST_F(MasterSentinel, NoOtherRunBeginsBeforeItIsWritten) {
  const auto first = stopped_before_delivery();
  const ProgramResult second = master();
  EXPECT_EQ(second.exit_code, kNothingRead);
  EXPECT_THAT(second.err, HasSubstr("another run of lathe is writing into"));
  EXPECT_FALSE(fs::exists(sentinel()));
  first->send(SIGCONT);
  EXPECT_EQ(first->wait().exit_code, 0);
  EXPECT_TRUE(fs::exists(sentinel()));
  EXPECT_EQ(master().exit_code, 0);
}

TEST_F(MasterSentinel, NorOneWithAnotherStateFolder) {
  const std::string other = (work_.root() / "other state").string();
  const auto first = stopped_before_delivery();
  const Tree before = tree_of(work_.out());
  fs::create_directory_symlink(work_.out(), work_.root() / "link");
  for (const char* out : {"out", "link"}) {
    const ProgramResult second = master({"--state-dir", other, "--out", (work_.root() / out).string()});
    EXPECT_EQ(second.exit_code, kNothingRead);
    EXPECT_THAT(second.err, HasSubstr("another run of lathe is writing into"));
  }
  EXPECT_TRUE(tree_of(work_.out()) == before);
  first->send(SIGCONT);
  EXPECT_EQ(first->wait().exit_code, 0);
  expect_nothing_staged(work_.out());
  EXPECT_EQ(master({"--state-dir", other}).exit_code, 0);
  expect_nothing_staged(work_.out());
}

TEST_F(MasterSentinel, ARunThatIsTurnedAwayLeavesTheEarlierOnesToTheRunUnderWay) {
  ASSERT_EQ(master().exit_code, 0);
  const std::string before = slurp(sentinel());
  const fs::file_time_type written_at = fs::last_write_time(sentinel());
  const auto first = stopped_before_delivery();
  EXPECT_EQ(master().exit_code, kNothingRead);
  first->send(SIGCONT);
  ASSERT_EQ(first->wait().exit_code, 0);
  EXPECT_EQ(slurp(sentinel()), before);
  EXPECT_EQ(fs::last_write_time(sentinel()), written_at) << "a run that changed nothing leaves it as it was";
}

TEST_F(MasterSentinel, IsNotWrittenForAMasterThatWentMeanwhile) {
  const auto run = stopped_before_delivery();
  fs::remove(work_.out() / "b.wav");
  run->send(SIGCONT);
  const ProgramResult end = run->wait();
  EXPECT_FALSE(fs::exists(sentinel())) << slurp(sentinel());
  EXPECT_EQ(end.json().at("summary").at("done"), 2);
  EXPECT_EQ(master().exit_code, 0);  // makes it anew
  EXPECT_TRUE(fs::exists(sentinel()));
}

TEST_F(MasterSentinel, StaysWhereARunIsRefusedBeforeItBegins) {
  ASSERT_EQ(master().exit_code, 0);
  const Untouched same(work_.out());
  EXPECT_EQ(master({"--set", "loudness.target=-14"}).exit_code, 2);
  spill(work_.root() / "no-folder", "a file");
  EXPECT_EQ(master({"--state-dir", (work_.root() / "no-folder/state").string()}).exit_code, kNothingRead);
}

TEST_F(MasterSentinel, GoesWithARunThatIsKilledOrFindsNothing) {
  ASSERT_EQ(master().exit_code, 0);
  {
    const auto run = stopped_before_delivery();
    run->send(SIGKILL);
    run->wait();
  }
  EXPECT_FALSE(fs::exists(sentinel()));
  ASSERT_EQ(master().exit_code, 0);
  ASSERT_TRUE(fs::exists(sentinel()));
  fs::rename(work_.in(), work_.root() / "unmounted");
  fs::create_directories(work_.in());
  EXPECT_EQ(master().exit_code, kNothingRead);
  EXPECT_FALSE(fs::exists(sentinel()));
  expect_nothing_staged(work_.out());
}

TEST_F(MasterSentinel, InAFolderThatMayNotBeWrittenNoRunBegins) {
  ProgramCall probe;
  probe.arguments = {"--version"};
  probe.is_nobody = true;
  if (run_program(probe).exit_code != 0)
    GTEST_SKIP() << "as root every folder may be written, and nobody may not run the program here";
  fs::create_directories(work_.out());
  for (const fs::path& folder : {work_.state(), work_.out()}) fs::permissions(folder, fs::perms(0777));
  ProgramCall call = work_.master_call(arguments());
  call.is_nobody = true;
  const ProgramResult first = run_program(call);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  fs::permissions(work_.out(), fs::perms(0555));
  {
    const Untouched same(work_.out());
    const ProgramResult second = run_program(call);
    EXPECT_EQ(second.exit_code, kNothingRead);
    EXPECT_THAT(second.err, HasSubstr("lathe: " + work_.out().string() + ": the folder cannot be written"));
    EXPECT_THAT(second.err, HasSubstr("choose another output folder"));
    EXPECT_EQ(second.out, "");
  }
  fs::permissions(work_.out(), fs::perms(0777));
  EXPECT_EQ(run_program(call).exit_code, 0);
}

}  // namespace
}  // namespace lathe::test
