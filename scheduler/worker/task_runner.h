// One task of a master job from lease to finished files: known already, or mastered anew.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/audio_file/staged_file.h"
#include "host/mastering/track_master.h"
#include "host/recipe/recipe.h"
#include "lathe/v1/worker.pb.h"
#include "scheduler/store/job_records.h"
#include "scheduler/worker/backend_choice.h"
#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/named_files.h"

namespace lathe::scheduler {

// What holds for every track of a job.
struct MasterJob {
  std::filesystem::path out_dir;  // absolute
  std::filesystem::path spool_dir;
  const RecipeSource* recipe = nullptr;
  BackendChoice backend;
  bool use_cache = true;
  bool overwrite = false;  // foreign files may be replaced
  bool pcm_md5 = false;
  int jobs = 1;                    // tracks at once that share the memory
  std::string note;                // for every track's report; empty: none
  std::vector<std::string> roots;  // where outputs may lie, whatever links lead to; none: anywhere
};

// The scheduler could not be asked: through no fault of the track.
class SchedulerAway : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The scheduler would not take the result, however often it is sent.
class ResultTooLarge : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The input was written to while it was read: what was read may be of two files.
class InputChanged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws ResultTooLarge for what does not fit into one of the scheduler's messages.
void check_fits_a_message(const v1::CommitResultRequest& result);

// Where what Lathe remembers is kept: see WorkerService.Recall. Throws SchedulerAway.
using Recall = std::function<v1::RecallResponse(const v1::RecallRequest&)>;

// A task that ended well, its files not yet under their final names.
struct FinishedTask {
  bool is_unchanged = false;
  std::string result_json;
  std::string cache_key;
  std::string content_hash;
  FileIdentity input;
  std::vector<StagedFile> files;
  std::vector<OutputRecord> outputs;  // of `files`, in order; their times change no more
  std::vector<Replace> replace;       // of `files`, in order
  std::vector<bool> was_free;         // of `files`, in order: nothing lay under the name when the track was begun
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

// Who hears of an attempt while it is under way.
struct TaskListener {
  std::string worker;                                // "studio-3 on node7"; for the log
  MasteringProgress progress;                        // may be empty
  std::function<void(const std::string& line)> say;  // for the attempt's log; empty: nobody keeps one
};

// Which of the outputs need not be given their names, for the very same file lies there already. Throws OutputTaken and
// OutputAppeared where something else lies there.
std::vector<bool> outputs_that_stay(const FinishedTask& task);

// One a thread that masters.
class TaskRunner {
 public:
  TaskRunner(EqDesigns& designs, MemoryBudget& memory, MemoryBudget& device_memory, Recall recall);

  // Throws what mastering throws; see failure_of.
  FinishedTask run(const MasterJob& job, const v1::TaskSpec& task, const TaskListener& listener,
                   const std::atomic<bool>& is_cancelled);

 private:
  struct Plan;
  Plan plan(const MasterJob& job, const v1::TaskSpec& task);
  std::optional<FinishedTask> find_unchanged(const Plan& plan);
  bool is_still_there(const std::string& result_json, const Plan& plan);
  Replace replace_policy(const MasterJob& job, const Plan& plan, const std::filesystem::path& path);

  MemoryBudget& memory_;
  MemoryBudget& device_memory_;
  const Recall recall_;
  TrackMaster master_;
  NamedFiles named_files_;
};

// Size, times and place of a file; all 0 if there is none.
FileIdentity identity_of(const std::filesystem::path& path);
v1::FileIdentity identity_message(const FileIdentity& id);

// "lathe 0.1.0", as reports and cache keys name it.
std::string engine_name();

}  // namespace lathe::scheduler
