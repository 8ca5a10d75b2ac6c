// The farm's messages as JSON: docs/farm-client.md lists the keys. Bytes that are not UTF-8 are shown as U+FFFD.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "lathe/v1/fleet.pb.h"
#include "lathe/v1/job.pb.h"
#include "lathe/v1/task.pb.h"

namespace lathe::cli {

// "RUNNING", "MASTER", "DONE", …: the value's name without its enum's.
std::string word(v1::JobState state);
std::string word(v1::JobKind kind);
std::string word(v1::TaskState state);
std::string word(v1::WorkerState state);
std::string word(v1::FailureClass failure_class);
std::string word(v1::AttemptOutcome outcome);

// 0 to 1, of the predicted cost; by tracks where no cost was predicted.
double share_done(const v1::Job& job);
// Tracks that have ended, however.
std::int64_t ended_count(const v1::TaskCounts& counts);

nlohmann::ordered_json job_json(const v1::Job& job);
nlohmann::ordered_json task_json(const v1::Task& task);
nlohmann::ordered_json attempt_json(const v1::Attempt& attempt);
nlohmann::ordered_json worker_json(const v1::Worker& worker);
nlohmann::ordered_json watch_json(const v1::WatchJobResponse& message);

// The members of `body` after the schema's name.
nlohmann::ordered_json document(std::string_view schema, const nlohmann::ordered_json& body);

// As one document on stdout; `indent` -1: on a line of its own. False when stdout is gone.
bool print_json(const nlohmann::ordered_json& doc, int indent = 2);

}  // namespace lathe::cli
