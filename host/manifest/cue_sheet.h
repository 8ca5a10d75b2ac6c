// A cue sheet as it is written: files, the tracks in them, and where these begin.
//
// The commands are those of the CDRWIN user's guide ("Cuesheet commands"): FILE, TRACK, INDEX, PREGAP, POSTGAP, FLAGS,
// ISRC, CATALOG, TITLE, PERFORMER, SONGWRITER, CDTEXTFILE and REM; of remarks GENRE, DATE, DISCNUMBER and COMPOSER.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

// A second of a cue sheet has so many frames (sectors of a CD).
inline constexpr std::int64_t kCueFramesASecond = 75;

struct CueTrack {
  int line = 0;
  int number = 0;
  bool is_audio = true;
  std::size_t file = 0;     // that its INDEX 01 lies in
  std::int64_t start = -1;  // INDEX 01, in frames of a cue sheet from the file's first
  int start_line = 0;
  std::map<std::string, std::string> texts;  // title performer songwriter isrc
};

struct CueFile {
  int line = 0;
  std::string name;  // as it is written, with '/' for '\'
};

struct CueSheet {
  std::map<std::string, std::string> texts;  // title performer songwriter catalog genre date discnumber
  int catalog_line = 0;
  std::vector<CueFile> files;      // at least one
  std::vector<CueTrack> tracks;    // at least one; numbers and places rise, files in order
  std::vector<std::string> notes;  // "album.cue:7: PREGAP is passed over ..."
};

// UTF-8 with or without BOM, else taken for Windows-1252; lines of any system. `name` is for messages. Throws
// RecipeErrors with every mistake's line: a command in the wrong place or without what it needs, a time that is none or
// runs backwards, a track without INDEX 01, numbers that do not rise, a file of raw sectors, no track at all. Unknown
// commands are noted and passed over.
CueSheet parse_cue_sheet(std::string_view text, const std::string& name);

}  // namespace lathe
