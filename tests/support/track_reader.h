// A test's track as restoration stages read it, and what they put out.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/restoration/restorer.h"
#include "tests/support/track.h"

namespace lathe::test {

// Hands out a fresh copy at each read, with NaN behind it: who reads past a window, or holds an old one, is found out.
class CopyingReader final : public TrackReader {
 public:
  explicit CopyingReader(const FloatTrack& track) : track_(track) {}
  int channels() const override { return track_.channels(); }
  std::int64_t frames() const override { return track_.frames(); }
  AudioView read(std::int64_t first, std::int64_t count) override {
    window_ = FloatTrack(channels(), count);
    for (int c = 0; c < channels(); ++c) {
      for (std::int64_t n = 0; n < count; ++n) {
        const std::int64_t at = first + n;
        const bool is_inside = at >= 0 && at < frames();
        window_.channel(c)[static_cast<std::size_t>(n)] =
            is_inside ? track_.channel(c)[static_cast<std::size_t>(at)] : 0.0f;
      }
    }
    return window_.view();
  }

 private:
  const FloatTrack& track_;
  FloatTrack window_{1, 1};
};

class Collector final : public AudioSink {
 public:
  explicit Collector(int channels) : rows_(static_cast<std::size_t>(channels)) {}
  void take(AudioView in) override {
    for (int c = 0; c < in.channels; ++c) {
      auto& row = rows_[static_cast<std::size_t>(c)];
      row.insert(row.end(), in.channel(c), in.channel(c) + in.frames);
    }
  }
  void finish() override { ++finished_; }
  int finished() const { return finished_; }
  FloatTrack track() const {
    FloatTrack out(static_cast<int>(rows_.size()), static_cast<std::int64_t>(rows_.front().size()));
    for (int c = 0; c < out.channels(); ++c)
      std::ranges::copy(rows_[static_cast<std::size_t>(c)], out.channel(c).begin());
    return out;
  }

 private:
  std::vector<std::vector<float>> rows_;
  int finished_ = 0;
};

}  // namespace lathe::test
