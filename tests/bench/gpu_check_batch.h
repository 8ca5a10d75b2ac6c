// Tracks of different lengths in one window beside each of them alone: the same bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/chain/device_first_pass.h"
#include "kernels/chain/segment_plan.h"
#include "tests/bench/gpu_check_findings.h"
#include "tests/bench/gpu_check_job.h"
#include "tests/support/random.h"

namespace lathe::bench {

struct BatchShape {
  int tracks = 32;                       // stereo
  std::int64_t longest = 5 * 65536 / 2;  // frames
  std::int64_t segment = kSegmentGrid;   // frames that a meter is given at a time
};

template <class Launcher>
class BatchOnDevice {
 public:
  BatchOnDevice(Launcher& launcher, const DeviceParts<Launcher>& parts, const BatchShape& shape)
      : launcher_(launcher), parts_(parts), shape_(shape) {
    // The longest, the shortest, about a group and a segment, then any.
    lengths_ = {shape.longest, 1, 33, shape.segment, shape.segment + 1};
    test::Random random(7);
    lengths_.resize(static_cast<std::size_t>(shape.tracks), 0);
    for (std::int64_t& length : lengths_) {
      if (length == 0) length = random.integer(2, shape.longest);
      length = std::min(length, shape.longest);
    }
    std::vector<std::int64_t> of_rows;
    for (std::size_t t = 0; t < lengths_.size(); ++t) {
      tracks_.push_back(made_up_material(t + 1, kRateHz, kChannels, lengths_[t], Encoding::float32).rows);
      of_rows.insert(of_rows.end(), kChannels, lengths_[t]);
    }
    track_frames_ = launcher.template make_buffer<std::int64_t>(rows());
    launcher.upload(std::as_const(of_rows).data(), rows(), track_frames_.data());
    launcher.synchronize();
  }

  // One check a stage, and one for the meter.
  void check(Findings& findings) {
    const auto eq = [](std::vector<EqBand> bands) {
      return std::make_shared<const LinearPhaseEqDesign>(std::move(bands), kRateHz);
    };
    const auto check_eq = [&](const std::string& name, std::vector<EqBand> bands) {
      check_stage(findings, name,
                  [&, design = eq(std::move(bands))] { return parts_.make_eq(launcher_, design, kChannels); });
    };
    check_eq("EQ of 8,191 taps", eq_of_8191_taps());
    check_eq("EQ of the bass", eq_of_the_bass());
    check_eq("EQ on mid and side",
             {{.type = BandType::bell, .freq_hz = 2000, .gain_db = 2, .q = 1, .channel = BandChannel::mid}});
    check_stage(findings, "gain", [&] { return parts_.make_gain(launcher_, 0.7); });
    check_meter(findings);
  }

 private:
  static constexpr double kRateHz = 44100;
  static constexpr int kChannels = 2;
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;

  std::int64_t rows() const { return kChannels * static_cast<std::int64_t>(lengths_.size()); }

  // All rows with silence behind the tracks, and `halo` frames of it at either end.
  Buffer<float> window(std::int64_t halo) {
    const std::int64_t stride = shape_.longest + 2 * halo;
    Buffer<float> window = launcher_.template make_buffer<float>(rows() * stride);
    launcher_.fill_zero(window.data(), window.size());
    for (std::size_t t = 0; t < tracks_.size(); ++t) {
      for (std::size_t c = 0; c < kChannels; ++c) {
        const std::vector<float>& row = tracks_[t][c];
        launcher_.upload(row.data(), static_cast<std::int64_t>(row.size()),
                         window.data() + static_cast<std::int64_t>(t * kChannels + c) * stride + halo);
      }
    }
    launcher_.synchronize();
    return window;
  }

  // The stage's output for `rows` rows of the window from row `first` on.
  std::vector<float> output_of(DeviceStage& stage, const Buffer<float>& window, std::int64_t first, std::int64_t rows) {
    const std::int64_t halo = stage.halo_frames(), stride = shape_.longest + 2 * halo;
    Buffer<float> out = launcher_.template make_buffer<float>(rows * shape_.longest);
    const block::InputRows in{window.data() + first * stride, rows, stride, stride, -halo};
    stage.run(in, {out.data(), rows, shape_.longest, shape_.longest, 0},
              {std::as_const(track_frames_).data() + first, rows});
    std::vector<float> samples(static_cast<std::size_t>(out.size()));
    launcher_.download(std::as_const(out).data(), out.size(), samples.data());
    launcher_.synchronize();
    return samples;
  }

  template <class Make>
  void check_stage(Findings& findings, const std::string& name, Make&& make) {
    const std::unique_ptr<DeviceStage> together = make(), alone = make();
    const Buffer<float> in = window(together->halo_frames());
    const std::vector<float> all = output_of(*together, in, 0, rows());
    int different = 0;
    const auto samples = static_cast<std::size_t>(kChannels * shape_.longest);
    for (std::size_t t = 0; t < lengths_.size(); ++t) {
      const float* of_track = all.data() + t * samples;
      const std::vector<float> one = output_of(*alone, in, static_cast<std::int64_t>(t * kChannels), kChannels);
      const bool is_finite = std::all_of(one.begin(), one.end(), [](float x) { return std::isfinite(x); });
      if (!is_finite || std::memcmp(of_track, one.data(), samples * sizeof(float)) != 0) ++different;
    }
    report(findings, name, different);
  }

  // Readings of `tracks` tracks from track `first` on, in segments up to the end of the longest of them.
  std::vector<LoudnessReading> read(const Buffer<float>& window, std::size_t first, std::size_t tracks) {
    constexpr std::int64_t kHalo = DeviceMeter::kHaloFrames;
    const std::vector<std::int64_t> lengths(lengths_.begin() + static_cast<std::ptrdiff_t>(first),
                                            lengths_.begin() + static_cast<std::ptrdiff_t>(first + tracks));
    const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end()), stride = shape_.longest + 2 * kHalo,
                       rows = kChannels * static_cast<std::int64_t>(tracks),
                       first_row = kChannels * static_cast<std::int64_t>(first);
    const block::InputRows all{window.data() + first_row * stride, rows, stride, stride, -kHalo};
    const auto meter = parts_.make_meter(launcher_, {kRateHz, {1, 1}, lengths, true, true, shape_.segment});
    for (std::int64_t at = 0; at < longest; at += shape_.segment) {
      const std::int64_t frames = std::min(shape_.segment, longest - at);
      meter->measure(all.slice(at, frames + 2 * kHalo), at, frames,
                     {std::as_const(track_frames_).data() + first_row, rows});
      meter->collect(0);
    }
    return meter->finish();
  }

  void check_meter(Findings& findings) {
    const Buffer<float> in = window(DeviceMeter::kHaloFrames);
    const std::vector<LoudnessReading> all = read(in, 0, lengths_.size());
    int different = 0;
    for (std::size_t t = 0; t < lengths_.size(); ++t) {
      if (!differing(read(in, t, 1).front(), all[t]).empty()) ++different;
    }
    report(findings, "loudness and true peak", different);
  }

  void report(Findings& findings, const std::string& name, int different) {
    findings.check("a batch of " + std::to_string(lengths_.size()) + " beside each alone: " + name, different == 0,
                   different == 0 ? "same bits" : std::to_string(different) + " tracks differ", "same bits");
  }

  Launcher& launcher_;
  const DeviceParts<Launcher>& parts_;
  BatchShape shape_;
  std::vector<std::int64_t> lengths_;
  std::vector<std::vector<std::vector<float>>> tracks_;
  Buffer<std::int64_t> track_frames_;
};

}  // namespace lathe::bench
