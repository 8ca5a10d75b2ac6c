// The tracks of a cue sheet as tracks of a batch.
#pragma once

#include <filesystem>
#include <vector>

#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

// In the sheet's order; stamps and `bytes` are those of the files, as far as `stamp_of` knows them. `place` is the
// sheet's own below the output folder. A track that is a whole file keeps the file's place; parts of a file lie where
// it does, named "01 Title", or by the sheet where there is no title; below a folder of the sheet's name if
// `in_own_folder`. A part has its share of the bytes.
std::vector<ScannedTrack> tracks_of_cue(const Manifest& sheet, const std::filesystem::path& place, bool in_own_folder,
                                        FileStamp (*stamp_of)(const std::string& path));

}  // namespace lathe::scheduler
