// From the rows of manifests to mixes: each row is a stem of one.
#pragma once

#include <vector>

#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

// Takes the tracks that manifests name out of the scan, and gives back the mixes that they are the stems of, in the
// order of their first rows. A mix is called by the column `mix`, or by its manifest; that is its place below the
// output folder too. A row of the role "mixdown" is what the untouched stems should sum to. What rows say of title,
// artist, ISRC ... is said of their mix. One with a file that is not there, or with no stem, is a problem of the scan.
// Throws RecipeErrors with every mistake's line: a name that is no place below a folder, two mixdowns of one mix, rows
// that contradict each other, and what delivery_problems() has against a mix.
std::vector<ScannedTrack> take_listed_mixes(Scan& scan);

}  // namespace lathe::scheduler
