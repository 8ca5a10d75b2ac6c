// From the samples of a band to its gains on a device, window after window: the twin of gain_follower.h.
//
// Windows come in order. What was found stays on the device as far as the next window needs it: the powers that its
// first levels look back on, the states of the recursions at the end of what is known, and the gains of the groups that
// both windows have. Known groups are multiples of a chunk, so a window asks for up to a chunk more than it uses.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/device_stage.h"
#include "kernels/dynamics/compressor.h"
#include "kernels/dynamics/compressor_blocks.h"

namespace lathe {

template <class Launcher>
class DeviceFollower {
 public:
  DeviceFollower(Launcher& launcher, const CompressorDesign& design, int band, int channels)
      : launcher_(launcher),
        design_(design),
        band_(band),
        channels_(channels),
        curves_(design.settings().link == 1 ? 1 : channels),
        reach_(design.before() + design.after()),
        done_(-design.after()),
        window_(launcher.template make_buffer<float>(static_cast<std::int64_t>(design.window().size()))) {
    launcher.upload(design.window().data(), window_.size(), window_.data());
    launcher.synchronize();  // the design's memory is the caller's
  }

  // out = base + (g - 1) x; x is longer than `out` at both ends by what the design asks for without its split, base may
  // be `out`.
  void apply(const block::InputRows& x, const block::InputRows& base, const block::OutputRows& out,
             block::GlobalSpan<const std::int64_t> track_frames) {
    constexpr std::int64_t kGroup = block::kFramesOfGroup;
    const std::int64_t ahead = design_.look_ahead_groups(), tracks = x.rows / channels_;
    if (curve_rows_ == 0) begin(x.rows);
    const std::int64_t first_needed = std::max<std::int64_t>(0, out.first_frame) / kGroup - 1 + ahead,
                       end_needed =
                           std::max<std::int64_t>(0, out.first_frame + out.frames + kGroup - 1) / kGroup + ahead;
    follow(x, first_needed, end_needed, tracks, track_frames);
    const std::int64_t halo = out.first_frame - x.first_frame;
    const block::ApplyGains kernel{
        base,        x.slice(halo, out.frames), out, channels_, curves_, gains(), gain_stride_, first_gain_, ahead,
        track_frames};
    launcher_.launch(kernel, kernel.blocks());
    work_.bytes += 12.0 * static_cast<double>(out.rows * out.frames);
    work_.flops += 4.0 * static_cast<double>(out.rows * out.frames);
  }

  DeviceStage::Work work() const { return work_; }

  // Of the first track of the batch; waits for the device.
  CompressorAccount account() const {
    CompressorAccount account;
    std::vector<double> found(static_cast<std::size_t>(4 * seconds_));
    if (seconds_ == 0) return account;
    launcher_.download(seconds_found_.data(), 4 * seconds_, found.data());
    launcher_.synchronize();
    double sum = 0, over = 0, groups = 0;
    for (std::int64_t s = 0; s < seconds_; ++s) {
      const double* of = &found[static_cast<std::size_t>(4 * s)];
      if (of[3] == 0) break;  // behind the track
      account.max_reduction_db = std::max(account.max_reduction_db, of[0]);
      account.by_second_db.push_back(static_cast<float>(of[0]));
      sum += of[1];
      over += of[2];
      groups += of[3];
    }
    if (groups > 0) {
      account.mean_reduction_db = sum / groups;
      account.share_over_1_db = over / groups;
    }
    return account;
  }

 private:
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;
  static constexpr std::int64_t kChunk = block::kGroupsOfChunk;

  block::GlobalSpan<const float> gains() const { return gains_.span(); }

  void begin(std::int64_t rows) {
    rows_ = rows;
    curve_rows_ = rows / channels_ * curves_;
    powers_ = launcher_.template make_buffer<float>(rows * reach_);
    launcher_.fill_zero(powers_.data(), powers_.size());
    power_stride_ = reach_;
    known_powers_ = 0;
    filter_state_ = zeros(2 * rows);
    held_ = zeros(curve_rows_);
    smooth_ = zeros(curve_rows_);
    // Before the track nothing is turned down: one gain for the group before the first.
    const CompressorBand& band = design_.settings().bands[static_cast<std::size_t>(band_)];
    at_rest_ = static_cast<float>(design_.settings().mix * (std::pow(10.0, band.makeup_db / 20) - 1));
    first_gain_ = -1 - design_.after();
    const std::vector<float> rest(static_cast<std::size_t>(curve_rows_), at_rest_);
    gains_ = launcher_.template make_buffer<float>(curve_rows_);
    gain_stride_ = 1;
    launcher_.upload(rest.data(), curve_rows_, gains_.data());
    launcher_.synchronize();
  }

  Buffer<double> zeros(std::int64_t count) {
    Buffer<double> buffer = launcher_.template make_buffer<double>(count);
    launcher_.fill_zero(buffer.data(), count);
    return buffer;
  }

  // Makes the gains of groups up to end_needed known, and keeps those from first_needed on.
  void follow(const block::InputRows& x, std::int64_t first_needed, std::int64_t end_needed, std::int64_t tracks,
              block::GlobalSpan<const std::int64_t> track_frames) {
    const std::int64_t wanted = end_needed + design_.after() - known_powers_;
    if (wanted <= 0) return;
    const std::int64_t groups = (wanted + kChunk - 1) / kChunk * kChunk;
    add_powers(x, groups);
    Buffer<double> reductions = launcher_.template make_buffer<double>(curve_rows_ * groups);
    const auto& band = design_.band(band_);
    const block::WantedReductions want{tracks,
                                       channels_,
                                       curves_,
                                       groups,
                                       std::as_const(powers_).span(),
                                       power_stride_,
                                       reach_,
                                       std::as_const(window_).span(),
                                       design_.settings().link,
                                       band.law,
                                       std::max<std::int64_t>(0, -done_),
                                       reductions.span()};
    launcher_.launch(want, want.blocks());
    make_room_for_gains(first_needed, groups);
    smooth(reductions, groups);
    note(reductions, groups, tracks, track_frames);
    done_ += groups;
    known_powers_ += groups;
    work_.flops += static_cast<double>(groups) * static_cast<double>(rows_ * (2 * reach_ + 60) + curve_rows_ * 80);
  }

  // Those of the last window that the first levels need, then new ones.
  void add_powers(const block::InputRows& x, std::int64_t groups) {
    const std::int64_t stride = reach_ + groups;
    Buffer<float> powers = launcher_.template make_buffer<float>(rows_ * stride);
    launcher_.copy_rows(std::as_const(powers_).data() + power_stride_ - reach_, power_stride_, rows_, reach_,
                        powers.data(), stride);
    const bool peaks = design_.settings().detector == LevelDetector::peak;
    if (design_.side_chain()) {
      const std::int64_t chunks = groups / kChunk;
      Buffer<double> states = launcher_.template make_buffer<double>(2 * rows_ * chunks);
      block::FilteredPowers run{x,  known_powers_, chunks, peaks, true, *design_.side_chain(), states.span(),
                                {}, stride,        reach_};
      launcher_.launch(run, run.blocks());
      scan_filter(states, chunks);
      run.probes = false;
      run.power = powers.span();
      launcher_.launch(run, run.blocks());
    } else {
      const block::GroupPowers run{x, known_powers_, groups, peaks, powers.span(), stride, reach_};
      launcher_.launch(run, run.blocks());
    }
    powers_ = std::move(powers);
    power_stride_ = stride;
    work_.bytes += 4.0 * static_cast<double>(rows_ * groups * block::kFramesOfGroup);
  }

  static std::int64_t chunks_of_thread(std::int64_t chunks, int threads) { return (chunks + threads - 1) / threads; }

  void scan_filter(Buffer<double>& states, std::int64_t chunks) {
    using Scan = block::AffineScan<2>;
    const std::int64_t of_thread = chunks_of_thread(chunks, Scan::kThreads);
    Scan::Matrix group{}, chunk{}, span{};
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) group.of[i][j] = design_.side_chain()->group_a[i][j];
    }
    chunk = power_of(group, kChunk);
    span = power_of(chunk, of_thread);
    const Scan scan{rows_, chunks, of_thread, chunk, span, states.span(), filter_state_.span()};
    launcher_.launch(scan, scan.blocks());
  }

  static block::AffineScan<2>::Matrix power_of(const block::AffineScan<2>::Matrix& matrix, std::int64_t times) {
    block::AffineScan<2>::Matrix result{{{1, 0}, {0, 1}}};
    for (std::int64_t n = 0; n < times; ++n) {
      block::AffineScan<2>::Matrix next{};
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 2; ++j)
          next.of[i][j] = matrix.of[i][0] * result.of[0][j] + matrix.of[i][1] * result.of[1][j];
      }
      result = next;
    }
    return result;
  }

  void smooth(Buffer<double>& reductions, std::int64_t groups) {
    using Scan = block::AffineScan<1>;
    const std::int64_t chunks = groups / kChunk, of_thread = chunks_of_thread(chunks, Scan::kThreads);
    const auto& band = design_.band(band_);
    const auto power = [](double factor, std::int64_t times) { return std::pow(factor, static_cast<double>(times)); };
    Buffer<double> maps = launcher_.template make_buffer<double>(2 * curve_rows_ * chunks);
    Buffer<double> states = launcher_.template make_buffer<double>(curve_rows_ * chunks);
    const block::HoldProbe probe{curve_rows_, chunks, band.release, std::as_const(reductions).span(), maps.span()};
    launcher_.launch(probe, probe.blocks());
    const block::HoldScan hold{
        curve_rows_, chunks,      of_thread, power(band.release, kChunk), power(band.release, kChunk * of_thread),
        maps.span(), held_.span()};
    launcher_.launch(hold, hold.blocks());
    block::Smooth run{curve_rows_,
                      chunks,
                      band.attack,
                      band.release,
                      design_.settings().bands[static_cast<std::size_t>(band_)].makeup_db,
                      design_.settings().mix,
                      true,
                      std::as_const(maps).span(),
                      states.span(),
                      reductions.span(),
                      gains_.span(),
                      gain_stride_,
                      done_ - first_gain_};
    launcher_.launch(run, run.blocks());
    const Scan scan{curve_rows_,
                    chunks,
                    of_thread,
                    {{{power(band.attack, kChunk)}}},
                    {{{power(band.attack, kChunk * of_thread)}}},
                    states.span(),
                    smooth_.span()};
    launcher_.launch(scan, scan.blocks());
    run.probes = false;
    launcher_.launch(run, run.blocks());
  }

  // Gains of groups [first_gain_, done_) are known; keeps those from first_needed on, and one at least.
  void make_room_for_gains(std::int64_t first_needed, std::int64_t groups) {
    const std::int64_t first = std::clamp(first_needed, first_gain_, done_ - 1), kept = done_ - first;
    Buffer<float> gains = launcher_.template make_buffer<float>(curve_rows_ * (kept + groups));
    launcher_.copy_rows(std::as_const(gains_).data() + first - first_gain_, gain_stride_, curve_rows_, kept,
                        gains.data(), kept + groups);
    gains_ = std::move(gains);
    gain_stride_ = kept + groups;
    first_gain_ = first;
  }

  void note(Buffer<double>& reductions, std::int64_t groups, std::int64_t tracks,
            block::GlobalSpan<const std::int64_t> track_frames) {
    const double of_second = design_.settings().sample_rate_hz / block::kFramesOfGroup;
    const std::int64_t first = std::max<std::int64_t>(0, done_), end = done_ + groups;
    if (end <= first) return;
    const auto first_second =
                   std::max<std::int64_t>(0, static_cast<std::int64_t>(static_cast<double>(first) / of_second) - 1),
               seconds = static_cast<std::int64_t>(static_cast<double>(end) / of_second) + 1;
    if (seconds > seconds_) {
      Buffer<double> longer = zeros(4 * tracks * seconds);
      if (seconds_ > 0)
        launcher_.copy_rows(std::as_const(seconds_found_).data(), 4 * seconds_, tracks, 4 * seconds_, longer.data(),
                            4 * seconds);
      seconds_found_ = std::move(longer);
      seconds_ = seconds;
    }
    const block::SecondsTurnedDown kernel{tracks,
                                          channels_,
                                          curves_,
                                          done_,
                                          groups,
                                          of_second,
                                          std::as_const(reductions).span(),
                                          track_frames,
                                          first_second,
                                          seconds_ - first_second,
                                          seconds_,
                                          seconds_found_.span()};
    launcher_.launch(kernel, kernel.blocks());
  }

  Launcher& launcher_;
  const CompressorDesign& design_;
  int band_;
  std::int64_t channels_, curves_, reach_;
  std::int64_t done_;  // groups whose gain is known; below 0 before the track
  std::int64_t rows_ = 0, curve_rows_ = 0, known_powers_ = 0, power_stride_ = 0;
  std::int64_t first_gain_ = 0, gain_stride_ = 0, seconds_ = 0;
  float at_rest_ = 0;
  Buffer<float> window_, powers_, gains_;
  Buffer<double> filter_state_, held_, smooth_, seconds_found_;
  DeviceStage::Work work_;
};

}  // namespace lathe
