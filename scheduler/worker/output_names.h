// Which recipe a track is mastered by, and which names its masters get: known before anything is written.
#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/audio_file/tags.h"
#include "host/recipe/recipe.h"
#include "scheduler/worker/scan.h"

namespace lathe {
struct TrackJob;
}

namespace lathe::scheduler {

// A master's path below the output folder is not UTF-8, as the texts are that name it: reports, manifests, bags.
class NameNotUtf8 : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws NameNotUtf8 for the first such output of the job.
void refuse_names_not_utf8(const TrackJob& job);

// A master's name belongs to something else: another track's master, or an input.
class OutputTaken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The name was free when the track was begun, and is not any more. Whoever looks again may find that it is a master of
// Lathe's own, of a job that was cancelled just then, say.
class OutputAppeared : public OutputTaken {
 public:
  using OutputTaken::OutputTaken;
};

// With the overrides that fit the track, by its number, its tags and its path.
EffectiveRecipe recipe_for_track(const RecipeSource& recipe, const std::filesystem::path& input, const Tags& tags);

// Tracks whose masters would have a name that an earlier track's master has, with the reason for people: "a.wav" and
// "a.wave" of one folder, or two folders of one name. The first in the order of the scan keeps the name. Opens only the
// files that can meet another; what cannot be read meets nobody. By track_key().
std::map<std::string, std::string> name_clashes(const std::vector<ScannedTrack>& tracks, const RecipeSource& recipe,
                                                const std::filesystem::path& out_dir);

}  // namespace lathe::scheduler
