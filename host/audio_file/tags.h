// The text tags of a file under one set of names, whatever its container calls them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe {

// No file of music has as many; what has more is not to be trusted.
constexpr std::size_t kMostFields = 10'000;

struct Tags {
  // Vorbis-comment names in upper case (TITLE ARTIST ALBUM TRACKNUMBER DISCNUMBER DATE GENRE COMMENT COPYRIGHT ISRC …)
  // and UTF-8 values, in the file's order; a name may stand more than once.
  std::vector<std::pair<std::string, std::string>> fields;

  // What was changed while reading, in words for the report: "ARTIST was not UTF-8 and is read as Windows-1252".
  std::vector<std::string> notes;

  // The first value under the name (in upper case), or an empty text.
  std::string_view first(std::string_view name) const;

  // Adds a field as it came from a file: the name is put in upper case, the value made UTF-8 (with a note). Empty
  // values, names that Vorbis comments do not allow, and fields beyond kMostFields are left out.
  void add_raw(std::string_view name, std::string_view value);
};

// The fields that stand in all of them, in the order of the first. At least one.
Tags shared_fields(const std::vector<Tags>& all);

}  // namespace lathe
