// What is asked of the farm in a simulation.
#pragma once

#include <string>
#include <vector>

#include "scheduler/store/job_records.h"

namespace lathe::scheduler::simulation {

// What a track does to whoever works on it; it stands in the task's payload.
enum class TrackKind {
  kGood,
  kFlaky,   // fails now and then
  kBroken,  // can never be decoded
  kPoison,  // kills its executor each time
};

inline std::string to_payload(TrackKind kind) {
  static constexpr const char* kNames[] = {"good", "flaky", "broken", "poison"};
  return kNames[static_cast<int>(kind)];
}
inline TrackKind kind_of_payload(const std::string& payload) {
  if (payload == "good") return TrackKind::kGood;
  if (payload == "flaky") return TrackKind::kFlaky;
  return payload == "broken" ? TrackKind::kBroken : TrackKind::kPoison;
}

struct JobPlan {
  JobHeader header;
  std::vector<TaskSpec> tasks;
  std::int64_t begin_ms = 0;
  int piece = 100;          // tasks sent at once
  int at_once = 1;          // the same request so often in parallel
  int next_on_cancel = -1;  // the job into the same folder that is sent once this one was cancelled; -1: none
};

// A master is made of nothing but these, so every attempt of a task makes the same.
inline std::string output_path(const std::string& out_dir, const std::string& input) { return out_dir + "/" + input; }
inline std::string content_of(const std::string& recipe_sha256, const std::string& input) {
  return recipe_sha256 + " of " + input;
}

// As in scheduler/worker/task_runner.cpp: what was made, and where.
inline std::string cache_key_of(const JobHeader& header, const std::string& input) {
  return content_of(header.recipe_sha256, input) + " in " + output_path(header.out_dir, input);
}

}  // namespace lathe::scheduler::simulation
