// Blocks of two hops of each channel: one transform there, one back for each edge that a band at work has; the bands
// are the differences. What the gains look ahead for waits with its bands.
#include "kernels/dynamics/band_compressor.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/dynamics/band_lanes.h"
#include "kernels/dynamics/gain_follower.h"
#include "kernels/simd/level.h"

namespace lathe::cpu {
namespace {

const BandKernels& kernels() { return pick_level(sse2::band_kernels, avx2::band_kernels, avx512::band_kernels); }

class BandCompressor final : public Stage {
 public:
  BandCompressor(std::shared_ptr<const CompressorDesign> design, int channels, GainKey key)
      : design_(std::move(design)),
        key_(std::move(key)),
        split_(*design_->split()),
        channels_(channels),
        step_(2 * split_.hop()),
        wait_(design_->wait_frames()),
        past_(std::max((split_.half() + 15) / 16 * 16, wait_)),
        row_(past_ + step_ + split_.half()),
        stride_((row_ + split_.points() + 15) / 16 * 16),
        held_(static_cast<std::size_t>(stride_ * channels)),
        band_stride_(wait_ + step_),
        spectrum_(static_cast<std::size_t>(2 * split_.points())),
        work_(static_cast<std::size_t>(2 * split_.points())),
        lower_(static_cast<std::size_t>(2 * split_.points())),
        out_(static_cast<std::size_t>(step_ * channels)),
        filled_(past_) {
    for (int b = 0; b < design_->bands(); ++b) {
      if (!design_->acts(b)) continue;
      bands_.push_back({b, GainFollower(*design_, b, channels, step_),
                        AlignedArray<float>(static_cast<std::size_t>(band_stride_ * channels))});
    }
  }

  std::string_view name() const override { return "compress"; }
  std::int64_t look_ahead_frames() const override { return step_ + split_.half() + wait_; }

  void take(AudioView frames) override {
    taken_ += frames.frames;
    std::int64_t used = 0;
    while (used < frames.frames) {
      const std::int64_t n = std::min(frames.frames - used, row_ - filled_);
      for (int c = 0; c < channels_; ++c)
        copy_samples(frames.channel(c) + used, n, held_.data() + c * stride_ + filled_);
      filled_ += n;
      used += n;
      if (filled_ == row_) run();
    }
  }

  void finish() override {
    for (Band& band : bands_) band.follower.end_at(taken_);
    while (handed_on_ < taken_) {
      for (int c = 0; c < channels_; ++c)
        std::fill(held_.data() + c * stride_ + filled_, held_.data() + c * stride_ + row_, 0.0f);
      run();
    }
    key_.finish();
    next().finish();
  }

  StageAccount account() const override {
    std::vector<CompressorAccount> accounts(static_cast<std::size_t>(design_->bands()));
    for (const Band& band : bands_) accounts[static_cast<std::size_t>(band.index)] = band.follower.account();
    return stage_account(*design_, accounts);
  }

 private:
  struct Band {
    int index;
    GainFollower follower;
    AlignedArray<float> samples;  // a row a channel: what waits, then what is new
  };

  float* new_samples(Band& band, int channel) { return band.samples.data() + channel * band_stride_ + wait_; }

  void run() {
    for (int c = 0; c < channels_; ++c) split(c);
    for (Band& band : bands_) {
      if (!key_.is_given()) band.follower.take(AudioView{band.samples.data() + wait_, channels_, step_, band_stride_});
    }
    hand_on();
    for (int c = 0; c < channels_; ++c) {
      float* x = held_.data() + c * stride_;
      std::copy(x + step_, x + row_, x);
      for (Band& band : bands_) {
        float* samples = band.samples.data() + c * band_stride_;
        std::copy(samples + step_, samples + step_ + wait_, samples);
      }
    }
    filled_ = row_ - step_;
    at_ += step_;
  }

  // Bands in rising order: each needs the low-pass above it, and the one below it, which the band before may have had.
  void split(int c) {
    const std::int64_t half = split_.half(), hop = split_.hop(), points = split_.points();
    const float* x = held_.data() + c * stride_ + past_;
    float* re = spectrum_.data();
    float* im = re + points;
    split_.fft().analyse(x - half, x - half + hop, work_.data(), work_.data() + points, re, im);
    int have = -1;  // the edge whose low-pass is in lower_
    for (Band& band : bands_) {
      const int below = band.index - 1, above = band.index;
      if (below >= 0 && have != below)
        split_.fft().synthesise(split_.arranged(below), re, im, lower_.data(), lower_.data() + points);
      const bool is_top = above == design_->bands() - 1;
      if (!is_top) split_.fft().synthesise(split_.arranged(above), re, im, work_.data(), work_.data() + points);
      for (std::int64_t part = 0; part < 2; ++part) {
        const float* upper = is_top ? x + part * hop : work_.data() + part * points + half;
        const float* lower = lower_.data() + part * points + half;
        float* to = new_samples(band, c) + part * hop;
        if (below < 0) {
          copy_samples(upper, hop, to);
        } else {
          kernels().difference(upper, lower, hop, to);
        }
      }
      std::swap(work_, lower_);
      have = above;
    }
  }

  // The frames from wait_ before the block on.
  void hand_on() {
    const std::int64_t first = at_ - wait_, skipped = std::max<std::int64_t>(0, -first);
    if (skipped >= step_) return;  // a look-ahead longer than a block: nothing is ready yet
    const std::int64_t groups = (step_ - skipped) / CompressorDesign::kGroup,
                       group = (first + skipped) / CompressorDesign::kGroup;
    const std::int64_t valid = std::min(step_ - skipped, taken_ - handed_on_);
    const AudioView kept = key_.is_given() ? key_.read(group, groups) : AudioView{};
    if (key_.keeps() && valid > 0) keep_gains(group, valid);
    std::vector<const float*> samples(bands_.size()), gains(bands_.size());
    for (int c = 0; c < channels_; ++c) {
      for (std::size_t b = 0; b < bands_.size(); ++b) {
        samples[b] = bands_[b].samples.data() + c * band_stride_ + skipped;
        gains[b] =
            key_.is_given() ? kept.channel(key_.row(static_cast<int>(b), c)) : bands_[b].follower.gains(c, group);
      }
      const float* base = held_.data() + c * stride_ + past_ - wait_ + skipped;
      kernels().apply(base, samples.data(), gains.data(), static_cast<int>(bands_.size()), groups,
                      out_.data() + c * step_);
    }
    if (valid > 0) next().take(AudioView{out_.data(), channels_, valid, step_});
    handed_on_ += valid;
  }

  void keep_gains(std::int64_t group, std::int64_t frames) {
    std::vector<const float*> gains(static_cast<std::size_t>(key_.rows()));
    for (std::size_t b = 0; b < bands_.size(); ++b) {
      for (int c = 0; c < channels_; ++c)
        gains[static_cast<std::size_t>(key_.row(static_cast<int>(b), c))] = bands_[b].follower.gains(c, group);
    }
    key_.keep(gains.data(), (frames + CompressorDesign::kGroup - 1) / CompressorDesign::kGroup);
  }

  std::shared_ptr<const CompressorDesign> design_;
  GainKey key_;
  const BandSplit& split_;
  int channels_;
  std::int64_t step_, wait_, past_, row_, stride_;
  AlignedArray<float> held_;  // a row a channel: past_ frames, a step, and half a kernel
  std::int64_t band_stride_;
  std::vector<Band> bands_;
  AlignedArray<float> spectrum_, work_, lower_, out_;
  std::int64_t filled_, at_ = 0, taken_ = 0, handed_on_ = 0;
};

}  // namespace

std::unique_ptr<Stage> make_band_compressor(std::shared_ptr<const CompressorDesign> design, int channels, GainKey key) {
  return std::make_unique<BandCompressor>(std::move(design), channels, std::move(key));
}

}  // namespace lathe::cpu
