// The linear-phase equaliser on a device: what its passes ask of a launcher, the same text for CUDA and for the CPU
// launcher of block kernels.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/device_stage.h"
#include "kernels/equalizer/bass_blocks.h"
#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/equalizer/overlap_save_blocks.h"

namespace lathe {

// One pass over all rows of a window.
template <class Launcher>
class OverlapSaveRows {
 public:
  // Kernels of equal length and kind: `second` for the second channel of a track (or side), `first` for all others.
  OverlapSaveRows(Launcher& launcher, const OverlapSaveKernel& first, const OverlapSaveKernel& second, bool mid_side,
                  int channels)
      : launcher_(launcher),
        is_causal_(first.is_causal()),
        response_(launcher.template make_buffer<float>(2 * floats_of(first))) {
    shape_.points = first.points();
    shape_.half = first.half();
    shape_.hop = first.hop();
    shape_.channels = channels;
    shape_.mid_side = mid_side;
    shape_.identity_first = first.is_identity();
    shape_.identity_second = second.is_identity();
    const std::int64_t floats = floats_of(first);
    launcher.upload(first.response().data(), floats, response_.data());
    launcher.upload(second.response().data(), floats, response_.data() + floats);
    launcher.synchronize();  // the responses belong to the caller
  }

  std::int64_t half() const { return shape_.half; }

  void run(const block::InputRows& in, const block::OutputRows& out,
           block::GlobalSpan<const std::int64_t> track_frames) {
    const std::int64_t transforms = shape_.pairs(out.frames) * out.rows, batch = this->batch();
    if (z_.size() < batch * shape_.points) z_ = launcher_.template make_buffer<Complex32>(batch * shape_.points);
    const block::GlobalSpan<Complex32> z{z_.data(), batch * shape_.points};
    BatchFft& fft = launcher_.fft(shape_.points, batch);
    for (std::int64_t first = 0; first < transforms; first += batch) {
      const block::OverlapSaveGather gather{{}, shape_, in, z, first, transforms};
      launcher_.launch(gather, gather.blocks());
      fft.forward(z_.data());
      if (is_causal_) {
        multiply(block::MultiplyComplexSpectrum{{}, shape_, out.rows, z, first, std::as_const(response_).span()});
      } else {
        multiply(block::MultiplySpectrum{{}, shape_, out.rows, z, first, std::as_const(response_).span()});
      }
      fft.inverse(z_.data());
      const block::OverlapSaveScatter scatter{{}, shape_, in, {z.data, z.size}, first, transforms, out, track_frames};
      launcher_.launch(scatter, scatter.blocks());
      count(std::min(batch, transforms - first));
    }
  }

  DeviceStage::Work work() const { return work_; }

 private:
  static std::int64_t floats_of(const OverlapSaveKernel& kernel) {
    return static_cast<std::int64_t>(kernel.response().size());
  }

  template <class Kernel>
  void multiply(const Kernel& kernel) {
    launcher_.launch(kernel, kernel.blocks());
  }

  // The same whatever the window, for plans of other batches may differ in the last bits.
  std::int64_t batch() const {
    return shape_.channels * std::max<std::int64_t>(1, launcher_.transforms_at_once(shape_.points) / shape_.channels);
  }

  // A transform reads and writes its values once at least; gather, multiply and scatter as well.
  void count(std::int64_t batch) {
    const auto n = static_cast<double>(shape_.points), hop = static_cast<double>(shape_.hop);
    work_.bytes += static_cast<double>(batch) * (n * (16 + 16 + 16 + 16) + 16 * hop);
    work_.flops += static_cast<double>(batch) * (2 * 5 * n * std::log2(n) + 2 * n);
  }

  Launcher& launcher_;
  block::OverlapSaveShape shape_;
  bool is_causal_;
  typename Launcher::template Buffer<float> response_;
  typename Launcher::template Buffer<Complex32> z_;
  DeviceStage::Work work_;
};

// The bass alone, at a low rate.
template <class Launcher>
class BassRows {
 public:
  BassRows(Launcher& launcher, const BassKernel& kernel, int channels)
      : launcher_(launcher),
        factor_(kernel.factor()),
        low_pass_(launcher, kernel.low(), kernel.low(), false, channels),
        lower_(launcher.template make_buffer<float>(8 * factor_)),
        raise_(launcher.template make_buffer<float>(8 * factor_)) {
    launcher.upload(kernel.lower(), 8 * factor_, lower_.data());
    launcher.upload(kernel.raise(), 8 * factor_, raise_.data());
    launcher.synchronize();
  }

  // A frame asks for answers 3 before and 4 behind, these for the low kernel's half, and those for 4 samples' frames.
  std::int64_t half() const { return factor_ * (low_pass_.half() + 8); }

  void run(const block::InputRows& in, const block::OutputRows& out,
           block::GlobalSpan<const std::int64_t> track_frames) {
    const std::int64_t first = floor_div(out.first_frame) - 3,
                       count = floor_div(out.first_frame + out.frames - 1) + 5 - first;
    const std::int64_t reach = low_pass_.half();
    const block::OutputRows lowered = rows_of(lowered_, in.rows, first - reach, count + 2 * reach);
    const block::OutputRows answer = rows_of(answer_, in.rows, first, count);
    const block::BassLower lower{in, lowered, factor_, std::as_const(lower_).span()};
    launcher_.launch(lower, lower.blocks());
    low_pass_.run(lowered, answer, {});  // beyond the track's ends there is silence already
    const int bits = std::countr_zero(static_cast<std::uint64_t>(factor_));
    const block::BassRaise raise{in, answer, out, bits, std::as_const(raise_).span(), track_frames};
    launcher_.launch(raise, raise.blocks());
    const double samples = static_cast<double>(out.rows * out.frames);
    work_.bytes += samples * (4 + 4 + 4 + 12.0 / static_cast<double>(factor_));
    work_.flops += samples * 32;
  }

  DeviceStage::Work work() const {
    const DeviceStage::Work low = low_pass_.work();
    return {work_.bytes + low.bytes, work_.flops + low.flops};
  }

 private:
  std::int64_t floor_div(std::int64_t frame) const {
    return frame >= 0 ? frame / factor_ : -((-frame + factor_ - 1) / factor_);
  }

  block::OutputRows rows_of(typename Launcher::template Buffer<float>& buffer, std::int64_t rows, std::int64_t first,
                            std::int64_t frames) {
    if (buffer.size() < rows * frames) buffer = launcher_.template make_buffer<float>(rows * frames);
    return {buffer.data(), rows, frames, frames, first};
  }

  Launcher& launcher_;
  std::int64_t factor_;
  OverlapSaveRows<Launcher> low_pass_;
  typename Launcher::template Buffer<float> lower_, raise_, lowered_, answer_;
  DeviceStage::Work work_;
};

// The stage: its passes one after the other over windows that get shorter, or the bass alone.
template <class Launcher>
class DeviceEq final : public DeviceStage {
 public:
  DeviceEq(Launcher& launcher, std::shared_ptr<const LinearPhaseEqDesign> design, int channels)
      : launcher_(launcher), design_(std::move(design)) {
    if (design_->needs_stereo() && channels != 2) {
      throw std::invalid_argument("an eq band on left, right, mid or side needs a stereo track; this one has " +
                                  std::to_string(channels) + " channel(s)");
    }
    if (design_->bass() != nullptr) bass_ = std::make_unique<BassRows<Launcher>>(launcher, *design_->bass(), channels);
    for (const LinearPhaseEqDesign::Pass& pass : design_->passes())
      passes_.push_back(
          std::make_unique<OverlapSaveRows<Launcher>>(launcher, *pass.first, *pass.second, pass.mid_side, channels));
    between_.resize(passes_.size());
  }

  std::string_view name() const override { return "eq"; }

  std::int64_t halo_frames() const override {
    std::int64_t sum = bass_ ? bass_->half() : 0;
    for (const auto& pass : passes_) sum += pass->half();
    return sum;
  }

  void run(const block::InputRows& in, const block::OutputRows& out,
           block::GlobalSpan<const std::int64_t> track_frames) override {
    if (bass_) return bass_->run(in, out, track_frames);
    if (passes_.empty()) {
      launcher_.copy_rows(in.data, in.stride, in.rows, in.frames, out.data, out.stride);
      copied_bytes_ += 8.0 * static_cast<double>(in.rows * in.frames);
      return;
    }
    block::InputRows from = in;
    for (std::size_t i = 0; i < passes_.size(); ++i) {
      const bool is_last = i + 1 == passes_.size();
      const block::OutputRows to = is_last ? out : shortened(i, from);
      passes_[i]->run(from, to, track_frames);
      from = to;
    }
  }

  Work work() const override {
    Work sum = bass_ ? bass_->work() : Work{};
    sum.bytes += copied_bytes_;
    for (const auto& pass : passes_) {
      sum.bytes += pass->work().bytes;
      sum.flops += pass->work().flops;
    }
    return sum;
  }

 private:
  block::OutputRows shortened(std::size_t pass, const block::InputRows& from) {
    const std::int64_t half = passes_[pass]->half(), frames = from.frames - 2 * half;
    auto& buffer = between_[pass];
    if (buffer.size() < from.rows * frames) buffer = launcher_.template make_buffer<float>(from.rows * frames);
    return {buffer.data(), from.rows, frames, frames, from.first_frame + half};
  }

  Launcher& launcher_;
  std::shared_ptr<const LinearPhaseEqDesign> design_;
  std::unique_ptr<BassRows<Launcher>> bass_;  // instead of passes
  std::vector<std::unique_ptr<OverlapSaveRows<Launcher>>> passes_;
  std::vector<typename Launcher::template Buffer<float>> between_;  // what a pass leaves for the next
  double copied_bytes_ = 0;
};

}  // namespace lathe
