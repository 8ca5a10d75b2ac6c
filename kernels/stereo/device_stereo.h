// The stereo stage on a device, the same text for CUDA and for the CPU launcher of block kernels.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "kernels/device_stage.h"
#include "kernels/equalizer/device_eq.h"
#include "kernels/gain/gain_blocks.h"
#include "kernels/stereo/stereo.h"
#include "kernels/stereo/stereo_account.h"
#include "kernels/stereo/stereo_blocks.h"

namespace lathe {

template <class Launcher>
class DeviceStereo final : public DeviceStage {
 public:
  // Throws as check_stereo_channels() does.
  DeviceStereo(Launcher& launcher, std::shared_ptr<const StereoDesign> design, int channels)
      : launcher_(launcher), design_(std::move(design)), is_mono_(channels == 1), frames_(design_->block_frames()) {
    check_stereo_channels(channels);
    if (!is_mono_ && design_->side_kernel() != nullptr) {
      filter_ = std::make_unique<OverlapSaveRows<Launcher>>(launcher, *design_->mid_kernel(), *design_->side_kernel(),
                                                            true, 2);
    }
  }

  std::string_view name() const override { return "stereo"; }

  std::int64_t halo_frames() const override { return is_mono_ ? 0 : design_->halo_frames(); }

  void run(const block::InputRows& in, const block::OutputRows& out,
           block::GlobalSpan<const std::int64_t> track_frames) override {
    if (is_mono_) {
      launcher_.copy_rows(in.data, in.stride, in.rows, in.frames, out.data, out.stride);
      return;
    }
    const std::int64_t pairs = in.rows / 2, first = floor_block(out.first_frame),
                       count = floor_block(out.first_frame + out.frames - 1) + 1 - first;
    const block::StereoRow<StereoSums> before = row_of(before_, pairs, first, count);
    launch(block::StereoBlockSums{in, before, frames_, 1});
    const block::InputRows wide = widened(in, track_frames);
    const std::int64_t ahead = design_->look_ahead_blocks();
    const block::StereoRow<StereoSums> sums = row_of(sums_, pairs, first - ahead, count + 2 * ahead);
    launch(block::StereoBlockSums{wide, sums, frames_, design_->flat_width()});
    const block::StereoRow<float> knots = row_of(knots_, pairs, first, count + 1);
    find_gains(sums, knots, track_frames);
    launch(block::StereoScale{wide, out, knots.read_only(), frames_, design_->flat_width(), track_frames});
    keep(before, sums, knots, count, track_frames);
    const auto all = static_cast<double>(out.rows * out.frames);
    work_.bytes += 16 * all;
    work_.flops += 12 * all;
  }

  Work work() const override {
    if (!filter_) return work_;
    const Work filter = filter_->work();
    return {work_.bytes + filter.bytes, work_.flops + filter.flops};
  }

  // Of the first pair's track.
  StageAccount account() override {
    if (is_mono_) return mono_stereo_account();
    launcher_.synchronize();
    const std::int64_t blocks = kept_.empty() ? 0 : (kept_.front().track_frames.data()[0] + frames_ - 1) / frames_;
    std::vector<StereoTally> tallies(static_cast<std::size_t>(blocks));
    for (const Kept& kept : kept_) {
      for (std::int64_t i = 0; i < kept.count; ++i) {
        const std::int64_t k = kept.first + i;
        if (k < 0 || k >= blocks) continue;
        StereoTally& tally = tallies[static_cast<std::size_t>(k)];
        const StereoSums sums = kept.sums.data()[i];
        const double from = kept.knots.data()[i], to = kept.knots.data()[i + 1], gain = 0.5 * (from + to);
        tally.before = kept.before.data()[i];
        tally.after = {sums.mid, sums.side * gain * gain, sums.cross * gain};
        tally.gain = kept.knots.data()[i];
      }
    }
    return stereo_account(tallies, frames_, design_->sample_rate_hz());
  }

 private:
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;
  template <class T>
  using HostBuffer = typename Launcher::template HostBuffer<T>;

  // What a window leaves for the account.
  struct Kept {
    std::int64_t first, count;
    HostBuffer<StereoSums> before, sums;
    HostBuffer<float> knots;
    HostBuffer<std::int64_t> track_frames;
  };

  std::int64_t filter_halo() const { return filter_ ? filter_->half() : 0; }

  std::int64_t floor_block(std::int64_t frame) const {
    return frame >= 0 ? frame / frames_ : -((-frame + frames_ - 1) / frames_);
  }

  template <class T>
  block::StereoRow<T> row_of(Buffer<T>& buffer, std::int64_t pairs, std::int64_t first, std::int64_t count) {
    if (buffer.size() < pairs * count) buffer = launcher_.template make_buffer<T>(pairs * count);
    return {buffer.data(), pairs, first, count};
  }
  block::OutputRows rows_of(Buffer<float>& buffer, const block::InputRows& like, std::int64_t shorter) {
    const std::int64_t frames = like.frames - 2 * shorter;
    if (buffer.size() < like.rows * frames) buffer = launcher_.template make_buffer<float>(like.rows * frames);
    return {buffer.data(), like.rows, frames, frames, like.first_frame + shorter};
  }

  template <class Kernel>
  void launch(const Kernel& kernel) {
    launcher_.launch(kernel, kernel.blocks());
  }

  // Balanced, and with the side's filter behind it.
  block::InputRows widened(const block::InputRows& in, block::GlobalSpan<const std::int64_t> track_frames) {
    block::InputRows from = in;
    if (design_->settings().balance_db != 0) {
      const block::OutputRows to = rows_of(balanced_, in, 0);
      for (std::int64_t row = 0; row < in.rows; ++row) {
        const double gain = row % 2 == 0 ? design_->left_gain() : design_->right_gain();
        launch(block::GainRows{{in.data + row * in.stride, 1, in.frames, in.stride, in.first_frame},
                               {to.data + row * to.stride, 1, to.frames, to.stride, to.first_frame},
                               static_cast<float>(gain)});
      }
      from = to;
    }
    if (filter_) {
      const block::OutputRows to = rows_of(filtered_, from, filter_halo());
      filter_->run(from, to, track_frames);
      from = to;
    }
    return from;
  }

  void find_gains(const block::StereoRow<StereoSums>& sums, const block::StereoRow<float>& knots,
                  block::GlobalSpan<const std::int64_t> track_frames) {
    if (!design_->limits().holds_anything()) return launch(block::StereoOnes{{}, knots});
    const block::StereoRow<double> least =
        row_of(least_, knots.pairs, knots.first - kGuardSmooth, knots.count + 2 * kGuardSmooth);
    const std::int64_t before = kGuardSmooth + kGuardWindow + kGuardBehind, behind = kGuardSmooth + kGuardBefore;
    const block::StereoRow<double> windows =
        row_of(windows_, knots.pairs, least.first - before, least.count + before + behind);
    launch(block::StereoWindows{{}, design_->limits(), sums.read_only(), windows, frames_, track_frames});
    launch(block::StereoLeast{{}, windows.read_only(), least, frames_, track_frames});
    launch(block::StereoKnots{{}, least.read_only(), knots});
  }

  void keep(const block::StereoRow<StereoSums>& before, const block::StereoRow<StereoSums>& sums,
            const block::StereoRow<float>& knots, std::int64_t count,
            block::GlobalSpan<const std::int64_t> track_frames) {
    Kept kept{before.first,
              count,
              launcher_.template make_host_buffer<StereoSums>(count),
              launcher_.template make_host_buffer<StereoSums>(count),
              launcher_.template make_host_buffer<float>(count + 1),
              launcher_.template make_host_buffer<std::int64_t>(1)};
    launcher_.download(static_cast<const StereoSums*>(before.data), count, kept.before.data());
    launcher_.download(static_cast<const StereoSums*>(sums.data) + (before.first - sums.first), count,
                       kept.sums.data());
    launcher_.download(static_cast<const float*>(knots.data), count + 1, kept.knots.data());
    launcher_.download(track_frames.data, 1, kept.track_frames.data());
    kept_.push_back(std::move(kept));
  }

  Launcher& launcher_;
  std::shared_ptr<const StereoDesign> design_;
  bool is_mono_;
  std::int64_t frames_;  // of a block
  std::unique_ptr<OverlapSaveRows<Launcher>> filter_;
  Buffer<StereoSums> before_, sums_;
  Buffer<double> windows_, least_;
  Buffer<float> knots_, balanced_, filtered_;
  std::vector<Kept> kept_;
  Work work_;
};

}  // namespace lathe
