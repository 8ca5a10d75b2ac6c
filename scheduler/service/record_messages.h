// Between the store's records and the wire's messages.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "lathe/v1/catalog.pb.h"
#include "lathe/v1/fleet.pb.h"
#include "lathe/v1/job.pb.h"
#include "lathe/v1/task.pb.h"
#include "lathe/v1/worker.pb.h"
#include "scheduler/store/job_records.h"

namespace lathe::scheduler {

v1::TaskState to_message(TaskState state);
v1::JobState to_message(JobState state);
v1::WorkerState to_message(WorkerState state);
v1::FailureClass to_message(FailureClass failure_class);
// Throw std::invalid_argument for a number that is none.
TaskState task_state_of(v1::TaskState state);
JobState job_state_of(v1::JobState state);
FailureClass failure_class_of(v1::FailureClass failure_class);

// Throws std::invalid_argument: "task 17: its path is not absolute".
TaskSpec task_spec_of(const v1::TaskSpec& spec, bool is_master, std::int64_t position);
v1::TaskSpec to_message(const TaskRecord& task);

// The track that the task made the output of: of a task of several, what its result says; the first, while there is
// none.
std::string input_of(const TaskRecord& task, const std::string& output_path);
v1::TaskSpec spec_message(const std::string& input, const std::string& album, double predicted_cost,
                          const std::string& payload_json, std::int64_t plan_rank, std::int64_t memory_bytes);

void fill(v1::Task& message, const TaskRecord& task, bool with_result);
void fill(v1::Attempt& message, const AttemptRecord& attempt);
void fill(v1::TaskCounts& message, const TaskCounts& counts);
void fill(v1::Worker& message, const WorkerRecord& worker);

// The job as it was asked for. `with_recipe`: people need not get the whole text with every look.
v1::JobSpec job_spec_message(const JobHeader& header, bool with_recipe);

WorkerSpec worker_spec_of(const v1::WorkerSpec& spec);
OutputRecord output_of(const v1::OutputFile& file);
FileIdentity identity_of_message(const v1::FileIdentity& file);

// Each once, in order: stores keep a statement for every list that differs.
template <class State>
void keep_once(std::vector<State>& states) {
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
}

// Seconds of work, as predicted: from 0 to a thousand years, which a time can hold.
constexpr double kGreatestCostS = 31.6e9;
bool is_cost(double seconds);

// "/music/a/../b" and "music" are refused: absolute, without "." and ".." parts, no NUL.
bool is_plain_absolute(const std::string& path);
// Below some folder, without "." and ".." parts.
bool is_plain_relative(const std::string& path);
// True if `path` is a root or below one; with no roots, always.
bool lies_below(const std::string& path, const std::vector<std::string>& roots);

// An opaque page token and back; throws std::invalid_argument for one that was not given out by page_token().
std::string page_token(std::int64_t position);
std::int64_t page_position(const std::string& token, std::int64_t at_start);
// 0: `usual`; more than 1,000: 1,000. Throws std::invalid_argument below 0.
int page_size(int asked, int usual);

}  // namespace lathe::scheduler
