// Tracks that tests own, and pushing them through stages in pieces.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/audio.h"
#include "kernels/stage.h"
#include "tests/support/random.h"

namespace lathe::test {

// One channel in double precision: what signals are made in and oracles work on.
using Signal = std::vector<double>;

// Planar float samples. Rows lie a few samples apart and the gaps hold NaN, so whoever reads past a row is found out.
class FloatTrack {
 public:
  FloatTrack(int channels, std::int64_t frames);
  explicit FloatTrack(const std::vector<Signal>& channels);

  int channels() const { return channels_; }
  std::int64_t frames() const { return frames_; }
  AudioView view() const { return {data_.data(), channels_, frames_, stride_}; }
  MutableAudioView view() { return {data_.data(), channels_, frames_, stride_}; }
  std::span<const float> channel(int c) const { return {view().channel(c), static_cast<std::size_t>(frames_)}; }
  std::span<float> channel(int c) { return {view().channel(c), static_cast<std::size_t>(frames_)}; }
  Signal signal(int c) const;

 private:
  int channels_;
  std::int64_t frames_;
  std::int64_t stride_;
  std::vector<float> data_;
};

// Whether both hold the same bits (so -0 differs from 0, and a NaN equals itself).
bool same_bits(std::span<const float> a, std::span<const float> b);
bool same_bits(const FloatTrack& a, const FloatTrack& b);

// Block sizes that add up to `frames`: random multiples of `multiple` (the last may be less), some of them 0.
std::vector<std::int64_t> random_cuts(Random& random, std::int64_t frames, std::int64_t multiple = 1);

// Pushes the track into the sink in blocks of these sizes, then finishes it.
void push(AudioSink& sink, const FloatTrack& track, const std::vector<std::int64_t>& cuts);

// What comes out of a stage for a track pushed in these blocks, or at once. Fails the test if `finish` does not come
// through exactly once.
FloatTrack run_stage(Stage& stage, const FloatTrack& in, const std::vector<std::int64_t>& cuts);
FloatTrack run_stage(Stage& stage, const FloatTrack& in);

}  // namespace lathe::test
