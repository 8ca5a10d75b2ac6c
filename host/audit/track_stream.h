// Tracks that run into each other: how it is told, and what they read as the one stream that they are.
//
// A block of 400 ms that lies across a boundary belongs to no track, but to the stream; and a meter that starts anew
// with each track hears its filter settle each time. So such tracks are measured once more, end to end.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "host/audit/file_audit.h"
#include "kernels/audio.h"

namespace lathe {

// When an album's tracks are taken for one stream.
enum class Contiguous {
  automatic,  // where the join between two of them is no more of a step than the music at either side
  always,     // wherever rate and channels agree
  never,
};

// Follows a track for what a join is judged by.
class TrackEdgeFinder {
 public:
  // Frames at either end that are looked at.
  static constexpr std::int64_t kFrames = 32;

  // The next frames of the track, in blocks of any size.
  void take(AudioView frames);

  // The edges of what was taken; empty ones of a track with fewer than kFrames frames.
  TrackEdges edges() const;

 private:
  std::int64_t frames_ = 0;
  std::vector<std::vector<float>> head_, tail_;  // one list a channel; the tail has the last kFrames
};

// Whether `next` goes on where `track` ends: both were measured, rate and channels are the same, and, unless it is
// always so, both sound at the join (above -40 dBFS), and there no second difference of a channel is more than twice as
// large as the largest in the 32 frames on either side, whichever is smaller. Noise can pass by chance; then the album
// is read once more, and its figures are those of its tracks played in order all the same.
bool runs_on(const FileAudit& track, const FileAudit& next, Contiguous when);

// Reads the files one after the other as one track; `dual_mono` as in AuditOptions. Throws AudioFileError when one of
// them cannot be read any more, and AuditCancelled.
StreamAudit measure_stream(std::span<const std::filesystem::path> files, bool dual_mono,
                           const std::atomic<bool>& is_cancelled);

// Tracks [first, first + count) of an album as one stream.
struct AlbumStream {
  std::size_t first = 0, count = 0;
  StreamAudit audit;
};

}  // namespace lathe
