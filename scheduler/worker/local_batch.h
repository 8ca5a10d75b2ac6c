// `lathe master` on one machine: an embedded scheduler on SQLite and worker threads, the farm in small.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scheduler/store/job_store.h"
#include "scheduler/worker/scan.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {

// How one track ended.
struct TrackOutcome {
  TaskState state = TaskState::kPending;
  std::filesystem::path input;
  std::string reason_code;
  std::string reason;       // for people; empty when all is well
  std::string result_json;  // for DONE and UNCHANGED
};

struct BatchProgress {
  std::int64_t tracks = 0, finished = 0, failed = 0;
  double share = 0;    // of the whole batch's predicted cost, 0 to 1
  double audio_s = 0;  // mastered or found unchanged so far
};

struct BatchResult {
  std::vector<TrackOutcome> tracks;  // those that ended: DONE, UNCHANGED, FAILED, QUARANTINED; in the order of the scan
  std::int64_t left = 0;             // tracks that did not, for the run was interrupted or its job cancelled
  BusySeconds busy;
  double audio_s = 0;
  double wall_s = 0;
  bool was_interrupted = false;
  std::string store_failure;  // why the run ended early: the store could not be used; empty if it did not
  std::string gpu_failure;    // how the GPU was lost; the rest was done on the CPU, or is left; empty if it was not
  bool was_resumed = false;
};

struct LocalBatch {
  BatchSetting setting;
  int jobs = 1;
  std::int64_t memory_bytes = 0;
  std::filesystem::path state_dir;

  // Called from the thread that runs the batch, a few times a second.
  std::function<void(const BatchProgress&)> on_progress;
  // Called as each track ends, one call at a time.
  std::function<void(const TrackOutcome&)> on_track;
  // Set from a signal handler: what is being worked on is given back, what is done stays done.
  const std::atomic<bool>* is_interrupted = nullptr;

  // Runs to the end. Throws StoreError, and std::runtime_error when another run holds the output folder.
  BatchResult run(const std::vector<ScannedTrack>& tracks);
};

}  // namespace lathe::scheduler
