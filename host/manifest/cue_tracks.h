// From a cue sheet to rows: which file, or which part of one, each track is, and what it is called.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/manifest/manifest.h"

namespace lathe {

struct CueTracks {
  Manifest manifest;               // is_cue_sheet; rows in the sheet's order, several may be of one file
  std::vector<std::string> notes;  // what was passed over or found under another name, with the sheet's lines
};

// Whether a file of this name is taken for a cue sheet: .cue, any case.
bool is_cue_name(const std::filesystem::path& path);

// Opens the header of each file that the sheet names: beside the sheet or below its folder, and where that is not
// there, one of the same name but for case or another audio extension (a ripped album was compressed later on).
//
// A file that one track begins in is that track as a whole. A file of several is cut where each INDEX 01 lies, so that
// what is between two tracks (INDEX 00) ends the first; what lies before the first INDEX 01 begins that track, but for
// a hidden one: 5 s or more before track 1 become track 0. The cuts lie at round(frames / 75 s * rate); no frame of the
// file belongs to no track, unless it is of a track of data. Rows of one file are contiguous.
//
// Throws RecipeErrors with every mistake's line: those of parse_cue_sheet(), a path that is absolute or leads out of
// the folder, a file that is not there or cannot be opened, a track that begins behind its file's end. An ISRC or
// CATALOG that is none is a note, and not used.
CueTracks read_cue_tracks(const std::filesystem::path& file);

}  // namespace lathe
