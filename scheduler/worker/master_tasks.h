// Tasks of a master job: a track each, or several that are mastered together; and their ends, by track again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "lathe/v1/task.pb.h"
#include "scheduler/core/task_state.h"
#include "scheduler/worker/album_groups.h"

namespace lathe::scheduler {

// One a group, in their order. Without a plan.
std::vector<v1::TaskSpec> master_tasks(const std::vector<ScannedTrack>& tracks, const Grouping& grouping,
                                       double more_s_a_byte = 0);

// Its tracks; of a task that holds one, that one; of a mix, its stems.
std::vector<v1::TaskSpec::Member> members_of(const v1::TaskSpec& task);

// All files that it reads, but for those that its recipe names.
std::vector<std::string> inputs_of(const v1::TaskSpec& task);

// A mix is one.
std::int64_t track_count(const v1::TaskSpec& task);

// Asks the system for the files of its first tracks: the others are far off, and the memory may be needed until then.
void read_ahead(const v1::TaskSpec& task);

// "/in/disc/01.wav", or "/in/disc/01.wav and 11 more tracks"
std::string task_text(const v1::TaskSpec& task);

// What a track is called that is a part of its file, as a cue sheet cuts it: "02 Song"; empty where it is the whole.
std::string part_name(const v1::TaskSpec::Member& member);
std::string part_name(const ScannedTrack& track);

// How one track ended.
struct TrackOutcome {
  TaskState state = TaskState::kPending;
  std::filesystem::path input;
  std::string reason_code;
  std::string reason;            // for people; empty when all is well
  std::string result_json;       // for DONE and UNCHANGED
  std::int64_t first_frame = 0;  // of the input, where a part of it is the track
  std::string album = {};        // its folder, or its name in a manifest
  std::string part = {};         // part_name()
  // The task that failed read other files too: which of them is at fault, only the reason says.
  bool is_with_others = false;
};

// Of a task that ended: an outcome for each of its tracks.
std::vector<TrackOutcome> outcomes_of(const v1::TaskSpec& task, const TrackOutcome& whole);

// What the task's tracks are together (schema lathe.master.v1, `albums`); null for a task of one track.
nlohmann::ordered_json album_of(const std::string& result_json);

}  // namespace lathe::scheduler
