// Two places for a track: one holds it, the other takes what the next step makes of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "host/mastering/frame_store.h"

namespace lathe {

class StorePair {
 public:
  // In memory of the arenas, which outlive the pair; in files of `spool_dir` unless it is empty. Nothing is taken
  // before it is needed: a track that no step makes anew needs one place.
  StorePair(FrameArena& first, FrameArena& second, std::filesystem::path spool_dir, int channels, std::int64_t frames)
      : arenas_{&first, &second}, spool_dir_(std::move(spool_dir)), channels_(channels), frames_(frames) {}

  // The track as it is now. Stays where it is until flip().
  FrameStore& held() { return *stores_[held_]; }

  // The other place, empty.
  FrameStore& begin() { return begin(frames_); }

  // The same for a track of another length: one at another sample rate.
  FrameStore& begin(std::int64_t frames) {
    std::optional<FrameStore>& store = stores_[1 - held_];
    store.reset();
    if (spool_dir_.empty()) return store.emplace(*arenas_[1 - held_], channels_, frames);
    return store.emplace(spool_dir_, channels_, frames);
  }

  // What begin() gave last.
  FrameStore& made() { return *stores_[1 - held_]; }

  // Gives the other place's memory back, until begin() wants it again.
  void release_spare() {
    stores_[1 - held_].reset();
    arenas_[1 - held_]->release();
  }

  // What begin() gave, and has been filled, is the track now; the other place becomes free at the next begin().
  void flip() {
    held_ = 1 - held_;
    frames_ = held().frames();
  }

 private:
  FrameArena* arenas_[2];
  std::filesystem::path spool_dir_;
  int channels_;
  std::int64_t frames_;
  std::optional<FrameStore> stores_[2];
  int held_ = 1;  // the first begin() is in the first arena
};

}  // namespace lathe
