// One track of a task as it is about to be mastered, and what Lathe remembers of it.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <set>
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
  std::string bits;           // see bit_class()
  std::string recipe_sha256;  // of the track's own, with what overrides set for it and none of them in it
  std::string own_recipe;     // that as canonical JSON, where they set anything for it
  std::string shown_sha256;   // of it then, else of the job's
  std::string named_files;    // hashes of the files that the recipe names
  std::string tags;
  std::vector<bool> was_free;  // of the outputs' names, looked at before asking: what lies there by then was announced
  v1::RecallResponse known;    // of the input and of what lies under the outputs' names
  // Of a mix, whose `identity` and `known` are of its first stem: the others, in order, and the mixdown behind them.
  std::vector<FileIdentity> others;
  std::vector<AudioFormat> stem_formats;
  std::vector<std::string> notes;                    // for its report
  bool leads_side = true;                            // the file of its side is among its outputs, if there is one
  std::set<std::filesystem::path> side_inputs = {};  // with its own: what is in that file

  // Whether the output is in the track's report, and not in that of the track that leads its side.
  bool reports(const OutputSpec& output) const { return leads_side || !output.per_side; }

  // Of the track's samples and all that shows in its outputs.
  std::string cache_key(const std::string& content_hash) const;
};

// One a thread that masters.
class TaskPlanner {
 public:
  explicit TaskPlanner(Recall recall) : recall_(std::move(recall)) {}

  // Opens the track. Throws AudioFileError, NameNotUtf8, OutputTaken, PathOutside, SchedulerAway,
  // std::invalid_argument.
  TrackTask plan(const MasterJob& job, const v1::TaskSpec::Member& track);

  // The same for a mix: opens its stems.
  TrackTask plan_mix(const MasterJob& job, const v1::TaskSpec& mix);

  // Hash of the samples that the file held, if it looks as it did; empty: not known.
  std::string known_hash(const FileIdentity& file);

  // The result kept under the key; empty: none.
  std::string result_of(const std::string& cache_key);

 private:
  // All that the recipe decides, for a track called `input` with the tags of task.source. `stems` are the files of a
  // mix.
  v1::Recipe take_recipe(const MasterJob& job, const std::filesystem::path& input,
                         const std::filesystem::path& relative, TrackTask& task,
                         const std::vector<StemFile>& stems = {});
  // What lies under the outputs' names already.
  void look_at_outputs(const MasterJob& job, TrackTask& task);

  const Recall recall_;
  NamedFiles named_files_;
};

double seconds_of(const AudioFormat& format);

// Large pictures, as they are read, written and read again. Those that tracks share are held once, and one track's are
// written at a time.
std::int64_t metadata_bytes(const std::vector<const TrackTask*>& tracks);

// Of the samples: remembered, or read, which leaves the reader where it was.
std::string content_hash(const TrackTask& track);
std::string content_hash(AudioReader& reader, const FilePart& part = {});

// What a mix is made of: its stems' names, by which they have their roles, their formats, and the hash of each.
std::string mix_hash(const TrackTask& mix, const std::vector<std::string>& hashes);

// What is true of the task now, whenever its result was made: describe_source(), and `recipe_sha256`, with `recipe`
// where that is not the job's.
void describe_task(const TrackTask& track, nlohmann::ordered_json& result);

// Whether every output of the result lies where it was put, as it was put there.
bool is_still_there(const nlohmann::json& result, const TrackTask& track);

Replace replace_policy(const MasterJob& job, const TrackTask& track, const OutputSpec& output);

// Throws InputChanged if the file that is read was written to since it was planned.
void check_unchanged(const TrackTask& track);

}  // namespace lathe::scheduler
