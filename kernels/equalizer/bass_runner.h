// BassKernel along a stream, on the CPU: the frames wait in place until the low rate's answer to them is there.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/aligned.h"
#include "kernels/audio.h"
#include "kernels/equalizer/bass_kernel.h"
#include "kernels/equalizer/bass_lanes.h"
#include "kernels/equalizer/pass_runner.h"

namespace lathe::cpu {

class BassRunner {
 public:
  BassRunner(const BassKernel& kernel, int channels)
      : kernel_(kernel),
        channels_(channels),
        factor_(kernel.factor()),
        low_(kernel.low(), kernel.low(), false, channels),
        stride_((low_.longest_wait() + 32) * factor_ + 2 * kSlice),
        held_(static_cast<std::size_t>(stride_ * channels)),
        lowered_stride_(kSlice / factor_ + 32),
        lowered_(static_cast<std::size_t>(lowered_stride_ * channels)),
        answer_stride_(low_.longest_wait() + 32),
        answer_(static_cast<std::size_t>(answer_stride_ * channels)) {}

  std::int64_t half() const { return kernel_.half(); }

  template <class Emit>
  void take(AudioView in, Emit&& emit) {
    for (std::int64_t used = 0; used < in.frames;) {
      const std::int64_t n = std::min(in.frames - used, kSlice);
      for (int c = 0; c < channels_; ++c) copy_samples(in.channel(c) + used, n, row(c) + filled_);
      filled_ += n;
      used += n;
      lower(emit);
      drop();
    }
  }

  template <class Emit>
  void finish(Emit&& emit) {
    frames_ = first_ + filled_;
    if (frames_ <= 0) return;
    // Silence, until the last frame's low-rate sample and the four behind it can be made, and no more than those.
    const std::int64_t end = ((frames_ - 1) / factor_ + 8) * factor_;
    for (int c = 0; c < channels_; ++c) std::fill(row(c) + filled_, row(c) + (end - first_), 0.0f);
    filled_ = end - first_;
    lower(emit);
    low_.finish([this, &emit](AudioView answer) { raise(answer, emit); });
  }

 private:
  static constexpr std::int64_t kSlice = 4096;

  float* row(int c) { return held_.data() + c * stride_; }

  template <class Emit>
  void lower(Emit&& emit) {
    // Low-rate sample m stands at frame F m and asks for frames F m - 4 F to F m + 4 F - 1.
    const std::int64_t count = (first_ + filled_) / factor_ - 4 - next_low_ + 1;
    if (count <= 0) return;
    for (int c = 0; c < channels_; ++c) {
      bass_kernels().lower(row(c) + (next_low_ - 4) * factor_ - first_, count, factor_, kernel_.lower(),
                           lowered_.data() + c * lowered_stride_);
    }
    next_low_ += count;
    low_.take(AudioView{lowered_.data(), channels_, count, lowered_stride_},
              [this, &emit](AudioView answer) { raise(answer, emit); });
  }

  // Frames F m to F m + F - 1 take their bass from answers m - 3 to m + 4.
  template <class Emit>
  void raise(AudioView answer, Emit&& emit) {
    for (int c = 0; c < channels_; ++c)
      copy_samples(answer.channel(c), answer.frames, answer_.data() + c * answer_stride_ + answers_);
    answers_ += answer.frames;
    const std::int64_t ready = first_answer_ + answers_ - 4, count = ready - next_out_;
    if (count <= 0) return;
    const std::int64_t from = next_out_ * factor_ - first_;
    for (int c = 0; c < channels_; ++c) {
      bass_kernels().raise(answer_.data() + c * answer_stride_ + (next_out_ - 3 - first_answer_), count, factor_,
                           kernel_.raise(), row(c) + from);
    }
    const std::int64_t left = frames_ - next_out_ * factor_;
    if (left > 0) emit(AudioView{held_.data() + from, channels_, std::min(count * factor_, left), stride_});
    next_out_ = ready;
    const std::int64_t used = next_out_ - 3 - first_answer_;
    for (int c = 0; c < channels_; ++c) {
      float* a = answer_.data() + c * answer_stride_;
      std::copy(a + used, a + answers_, a);
    }
    answers_ -= used;
    first_answer_ += used;
  }

  // What has been handed on and is no longer asked for makes room, once there is enough of it.
  void drop() {
    const std::int64_t used = std::min(next_out_, next_low_ - 4) * factor_ - first_;
    if (used < kSlice) return;
    for (int c = 0; c < channels_; ++c) copy_samples(row(c) + used, filled_ - used, row(c));
    filled_ -= used;
    first_ += used;
  }

  const BassKernel& kernel_;
  int channels_;
  std::int64_t factor_;
  PassRunner low_;
  std::int64_t stride_;
  AlignedArray<float> held_;  // a row a channel: frames first_ .. first_ + filled_ - 1
  std::int64_t lowered_stride_;
  AlignedArray<float> lowered_;
  std::int64_t answer_stride_;
  AlignedArray<float> answer_;  // low-rate samples first_answer_ .. first_answer_ + answers_ - 1
  // The first low-rate sample that is not silent is -3; it asks for frames from -7 F on.
  std::int64_t first_ = -7 * factor_, filled_ = 7 * factor_;
  std::int64_t next_low_ = -3, first_answer_ = -3, answers_ = 0;
  std::int64_t next_out_ = 0;            // in low-rate samples
  std::int64_t frames_ = INT64_MAX / 2;  // of the track, once known
};

}  // namespace lathe::cpu
