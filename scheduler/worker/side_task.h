// Outputs that are one file for each side of a record, in a task of several tracks: the first track of a side has the
// file among its outputs, the others go into it.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "host/mastering/track_master.h"
#include "scheduler/worker/task_plan.h"

namespace lathe::scheduler {

// Whether an output of the track is the file of its side.
bool makes_side_file(const TrackJob& job);

// A track as its side sees it: the outputs are all that it has.
struct SideMember {
  struct Output {
    bool per_side = false;
    std::filesystem::path path;
    AudioFormat written;  // at the rate that it is written at
  };
  std::filesystem::path input;
  std::string side;
  std::vector<Output> outputs;
};
SideMember side_member(const TrackJob& job, const AudioFormat& source);

// Which tracks lead their sides. `tracks` are in the order they are played; those of a side without a file lead
// nothing. Throws std::invalid_argument where the tracks of a side do not have the same outputs, of one rate and the
// same channels, and AudioFileError where all of a side would be too long for its file.
std::vector<bool> side_leaders(const std::vector<SideMember>& tracks);

// Says of each track whether it leads its side (TrackTask::leads_side), and what else stands on it. Throws as
// side_leaders() does.
void find_side_leaders(std::vector<TrackTask>& tracks);

// For templates: the tags with the side that the track stands on, as `SIDE`.
Tags naming_tags(Tags tags, const std::string& side);

// Puts the finished tracks of each side together; what was a track's part of it is gone. `mastered` has one for each
// track, in order. Throws as join_side() does.
void join_sides(const std::vector<TrackTask>& tracks, std::vector<MasteredTrack>& mastered,
                const std::atomic<bool>& is_cancelled);

}  // namespace lathe::scheduler
