// Tracks that a manifest names: where their masters go, which are not there, and what stops a delivery.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "host/recipe/recipe.h"
#include "scheduler/worker/album_groups.h"
#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

// Whether the track's file is not there; `missing_text` says so, and who names it.
bool is_missing(const ScannedTrack& track);
std::string missing_text(const ScannedTrack& track);

// Tracks of a manifest get their place below the folder that holds all of them: a manifest's rows say no place. Throws
// RefusedInput when one of them lies in the output folder, and RecipeErrors with all that delivery_problems() has
// against any manifest.
void place_manifest_tracks(Scan& scan, const std::filesystem::path& out_dir);

// Of tracks that are not there ("NOT_FOUND"), or whose masters would have another's name ("OUTPUT_TAKEN").
TrackProblems master_problems(const std::vector<ScannedTrack>& tracks, const RecipeSource& recipe,
                              const std::filesystem::path& out_dir);

}  // namespace lathe::scheduler
