// The compressor on a device: what it asks of a launcher, the same text for CUDA and for the CPU launcher of block
// kernels.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/dynamics/device_follower.h"
#include "kernels/equalizer/device_eq.h"
#include "kernels/fft/overlap_save.h"

namespace lathe {

// A low-pass of the split.
template <class Launcher>
class DeviceLowPass {
 public:
  DeviceLowPass(Launcher& launcher, const std::vector<double>& taps, int channels)
      : kernel_(taps), rows_(launcher, kernel_, kernel_, false, channels) {}

  // out = the low-pass of x, which is at least half() longer at either end.
  void run(const block::InputRows& x, const block::OutputRows& out) {
    const std::int64_t from = out.first_frame - x.first_frame - rows_.half();
    rows_.run(x.slice(from, out.frames + 2 * rows_.half()), out, {});
  }
  DeviceStage::Work work() const { return rows_.work(); }

 private:
  OverlapSaveKernel kernel_;
  OverlapSaveRows<Launcher> rows_;
};

template <class Launcher>
class DeviceCompressor final : public DeviceStage {
 public:
  // Throws std::invalid_argument without channels.
  DeviceCompressor(Launcher& launcher, std::shared_ptr<const CompressorDesign> design, int channels)
      : launcher_(launcher),
        design_(std::move(design)),
        follower_halo_(design_->device_halo_frames() - (design_->split() != nullptr ? design_->split()->half() : 0)) {
    if (channels < 1) throw std::invalid_argument("make_compressor: no channels");
    const BandSplit* split = design_->split();
    for (int b = 0; b < design_->bands(); ++b) {
      if (design_->acts(b)) bands_.push_back({b, DeviceFollower<Launcher>(launcher, *design_, b, channels)});
    }
    for (int e = 0; split != nullptr && e + 1 < design_->bands(); ++e) {
      low_passes_.push_back(
          split->has(e) ? std::make_unique<DeviceLowPass<Launcher>>(launcher, split->taps(e), channels) : nullptr);
    }
  }

  std::string_view name() const override { return "compress"; }
  std::int64_t halo_frames() const override { return design_->device_halo_frames(); }

  void run(const block::InputRows& in, const block::OutputRows& out,
           block::GlobalSpan<const std::int64_t> track_frames) override {
    const block::InputRows base = in.slice(halo_frames(), out.frames);
    if (bands_.empty()) {
      launcher_.copy_rows(base.data, base.stride, base.rows, base.frames, out.data, out.stride);
      return;
    }
    if (design_->split() == nullptr) return bands_.front().follower.apply(in, base, out, track_frames);
    run_bands(in, base, out, track_frames);
  }

  Work work() const override {
    Work all = own_;
    const auto add = [&all](const Work& more) {
      all.bytes += more.bytes;
      all.flops += more.flops;
    };
    for (const Band& band : bands_) add(band.follower.work());
    for (const auto& low_pass : low_passes_) {
      if (low_pass) add(low_pass->work());
    }
    return all;
  }

  StageAccount account() override {
    std::vector<CompressorAccount> accounts(static_cast<std::size_t>(design_->bands()));
    for (const Band& band : bands_) accounts[static_cast<std::size_t>(band.index)] = band.follower.account();
    return stage_account(*design_, accounts);
  }

 private:
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;
  struct Band {
    int index;
    DeviceFollower<Launcher> follower;
  };

  // A window of `out` and the follower's halo at both ends, in memory of its own.
  block::OutputRows rows_in(Buffer<float>& buffer, const block::OutputRows& out) {
    const std::int64_t frames = out.frames + 2 * follower_halo_, stride = (frames + 31) / 32 * 32;
    if (buffer.size() < out.rows * stride) buffer = launcher_.template make_buffer<float>(out.rows * stride);
    return {buffer.data(), out.rows, frames, stride, out.first_frame - follower_halo_};
  }

  // Bands in rising order, as on the CPU.
  void run_bands(const block::InputRows& in, block::InputRows base, const block::OutputRows& out,
                 block::GlobalSpan<const std::int64_t> track_frames) {
    block::OutputRows upper = rows_in(upper_, out), lower = rows_in(lower_, out);
    const block::OutputRows difference = rows_in(difference_, out);
    int have = -1;
    for (Band& band : bands_) {
      const int below = band.index - 1, above = band.index;
      if (below >= 0 && have != below) low_passes_[static_cast<std::size_t>(below)]->run(in, lower);
      const bool is_top = above == design_->bands() - 1;
      if (!is_top) low_passes_[static_cast<std::size_t>(above)]->run(in, upper);
      const block::InputRows top =
          is_top ? in.slice(design_->split()->half(), difference.frames) : block::InputRows(upper);
      block::InputRows samples = top;
      if (below >= 0) {
        const block::SubtractRows subtract{top, lower, difference};
        launcher_.launch(subtract, subtract.blocks());
        own_.bytes += 12.0 * static_cast<double>(difference.rows * difference.frames);
        own_.flops += static_cast<double>(difference.rows * difference.frames);
        samples = difference;
      }
      band.follower.apply(samples, base, out, track_frames);
      base = out;
      std::swap(upper, lower);
      have = above;
    }
  }

  Launcher& launcher_;
  std::shared_ptr<const CompressorDesign> design_;
  std::int64_t follower_halo_;
  std::vector<Band> bands_;
  std::vector<std::unique_ptr<DeviceLowPass<Launcher>>> low_passes_;
  Buffer<float> upper_, lower_, difference_;
  Work own_;
};

}  // namespace lathe
