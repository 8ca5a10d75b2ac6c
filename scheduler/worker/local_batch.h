// `lathe master` on one machine: an embedded scheduler on SQLite and a worker with its executors, the farm in small.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/mastering/track_report.h"
#include "host/recipe/recipe.h"
#include "scheduler/store/job_store.h"
#include "scheduler/worker/backend_choice.h"
#include "scheduler/worker/master_tasks.h"
#include "scheduler/worker/scan.h"
#include "scheduler/worker/state_folder.h"

namespace lathe::scheduler {

struct BatchProgress {
  std::int64_t tracks = 0, finished = 0, failed = 0;
  double share = 0;    // of the whole batch's predicted cost, 0 to 1
  double audio_s = 0;  // mastered or found unchanged so far
};

struct BatchResult {
  std::vector<TrackOutcome> tracks;  // those that ended: DONE, UNCHANGED, FAILED, QUARANTINED; in the order of the scan
  std::vector<std::string> albums;   // JSON: what tracks that were mastered together are as one; see album_of()
  std::vector<std::string> warnings;
  std::int64_t left = 0;  // tracks that did not, for the run was interrupted or its job cancelled
  BusySeconds busy;
  double audio_s = 0;
  double wall_s = 0;
  bool was_interrupted = false;
  std::string store_failure;  // why the run ended early: the store could not be used; empty if it did not
  std::string gpu_failure;    // how the GPU was lost; the rest was done on the CPU, or is left; empty if it was not
  bool was_resumed = false;
};

// LATHE_EXECUTABLE, else this very program.
std::string own_executable();

struct LocalBatch {
  std::filesystem::path out_dir;  // absolute
  const RecipeSource* recipe = nullptr;
  BackendChoice backend;
  bool use_cache = true;
  bool overwrite = false;  // foreign files may be replaced
  bool pcm_md5 = false;
  int jobs = 1;
  std::int64_t memory_bytes = 0;
  std::filesystem::path state_dir;
  // Of out_dir, where the caller holds it already because more is written there after the run; null: the run takes it.
  const OutputLock* lock = nullptr;
  std::string executable = own_executable();  // that has the verb `executor`

  // Called from the thread that runs the batch, a few times a second.
  std::function<void(const BatchProgress&)> on_progress;
  // Likewise, as each track ends.
  std::function<void(const TrackOutcome&)> on_track;
  // Set from a signal handler: what is being worked on is given back, what is done stays done.
  const std::atomic<bool>* is_interrupted = nullptr;

  // Runs to the end. Throws StoreError, and std::runtime_error when another run holds the output folder.
  BatchResult run(const std::vector<ScannedTrack>& tracks);
};

}  // namespace lathe::scheduler
