// The compressor on the CPU, over the whole spectrum: blocks at fixed places, read once for the level and once for the
// gain.
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/block_feeder.h"
#include "kernels/dynamics/band_compressor.h"
#include "kernels/dynamics/broadband_compressor.h"
#include "kernels/dynamics/compressor.h"
#include "kernels/dynamics/gain_follower.h"
#include "kernels/simd/level.h"

namespace lathe::cpu {
namespace {

constexpr std::int64_t kStep = 8192;

class Compressor final : public Stage {
 public:
  Compressor(std::shared_ptr<const CompressorDesign> design, int channels, GainKey key)
      : design_(std::move(design)),
        key_(std::move(key)),
        channels_(channels),
        wait_(design_->wait_frames()),
        feeder_(channels, kStep, wait_),
        follower_(*design_, 0, channels, kStep + wait_),
        out_(static_cast<std::size_t>(kStep * channels)) {}

  std::string_view name() const override { return "compress"; }
  std::int64_t look_ahead_frames() const override { return kStep + wait_; }

  void take(AudioView frames) override {
    taken_ += frames.frames;
    if (!design_->acts(0)) return next().take(frames);
    feeder_.take(frames, [this](AudioView view, std::int64_t first, std::int64_t valid) { run(view, first, valid); });
  }

  void finish() override {
    follower_.end_at(taken_);
    feeder_.finish([this](AudioView view, std::int64_t first, std::int64_t valid) { run(view, first, valid); });
    key_.finish();
    next().finish();
  }

  StageAccount account() const override { return stage_account(*design_, {follower_.account()}); }

 private:
  void run(AudioView view, std::int64_t first, std::int64_t valid) {
    const std::vector<const float*> gains = gains_of(view, first, valid);
    const auto& apply = pick_level(sse2::dynamics_kernels, avx2::dynamics_kernels, avx512::dynamics_kernels).apply;
    for (int c = 0; c < channels_; ++c) {
      const float* x = view.channel(c);
      apply(x, x, kStep / CompressorDesign::kGroup, gains[static_cast<std::size_t>(c)], out_.data() + c * kStep);
    }
    next().take(AudioView{out_.data(), channels_, valid, kStep});
  }

  // A row a channel, from the block's first group on.
  std::vector<const float*> gains_of(AudioView view, std::int64_t first, std::int64_t valid) {
    constexpr std::int64_t kGroup = CompressorDesign::kGroup;
    std::vector<const float*> gains(static_cast<std::size_t>(channels_));
    if (key_.is_given()) {
      const AudioView kept = key_.read(first / kGroup, kStep / kGroup);
      for (int c = 0; c < channels_; ++c) gains[static_cast<std::size_t>(c)] = kept.channel(key_.row(0, c));
      return gains;
    }
    follower_.take(first == 0 ? view.slice(0, kStep + wait_) : view.slice(wait_, kStep));
    for (int c = 0; c < channels_; ++c) gains[static_cast<std::size_t>(c)] = follower_.gains(c, first / kGroup);
    if (key_.keeps()) key_.keep(gains.data(), (valid + kGroup - 1) / kGroup);
    return gains;
  }

  std::shared_ptr<const CompressorDesign> design_;
  GainKey key_;
  int channels_;
  std::int64_t wait_;
  BlockFeeder feeder_;
  GainFollower follower_;
  AlignedArray<float> out_;
  std::int64_t taken_ = 0;
};

}  // namespace

std::unique_ptr<Stage> make_compressor(std::shared_ptr<const CompressorDesign> design, int channels) {
  if (channels < 1) throw std::invalid_argument("make_compressor: no channels");
  if (design->split() != nullptr) return make_band_compressor(std::move(design), channels);
  return make_broadband_compressor(std::move(design), channels);
}

std::unique_ptr<Stage> make_broadband_compressor(std::shared_ptr<const CompressorDesign> design, int channels,
                                                 GainKey key) {
  return std::make_unique<Compressor>(std::move(design), channels, std::move(key));
}

}  // namespace lathe::cpu
