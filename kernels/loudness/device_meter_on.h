// The meter of device_meter.h on one launcher: CUDA's, or the CPU's for block kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/loudness/device_levels.h"
#include "kernels/loudness/device_meter.h"
#include "kernels/loudness/k_filter_blocks.h"
#include "kernels/loudness/true_peak_blocks.h"
#include "kernels/math/decibel.h"

namespace lathe {

template <class Launcher>
class DeviceMeterOn final : public DeviceMeter {
 public:
  // Throws std::invalid_argument without channels, tracks or a segment length, and as k_weighting() does.
  DeviceMeterOn(Launcher& launcher, Setup setup)
      : launcher_(launcher),
        setup_(std::move(setup)),
        channels_(static_cast<std::int64_t>(setup_.weights.size())),
        tracks_(static_cast<std::int64_t>(setup_.track_frames.size())),
        form_(k_filter_form(setup_.sample_rate_hz)),
        chunk_(grid_frames(setup_.sample_rate_hz)),
        chunk_advance_(advance_over_silence(form_, chunk_)),
        history_(
            static_cast<std::int64_t>(std::ceil(kMemory_s * setup_.sample_rate_hz / static_cast<double>(chunk_)))) {
    if (channels_ == 0 || tracks_ == 0 || setup_.segment_frames <= 0)
      throw std::invalid_argument("DeviceMeter: no channels, tracks or segment");
    const std::int64_t segment = setup_.segment_frames;
    if (segment < *std::max_element(setup_.track_frames.begin(), setup_.track_frames.end()) &&
        (segment % chunk_ != 0 || segment / chunk_ < history_)) {
      throw std::invalid_argument("DeviceMeter: segments of " + std::to_string(segment) + " frames; multiples of " +
                                  std::to_string(chunk_) + ", at least " + std::to_string(history_ * chunk_) +
                                  ", are needed");
    }
    const std::int64_t rows = channels_ * tracks_, groups = groups_of(setup_.segment_frames),
                       chunks = chunks_of(setup_.segment_frames),
                       longest = *std::max_element(setup_.track_frames.begin(), setup_.track_frames.end());
    hops_of_track_ = first_hop_from(longest, setup_.sample_rate_hz) + 1;
    weights_ = buffer<double>(channels_);
    launcher_.upload(setup_.weights.data(), channels_, weights_.data());
    ends_ = buffer<KFilterState>(rows * (history_ + chunks));
    launcher_.fill_zero(ends_.data(), ends_.size());
    peaks_ = buffer<float>(rows * groups);
    bends_ = buffer<float>(rows * groups);
    power_ = buffer<float>(rows * groups);
    leads_ = buffer<float>(rows * (first_hop_from(setup_.segment_frames, setup_.sample_rate_hz) + 2));
    hops_ = buffer<double>(tracks_ * hops_of_track_);
    launcher_.fill_zero(hops_.data(), hops_.size());
    for (Buffer<double>& carried : carried_) carried = buffer<double>(rows);
    found_ = buffer<float>(2 * tracks_);  // true peaks, then sample peaks
    launcher_.fill_zero(found_.data(), found_.size());
    const std::int64_t tiles = rows * (stretches_of(setup_.segment_frames) / block::TruePeakSearch::kTile + 1);
    tile_peaks_ = buffer<float>(2 * tiles);
    const std::vector<float> answer = by_tap(answer_bank());
    banks_ = buffer<float>(kAnswer + kQuick);
    launcher_.upload(answer.data(), kAnswer, banks_.data());
    launcher_.upload(quick_bank().coefficients.data(), kQuick, banks_.data() + kAnswer);
    if (setup_.trace) {
      for (TraceSlot& slot : slots_) {
        slot.on_device = buffer<float>(tracks_ * 3 * groups);
        slot.on_host = launcher_.template make_host_buffer<float>(tracks_ * 3 * groups);
      }
      traces_.resize(static_cast<std::size_t>(tracks_));
    }
    launcher_.synchronize();
  }

  ~DeviceMeterOn() override { launcher_.settle(); }

  void measure(const block::InputRows& window, std::int64_t first, std::int64_t frames,
               block::GlobalSpan<const std::int64_t> track_frames) override {
    const std::int64_t groups = groups_of(frames), chunks = chunks_of(frames);
    const block::KFilterChunks cut{window, first, chunk_, chunks, groups, history_, form_};
    const std::int64_t rows = window.rows;
    const block::GlobalSpan<KFilterState> ends{ends_.data(), rows * (history_ + chunks)};
    // Rows lie (history + chunks) apart; a last, shorter segment finds its history where the longer ones left it.
    if (chunks != chunks_before_ && chunks_before_ != 0) move_history(rows, chunks);
    chunks_before_ = chunks;
    const block::KFilterProbe probe{cut, ends, {peaks_.data(), rows * groups}, {bends_.data(), rows * groups}};
    launcher_.launch(probe, probe.blocks());
    measure_energy(cut, track_frames);
    // What the next segment remembers: the last chunks of this one.
    if (chunks >= history_) {
      launcher_.copy_rows(ends_.data() + chunks, history_ + chunks, rows, history_, ends_.data(), history_ + chunks);
    }
    measure_peaks(window, first, frames, groups);
    if (setup_.trace) keep_trace(first, groups);
    count(rows * frames);
  }

  void collect(int left) override {
    while (static_cast<int>(slots_in_use_) > left) {
      TraceSlot& slot = slots_[(next_slot_ + 2 - slots_in_use_) % 2];
      launcher_.wait(slot.mark);
      for (std::int64_t t = 0; t < tracks_; ++t) append(slot, t);
      --slots_in_use_;
    }
  }

  std::vector<LoudnessReading> finish() override {
    if (setup_.trace) collect(0);
    std::vector<float> found(static_cast<std::size_t>(2 * tracks_));
    std::vector<double> hops(static_cast<std::size_t>(hops_.size()));
    launcher_.download(std::as_const(found_).data(), 2 * tracks_, found.data());
    launcher_.download(std::as_const(hops_).data(), hops_.size(), hops.data());
    launcher_.synchronize();
    std::vector<LoudnessReading> readings;
    for (std::int64_t t = 0; t < tracks_; ++t) {
      LoudnessReading reading;
      const std::int64_t count = hops_in(setup_.track_frames[static_cast<std::size_t>(t)]);
      const double* energy = hops.data() + t * hops_of_track_;
      reading.hops = {setup_.sample_rate_hz, {energy, energy + count}};
      reading.sample_peak = found[static_cast<std::size_t>(tracks_ + t)];
      reading.true_peak = std::max<double>(found[static_cast<std::size_t>(t)], reading.sample_peak);
      const LoudnessLevels levels = loudness_levels(
          launcher_, block::GlobalSpan<const double>{hops_.data() + t * hops_of_track_, count}, setup_.sample_rate_hz);
      reading.figures = {
          levels.integrated_lufs,     levels.loudness_range_lu,           levels.max_momentary_lufs,
          levels.max_short_term_lufs, amplitude_to_db(reading.true_peak), amplitude_to_db(reading.sample_peak)};
      if (setup_.trace) reading.trace = std::move(traces_[static_cast<std::size_t>(t)]);
      readings.push_back(std::move(reading));
    }
    return readings;
  }

  DeviceStage::Work work() const override { return work_; }

 private:
  // How far back the K filter's state is followed: what is older is 249 dB down (exp(-2 pi 38.1 0.12)).
  static constexpr double kMemory_s = 0.12;

  struct TraceSlot {
    typename Launcher::template Buffer<float> on_device;
    typename Launcher::template HostBuffer<float> on_host;
    typename Launcher::Mark mark;
    std::int64_t first = 0, groups = 0;
  };

  static constexpr std::int64_t kAnswer = block::TruePeakTiles::kTaps * block::TruePeakTiles::kPhases;
  static constexpr std::int64_t kQuick = (block::TruePeakTiles::kQuickPhases - 1) * block::TruePeakTiles::kQuickTaps;

  // [tap][phase], as the kernels read it.
  static std::vector<float> by_tap(const InterpolationBank& bank) {
    std::vector<float> table(static_cast<std::size_t>(kAnswer), 0.0f);
    for (int p = 1; p < bank.phases; ++p) {
      for (int k = 0; k < bank.taps; ++k)
        table[static_cast<std::size_t>(k * bank.phases + p)] =
            bank.coefficients[static_cast<std::size_t>((p - 1) * bank.taps + k)];
    }
    return table;
  }

  template <class T>
  auto buffer(std::int64_t size) {
    return launcher_.template make_buffer<T>(size);
  }
  static std::int64_t groups_of(std::int64_t frames) { return (frames + kPeakGroup - 1) / kPeakGroup; }
  std::int64_t chunks_of(std::int64_t frames) const { return (groups_of(frames) * kPeakGroup + chunk_ - 1) / chunk_; }
  static std::int64_t stretches_of(std::int64_t frames) { return (frames + kPeakStretch - 1) / kPeakStretch + 2; }
  // Whole hops of a track: an incomplete last one is left out.
  std::int64_t hops_in(std::int64_t frames) const {
    std::int64_t hops = first_hop_from(frames, setup_.sample_rate_hz);
    while (hop_start(hops, setup_.sample_rate_hz) > frames) --hops;
    return hops;
  }

  void move_history(std::int64_t rows, std::int64_t chunks) {
    auto kept = buffer<KFilterState>(rows * history_);
    launcher_.copy_rows(std::as_const(ends_).data(), history_ + chunks_before_, rows, history_, kept.data(), history_);
    launcher_.copy_rows(std::as_const(kept).data(), history_, rows, history_, ends_.data(), history_ + chunks);
  }

  void measure_energy(const block::KFilterChunks& cut, block::GlobalSpan<const std::int64_t> track_frames) {
    const double rate = setup_.sample_rate_hz;
    const std::int64_t rows = cut.in.rows;
    const std::int64_t first_lead = first_hop_from(cut.first_frame, rate);
    const std::int64_t leads = first_hop_from(cut.first_frame + cut.groups * kPeakGroup, rate) - first_lead;
    const block::GlobalSpan<float> power{power_.data(), rows * cut.groups}, lead{leads_.data(), rows * leads};
    const block::KFilterEnergy energy{
        cut,  rate,       chunk_advance_, {ends_.data(), rows * (history_ + cut.chunks)}, track_frames, power,
        lead, first_lead, leads};
    launcher_.launch(energy, energy.blocks());
    const std::int64_t first_hop = hop_start(first_lead, rate) == cut.first_frame ? first_lead : first_lead - 1;
    const block::HopSums sums{tracks_,
                              channels_,
                              cut.first_frame,
                              cut.groups,
                              rate,
                              {power.data, power.size},
                              {lead.data, lead.size},
                              first_lead,
                              leads,
                              std::as_const(weights_).span(),
                              first_hop,
                              first_lead + leads - first_hop,
                              hops_.span(),
                              hops_of_track_,
                              std::as_const(carried_[0]).span(),
                              carried_[1].span()};
    launcher_.launch(sums, sums.blocks());
    std::swap(carried_[0], carried_[1]);
  }

  void measure_peaks(const block::InputRows& window, std::int64_t first, std::int64_t frames, std::int64_t groups) {
    const InterpolationBank& bank = answer_bank();
    const std::int64_t rows = window.rows;
    const block::TruePeakTiles tiles{window,
                                     first,
                                     stretches_of(frames),
                                     groups,
                                     channels_,
                                     {peaks_.data(), rows * groups},
                                     {bends_.data(), rows * groups},
                                     {banks_.data(), kAnswer},
                                     {banks_.data() + kAnswer, kQuick},
                                     setup_.true_peak ? bank.bound : 0.0f,  // 0: nothing is worth a look
                                     bank.bend_bound,
                                     bank.slope_bound,
                                     {found_.data(), tracks_}};
    block::TruePeakProbe probe{tiles, {}, {}};
    const std::int64_t blocks = probe.blocks();
    probe.tile_peaks = {tile_peaks_.data(), blocks};
    probe.tile_sample_peaks = {tile_peaks_.data() + blocks, blocks};
    launcher_.launch(probe, blocks);
    raise(probe.tile_sample_peaks, tracks_);
    if (!setup_.true_peak) return;
    raise(probe.tile_peaks, 0);
    block::TruePeakSearch search{tiles, {}};
    search.tile_peaks = {tile_peaks_.data(), search.blocks()};
    launcher_.launch(search, search.blocks());
    raise(search.tile_peaks, 0);
  }

  // found_[at + track] is raised to the largest of the track's tiles.
  void raise(block::GlobalSpan<float> tile_peaks, std::int64_t at) {
    const block::MaxOfTiles max{
        {tile_peaks.data, tile_peaks.size}, tile_peaks.size / tracks_, {found_.data() + at, tracks_}};
    launcher_.launch(max, max.blocks());
  }

  void keep_trace(std::int64_t first, std::int64_t groups) {
    if (slots_in_use_ == 2) throw std::logic_error("DeviceMeter: two segments wait for collect()");
    TraceSlot& slot = slots_[next_slot_];
    next_slot_ = (next_slot_ + 1) % 2;
    ++slots_in_use_;
    const std::int64_t rows = tracks_ * channels_;
    const block::TraceSums sums{tracks_,
                                channels_,
                                groups,
                                {peaks_.data(), rows * groups},
                                {bends_.data(), rows * groups},
                                {power_.data(), rows * groups},
                                std::as_const(weights_).span(),
                                {slot.on_device.data(), tracks_ * 3 * groups}};
    launcher_.launch(sums, sums.blocks());
    launcher_.download(std::as_const(slot.on_device).data(), tracks_ * 3 * groups, slot.on_host.data());
    slot.mark = launcher_.mark();
    slot.first = first;
    slot.groups = groups;
  }

  void append(const TraceSlot& slot, std::int64_t track) {
    const std::int64_t left = groups_of(setup_.track_frames[static_cast<std::size_t>(track)]) - slot.first / kPeakGroup;
    const std::int64_t count = std::clamp<std::int64_t>(left, 0, slot.groups);
    const float* from = slot.on_host.data() + track * 3 * slot.groups;
    GroupTrace& to = traces_[static_cast<std::size_t>(track)];
    to.sample_peak.insert(to.sample_peak.end(), from, from + count);
    to.bend.insert(to.bend.end(), from + slot.groups, from + slot.groups + count);
    to.power.insert(to.power.end(), from + 2 * slot.groups, from + 2 * slot.groups + count);
  }

  // Two readings of the samples and the groups' figures; what true peak interpolates depends on them and is left out.
  void count(std::int64_t samples) {
    const auto n = static_cast<double>(samples);
    const double groups = n / kPeakGroup;
    work_.bytes += 8 * n + 4 * groups * (3 + 1) + (setup_.true_peak ? 4 * groups * 4 : 4 * groups * 2);
    work_.flops += n * (14 + 19 + 4);
    if (setup_.trace) work_.bytes += groups * 4 * 3 + groups / static_cast<double>(channels_) * 4 * 3;
  }

  Launcher& launcher_;
  Setup setup_;
  std::int64_t channels_, tracks_;
  KFilterForm form_;
  std::int64_t chunk_;
  KFilterAdvance chunk_advance_;
  std::int64_t history_;  // chunks
  std::int64_t chunks_before_ = 0;
  std::int64_t hops_of_track_ = 0;
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;
  Buffer<double> weights_;
  Buffer<KFilterState> ends_;
  Buffer<float> peaks_, bends_, power_, leads_;
  Buffer<double> hops_;
  Buffer<double> carried_[2];  // of the hop that a segment ends in: read, and written
  Buffer<float> found_, tile_peaks_, banks_;
  TraceSlot slots_[2];
  std::size_t next_slot_ = 0, slots_in_use_ = 0;
  std::vector<GroupTrace> traces_;
  DeviceStage::Work work_;
};

// 128 frames at 44.1 and 48 kHz, longer as the rate is higher: short enough that a segment of one track gives 65,000
// threads, long enough that the chunks before, which each of them looks back on, are some 45.
inline std::int64_t DeviceMeter::grid_frames(double sample_rate_hz) {
  std::int64_t frames = 128;
  while (sample_rate_hz > 60000 && frames < 1024) {
    sample_rate_hz /= 2;
    frames *= 2;
  }
  return frames;
}

}  // namespace lathe
