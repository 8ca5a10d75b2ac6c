// One task of a master job from lease to finished files: known already, or mastered anew.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "host/audio_file/staged_file.h"
#include "host/mastering/track_master.h"
#include "host/report/track_json.h"
#include "lathe/v1/worker.pb.h"
#include "scheduler/store/job_records.h"
#include "scheduler/worker/backend_choice.h"
#include "scheduler/worker/elapsed.h"
#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/task_plan.h"

namespace lathe::scheduler {

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

// A task that ended well, its files not yet under their final names.
struct FinishedTask {
  bool is_unchanged = false;
  std::string result_json;
  std::string cache_key;
  std::string content_hash;
  FileIdentity input;
  // Of a task of several tracks, all but the first: each file's own hash.
  std::vector<std::pair<FileIdentity, std::string>> more_inputs;
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

// A task of several tracks failed for one of them: what() names it, and says why the others go with it.
class GroupFailed : public std::runtime_error {
 public:
  explicit GroupFailed(TaskFailure failure) : std::runtime_error(failure.message), failure_(std::move(failure)) {}
  const TaskFailure& failure() const { return failure_; }

 private:
  TaskFailure failure_;
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
  // Several tracks that are mastered together, or one whose gain has a scope: see album_task.cpp.
  FinishedTask run_group(const MasterJob& job, const v1::TaskSpec& task, const TaskListener& listener,
                         const std::atomic<bool>& is_cancelled);
  MasteredAlbum master_group(const MasterJob& job, const v1::TaskSpec& task, const std::vector<TrackTask>& tracks,
                             const TaskListener& listener, const std::atomic<bool>& is_cancelled);
  // Masters what is planned, in the room that it needs. Of a mix, `hashes` are its stems' contents.
  struct Mastered {
    FinishedTask task;
    std::vector<std::string> hashes;
  };
  Mastered master_planned(const MasterJob& job, TrackTask& track, const MemoryNeed& need, const Elapsed& watch,
                          const TaskListener& listener, const std::atomic<bool>& is_cancelled);
  // A mix of stems: see stem_task.cpp.
  FinishedTask run_mix(const MasterJob& job, const v1::TaskSpec& task, const TaskListener& listener,
                       const std::atomic<bool>& is_cancelled);
  std::optional<FinishedTask> find_unchanged_mix(const TrackTask& mix);
  std::optional<FinishedTask> find_unchanged(const TrackTask& track);
  // The result kept under done's key, where its outputs lie there still.
  bool take_known(const TrackTask& track, FinishedTask& done);
  std::optional<FinishedTask> find_unchanged_group(const v1::TaskSpec& task, std::vector<TrackTask>& tracks);

  // What a piece of work holds of the budgets while it lasts.
  struct Room {
    MemoryBudget::Share share;
    std::optional<MemoryBudget::Share> device;
    std::filesystem::path spool_dir;  // empty: it stays in memory
    bool is_large = false;            // so that what is kept from track to track would add up past the budget
  };
  Room take_room(const MasterJob& job, const MemoryNeed& need, const TaskListener& listener);

  MemoryBudget& memory_;
  MemoryBudget& device_memory_;
  TaskPlanner planner_;
  TrackMaster master_;
};

// A track's report as the task's result has it, with what made it.
nlohmann::ordered_json result_json(const TrackReport& report, const BackendChoice& backend);

// For the attempt's log; `say` is there.
void say_how_it_went(const TrackReport& report, double wall_s, const std::function<void(const std::string&)>& say);

// Lets go of what a master keeps from track to track, however the work ends.
class MemoryRelease {
 public:
  explicit MemoryRelease(TrackMaster* master) : master_(master) {}
  ~MemoryRelease() {
    if (master_ != nullptr) master_->release_memory();
  }
  MemoryRelease(const MemoryRelease&) = delete;
  MemoryRelease& operator=(const MemoryRelease&) = delete;

 private:
  TrackMaster* master_;
};

// Size, times and place of a file; all 0 if there is none.
FileIdentity identity_of(const std::filesystem::path& path);
v1::FileIdentity identity_message(const FileIdentity& id);

// "lathe 0.1.0", as reports and cache keys name it.
std::string engine_name();

}  // namespace lathe::scheduler
