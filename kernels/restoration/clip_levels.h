// From the flat tops of all channels: whether the track was clipped, and at what level where.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/clip_runs.h"
#include "kernels/restoration/restorer.h"

namespace lathe {

// The clip level of one grain and polarity. A sample is clipped when, with its sign taken out, it is at `from` or
// higher.
struct ClipLevel {
  float from = 0;          // 0: nothing is clipped here
  bool runs_only = false;  // the level drifts within the grain: only samples that lie flat beside another count
};

struct LevelRange {
  float low = 0, high = 0;
};

// What the flat tops of one channel and polarity say together.
struct ClipEvidence {
  std::int64_t grains = 0, runs = 0, samples = 0, longest = 0, jumps = 0;
  std::int64_t steady = 0, leaps = 0;  // neighbouring clipped grains at the same level, and at different ones
  std::int64_t over = 0;               // grains that rise over the level of both neighbours
  float level = 0;                     // the highest
  bool is_full_scale = false;
  std::vector<LevelRange> known;  // levels that count

  // A level that holds, that nothing passes, and that is no synthesiser's.
  bool holds() const;
};

struct ClipTrack {
  std::int64_t frames = 0;
  double sample_rate_hz = 0;
  double strength = 0.5;  // sets how little clipping counts as damage
};

class ClipLevels {
 public:
  // The grains of each channel.
  ClipLevels(const std::vector<std::vector<ClipGrainSides>>& channels, const ClipTrack& track);

  const Finding& finding() const { return finding_; }

  std::int64_t grains(int channel) const {
    return static_cast<std::int64_t>(levels_[static_cast<std::size_t>(2 * channel)].size());
  }

  // side: 0 above, 1 below
  ClipLevel at(int channel, int side, std::int64_t grain) const {
    return levels_[static_cast<std::size_t>(2 * channel + side)][static_cast<std::size_t>(grain)];
  }

 private:
  void judge(const std::vector<std::vector<ClipGrainSides>>& channels, const ClipTrack& track);
  std::vector<ClipLevel> map(const std::vector<ClipGrainSides>& grains, int side) const;

  bool is_exact_ = true;
  std::vector<ClipEvidence> evidence_;
  std::vector<std::vector<ClipLevel>> levels_;
  Finding finding_;
};

}  // namespace lathe
