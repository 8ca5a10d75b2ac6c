// A kernel along a stream by overlap-save on the CPU, in steps of two blocks, whatever the size of what is pushed.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/aligned.h"
#include "kernels/audio.h"
#include "kernels/fft/overlap_save.h"
#include "kernels/stereo/stereo_lanes.h"

namespace lathe::cpu {

// One pass over all channels, cut at multiples of its own step, so that the result does not depend on the pushes. A
// step is two blocks of each channel, which go through one complex transform as its real and imaginary part; they are
// read where they were pushed to and handed on where the transform leaves them.
class PassRunner {
 public:
  // Kernels of equal length and kind: `second` for the second channel (or side), `first` for all others. Both outlive
  // it.
  PassRunner(const OverlapSaveKernel& first, const OverlapSaveKernel& second, bool mid_side, int channels)
      : first_(first),
        second_(second),
        mid_side_(mid_side),
        channels_(channels),
        half_(first.half()),
        behind_(first.behind()),
        hop_(first.hop()),
        points_(first.points()),
        row_(half_ + 2 * hop_ + behind_),
        stride_((hop_ + points_ + 15) / 16 * 16),
        held_(static_cast<std::size_t>(stride_ * channels)),
        work_(static_cast<std::size_t>(2 * points_ * channels)),
        filled_(half_) {}

  std::int64_t half() const { return half_; }
  // Frames behind one that it waits for.
  std::int64_t behind() const { return behind_; }
  // The most frames that go in before some come out, and those that wait with them.
  std::int64_t longest_wait() const { return row_ + half_; }

  template <class Emit>
  void take(AudioView in, Emit&& emit) {
    std::int64_t used = 0;
    while (used < in.frames) {
      const std::int64_t n = std::min(in.frames - used, row_ - filled_);
      float* to = held_.data() + filled_;
      if (mid_side_) {
        stereo_kernels().to_mid_side(in.channel(0) + used, in.channel(1) + used, n, to, to + stride_);
      } else {
        for (int c = 0; c < channels_; ++c) copy_samples(in.channel(c) + used, n, to + c * stride_);
      }
      filled_ += n;
      used += n;
      if (filled_ == row_) run(2 * hop_, emit);
    }
  }

  template <class Emit>
  void finish(Emit&& emit) {
    while (filled_ > half_) {
      const std::int64_t valid = std::min(filled_ - half_, 2 * hop_);
      const std::int64_t left = filled_ - half_ - valid;
      for (int c = 0; c < channels_; ++c)
        std::fill(held_.data() + c * stride_ + filled_, held_.data() + (c + 1) * stride_, 0.0f);
      run(valid, emit);
      filled_ = half_ + left;
    }
  }

 private:
  template <class Emit>
  void run(std::int64_t valid, Emit&& emit) {
    for (int c = 0; c < channels_; ++c) {
      const OverlapSaveKernel& kernel = c == 1 ? second_ : first_;
      const float* x = held_.data() + c * stride_;
      float* first = work_.data() + 2 * c * points_;
      float* second = first + points_;
      if (kernel.is_identity()) {
        if (mid_side_ && c == 0) continue;  // read where it is held
        std::copy_n(x + half_, hop_, first + half_);
        std::copy_n(x + half_ + hop_, hop_, second + half_);
        continue;
      }
      // What lies behind the row's end only feeds results that are thrown away.
      kernel.filter(x, x + hop_, first, second);
    }
    hand_on(0, std::min(valid, hop_), emit);
    if (valid > hop_) hand_on(1, valid - hop_, emit);
    for (int c = 0; c < channels_; ++c) {
      float* x = held_.data() + c * stride_;
      std::copy(x + 2 * hop_, x + row_, x);
    }
    filled_ = half_ + behind_;
  }

  // The first frames of one of the step's two blocks.
  template <class Emit>
  void hand_on(int block, std::int64_t frames, Emit&& emit) {
    const MutableAudioView out{work_.data() + block * points_ + half_, channels_, frames, 2 * points_};
    if (mid_side_) {
      const float* mid = first_.is_identity() ? held_.data() + half_ + block * hop_ : out.channel(0);
      stereo_kernels().to_left_right(mid, out.channel(1), frames, out.channel(0), out.channel(1));
    }
    emit(AudioView(out));
  }

  const OverlapSaveKernel& first_;
  const OverlapSaveKernel& second_;
  bool mid_side_;
  int channels_;
  std::int64_t half_;
  std::int64_t behind_;  // half_, or 0 for causal kernels
  std::int64_t hop_;
  std::int64_t points_;
  std::int64_t row_;
  std::int64_t stride_;
  AlignedArray<float> held_;  // a row a channel: half_ frames of past, then what was pushed
  AlignedArray<float> work_;  // a pair of transforms a channel
  std::int64_t filled_;
};

}  // namespace lathe::cpu
