// A list of tracks in the order somebody wants them, with what they are called.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/audio_file/file_part.h"

namespace lathe {

struct ManifestRow {
  int line = 0;       // where the row begins, from 1
  std::string path;   // absolute; nothing may be there
  std::string album;  // its group; empty: the folder it lies in
  // title artist version track disc side isrc upc, as given, where they are given and not damaged; of a cue sheet also
  // album album_artist songwriter genre date.
  std::map<std::string, std::string> tags;
  std::optional<bool> contiguous;   // runs on into the next track of the album
  std::vector<std::string> damage;  // cells that a spreadsheet has spoilt, in words
  FilePart part = {};               // of the file that is the track
  // With `--stems` a row is a stem: of which mix, and what of it ("vocals"; "mixdown": what they should sum to).
  std::string mix = {}, role = {};
};

struct Manifest {
  std::string file;  // as it was named, for messages
  std::vector<ManifestRow> rows;
  bool is_cue_sheet = false;
};

// Whether a file of this name is taken for a manifest: .csv or .json, any case.
bool is_manifest_name(const std::filesystem::path& path);

// CSV (RFC 4180 with a header; comma, semicolon or tab; LF or CRLF; UTF-8 with or without BOM) or, by the extension,
// JSON: {"tracks": [{"path": …}]}, the list alone, or {"albums": [{"album": …, "tracks": […]}]}. Columns and keys are
// path (relative to the manifest's folder), album, title, artist, version, track, disc, side, isrc, upc, contiguous
// (yes or no; also contiguous_with_next), mix, role.
// Throws RecipeErrors with every mistake's place: what is no CSV or JSON, no `path`, an unknown column, a row with too
// many cells or without a path, a path that was there before.
Manifest read_manifest(const std::filesystem::path& file);

}  // namespace lathe
