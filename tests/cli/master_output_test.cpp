// Issue's point 7, the outputs: where masters may land, and what happens when they cannot.
#include <gtest/gtest.h>
#include <sched.h>
#include <sndfile.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

void put(const fs::path& file, std::uint64_t seed, double seconds = 1, Stored stored = kWav16) {
  Random random(seed);
  write_sound(file, wandering(random, 44100, 1, seconds, 0.5), stored);
}

// The command is refused as a whole: exit 2, a message with these words, nothing made.
void expect_refused(const Workspace& work, const ProgramCall& call, const std::vector<std::string>& words) {
  const Tree before = tree_of(work.root());
  const ProgramResult run = run_program(call);
  EXPECT_EQ(run.exit_code, 2) << run.err;
  EXPECT_EQ(run.out, "");
  for (const std::string& word : words)
    EXPECT_NE(run.err.find(word), std::string::npos) << run.err << " lacks: " << word;
  EXPECT_TRUE(tree_of(work.root()) == before) << "something was written";
}

TEST(MasterOutput, AnOutputFolderInsideTheInputIsRefused) {
  const Workspace work;
  put(work.in() / "a.wav", 1);
  for (const fs::path& out :
       {work.in(), work.in() / "masters", work.in() / "deep/er", work.in() / "." / "x" / ".." / "masters"}) {
    expect_refused(work, work.master_call({"--out", out.string()}), {"output folder", "input folder"});
  }
}

TEST(MasterOutput, AnOutputFolderInsideTheInputIsRefusedThroughALinkToo) {
  const Workspace work;
  put(work.in() / "a.wav", 1);
  fs::create_directory_symlink(work.in(), work.root() / "link");
  expect_refused(work, work.master_call({"--out", (work.root() / "link/masters").string()}), {"output folder"});
  expect_refused(work, work.master_call({(work.root() / "link").string(), "--out", (work.in() / "masters").string()}),
                 {"output folder"});
}

TEST(MasterOutput, AMasterOntoItsInputIsRefused) {
  const Workspace work;
  put(work.in() / "a.wav", 1);
  fs::create_directory_symlink(work.in(), work.root() / "link");
  const std::string input = (work.in() / "a.wav").string();
  expect_refused(work, work.master_call({input, "--out", work.in().string()}), {"a.wav", "onto"});
  expect_refused(work, work.master_call({input, "--out", (work.root() / "link").string()}), {"a.wav", "onto"});
  expect_refused(work, work.master_call({input, "--out", work.in().string(), "--overwrite"}), {"a.wav", "onto"});
  expect_refused(work,
                 work.master_call({input, "--out", work.in().string(), "--recipe",
                                   work.recipe("recipe: v1\noutputs: [{format: wav, bits: 16}]\n"), "--overwrite"}),
                 {"a.wav", "onto"});
}

TEST(MasterOutput, AnInputIsNeverOverwrittenByAnotherTracksMaster) {
  const Workspace work;
  put(work.in() / "one/a.wav", 1);
  put(work.in() / "two/b.wav", 2);
  put(work.in() / "three/c.wav", 3);
  const std::string input = slurp(work.in() / "two/b.wav");
  // Every master wants to be two/b.wav, through a name that only the template knows.
  const std::string recipe = work.recipe("recipe: v1\noutputs: [{path: \"b.{ext}\"}]\n");
  const ProgramResult run =
      work.master({(work.in() / "one/a.wav").string(), (work.in() / "two/b.wav").string(), "--out",
                   (work.in() / "two").string(), "--recipe", recipe, "--overwrite", "--json"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_EQ(states_of(run.json()), (std::map<std::string, std::string>{{"a.wav", "FAILED"}, {"b.wav", "FAILED"}}));
  EXPECT_EQ(track_named(run.json(), "a.wav").at("reason_code"), "OUTPUT_TAKEN");
  EXPECT_TRUE(slurp(work.in() / "two/b.wav") == input);
  // And through a link in the output folder.
  fs::create_directories(work.out());
  fs::create_symlink(work.in() / "two/b.wav", work.out() / "b.wav");
  const ProgramResult linked = work.master({(work.in() / "two/b.wav").string(), "--overwrite"});
  EXPECT_EQ(linked.exit_code, 1) << linked.err;
  EXPECT_TRUE(slurp(work.in() / "two/b.wav") == input);
  EXPECT_TRUE(fs::is_symlink(work.out() / "b.wav"));
}

TEST(MasterOutput, ASingleFileMayLieInTheOutputFolderIfItsMasterHasAnotherName) {
  const Workspace work;
  put(work.in() / "a.wav", 1);
  const ProgramResult run = work.master({(work.in() / "a.wav").string(), "--out", work.in().string(), "--recipe",
                                         work.recipe("recipe: v1\noutputs: [{format: flac, bits: 16}]\n")});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(fs::exists(work.in() / "a.flac"));
}

TEST(MasterOutput, AFileInsteadOfAFolderIsRefused) {
  const Workspace work;
  put(work.in() / "a.wav", 1);
  spill(work.root() / "file", "x");
  expect_refused(work, work.master_call({"--out", (work.root() / "file").string()}), {"is a file"});
  expect_refused(work, work.master_call({"--out", (work.root() / "file/below").string()}), {"file"});
}

TEST(MasterOutput, AForeignFileInTheWayIsKeptUnlessToldOtherwise) {
  const Workspace work;
  for (int i = 0; i < 3; ++i)
    put(work.in() / (std::string(1, static_cast<char>('a' + i)) + ".wav"), static_cast<std::uint64_t>(i));
  spill(work.out() / "b.wav", "somebody's only copy");
  const ProgramResult run = work.master({"--json"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_EQ(states_of(report),
            (std::map<std::string, std::string>{{"a.wav", "DONE"}, {"b.wav", "FAILED"}, {"c.wav", "DONE"}}));
  EXPECT_NE(track_named(report, "b.wav").at("reason").get<std::string>().find("exists already"), std::string::npos);
  EXPECT_EQ(slurp(work.out() / "b.wav"), "somebody's only copy");
  expect_nothing_staged(work.out());
  EXPECT_EQ(states_of(work.master({"--json", "--overwrite"}).json()),
            (std::map<std::string, std::string>{{"a.wav", "UNCHANGED"}, {"b.wav", "DONE"}, {"c.wav", "UNCHANGED"}}));
  EXPECT_EQ(read_sound(work.out() / "b.wav").frames(), 44100);
}

// a.wav and a.wave in one folder, both mastered to a.wav.
void expect_first_keeps_the_name(const Workspace& work, const std::vector<std::string>& more,
                                 const std::string& first_state) {
  std::vector<std::string> arguments{"--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProgramResult run = work.master(arguments);
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_EQ(states_of(report),
            (std::map<std::string, std::string>{{"a.wav", first_state}, {"a.wave", "FAILED"}, {"c.wav", first_state}}));
  const std::string reason = track_named(report, "a.wave").at("reason");
  EXPECT_NE(reason.find("in/a.wav"), std::string::npos) << reason;
  EXPECT_EQ(read_sound(work.out() / "a.wav").frames(), 44100);
}

TEST(MasterOutput, OfTwoInputsWithOneOutputTheFirstKeepsItEveryTime) {
  const Workspace work;
  put(work.in() / "a.wav", 1, 1);
  put(work.in() / "a.wave", 2, 0.5);
  put(work.in() / "c.wav", 3, 0.2);
  expect_first_keeps_the_name(work, {"--jobs", "8"}, "DONE");
  expect_first_keeps_the_name(work, {"--jobs", "8"}, "UNCHANGED");
  expect_first_keeps_the_name(work, {"--jobs", "8", "--overwrite", "--no-cache"}, "DONE");
  expect_first_keeps_the_name(work, {"--jobs", "1", "--set", "loudness.target_lufs=-20"}, "DONE");
}

TEST(MasterOutput, FoldersOfTheSameNameThatWouldMixAreFoundOut) {
  const Workspace work;
  put(work.in() / "x/disc1/01.wav", 1);
  put(work.in() / "y/disc1/01.wav", 2);
  const ProgramResult run = work.master({(work.in() / "x/disc1").string(), (work.in() / "y/disc1").string(), "--json"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_EQ(run.json().at("summary").at("failed"), 1);
  EXPECT_EQ(masters_of(work.out()).size(), 1u);
}

TEST(MasterOutput, AnotherAlbumsMastersAreNotReplaced) {
  const Workspace work;
  put(work.in() / "x/01.wav", 1);
  put(work.in() / "y/01.wav", 2);
  ASSERT_EQ(work.master({(work.in() / "x").string()}).exit_code, 0);
  const std::string first = slurp(work.out() / "01.wav");
  const ProgramResult run = work.master({(work.in() / "y").string()});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_NE(run.err.find("exists already"), std::string::npos) << run.err;
  EXPECT_TRUE(slurp(work.out() / "01.wav") == first);
}

TEST(MasterOutput, AFullDiskFailsTheTracksThatDoNotFitAndNoOther) {
  const Workspace work;
  put(work.in() / "a_small.wav", 1, 0.5);
  put(work.in() / "big.wav", 2, 60);
  put(work.in() / "z_small.wav", 3, 0.5);
  const Untouched inputs(work.in());
  ProgramCall call = work.master_call({"--json"});
  call.file_size_limit_bytes = 3 << 20;
  const ProgramResult run = run_program(call);
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_EQ(states_of(report), (std::map<std::string, std::string>{
                                   {"a_small.wav", "DONE"}, {"big.wav", "FAILED"}, {"z_small.wav", "DONE"}}));
  const nlohmann::json big = track_named(report, "big.wav");
  EXPECT_EQ(big.at("reason_code"), "DISK_FULL");
  EXPECT_TRUE(big.at("reason").get<std::string>().starts_with((work.out() / "big.wav").string() + ": ")) << big;
  EXPECT_NE(run.err.find("FAILED    big.wav: " + (work.out() / "big.wav").string()), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find(".part"), std::string::npos) << run.err;
  EXPECT_EQ(masters_of(work.out()).size(), 2u);
  expect_nothing_staged(work.out());
  EXPECT_EQ(states_of(work.master({"--json"}).json()),
            (std::map<std::string, std::string>{
                {"a_small.wav", "UNCHANGED"}, {"big.wav", "DONE"}, {"z_small.wav", "UNCHANGED"}}));
}

// A small file system in memory over a folder, seen by this process and its children only.
class SmallDisk {
 public:
  SmallDisk(const fs::path& folder, const char* size) : folder_(folder) {
    fs::create_directories(folder);
    is_mounted_ = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                  ::mount("tmpfs", folder.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_mounted() const { return is_mounted_; }

 private:
  fs::path folder_;
  bool is_mounted_ = false;
};

TEST(MasterOutput, ADiskWithoutRoomForAllKeepsWhatFits) {
  const Workspace work;
  const SmallDisk disk(work.out(), "size=1m");
  if (!disk.is_mounted()) GTEST_SKIP() << "no right to mount a small disk here";
  put(work.in() / "a_small.wav", 1, 0.5);
  put(work.in() / "big.wav", 2, 30);
  const Untouched inputs(work.in());
  const ProgramResult run = work.master({"--json", "--jobs", "1"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_EQ(states_of(report), (std::map<std::string, std::string>{{"a_small.wav", "DONE"}, {"big.wav", "FAILED"}}));
  EXPECT_EQ(track_named(report, "big.wav").at("reason_code"), "DISK_FULL");
  EXPECT_EQ(masters_of(work.out()).size(), 1u);
  expect_nothing_staged(work.out());
}

TEST(MasterOutput, TwoRunsAtOnceIntoOneFolderAreKeptApart) {
  const Workspace work;
  put(work.in() / "t.wav", 1, 10);
  for (int i = 0; i < 30; ++i) fs::copy(work.in() / "t.wav", work.in() / ("copy" + std::to_string(i) + ".wav"));
  RunningProgram first(work.master_call({"--jobs", "1", "--json"}));
  // The lock is there before the first staged file.
  while (!fs::exists(work.out() / ".lathe") && !first.ends_within(1)) continue;
  const ProgramResult second = work.master();
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_NE(second.err.find("another run"), std::string::npos) << second.err;
  EXPECT_EQ(first.wait().exit_code, 0);
  EXPECT_EQ(masters_of(work.out()).size(), 31u);
}

}  // namespace
}  // namespace lathe::test
