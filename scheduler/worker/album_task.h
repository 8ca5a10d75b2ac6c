// A task of several tracks: mastered together, found unchanged together, published together.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "host/mastering/track_master.h"
#include "lathe/v1/task.pb.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {

// Whether a loudness of one of its outputs is more than the track's own.
bool shares_gain(const TrackJob& job);

// Its files, and what is known of them, behind those that are there already.
void add_files(MasteredTrack mastered, FinishedTask& done);

// Tracks that go on into each other become one programme each.
std::vector<TrackJob> programmes_of(const v1::TaskSpec& task, const std::vector<TrackTask>& tracks);

// Of each programme the first file's format, with the frames of all its files.
std::vector<AudioFormat> formats_of(const v1::TaskSpec& task, const std::vector<TrackTask>& tracks);

}  // namespace lathe::scheduler
