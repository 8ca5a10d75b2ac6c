// Cuts a stream of frames into blocks at fixed places, each with a halo of its neighbours, for kernels that need both.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/aligned.h"
#include "kernels/audio.h"

namespace lathe {

// Blocks stand at places of the track that the owner fixes (multiples of `step` frames unless told otherwise), so what
// is computed from them does not depend on how the track was pushed. Before the first frame and after the last there is
// silence.
class BlockFeeder {
 public:
  BlockFeeder(int channels, std::int64_t longest_step, std::int64_t halo)
      : channels_(channels),
        step_(longest_step),
        next_step_(longest_step),
        halo_(halo),
        stride_((2 * halo + longest_step + kOverread + 15) / 16 * 16),
        data_(static_cast<std::size_t>(stride_ * channels)),
        filled_(halo) {}

  // The length of the blocks after the one being handed over; before the first block, of that one too. At most the
  // longest.
  void set_next_step(std::int64_t step) {
    next_step_ = step;
    if (first_frame_ == 0 && filled_ == halo_) step_ = step;
  }

  // Calls block(view, first_frame, valid) for each full block; view holds `step` frames with `halo` frames readable on
  // both sides, of which `valid` belong to the track.
  template <class Block>
  void take(AudioView in, Block&& block) {
    std::int64_t used = 0;
    while (used < in.frames) {
      used = hand_over_in_place(in, used, block);
      const std::int64_t n = std::min(in.frames - used, 2 * halo_ + step_ - filled_);
      for (int c = 0; c < channels_; ++c) {
        copy_samples(in.channel(c) + used, n, data_.data() + c * stride_ + filled_);
      }
      filled_ += n;
      used += n;
      if (filled_ == 2 * halo_ + step_) emit(step_, block);
    }
  }

  // Hands over what is left. The feeder then starts anew.
  template <class Block>
  void finish(Block&& block) {
    while (filled_ > halo_) {
      const std::int64_t valid = std::min(filled_ - halo_, step_);
      for (int c = 0; c < channels_; ++c) {
        std::fill(data_.data() + c * stride_ + filled_, data_.data() + (c + 1) * stride_, 0.0f);
      }
      const std::int64_t held = filled_ - step_;
      filled_ = 2 * halo_ + step_;
      emit(valid, block);
      filled_ = std::max(held, halo_);
    }
    first_frame_ = 0;
    std::fill_n(data_.data(), data_.size(), 0.0f);
  }

 private:
  // Frames behind the halo that kernels may load with the last ones of it, and never use.
  static constexpr std::int64_t kOverread = 16;

  // Blocks that lie in `in` whole, with their halo, are not copied. Returns how much of `in` is used; what the next
  // block needs of that has been copied.
  template <class Block>
  std::int64_t hand_over_in_place(AudioView in, std::int64_t used, Block&& block) {
    std::int64_t start = used - filled_;  // of the next block's halo
    const auto fits = [&] { return start + 2 * halo_ + step_ + kOverread <= in.frames; };
    if (start < 0 || !fits()) return used;
    while (fits()) {
      const std::int64_t first = first_frame_, step = step_;
      first_frame_ += step;  // before the block, which may set the next step
      block(AudioView{in.data + start + halo_, channels_, step, in.stride}, first, step);
      start += step;
      step_ = next_step_;
    }
    for (int c = 0; c < channels_; ++c) copy_samples(in.channel(c) + start, 2 * halo_, data_.data() + c * stride_);
    filled_ = 2 * halo_;
    return start + 2 * halo_;
  }

  template <class Block>
  void emit(std::int64_t valid, Block&& block) {
    block(AudioView{data_.data() + halo_, channels_, step_, stride_}, first_frame_, valid);
    for (int c = 0; c < channels_; ++c) {
      float* row = data_.data() + c * stride_;
      std::copy(row + step_, row + step_ + 2 * halo_, row);
    }
    first_frame_ += step_;
    filled_ = 2 * halo_;
    step_ = next_step_;
  }

  int channels_;
  std::int64_t step_;
  std::int64_t next_step_;
  std::int64_t halo_;
  std::int64_t stride_;
  AlignedArray<float> data_;  // channels_ rows of halo_ + step_ + halo_ frames
  std::int64_t filled_;       // frames of a row in use; the first halo_ are the past
  std::int64_t first_frame_ = 0;
};

}  // namespace lathe
