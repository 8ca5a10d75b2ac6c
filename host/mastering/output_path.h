// From an output's path template to a name: "{upc}_{disc:02}_{track:03}.{ext}".
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/tags.h"

namespace lathe {

// A file of a mix.
struct StemFile {
  std::filesystem::path path;
  std::string role = {};  // that a manifest gives it; empty: the recipe's rules decide
};

// A stem of a mix, as the names of its files call it.
struct StemName {
  std::string name;  // that of its file, without the extension where that tells the stems apart
  std::string role;  // its name where the recipe gives it no role
};

struct PathFields {
  std::string id;        // of the output
  std::string_view ext;  // of its container, without a dot
  const Tags& tags;
  const std::filesystem::path& relative;  // the track's place without its extension
  // "album.csv:3", where a list names the track; then a field that nobody gives is an error. Empty: it becomes "_" or
  // 0.
  std::string_view row = {};
  // Gets the names of fields without a value; null: nobody asks.
  std::set<std::string>* missing = nullptr;
  // Of an output of stems: what {stem} and {role} are. Null: {stem} is the track's name, and {role} and {mix} are
  // unknown.
  const StemName* stem = nullptr;
};

// A text as a part of a file's name: without separators, control characters, and dots and blanks at its ends; "_" for
// what has nothing else.
std::string as_file_name(std::string_view text);

// Throws std::invalid_argument for an unknown field, and for one without a value (see `row`), naming both.
std::filesystem::path expanded_path(const std::string& pattern, const PathFields& fields);

// The file of that name below `out_dir`, for a track at `relative`. Throws std::invalid_argument where it would lie
// outside, be one of Lathe's own files there, or have a part that is too long for a file's name.
std::filesystem::path placed_path(std::string_view pattern, std::filesystem::path name,
                                  const std::filesystem::path& out_dir, const std::filesystem::path& relative);

// Throws std::invalid_argument for a name that ends as files of another container do.
void check_ending(const std::filesystem::path& path, Container container);

}  // namespace lathe
