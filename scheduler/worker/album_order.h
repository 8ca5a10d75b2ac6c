// Where a track stands in its album, by its tags, its row of a manifest, or its name: disc, side and number.
#pragma once

#include <map>
#include <set>
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

// What the sides of an album are called: "A", or, where several of its discs have a side A, "1A" and "2A". A track on
// such a side of no known disc is on none.
class AlbumSides {
 public:
  void add(const AlbumPlace& place);
  // Once all are added.
  std::string name_of(const AlbumPlace& place) const;

 private:
  std::map<std::string, std::set<int>> discs_;  // by side
};

}  // namespace lathe::scheduler
