// The albums of mastered tracks: what their tracks are together, and which of them stand out.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/audit/album_ladder.h"
#include "scheduler/worker/local_batch.h"

namespace lathe::cli {

// By the album's path (or its name in a manifest): its finished tracks in their order, as their own meters read them.
std::map<std::string, AlbumLadder> album_ladders(const scheduler::BatchResult& result);

// `albums` of a report: the folders of the tracks, with what is known of those that were mastered together, and each
// album's consistency (ladder_json.h).
nlohmann::ordered_json albums_json(const scheduler::BatchResult& result);

// `albums` of a manifest, from its `tracks`: an album is a folder of masters, named from the folder that the manifest
// lies in, "." for itself; of tracks that have no file but their side's, the folder of their inputs.
nlohmann::ordered_json manifest_albums(const nlohmann::ordered_json& tracks);

// For people: what stands out of one album; of several, how many have tracks that stand out.
std::vector<std::string> consistency_lines(const scheduler::BatchResult& result);

}  // namespace lathe::cli
