// From what a user asks for to a job: the one place where a scan becomes tasks, for local runs and for the farm.
#pragma once

#include <string>

#include "host/recipe/recipe.h"
#include "lathe/v1/job.pb.h"
#include "lathe/v1/task.pb.h"
#include "scheduler/store/job_records.h"
#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

// What a track takes on one core, from the bytes of its file alone. A core masters some 250 MB of PCM a second (24-bit
// stereo at 44.1 kHz a thousand times faster than it plays: docs/performance.md) and measures about twice as much; FLAC
// holds 1.6 times its bytes; opening, publishing and committing a file take about 20 ms. What
// restoration takes comes on top.
double predicted_cost_s(const ScannedTrack& track, v1::JobKind kind, double more_s_a_byte = 0);

// What the recipe's restoration stages take of that: seconds a byte of PCM.
double restoration_s_a_byte(const v1::Recipe& recipe);

v1::TaskSpec task_message(const ScannedTrack& track);

// Without checking it: see the service's task_spec_of for what comes from strangers.
TaskSpec task_record(const v1::TaskSpec& spec);

// A master job without its tasks; the recipe is kept once, in the header.
JobSpec master_job_spec(const v1::MasterSetting& setting, const EffectiveRecipe& recipe);

// The audio of a track that was mastered or found unchanged, from its result.
double audio_seconds(const std::string& result_json);

// The store's text for what a task is beside its columns, and back into the message.
std::string payload_of(const v1::TaskSpec& spec);
void take_payload(const std::string& payload_json, v1::TaskSpec& spec);

// A message as JSON on one line, and back (throws std::invalid_argument).
std::string to_json(const google::protobuf::Message& message);
void from_json(const std::string& json, google::protobuf::Message& message);

}  // namespace lathe::scheduler
