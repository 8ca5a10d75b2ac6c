// One file for a side of a record, as a cutting engineer wants it: its tracks as they were finished, one behind the
// other.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "host/audio_file/staged_file.h"
#include "host/mastering/chain.h"
#include "host/mastering/track_report.h"

namespace lathe {

// A track of the side, finished by itself and not published.
struct SideTrack {
  std::filesystem::path input;
  const StagedFile* file = nullptr;
  const OutputReport* report = nullptr;
};

struct SideFile {
  OutputReport report;
  StagedFile file;
  BusySeconds busy;
};

// The samples are the tracks', bit for bit, with nothing between them. A marker with the track's title stands at each
// one's first frame; the tags are those in which all agree, with TITLE "Side A", and so are the pictures. `output` is
// the first track's, and its path the file's. What else the tracks' files hold is named in the report's dropped_tags.
// Throws UnusableAudio where tracks differ in rate, channels or encoding,
// AudioFileError, MasteringCancelled.
SideFile join_side(const OutputSpec& output, const std::filesystem::path& out_dir, const std::string& side,
                   const std::vector<SideTrack>& tracks, bool pcm_md5, const std::atomic<bool>& is_cancelled);

}  // namespace lathe
