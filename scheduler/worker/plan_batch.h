// `lathe master --dry-run`: what a recipe would make of a batch's tracks, measured by several threads; nothing is
// written.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/mastering/track_master.h"
#include "host/recipe/recipe.h"
#include "scheduler/worker/backend_choice.h"
#include "scheduler/worker/local_batch.h"
#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/scan.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {

// One track, or why it would fail.
struct TrackPlan {
  std::filesystem::path input;
  std::string part;             // part_name()
  bool is_with_others = false;  // it fails with tracks of other files: which is at fault, only the failure says
  std::optional<PlannedTrack> planned;
  TaskFailure failure;
  double audio_s = 0;      // as far as the header could be read
  double planned_s = 0;    // what planning took, of one thread
  double mastering_s = 0;  // what mastering would take, estimated from that; 0 without measuring
};

struct PlanBatch {
  std::filesystem::path out_dir;  // absolute
  const RecipeSource* recipe = nullptr;
  BackendChoice backend;
  bool only_headers = false;  // no sample is read: outputs and their sizes alone
  int jobs = 1;
  std::int64_t memory_bytes = 0;
  // Where tracks that do not fit wait, in files without a name.
  std::filesystem::path spool_dir = std::filesystem::temp_directory_path();

  // Called from the thread that runs the batch, a few times a second.
  std::function<void(const BatchProgress&)> on_progress;
  // Set from a signal handler: what is in work is let go.
  const std::atomic<bool>* is_interrupted = nullptr;

  // In the order of the scan; fewer when it was interrupted: those that are done.
  std::vector<TrackPlan> run(const std::vector<ScannedTrack>& tracks);
};

}  // namespace lathe::scheduler
