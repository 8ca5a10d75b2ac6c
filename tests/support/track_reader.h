// A track in memory, read as restoration stages read one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/restoration/restorer.h"
#include "tests/support/track.h"

namespace lathe::test {

// Each read is a copy, with NaN behind it: who reads past a window is found out.
class CopyingReader final : public TrackReader {
 public:
  explicit CopyingReader(const FloatTrack& track) : track_(track) {}

  int channels() const override { return track_.channels(); }
  std::int64_t frames() const override { return track_.frames(); }
  AudioView read(std::int64_t first, std::int64_t count) override {
    const std::int64_t stride = count + 5;
    window_.assign(static_cast<std::size_t>(stride * channels()), std::numeric_limits<float>::quiet_NaN());
    for (int c = 0; c < channels(); ++c) {
      float* row = window_.data() + c * stride;
      std::fill_n(row, count, 0.0f);
      const std::int64_t from = std::max<std::int64_t>(first, 0), to = std::min(first + count, frames());
      if (from < to) std::copy_n(track_.view().channel(c) + from, to - from, row + (from - first));
    }
    return {window_.data(), channels(), count, stride};
  }

 private:
  const FloatTrack& track_;
  std::vector<float> window_;
};

// Takes a whole track.
class TrackCollector final : public AudioSink {
 public:
  TrackCollector(int channels, std::int64_t frames) : track_(channels, frames) {}

  void take(AudioView in) override {
    for (int c = 0; c < in.channels; ++c) std::copy_n(in.channel(c), in.frames, track_.view().channel(c) + filled_);
    filled_ += in.frames;
  }
  void finish() override { is_whole_ = filled_ == track_.frames(); }
  bool is_whole() const { return is_whole_; }
  const FloatTrack& track() const { return track_; }

 private:
  FloatTrack track_;
  std::int64_t filled_ = 0;
  bool is_whole_ = false;
};

}  // namespace lathe::test
