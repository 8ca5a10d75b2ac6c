// Outputs that are one file for each side of a record, in a task of several tracks: the first track of a side has the
// file among its outputs, the others go into it.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "host/mastering/track_master.h"
#include "scheduler/worker/task_plan.h"

namespace lathe::scheduler {

// Whether an output of the track is the file of its side.
bool makes_side_file(const TrackJob& job);

// Says of each track whether it leads its side (TrackTask::leads_side). Throws std::invalid_argument where a side's
// tracks do not have the same outputs, of one rate and as many channels.
void find_side_leaders(std::vector<TrackTask>& tracks);

// For templates: the tags with the side that the track stands on, as `SIDE`.
Tags naming_tags(Tags tags, const std::string& side);

// Puts the finished tracks of each side together; what was a track's part of it is gone. `mastered` has one for each
// track, in order. Throws as join_side() does.
void join_sides(const std::vector<TrackTask>& tracks, std::vector<MasteredTrack>& mastered,
                const std::atomic<bool>& is_cancelled);

}  // namespace lathe::scheduler
