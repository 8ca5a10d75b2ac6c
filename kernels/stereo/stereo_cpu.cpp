// The stereo stage on the CPU: the side's filter in steps of its own, then the guard in blocks of a hundredth of a
// second, which wait until what is behind them is known.
#include <algorithm>
#include <utility>

#include "kernels/aligned.h"
#include "kernels/block_feeder.h"
#include "kernels/equalizer/pass_runner.h"
#include "kernels/simd/level.h"
#include "kernels/stereo/stereo.h"
#include "kernels/stereo/stereo_account.h"
#include "kernels/stereo/stereo_lanes.h"

namespace lathe {

const StereoKernels& stereo_kernels() {
  return pick_level(sse2::stereo_kernels, avx2::stereo_kernels, avx512::stereo_kernels);
}

namespace cpu {
namespace {

StereoSums sums_of(AudioView frames, std::int64_t first, std::int64_t count) {
  float sums[3];
  stereo_kernels().sums(frames.channel(0) + first, frames.channel(1) + first, count, sums);
  return {sums[0], sums[1], sums[2]};
}

// The guard along a stream. It keeps the sums of all blocks of the track: 2 kB a second.
class GuardRunner {
 public:
  explicit GuardRunner(const StereoDesign& design)
      : limits_(design.limits()),
        width_(design.flat_width()),
        block_(design.block_frames()),
        ahead_(design.look_ahead_blocks()),
        only_counts_(!limits_.holds_anything() && width_ == 1),
        blocks_(2, block_, 0),
        stride_((2 * (ahead_ + kAtOnce) * block_ + 15) / 16 * 16),
        held_(only_counts_ ? 0 : static_cast<std::size_t>(2 * stride_)) {}

  template <class Emit>
  void take(AudioView in, Emit&& emit) {
    if (only_counts_) {
      blocks_.take(
          in, [this](AudioView block, std::int64_t, std::int64_t valid) { sums_.push_back(sums_of(block, 0, valid)); });
      return emit(in);
    }
    for (std::int64_t used = 0; used < in.frames;) {
      if (filled_ == stride_) drop();
      const std::int64_t count = std::min(in.frames - used, stride_ - filled_);
      for (int c = 0; c < 2; ++c) copy_samples(in.channel(c) + used, count, held_.data() + c * stride_ + filled_);
      filled_ += count;
      used += count;
      for (; known_frames() + block_ <= filled_; note_block(block_)) continue;
      hand_on(known() - ahead_, kUnknown, emit);
    }
  }

  template <class Emit>
  void finish(Emit&& emit) {
    if (only_counts_) {
      blocks_.finish(
          [this](AudioView block, std::int64_t, std::int64_t valid) { sums_.push_back(sums_of(block, 0, valid)); });
      return knots_.resize(sums_.size() + 1, 1.0f);
    }
    if (known_frames() < filled_) note_block(filled_ - known_frames());
    hand_on(known(), known(), emit);
  }

  // Of each block: the side's sums before the guard have its gain in them.
  void fill_in(std::vector<StereoTally>& tallies) const {
    for (std::size_t k = 0; k < tallies.size() && k < sums_.size(); ++k) {
      const double gain = 0.5 * (static_cast<double>(knots_[k]) + static_cast<double>(knots_[k + 1]));
      tallies[k].after = {sums_[k].mid, sums_[k].side * gain * gain, sums_[k].cross * gain};
      tallies[k].gain = knots_[k];
    }
  }

 private:
  static constexpr std::int64_t kAtOnce = 32, kUnknown = INT64_MAX / 4;

  std::int64_t known() const { return static_cast<std::int64_t>(sums_.size()); }
  // The end of the blocks whose sums are known, as a place in held_.
  std::int64_t known_frames() const { return (known() - first_block_) * block_; }

  void note_block(std::int64_t count) {
    StereoSums sums = sums_of({held_.data(), 2, filled_, stride_}, known_frames(), count);
    sums.side *= width_ * width_;
    sums.cross *= width_;
    sums_.push_back(sums);
  }

  // Blocks up to `end`, of a track of `blocks`.
  template <class Emit>
  void hand_on(std::int64_t end, std::int64_t blocks, Emit&& emit) {
    if (end <= next_) return;
    find_gains(end, blocks);
    const std::int64_t from = (next_ - first_block_) * block_, to = std::min(filled_, (end - first_block_) * block_);
    for (; next_ < end; ++next_) {
      const auto knot = static_cast<std::size_t>(next_);
      const double base = width_ * static_cast<double>(knots_[knot]),
                   then = width_ * static_cast<double>(knots_[knot + 1]);
      if (base == 1 && then == 1) continue;
      const std::int64_t at = (next_ - first_block_) * block_;
      stereo_kernels().scale_side(held_.data() + at, held_.data() + stride_ + at, std::min(block_, filled_ - at),
                                  static_cast<float>(base),
                                  static_cast<float>((then - base) / static_cast<double>(block_)));
    }
    emit(AudioView{held_.data() + from, 2, to - from, stride_});
  }

  // Knots 0 .. end.
  void find_gains(std::int64_t end, std::int64_t blocks) {
    if (!limits_.holds_anything()) return knots_.resize(static_cast<std::size_t>(end) + 1, 1.0f);
    const auto sums = [this](std::int64_t k) { return sums_[static_cast<std::size_t>(k)]; };
    const std::int64_t last = blocks == kUnknown ? known() - kGuardWindow - kGuardBehind : last_guard_window(blocks);
    for (auto w = static_cast<std::int64_t>(windows_.size()); w <= last; ++w)
      windows_.push_back(window_gain(limits_, sums, w, blocks, static_cast<double>(block_)));
    const auto windows = [this](std::int64_t w) { return windows_[static_cast<std::size_t>(w)]; };
    const auto least = [this](std::int64_t k) { return least_[static_cast<std::size_t>(k + kGuardSmooth)]; };
    for (auto k = static_cast<std::int64_t>(knots_.size()); k <= end; ++k) {
      while (static_cast<std::int64_t>(least_.size()) <= k + 2 * kGuardSmooth)
        least_.push_back(least_near(windows, static_cast<std::int64_t>(least_.size()) - kGuardSmooth, blocks));
      knots_.push_back(static_cast<float>(knot_gain(least, k)));
    }
  }

  // What has been handed on makes room.
  void drop() {
    const std::int64_t used = (next_ - first_block_) * block_;
    for (int c = 0; c < 2; ++c)
      copy_samples(held_.data() + c * stride_ + used, filled_ - used, held_.data() + c * stride_);
    filled_ -= used;
    first_block_ = next_;
  }

  StereoLimits limits_;
  double width_;
  std::int64_t block_, ahead_;
  bool only_counts_;    // no sample changes: nothing is held
  BlockFeeder blocks_;  // where it only counts
  std::int64_t stride_;
  AlignedArray<float> held_;  // left and right from block first_block_ on
  std::int64_t filled_ = 0, first_block_ = 0;
  std::int64_t next_ = 0;  // block to be handed on
  std::vector<StereoSums> sums_;
  std::vector<double> windows_;
  std::vector<double> least_;  // least_near() from knot -kGuardSmooth on
  std::vector<float> knots_;
};

class Stereo final : public Stage {
 public:
  explicit Stereo(std::shared_ptr<const StereoDesign> design)
      : design_(std::move(design)),
        input_(2, design_->block_frames(), 0),
        guard_(*design_),
        gains_{static_cast<float>(design_->left_gain()), static_cast<float>(design_->right_gain())} {
    if (design_->side_kernel() != nullptr)
      width_ = std::make_unique<PassRunner>(*design_->mid_kernel(), *design_->side_kernel(), true, 2);
    if (design_->settings().balance_db != 0) balanced_ = AlignedArray<float>(2 * kPiece);
  }

  std::string_view name() const override { return "stereo"; }

  std::int64_t look_ahead_frames() const override {
    return (width_ ? width_->half() : 0) + design_->look_ahead_blocks() * design_->block_frames();
  }

  void take(AudioView in) override {
    input_.take(in, [this](AudioView block, std::int64_t, std::int64_t valid) { note_input(block, valid); });
    if (balanced_.size() == 0) return widen(in);
    for (std::int64_t first = 0; first < in.frames; first += kPiece) {
      const std::int64_t count = std::min(kPiece, in.frames - first);
      for (int c = 0; c < 2; ++c) {
        const float* x = in.channel(c) + first;
        float* y = balanced_.data() + c * kPiece;
        for (std::int64_t n = 0; n < count; ++n) y[n] = gains_[c] * x[n];
      }
      widen({balanced_.data(), 2, count, kPiece});
    }
  }

  void finish() override {
    input_.finish([this](AudioView block, std::int64_t, std::int64_t valid) { note_input(block, valid); });
    if (width_) width_->finish([this](AudioView out) { guard(out); });
    guard_.finish([this](AudioView out) { next().take(out); });
    guard_.fill_in(tallies_);
    next().finish();
  }

  StageAccount account() const override {
    return stereo_account(tallies_, design_->block_frames(), design_->sample_rate_hz());
  }

 private:
  static constexpr std::int64_t kPiece = 4096;

  void note_input(AudioView block, std::int64_t valid) { tallies_.push_back({sums_of(block, 0, valid), {0, 0, 0}, 1}); }

  void widen(AudioView in) {
    if (!width_) return guard(in);
    width_->take(in, [this](AudioView out) { guard(out); });
  }
  void guard(AudioView in) {
    guard_.take(in, [this](AudioView out) { next().take(out); });
  }

  std::shared_ptr<const StereoDesign> design_;
  BlockFeeder input_;
  std::unique_ptr<PassRunner> width_;
  GuardRunner guard_;
  float gains_[2];
  AlignedArray<float> balanced_;
  std::vector<StereoTally> tallies_;
};

// One channel has no side.
class Mono final : public Stage {
 public:
  std::string_view name() const override { return "stereo"; }
  std::int64_t look_ahead_frames() const override { return 0; }
  void take(AudioView in) override { next().take(in); }
  void finish() override { next().finish(); }
  StageAccount account() const override { return mono_stereo_account(); }
};

}  // namespace

std::unique_ptr<Stage> make_stereo(std::shared_ptr<const StereoDesign> design, int channels) {
  check_stereo_channels(channels);
  if (channels == 1) return std::make_unique<Mono>();
  return std::make_unique<Stereo>(std::move(design));
}

}  // namespace cpu
}  // namespace lathe
