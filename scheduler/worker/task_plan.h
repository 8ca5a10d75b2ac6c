// One track of a task as it is about to be mastered, and what Lathe remembers of it.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/audio_file/staged_file.h"
#include "host/mastering/track_master.h"
#include "host/recipe/recipe.h"
#include "lathe/v1/task.pb.h"
#include "lathe/v1/worker.pb.h"
#include "scheduler/store/job_records.h"
#include "scheduler/worker/backend_choice.h"
#include "scheduler/worker/named_files.h"
#include "scheduler/worker/track_source.h"

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

// Where what Lathe remembers is kept: see WorkerService.Recall. Throws SchedulerAway.
using Recall = std::function<v1::RecallResponse(const v1::RecallRequest&)>;

struct TrackTask {
  FileIdentity identity;  // its path is source_path()
  TrackSource source;
  AudioFormat format;  // the source's
  TrackJob job;
  std::string bits;  // see bit_class()
  std::string recipe_json;
  std::string named_files;  // hashes of the files that the recipe names
  std::string tags;
  std::vector<bool> was_free;  // of the outputs' names, looked at before asking: what lies there by then was announced
  v1::RecallResponse known;    // of the input and of what lies under the outputs' names

  // Of the track's samples and all that shows in its outputs.
  std::string cache_key(const std::string& content_hash) const;
};

// One a thread that masters.
class TaskPlanner {
 public:
  explicit TaskPlanner(Recall recall) : recall_(std::move(recall)) {}

  // Opens the track. Throws AudioFileError, OutputTaken, PathOutside, SchedulerAway, std::invalid_argument.
  TrackTask plan(const MasterJob& job, const v1::TaskSpec::Member& track);

  // The result kept under the key; empty: none.
  std::string result_of(const std::string& cache_key);

 private:
  const Recall recall_;
  NamedFiles named_files_;
};

// Of the samples: remembered, or read, which leaves the reader where it was.
std::string content_hash(const TrackTask& track);

// Whether every output of the result lies where it was put, as it was put there.
bool is_still_there(const nlohmann::json& result, const TrackTask& track);

Replace replace_policy(const MasterJob& job, const TrackTask& track, const std::filesystem::path& path);

// Throws InputChanged if the file that is read was written to since it was planned.
void check_unchanged(const TrackTask& track);

}  // namespace lathe::scheduler
