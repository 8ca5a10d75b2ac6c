// A batch whose tasks are taken from it while it runs: it ends, and counts only what it did.
#include "scheduler/worker/local_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "scheduler/store/open_job_store.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

constexpr int kTracks = 60, kFrames = 16000;

// One second of a square wave: 16 kHz, mono, 16 bits.
void write_wav(const fs::path& path, int period) {
  std::string bytes(44 + 2 * kFrames, '\0');
  const auto put = [&bytes](std::size_t at, auto value) { std::memcpy(bytes.data() + at, &value, sizeof value); };
  bytes.replace(0, 4, "RIFF").replace(8, 8, "WAVEfmt ").replace(36, 4, "data");
  put(4, std::uint32_t{36 + 2 * kFrames});
  put(16, std::uint32_t{16});
  put(20, std::uint16_t{1});
  put(22, std::uint16_t{1});
  put(24, std::uint32_t{16000});
  put(28, std::uint32_t{32000});
  put(32, std::uint16_t{2});
  put(34, std::uint16_t{16});
  put(40, std::uint32_t{2 * kFrames});
  for (std::size_t n = 0; n < kFrames; ++n) {
    const bool is_high = n % static_cast<std::size_t>(period) < static_cast<std::size_t>(period) / 2;
    put(44 + 2 * n, std::int16_t{is_high ? std::int16_t{2000} : std::int16_t{-2000}});
  }
  std::ofstream(path, std::ios::binary) << bytes;
}

class LocalBatchTest : public ::testing::Test {
 protected:
  LocalBatchTest() : recipe_(RecipeSource::load("streaming", {})) {
    fs::create_directories(root() / "in");
    for (int i = 0; i < kTracks; ++i) write_wav(root() / "in" / (std::to_string(i) + ".wav"), 20 + i);
    batch_.out_dir = root() / "out";
    batch_.state_dir = root() / "state";
    batch_.recipe = &recipe_;
    batch_.executable = LATHE_PROGRAM;
    batch_.memory_bytes = 1 << 30;
    batch_.is_interrupted = &gave_up_;
    // A batch that does not end by itself is ended, and the test fails.
    batch_.on_progress = [this, started = std::chrono::steady_clock::now()](const BatchProgress&) {
      gave_up_ = gave_up_ || std::chrono::steady_clock::now() - started > std::chrono::seconds(20);
    };
    fs::create_directories(batch_.state_dir);
  }

  fs::path root() const { return folder_.path(); }

  // What somebody else does to the store of the running batch, when the first of its tracks has ended.
  BatchResult run_and_disturb(const std::function<void(JobStore&, JobId)>& disturb) {
    batch_.on_track = [this, &disturb, is_first = true](const TrackOutcome&) mutable {
      if (!std::exchange(is_first, false)) return;
      SystemClock clock;
      RetryPolicy at_once;
      at_once.infra_backoff = {1, 1};
      const auto other = open_sqlite_store((batch_.state_dir / "jobs.sqlite").string(), clock, at_once);
      disturb(*other, other->jobs({}, INT64_MAX, 1).at(0).id);
    };
    BatchResult result = batch_.run(scan_inputs({root() / "in"}, batch_.out_dir).tracks);
    EXPECT_FALSE(result.was_interrupted) << "the batch did not end";
    EXPECT_EQ(result.store_failure, "");
    return result;
  }

  static int count(const BatchResult& result, TaskState state) {
    return static_cast<int>(
        std::count_if(result.tracks.begin(), result.tracks.end(), [=](const auto& t) { return t.state == state; }));
  }

  TemporaryFolder folder_;
  RecipeSource recipe_;
  std::atomic<bool> gave_up_{false};
  LocalBatch batch_;
};

TEST_F(LocalBatchTest, ABatchThatIsCancelledFromOutsideEndsAndCountsOnlyWhatIsDone) {
  const BatchResult result = run_and_disturb([](JobStore& store, JobId job) { store.cancel(job); });
  const int done = count(result, TaskState::kDone);
  EXPECT_GE(done, 1);
  EXPECT_EQ(static_cast<std::size_t>(done), result.tracks.size());
  EXPECT_GT(result.left, 0);
  EXPECT_EQ(done + result.left, kTracks);
  EXPECT_DOUBLE_EQ(result.audio_s, done);
}

TEST_F(LocalBatchTest, ATrackTakenFromTheBatchIsDoneAgainAndCountedOnce) {
  const BatchResult result = run_and_disturb([](JobStore& store, JobId job) {
    // The worker is about to claim the next track, if it has not yet.
    const auto started = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - started < std::chrono::seconds(10)) {
      for (const std::string& worker : store.lease_holders(job)) {
        if (!store.rescue_worker(worker, half).empty()) return;
      }
    }
    ADD_FAILURE() << "no track was in work";
  });
  EXPECT_EQ(count(result, TaskState::kDone), kTracks);
  EXPECT_DOUBLE_EQ(result.audio_s, kTracks);
}

// Whose runs into other folders use the same state folder.
class RunsAtOnce : public LocalBatchTest {
 protected:
  RunsAtOnce() { store_->register_worker({"local:1:other", "local", "cpu/fma", "1", 1, 1, "{}"}); }
  WorkerState other_worker() { return store_->worker("local:1:other")->state; }

  SystemClock clock_;
  std::unique_ptr<JobStore> store_ =
      open_sqlite_store((batch_.state_dir / "jobs.sqlite").string(), clock_, RetryPolicy());
};

TEST_F(RunsAtOnce, AnotherRunKeepsItsWorker) {
  EXPECT_EQ(count(batch_.run(scan_inputs({root() / "in"}, batch_.out_dir).tracks), TaskState::kDone), kTracks);
  EXPECT_EQ(other_worker(), WorkerState::kActive);
}

TEST_F(RunsAtOnce, ARunWhoseTracksAllFailEndsThoughAnotherOneWorksWell) {
  ::setenv("LATHE_FAILPOINTS", "executor.start=throw", 1);
  const BatchResult result = batch_.run(scan_inputs({root() / "in"}, batch_.out_dir).tracks);
  ::unsetenv("LATHE_FAILPOINTS");
  EXPECT_FALSE(result.was_interrupted) << "the batch did not end";
  EXPECT_EQ(count(result, TaskState::kFailed), kTracks);
  EXPECT_EQ(other_worker(), WorkerState::kActive);
}

}  // namespace
}  // namespace lathe::scheduler
