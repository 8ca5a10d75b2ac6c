// One task of a master job from lease to finished files: known already, or mastered anew.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/audio_file/staged_file.h"
#include "host/mastering/track_master.h"
#include "host/recipe/recipe.h"
#include "scheduler/store/job_store.h"
#include "scheduler/worker/backend_choice.h"
#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/output_names.h"

namespace lathe::scheduler {

// What holds for every task of the batch.
struct BatchSetting {
  std::filesystem::path out_dir;  // absolute
  std::filesystem::path spool_dir;
  const RecipeSource* recipe = nullptr;
  BackendChoice backend;
  bool use_cache = true;
  bool overwrite = false;  // foreign files may be replaced
  bool pcm_md5 = false;
  int jobs = 1;                                              // workers that share the memory
  std::map<std::filesystem::path, std::string> clashes;      // see name_clashes()
  std::set<std::pair<std::uint64_t, std::uint64_t>> inputs;  // device and inode of every input: no master lands on one
};

// A task that ended well, its files not yet under their final names.
struct FinishedTask {
  bool is_unchanged = false;
  std::string result_json;
  std::string cache_key;
  std::string content_hash;
  FileIdentity input;
  std::vector<StagedFile> files;
  std::vector<OutputRecord> outputs;  // of `files`, in order
  std::vector<Replace> replace;       // of `files`, in order
  double audio_s = 0;
  BusySeconds busy;
};

// A task that ended badly.
struct TaskFailure {
  FailureClass failure_class = FailureClass::kTask;
  std::string code;     // stable, for programs: "NOT_AUDIO"
  std::string message;  // for people
};

// Maps what was thrown to how the queue is to treat it.
TaskFailure failure_of(const std::exception& error);

// One a worker thread.
class TaskRunner {
 public:
  // Where the setting asks for a GPU and `gpu_is_lost`, it computes on the CPU and notes it.
  TaskRunner(const BatchSetting& setting, JobStore& store, EqDesigns& designs, MemoryBudget& memory,
             MemoryBudget& device_memory, const std::atomic<bool>& gpu_is_lost);

  // Throws what mastering throws; see failure_of.
  FinishedTask run(const Lease& lease, const std::function<void(double)>& progress,
                   const std::atomic<bool>& is_cancelled);

 private:
  struct Plan;
  Plan plan(const Lease& lease);
  std::optional<FinishedTask> find_unchanged(const Plan& plan);
  bool is_still_there(const std::string& result_json, const Plan& plan);
  Replace replace_policy(const Lease& lease, const std::filesystem::path& path);

  const BatchSetting& setting_;
  JobStore& store_;
  MemoryBudget& memory_;
  MemoryBudget& device_memory_;
  const std::atomic<bool>& gpu_is_lost_;
  TrackMaster master_;
};

// Size, times and place of a file; all 0 if there is none.
FileIdentity identity_of(const std::filesystem::path& path);

// "lathe 0.1.0", as reports and cache keys name it.
std::string engine_name();

}  // namespace lathe::scheduler
