// Which tracks of a batch belong together: those that run into each other, and those that a recipe gives one gain or
// publishes as one.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "host/recipe/recipe.h"
#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

struct GroupedTrack {
  std::size_t track = 0;        // of the scan
  bool joins_previous = false;  // of its group: both are one stream
  std::string side = {};
  std::string note = {};  // how it was told that it joins
};

// A track that cannot be worked on, as it is known before.
struct TrackProblem {
  std::string code, text;  // code: stable, for programs
};

// What becomes one task.
struct TrackGroup {
  std::vector<GroupedTrack> tracks;  // in the order they are played
  TrackProblem problem = {};         // why none of it can be worked on; an empty code: it can
};

struct Grouping {
  std::vector<TrackGroup> groups;  // each track is in one; in the order of their first tracks in the scan
  std::vector<std::string> warnings;
};

using TrackProblems = std::map<std::string, TrackProblem>;  // by track_key()

// Albums of two tracks or more are looked at, if the recipe may need it: headers are read for the order (by disc and
// number where all tracks have one of their own, in a manifest by its columns, else as it stands) and the recipe of
// each track, and, where `input.contiguous` is auto, the first frames, and at loud beginnings the end of the track
// before. By up to `threads` threads. A track with a problem joins nothing; a group that needs all its tracks has the
// problem of one.
Grouping group_tracks(const std::vector<ScannedTrack>& tracks, const RecipeSource& recipe,
                      const TrackProblems& problems, int threads, const std::atomic<bool>* is_interrupted);

}  // namespace lathe::scheduler
