// The equaliser on the CPU: overlap-save in steps of two blocks, whatever the size of what is pushed.
#include <algorithm>
#include <stdexcept>

#include "kernels/equalizer/linear_phase_eq.h"

namespace lathe::cpu {
namespace {

// One pass over all channels, cut at multiples of its own step, so that the result does not depend on the pushes.
class PassRunner {
 public:
  PassRunner(const LinearPhaseEqDesign::Pass& pass, int channels)
      : pass_(pass), channels_(channels),
        half_(std::max(pass.first->half(), pass.second->half())),
        step_(2 * std::min(pass.first->hop(), pass.second->hop())),
        row_(half_ + step_ + half_),
        held_(static_cast<std::size_t>(row_ * channels)),
        work_(static_cast<std::size_t>(2 * std::max(pass.first->points(), pass.second->points()))),
        out_(static_cast<std::size_t>(step_ * channels)),
        filled_(half_) {}

  std::int64_t half() const { return half_; }

  template <class Emit>
  void take(AudioView in, Emit&& emit) {
    std::int64_t used = 0;
    while (used < in.frames) {
      const std::int64_t n = std::min(in.frames - used, row_ - filled_);
      for (int c = 0; c < channels_; ++c) std::copy_n(in.channel(c) + used, n, held_.data() + c * row_ + filled_);
      if (pass_.mid_side) to_mid_side(filled_, n);
      filled_ += n;
      used += n;
      if (filled_ == row_) run(step_, emit);
    }
  }

  template <class Emit>
  void finish(Emit&& emit) {
    while (filled_ > half_) {
      const std::int64_t valid = std::min(filled_ - half_, step_);
      const std::int64_t left = filled_ - half_ - valid;
      for (int c = 0; c < channels_; ++c) std::fill(held_.data() + c * row_ + filled_, held_.data() + (c + 1) * row_, 0.0f);
      run(valid, emit);
      filled_ = half_ + left;
    }
  }

 private:
  // Mid = (L + R) / 2, side = (L - R) / 2 in place; back is L = mid + side, R = mid - side.
  void to_mid_side(std::int64_t first, std::int64_t count) {
    float* left = held_.data() + first;
    float* right = held_.data() + row_ + first;
    for (std::int64_t n = 0; n < count; ++n) {
      const float mid = 0.5f * (left[n] + right[n]), side = 0.5f * (left[n] - right[n]);
      left[n] = mid;
      right[n] = side;
    }
  }
  void to_left_right(std::int64_t count) {
    float* mid = out_.data();
    float* side = out_.data() + step_;
    for (std::int64_t n = 0; n < count; ++n) {
      const float left = mid[n] + side[n], right = mid[n] - side[n];
      mid[n] = left;
      side[n] = right;
    }
  }

  template <class Emit>
  void run(std::int64_t valid, Emit&& emit) {
    for (int c = 0; c < channels_; ++c) {
      const OverlapSaveKernel& kernel = c == 1 ? *pass_.second : *pass_.first;
      const float* x = held_.data() + c * row_;
      float* y = out_.data() + c * step_;
      if (kernel.half() == 0) {  // nothing asked of this channel: its samples pass as they are
        std::copy_n(x + half_, valid, y);
        continue;
      }
      const std::int64_t hop = step_ / 2, points = kernel.points();
      float* a = work_.data();
      float* b = work_.data() + points;
      fill(x, half_ - kernel.half(), points, a);
      fill(x, half_ - kernel.half() + hop, points, b);
      kernel.filter(a, b);
      std::copy_n(a + kernel.half(), std::min(valid, hop), y);
      if (valid > hop) std::copy_n(b + kernel.half(), valid - hop, y + hop);
    }
    if (pass_.mid_side) to_left_right(valid);
    emit(AudioView{out_.data(), channels_, valid, step_});
    for (int c = 0; c < channels_; ++c) {
      float* x = held_.data() + c * row_;
      std::copy(x + step_, x + row_, x);
    }
    filled_ = 2 * half_;
  }

  // `points` samples of the row from `first`; what lies behind the row's end only feeds samples that are thrown away.
  void fill(const float* row, std::int64_t first, std::int64_t points, float* to) const {
    const std::int64_t n = std::min(points, row_ - first);
    std::copy_n(row + first, n, to);
    std::fill(to + n, to + points, 0.0f);
  }

  const LinearPhaseEqDesign::Pass& pass_;
  int channels_;
  std::int64_t half_;
  std::int64_t step_;
  std::int64_t row_;
  AlignedArray<float> held_;  // a row a channel: half_ frames of past, then what was pushed
  AlignedArray<float> work_;
  AlignedArray<float> out_;
  std::int64_t filled_;
};

class LinearPhaseEq final : public Stage {
 public:
  LinearPhaseEq(std::shared_ptr<const LinearPhaseEqDesign> design, int channels) : design_(std::move(design)) {
    for (const auto& pass : design_->passes()) passes_.push_back(std::make_unique<PassRunner>(pass, channels));
  }

  std::string_view name() const override { return "eq"; }

  std::int64_t look_ahead_frames() const override {
    std::int64_t sum = 0;
    for (const auto& pass : passes_) sum += pass->half();
    return sum;
  }

  void take(AudioView frames) override { push(0, frames); }

  void finish() override {
    for (std::size_t i = 0; i < passes_.size(); ++i) {
      passes_[i]->finish([this, i](AudioView out) { push(i + 1, out); });
    }
    next().finish();
  }

 private:
  void push(std::size_t pass, AudioView frames) {
    if (pass == passes_.size()) return next().take(frames);
    passes_[pass]->take(frames, [this, pass](AudioView out) { push(pass + 1, out); });
  }

  std::shared_ptr<const LinearPhaseEqDesign> design_;
  std::vector<std::unique_ptr<PassRunner>> passes_;
};

}  // namespace

std::unique_ptr<Stage> make_linear_phase_eq(std::shared_ptr<const LinearPhaseEqDesign> design, int channels) {
  if (design->needs_stereo() && channels != 2) {
    throw std::invalid_argument("an eq band on left, right, mid or side needs a stereo track; this one has " +
                                std::to_string(channels) + " channel(s)");
  }
  return std::make_unique<LinearPhaseEq>(std::move(design), channels);
}

}  // namespace lathe::cpu
