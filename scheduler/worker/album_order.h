// Where a track stands in its album, by its tags, its row of a manifest, or its name: disc, side and number.
#pragma once

#include <string>

#include "host/audio_file/tags.h"
#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

struct AlbumPlace {
  int disc = 0;      // 0: none
  std::string side;  // "A"; empty: none
  int number = 0;    // 0: none
  auto operator<=>(const AlbumPlace&) const = default;
};

// The side by SIDE or VINYLSIDE ("A", "Side A"), else by a track number ("A1", "B2"), else by a file's name ("A1
// Song"); what a manifest says of disc, side and track stands before the tags.
AlbumPlace place_of(const ScannedTrack& track, const Tags& tags);

}  // namespace lathe::scheduler
