// What `lathe audit` remembers: nothing is measured twice, and nothing is believed that may have changed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sndfile.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include "tests/cli/length.h"
#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

constexpr int kFiles = 6;

class AuditMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < kFiles; ++i) write(i);
    write_sound(work_.in() / "album 2/silence.wav", silence(44100, 2, 2), kWav16);
    spill(work_.in() / "album 2/text.wav", "this is no audio");
  }

  fs::path file(int i) const {
    return work_.in() / ("album " + std::to_string(i % 2)) / ("t" + std::to_string(i) + (i == 3 ? ".flac" : ".wav"));
  }

  void write(int i, const SoundTags& tags = {}) const {
    Random random(static_cast<std::uint64_t>(500 + i));
    fs::create_directories(file(i).parent_path());
    write_sound(file(i), wandering(random, 44100, 2, 4 + 0.5 * i, 0.4), i == 3 ? kFlac16 : kWav16, tags);
  }

  // A time long enough ago to be trusted; the change itself is now, so the store's stamp is set too.
  void set_old(const fs::path& path) const {
    const timespec times[2] = {{1'600'000'000, 123}, {1'600'000'000, 123}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  ProgramCall call(const std::vector<std::string>& more = {}) const {
    ProgramCall call;
    call.arguments = {"audit", work_.in().string(), "--format", "json", "--series", "--profile", "ebu-r128"};
    call.arguments.insert(call.arguments.end(), more.begin(), more.end());
    call.environment["LATHE_STATE_DIR"] = work_.state().string();
    return call;
  }
  nlohmann::json report(const std::vector<std::string>& more = {}) const {
    const ProgramResult result = run_program(call(more));
    EXPECT_EQ(result.exit_code, 8) << result.err;  // text.wav
    EXPECT_EQ(result.err, "");
    return result.json();
  }

  // What differs between a measurement and the memory of it.
  static nlohmann::json without_memory(nlohmann::json report) {
    for (const char* key : {"wall_s", "realtime_factor", "remembered"}) report.at("summary").erase(key);
    for (auto& file : report.at("files")) file.erase("remembered");
    return report;
  }
  static std::int64_t remembered(const nlohmann::json& report) {
    std::int64_t files = 0;
    for (const auto& file : report.at("files")) files += file.at("remembered").get<bool>();
    EXPECT_EQ(files, report.at("summary").at("remembered").get<std::int64_t>());
    return files;
  }
  static nlohmann::json entry(const nlohmann::json& report, const fs::path& path) {
    for (const auto& file : report.at("files")) {
      if (file.at("path") == path.string()) return file;
    }
    ADD_FAILURE() << path << " is not in the report";
    return {};
  }

  void in_store(const std::string& sql) const {
    sqlite3* store = nullptr;
    ASSERT_EQ(sqlite3_open(memory().c_str(), &store), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(store, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_close(store);
  }
  // The store takes every file for what now lies there.
  void trust_stamps() const {
    for (int i = 0; i < kFiles; ++i) {
      struct stat info {};
      ASSERT_EQ(::stat(file(i).c_str(), &info), 0);
      const auto ns = [](const timespec& t) { return std::to_string(t.tv_sec * 1'000'000'000 + t.tv_nsec); };
      in_store("UPDATE file SET size_bytes = " + std::to_string(info.st_size) + ", mtime_ns = " + ns(info.st_mtim) +
               ", ctime_ns = " + ns(info.st_ctim) + ", inode = " + std::to_string(info.st_ino) +
               " WHERE path = CAST('" + file(i).string() + "' AS BLOB)");
    }
  }
  // One sample of the file is another, and its times and size are as they were.
  void alter_secretly(int i) const {
    struct stat before {};
    ASSERT_EQ(::stat(file(i).c_str(), &before), 0);
    std::string bytes = slurp(file(i));
    std::fill(bytes.begin() + 60'000, bytes.begin() + 60'400, '\x7f');
    FILE* stream = std::fopen(file(i).c_str(), "r+b");
    std::fwrite(bytes.data(), 1, bytes.size(), stream);
    std::fclose(stream);
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, file(i).c_str(), times, 0), 0);
  }

  fs::path memory() const { return work_.state() / "audit.sqlite"; }

  Workspace work_;
};

TEST_F(AuditMemory, ASecondRunMeasuresNothingAndReportsTheSame) {
  const nlohmann::json first = report();
  EXPECT_EQ(remembered(first), 0);
  const nlohmann::json second = report();
  EXPECT_EQ(remembered(second), kFiles + 1);  // silence too; what could not be read may have been mended
  EXPECT_EQ(without_memory(second), without_memory(first));
  trust_stamps();
  const nlohmann::json third = report({"--jobs", "1"});
  EXPECT_EQ(remembered(third), kFiles + 1);
  EXPECT_EQ(without_memory(third), without_memory(first));
  EXPECT_EQ(without_memory(report({"--verify-payload"})), without_memory(first));
}

// The samples are known and their own MD5 is another: only a reading tells, and only `--checks all` asks.
TEST_F(AuditMemory, KnownSamplesDoNotVouchForAFlacFilesMd5) {
  const fs::path twin = file(3).parent_path() / "twin.flac";
  fs::copy_file(file(3), twin);
  const std::vector<std::string> all = {"--checks", "all"};
  EXPECT_EQ(entry(report(all), twin).at("state"), "MEASURED");
  std::string bytes = slurp(twin);
  bytes[26] = static_cast<char>(bytes[26] ^ 1);
  spill(twin, bytes);
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(entry(report(all), twin).at("state"), "UNREADABLE");
    EXPECT_EQ(entry(report(), twin).at("state"), "MEASURED");
    set_old(twin);
  }
}

TEST_F(AuditMemory, AFileWithTrustedTimesIsNotOpened) {
  report();
  trust_stamps();
  // Even a damaged payload goes unseen, as the contract says: times, size and inode tell.
  alter_secretly(0);
  trust_stamps();
  EXPECT_EQ(remembered(report()), kFiles + 1);
}

TEST_F(AuditMemory, VerifyPayloadFindsWhatTimesDoNotTell) {
  const nlohmann::json before = report();
  alter_secretly(0);
  trust_stamps();
  EXPECT_EQ(entry(report(), file(0)).at("payload_hash"), entry(before, file(0)).at("payload_hash"));
  const nlohmann::json after = report({"--verify-payload"});
  EXPECT_EQ(remembered(after), kFiles);
  EXPECT_NE(entry(after, file(0)).at("payload_hash"), entry(before, file(0)).at("payload_hash"));
  EXPECT_NE(entry(after, file(0)).at("sample_peak_dbfs"), entry(before, file(0)).at("sample_peak_dbfs"));
  EXPECT_EQ(without_memory(after), without_memory(report({"--no-cache"})));
  EXPECT_EQ(without_memory(report()), without_memory(after));
}

TEST_F(AuditMemory, ARestoredModificationTimeHidesNothing) {
  set_old(file(0));
  const nlohmann::json before = report();
  alter_secretly(0);
  const nlohmann::json after = report();
  EXPECT_NE(entry(after, file(0)).at("payload_hash"), entry(before, file(0)).at("payload_hash"));
  EXPECT_FALSE(entry(after, file(0)).at("remembered").get<bool>());
}

TEST_F(AuditMemory, NewTagsAreShownAndTheSamplesNotMeasuredAgain) {
  const nlohmann::json before = report();
  write(0, {{SF_STR_TITLE, "Another title"}});
  write(3, {{SF_STR_ARTIST, "Another artist"}});
  const nlohmann::json after = report();
  EXPECT_EQ(remembered(after), kFiles + 1);
  EXPECT_EQ(entry(after, file(0)).at("tags").at("title"), "Another title");
  EXPECT_EQ(entry(after, file(3)).at("tags").at("artist"), "Another artist");
  EXPECT_EQ(entry(after, file(0)).at("integrated_lufs"), entry(before, file(0)).at("integrated_lufs"));
  EXPECT_EQ(after.at("albums"), before.at("albums"));
}

TEST_F(AuditMemory, OtherProfilesAreJudgedOnWhatIsRemembered) {
  report();
  trust_stamps();
  const nlohmann::json after = report({"--profile", "spotify"});
  EXPECT_EQ(remembered(after), kFiles + 1);
  EXPECT_EQ(entry(after, file(0)).at("profiles").size(), 2u);
}

TEST_F(AuditMemory, OtherChecksAreMeasuredAnewAndBothAreKept) {
  report();
  EXPECT_EQ(remembered(report({"--checks", "all"})), 0);
  EXPECT_EQ(remembered(report({"--checks", "all"})), kFiles + 1);
  EXPECT_EQ(remembered(report()), kFiles + 1);
}

TEST_F(AuditMemory, NoCacheNeitherReadsNorWrites) {
  report({"--no-cache"});
  EXPECT_FALSE(fs::exists(memory()));
  report();
  const std::string before = slurp(memory());
  EXPECT_EQ(remembered(report({"--no-cache"})), 0);
  EXPECT_TRUE(slurp(memory()) == before);
}

TEST_F(AuditMemory, ADamagedMemoryIsSaidAndMovedAside) {
  const nlohmann::json first = report();
  spill(memory(), std::string(40'000, 'x'));
  const ProgramResult result = run_program(call());
  EXPECT_NE(result.err.find("the audit's memory was damaged"), std::string::npos) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_EQ(without_memory(result.json()), without_memory(first));
  EXPECT_TRUE(fs::exists(memory().string() + ".damaged"));
  EXPECT_EQ(remembered(report()), kFiles + 1);
}

TEST_F(AuditMemory, DamageInTheMiddleNeverReachesTheReport) {
  const nlohmann::json first = report();
  const std::string whole = slurp(memory());
  Random random = seeded(510);
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(round);
    std::string bytes = whole;
    for (int i = 0; i < 200; ++i)
      bytes[static_cast<std::size_t>(random.integer(100, std::ssize(bytes) - 1))] ^=
          static_cast<char>(random.integer(1, 255));
    for (const char* part : {"", "-wal", "-shm", ".damaged"}) fs::remove(memory().string() + part);
    spill(memory(), bytes);
    const ProgramResult result = run_program(call());
    EXPECT_EQ(result.exit_code, 8) << result.err;
    EXPECT_EQ(without_memory(result.json()), without_memory(first));
    EXPECT_LE(std::count(result.err.begin(), result.err.end(), '\n'), 2) << result.err;
  }
}

TEST_F(AuditMemory, AStateFolderThatCannotBeUsedStopsNoAudit) {
  spill(work_.root() / "a file", "x");
  const ProgramResult result = run_program(call({"--state-dir", (work_.root() / "a file/below").string()}));
  EXPECT_EQ(result.exit_code, 8);
  EXPECT_NE(result.err.find("going on without the audit's memory"), std::string::npos) << result.err;
  EXPECT_EQ(remembered(result.json()), 0);
}

TEST_F(AuditMemory, TwoAtOnceBothGetItRight) {
  const nlohmann::json alone = report({"--no-cache"});
  RunningProgram one(call()), two(call());
  const ProgramResult first = one.wait(), second = two.wait();
  EXPECT_EQ(first.err + second.err, "");
  EXPECT_EQ(without_memory(first.json()), without_memory(alone));
  EXPECT_EQ(without_memory(second.json()), without_memory(alone));
  EXPECT_EQ(remembered(report()), kFiles + 1);
}

TEST_F(AuditMemory, KilledAtAnyMomentTheSameCommandGoesOnAndReportsTheSame) {
  const int files = length(50, 120);
  for (int i = kFiles; i < files; ++i) {
    Random random(static_cast<std::uint64_t>(1000 + i));
    write_sound(work_.in() / ("more/" + std::to_string(i) + ".wav"), wandering(random, 44100, 2, 3, 0.4), kWav16);
  }
  const nlohmann::json undisturbed = report({"--no-cache"});
  Random random = seeded(511);
  const int rounds = length(4, 40);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(round);
    fs::remove_all(work_.state());
    RunningProgram program(call({"--out", (work_.root() / "report.json").string()}));
    while (!fs::exists(memory().string() + "-wal") && !program.ends_within(1)) continue;
    program.ends_within(static_cast<int>(random.uniform(0, 400)));
    program.send(SIGKILL);
    const bool was_killed = program.wait().signal == SIGKILL;
    // Killed behind the last line of the report, it may be there all the same.
    if (!was_killed) {
      EXPECT_TRUE(fs::exists(work_.root() / "report.json"));
    }
    fs::remove(work_.root() / "report.json");
    EXPECT_EQ(without_memory(report()), without_memory(undisturbed));
    EXPECT_EQ(without_memory(report()), without_memory(undisturbed));
  }
}

}  // namespace
}  // namespace lathe::test
