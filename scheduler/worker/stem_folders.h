// From a scan's files to mixes: each folder that holds stems is one, and what a manifest calls so (listed_mixes.h).
#pragma once

#include <filesystem>

#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

// The scan's files as mixes, a track for each folder that holds some: it is called by its folder, and has that place
// below the output folder. A folder that holds files and has folders of files below it is a problem: nothing says
// whether these are stems of the one mix or mixes of their own.
//
// `mixdown` is what the user named; empty: none. The file of that name, seen from where the program runs, or, if it is
// a mere name and lies in the mixes' own folders, of each mix its own. It is no stem. Throws RefusedInput where it is
// found in neither way, or is one file for several mixes. A mix without it, where others have one, is a problem.
Scan stem_mixes(Scan scan, const std::filesystem::path& mixdown);

// What of it can be opened first: for a mix its first stem.
const std::string& first_file(const ScannedTrack& track);

}  // namespace lathe::scheduler
