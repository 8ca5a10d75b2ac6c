// From the samples of a band to the gain it is to have, as they come: levels, static curve, attack and release.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/audio.h"
#include "kernels/dynamics/compressor.h"

namespace lathe::cpu {

// Of one band. The design outlives it.
class GainFollower {
 public:
  // `most_frames`: the most that take() will be given.
  GainFollower(const CompressorDesign& design, int band, int channels, std::int64_t most_frames);

  // The next frames, from the track's first on: a multiple of 128.
  void take(AudioView frames);

  // The track has this many frames; what is taken from now on is silence behind it.
  void end_at(std::int64_t frames) { end_group_ = (frames + 7) / 8; }

  // mix (g - 1) at the start of group `group` and those after it: those of groups up to wait_frames() before what has
  // been taken, and of as many before them as take() was given last.
  const float* gains(int channel, std::int64_t group) const;

  CompressorAccount account() const;

 private:
  void find_powers(AudioView frames, std::int64_t groups);
  void find_levels(std::int64_t groups);
  void note(std::int64_t groups);
  double* decibels(int curve) { return decibels_.data() + curve * room_; }

  const CompressorDesign& design_;
  int band_, channels_, curves_;
  std::int64_t past_, room_, kept_;
  std::int64_t done_ = 0;         // groups whose reduction is known; below 0 before the track
  std::int64_t last_groups_ = 0;  // of the last take()
  std::int64_t end_group_ = std::numeric_limits<std::int64_t>::max() / 2;
  std::vector<AlignedArray<float>> raw_;    // a channel: past_ groups, then new ones
  std::vector<AlignedArray<float>> gains_;  // a curve: kept_ groups, then new ones, and one
  AlignedArray<float> scratch_, power_;
  AlignedArray<double> decibels_, loudest_;
  std::vector<double> filter_states_, follow_states_;
  // The account.
  double sum_db_ = 0;
  std::int64_t over_ = 0, noted_ = 0;
  std::vector<float> by_second_;
};

}  // namespace lathe::cpu
