// What a row says of its track, as the tags of a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/audio_file/tags.h"
#include "host/manifest/manifest.h"
#include "host/recipe/recipe_problem.h"

namespace lathe {

// The tag that holds what a column says: "TITLE" for title, "BARCODE" for upc. Empty for a column that is no tag.
std::string tag_of_column(std::string_view column);

// The file's tags with the row's in their place: a value of the row takes the place of all values that the file has
// under that name, and of its other names (UPC and EAN for BARCODE). What a part of a file cannot take over from the
// whole (title, number, ISRC, cue sheet) is left out. ISRCs come without hyphens, in upper case. `notes` of what comes
// back say which tags are the row's and differ from the file's.
Tags with_row(const Tags& file, const ManifestRow& row, const std::string& manifest_file);

// What a delivery cannot be made with, by line: cells that a spreadsheet has spoilt, ISRCs and UPCs that are none, an
// ISRC that an album has twice. Empty: all is well. Cue sheets have no mistakes of this kind (cue_tracks.h).
std::vector<RecipeProblem> delivery_problems(const Manifest& manifest);

}  // namespace lathe
