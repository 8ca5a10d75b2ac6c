#include "tests/support/track.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace lathe::test {
namespace {

class Collector final : public AudioSink {
 public:
  explicit Collector(int channels) : rows_(static_cast<std::size_t>(channels)) {}

  void take(AudioView frames) override {
    EXPECT_EQ(frames.channels, static_cast<int>(rows_.size()));
    EXPECT_EQ(finished_, 0) << "frames after finish()";
    for (int c = 0; c < frames.channels; ++c) {
      auto& row = rows_[static_cast<std::size_t>(c)];
      row.insert(row.end(), frames.channel(c), frames.channel(c) + frames.frames);
    }
  }
  void finish() override { ++finished_; }

  FloatTrack collected() const {
    EXPECT_EQ(finished_, 1);
    FloatTrack track(static_cast<int>(rows_.size()), static_cast<std::int64_t>(rows_.front().size()));
    for (int c = 0; c < track.channels(); ++c) {
      const auto& row = rows_[static_cast<std::size_t>(c)];
      std::copy(row.begin(), row.end(), track.channel(c).begin());
    }
    return track;
  }

 private:
  std::vector<std::vector<float>> rows_;
  int finished_ = 0;
};

}  // namespace

FloatTrack::FloatTrack(int channels, std::int64_t frames)
    : channels_(channels),
      frames_(frames),
      stride_(frames + 5),
      data_(static_cast<std::size_t>(stride_ * channels), std::numeric_limits<float>::quiet_NaN()) {
  for (int c = 0; c < channels; ++c) std::fill_n(view().channel(c), frames, 0.0f);
}

FloatTrack::FloatTrack(const std::vector<Signal>& channels)
    : FloatTrack(static_cast<int>(channels.size()), static_cast<std::int64_t>(channels.front().size())) {
  for (int c = 0; c < channels_; ++c) {
    const Signal& from = channels[static_cast<std::size_t>(c)];
    for (std::size_t n = 0; n < from.size(); ++n) channel(c)[n] = static_cast<float>(from[n]);
  }
}

Signal FloatTrack::signal(int c) const { return {channel(c).begin(), channel(c).end()}; }

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

bool same_bits(const FloatTrack& a, const FloatTrack& b) {
  if (a.channels() != b.channels()) return false;
  for (int c = 0; c < a.channels(); ++c) {
    if (!same_bits(a.channel(c), b.channel(c))) return false;
  }
  return true;
}

std::vector<std::int64_t> random_cuts(Random& random, std::int64_t frames, std::int64_t multiple) {
  std::vector<std::int64_t> cuts;
  while (frames > 0) {
    const std::int64_t longest = random.one_of<std::int64_t>({1, 7, 64, 1000, 10000});
    const std::int64_t size = std::min(frames, multiple * random.integer(0, longest));
    cuts.push_back(size);
    frames -= size;
  }
  return cuts;
}

void push(AudioSink& sink, const FloatTrack& track, const std::vector<std::int64_t>& cuts) {
  std::int64_t first = 0;
  for (const std::int64_t size : cuts) {
    sink.take(track.view().slice(first, size));
    first += size;
  }
  EXPECT_EQ(first, track.frames());
  sink.finish();
}

FloatTrack run_stage(Stage& stage, const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
  Collector out(in.channels());
  stage.connect(out);
  push(stage, in, cuts);
  return out.collected();
}

FloatTrack run_stage(Stage& stage, const FloatTrack& in) { return run_stage(stage, in, {in.frames()}); }

}  // namespace lathe::test
