// DeviceBatch on one launcher: CUDA's, or the CPU's for block kernels.
#pragma once

#include <algorithm>
#include <utility>

#include "kernels/block/row_window.h"
#include "kernels/chain/device_first_pass.h"
#include "tests/support/device_batch.h"

namespace lathe::test {

template <class Launcher>
class DeviceBatchOn final : public DeviceBatch {
 public:
  DeviceBatchOn(std::unique_ptr<Launcher> launcher, const DeviceParts<Launcher>& parts)
      : owner_(std::move(launcher)), launcher_(*owner_), parts_(parts) {}

  Tracks equalise(std::shared_ptr<const LinearPhaseEqDesign> design, const Tracks& tracks) override {
    return run(*parts_.make_eq(launcher_, std::move(design), tracks.front().channels()), tracks);
  }

  Tracks amplify(double gain, const Tracks& tracks) override { return run(*parts_.make_gain(launcher_, gain), tracks); }

  std::vector<LoudnessReading> measure(const Tracks& tracks, double sample_rate_hz, const std::vector<double>& weights,
                                       std::int64_t segment_frames) override {
    DeviceMeter::Setup setup{sample_rate_hz, weights, {}, true, true, segment_frames};
    for (const FloatTrack& track : tracks) setup.track_frames.push_back(track.frames());
    const auto meter = parts_.make_meter(launcher_, setup);
    const Rows rows = upload(tracks, DeviceMeter::kHaloFrames);
    const std::int64_t longest = longest_of(tracks);
    for (std::int64_t first = 0; first < longest; first += segment_frames) {
      const std::int64_t count = std::min(segment_frames, longest - first);
      meter->measure(rows.window.slice(first, count + 2 * DeviceMeter::kHaloFrames), first, count, rows.lengths.span());
      launcher_.synchronize();
      meter->collect(0);
    }
    return meter->finish();
  }

  LoudnessLevels levels_of(const HopEnergies& hops) override {
    const auto count = static_cast<std::int64_t>(hops.energy.size());
    auto energy = launcher_.template make_buffer<double>(count);
    launcher_.upload(hops.energy.data(), count, energy.data());
    return loudness_levels(launcher_, std::as_const(energy).span(), hops.sample_rate_hz);
  }

  std::vector<Complex32> forward(std::vector<Complex32> values, std::int64_t points) override {
    return transform(std::move(values), points, &BatchFft::forward);
  }
  std::vector<Complex32> inverse(std::vector<Complex32> values, std::int64_t points) override {
    return transform(std::move(values), points, &BatchFft::inverse);
  }

  std::vector<float> amplify_unwritten(std::int64_t frames) override {
    auto in = launcher_.template make_buffer<float>(frames), out = launcher_.template make_buffer<float>(frames);
    parts_.make_gain(launcher_, 1)->run({in.data(), 1, frames, frames, 0}, {out.data(), 1, frames, frames, 0}, {});
    std::vector<float> got(static_cast<std::size_t>(frames));
    launcher_.download(std::as_const(out).data(), frames, got.data());
    launcher_.synchronize();
    return got;
  }

 private:
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;

  struct Rows {
    Buffer<float> samples;
    Buffer<std::int64_t> lengths;
    block::InputRows window;
  };

  static std::int64_t longest_of(const Tracks& tracks) {
    std::int64_t longest = 0;
    for (const FloatTrack& track : tracks) longest = std::max(longest, track.frames());
    return longest;
  }

  // A row a channel, silence on both sides of a track.
  Rows upload(const Tracks& tracks, std::int64_t halo) {
    const std::int64_t channels = tracks.front().channels(), stride = longest_of(tracks) + 2 * halo;
    const std::int64_t rows = channels * static_cast<std::int64_t>(tracks.size());
    std::vector<float> samples(static_cast<std::size_t>(rows * stride), 0.0f);
    std::vector<std::int64_t> lengths;
    for (const FloatTrack& track : tracks) {
      for (int c = 0; c < track.channels(); ++c) {
        const auto row = static_cast<std::int64_t>(lengths.size());
        std::copy_n(track.view().channel(c), track.frames(), samples.data() + row * stride + halo);
        lengths.push_back(track.frames());
      }
    }
    Rows uploaded;
    uploaded.samples = launcher_.template make_buffer<float>(rows * stride);
    uploaded.lengths = launcher_.template make_buffer<std::int64_t>(rows);
    launcher_.upload(samples.data(), rows * stride, uploaded.samples.data());
    launcher_.upload(lengths.data(), rows, uploaded.lengths.data());
    launcher_.synchronize();  // what was copied from goes
    uploaded.window = {uploaded.samples.data(), rows, stride, stride, -halo};
    return uploaded;
  }

  Tracks run(DeviceStage& stage, const Tracks& tracks) {
    const Rows in = upload(tracks, stage.halo_frames());
    const std::int64_t frames = longest_of(tracks), rows = in.window.rows;
    auto out = launcher_.template make_buffer<float>(rows * frames);
    stage.run(in.window, {out.data(), rows, frames, frames, 0}, in.lengths.span());
    std::vector<float> samples(static_cast<std::size_t>(rows * frames));
    launcher_.download(std::as_const(out).data(), rows * frames, samples.data());
    launcher_.synchronize();
    Tracks all(tracks.size(), FloatTrack(tracks.front().channels(), frames));
    const float* from = samples.data();
    for (FloatTrack& track : all) {
      for (int c = 0; c < track.channels(); ++c, from += frames) std::copy_n(from, frames, track.view().channel(c));
    }
    return all;
  }

  std::vector<Complex32> transform(std::vector<Complex32> values, std::int64_t points,
                                   void (BatchFft::*way)(Complex32*)) {
    const auto count = static_cast<std::int64_t>(values.size());
    auto data = launcher_.template make_buffer<Complex32>(count);
    launcher_.upload(values.data(), count, data.data());
    (launcher_.fft(points, count / points).*way)(data.data());
    launcher_.download(std::as_const(data).data(), count, values.data());
    launcher_.synchronize();
    return values;
  }

  std::unique_ptr<Launcher> owner_;
  Launcher& launcher_;
  DeviceParts<Launcher> parts_;
};

}  // namespace lathe::test
