// What the grouping of an album's tracks goes by: read from their headers and first frames.
#pragma once

#include <cstddef>
#include <string>

#include "host/audio_file/audio_file.h"
#include "host/recipe/recipe.h"
#include "scheduler/worker/album_order.h"

namespace lathe::scheduler {

// What a recipe asks of the tracks of an album together.
struct AlbumNeed {
  bool joins = false;      // tracks that run into each other are one stream
  bool whole = false;      // a gain of the album's, or publish: album
  bool side = false;       // a gain of a side's
  bool side_file = false;  // a file for each side
  bool is_published_whole = false;
  AlbumNeed& operator|=(const AlbumNeed& other);
};

AlbumNeed need_of(const v1::Recipe& recipe);

// Why one bad track holds the others back, after the reason of its own: "..., so none of the 12 tracks is mastered".
std::string none_without_it(const AlbumNeed& need, std::size_t tracks);

// Whether any track of any album could need it, overrides counted.
bool may_need_albums(const v1::Recipe& recipe);

struct TrackLook {
  bool is_readable = false;
  AlbumPlace place;
  v1::Contiguous contiguous = v1::CONTIGUOUS_NEVER;
  AlbumNeed need;
  bool head_sounds = false;
  std::string format;  // what two tracks of one stream agree in,
  std::string recipe;  // and what they are made by
};

// Of one recipe, for tracks of any album. Threads may share it.
class TrackLooker {
 public:
  explicit TrackLooker(const RecipeSource& recipe);

  // Opens the file once. What cannot be read has nothing but what a manifest says.
  TrackLook look_at(const ScannedTrack& track) const;

 private:
  const RecipeSource& recipe_;
  const v1::Recipe base_;
  const AlbumNeed need_of_base_;
};

}  // namespace lathe::scheduler
