// The denoiser's passes on a device: what they ask of a launcher, the same text for CUDA and for the CPU launcher of
// block kernels.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/restoration/denoise_blocks.h"
#include "kernels/restoration/denoise_passes.h"
#include "kernels/restoration/denoise_segments.h"

namespace lathe {

template <class Launcher>
class DeviceDenoise final : public DenoisePasses {
 public:
  // `hops` of the longest bank go through at a time; the samples that come out do not depend on it, but for what other
  // batches of transforms round otherwise.
  DeviceDenoise(Launcher& launcher, Tier tier, double sample_rate_hz, std::int64_t hops = DenoiseSegments::kHops)
      : launcher_(launcher),
        sample_rate_hz_(sample_rate_hz),
        hops_(hops),
        survey_transform_(noise_survey_transform(sample_rate_hz)),
        banks_(denoise_banks(tier, sample_rate_hz)) {}

  ~DeviceDenoise() override { launcher_.settle(); }

  NoiseSurvey survey(TrackReader& track, std::int64_t from, std::int64_t to) override {
    const std::int64_t points = survey_transform_.points(), group = NoiseSurveyPlan::kGroup;
    const int channels = track.channels();
    NoiseSurveyPlan plan(survey_transform_, sample_rate_hz_, channels, from, to, kMostSurveyedFrames);
    const std::int64_t at_once = std::min(plan.groups(), kSurveyGroups), frames = at_once * group,
                       bands = plan.survey().bands();
    auto host = launcher_.template make_host_buffer<float>(channels * frames * points);
    auto samples = buffer<float>(channels * frames * points);
    auto spectra = buffer<Complex32>(frames * points);
    auto sums = buffer<float>(3 * bands * frames);
    auto sums_on_host = launcher_.template make_host_buffer<float>(sums.size());
    const auto window = uploaded(survey_transform_.survey_window(), points);
    const auto edges = uploaded(plan.survey().edges.data(), bands + 1);
    for (std::int64_t g = 0; g < plan.groups(); g += at_once) {
      const std::int64_t groups = std::min(at_once, plan.groups() - g), row = frames * points;
      for (std::int64_t i = 0; i < groups; ++i)
        read(track, plan.first_sample(g + i), group * points, host.data() + i * group * points, row);
      launcher_.upload(std::as_const(host).data(), channels * row, samples.data());
      for (int c = 0; c < channels; c += 2) {
        const block::PairSpectra pair{spectra.span(), points, frames};
        const block::DenoiseGather gather{{},
                                          {samples.data(), channels, row, row, 0},
                                          c,
                                          c + 1 < channels ? c + 1 : -1,
                                          0,
                                          points,
                                          groups * group,
                                          window.span(),
                                          pair};
        launcher_.launch(gather, gather.blocks());
        launcher_.fft(points, frames).forward(spectra.data());
        const block::DenoiseBandPowers powers{{}, pair, edges.span(), sums.span()};
        launcher_.launch(powers, powers.blocks());
        launcher_.download(std::as_const(sums).data(), sums.size(), sums_on_host.data());
        launcher_.synchronize();
        for (std::int64_t i = 0; i < groups; ++i) plan.keep(g + i, c, sums_on_host.data() + i * group, frames);
      }
    }
    return plan.take();
  }

  double remove(TrackReader& track, const std::vector<std::vector<PairWeights>>& weights, const HissGain& gain,
                AudioSink& out) override {
    const std::int64_t channels = track.channels(), frames = track.frames();
    const DenoiseSegments segments = DenoiseSegments::of(banks_, frames, hops_);
    prepare(segments, channels, weights);
    Slot slots[2];
    for (Slot& slot : slots) slot = make_slot(segments, channels);
    double power = 0;
    const auto deliver = [&](Slot& slot) {
      if (slot.count == 0) return;
      launcher_.wait(slot.mark);
      for (std::int64_t i = 0; i < slot.sums; ++i) power += slot.squares_on_host.data()[i];
      out.take({slot.out_on_host.data(), static_cast<int>(channels), slot.count, segments.frames});
      slot.count = 0;
    };
    int next = 0;
    for (std::int64_t start = 0; start < frames; start += segments.frames, next = 1 - next) {
      Slot& slot = slots[next];
      deliver(slot);
      const std::int64_t window = segments.before + segments.frames + segments.after;
      read(track, start - segments.before, window, slot.in_on_host.data(), window);
      launcher_.upload(std::as_const(slot.in_on_host).data(), channels * window, slot.in.data());
      slot.count = std::min(segments.frames, frames - start);
      remove_from(slot, segments, channels, gain);
      slot.mark = launcher_.mark();
    }
    deliver(slots[next]);
    deliver(slots[1 - next]);
    out.finish();
    return power;
  }

 private:
  template <class T>
  using Buffer = typename Launcher::template Buffer<T>;
  template <class T>
  using HostBuffer = typename Launcher::template HostBuffer<T>;

  // Groups of the survey that are transformed together.
  static constexpr std::int64_t kSurveyGroups = 16;
  // Read at once: a window of some seconds may be a copy.
  static constexpr std::int64_t kReadFrames = 1 << 16;

  // A segment on its way: while one is computed, the next is read and the last one handed on.
  struct Slot {
    HostBuffer<float> in_on_host, out_on_host;
    HostBuffer<double> squares_on_host;
    Buffer<float> in, out;
    Buffer<double> squares;
    typename Launcher::Mark mark;
    std::int64_t count = 0, sums = 0;
  };

  struct BankOnDevice {
    DenoiseFrames frames;
    Buffer<float> window;  // the synthesis window behind the analysis window
    std::vector<Buffer<float>> tables;
    std::vector<std::pair<std::int64_t, std::int64_t>> bins;  // first and last that are weighed, of each pair
  };

  template <class T>
  Buffer<T> buffer(std::int64_t size) {
    return launcher_.template make_buffer<T>(size);
  }
  // The caller's memory is free when this returns.
  template <class T>
  Buffer<T> uploaded(const T* from, std::int64_t size) {
    auto to = buffer<T>(size);
    launcher_.upload(from, size, to.data());
    launcher_.synchronize();
    return to;
  }

  static void read(TrackReader& track, std::int64_t first, std::int64_t count, float* to, std::int64_t stride) {
    for (std::int64_t done = 0; done < count; done += kReadFrames) {
      const std::int64_t now = std::min(kReadFrames, count - done);
      const AudioView in = track.read(first + done, now);
      for (int c = 0; c < in.channels; ++c) std::copy_n(in.channel(c), now, to + c * stride + done);
    }
  }

  void prepare(const DenoiseSegments& segments, std::int64_t channels,
               const std::vector<std::vector<PairWeights>>& weights) {
    on_device_.clear();
    std::int64_t values = 0, planes = 0;
    for (std::size_t b = 0; b < banks_.size(); ++b) {
      const DenoiseTransform& transform = banks_[b].transform;
      BankOnDevice bank;
      bank.frames = segments.frames_of(banks_[b]);
      std::vector<float> windows(transform.window(), transform.window() + transform.points());
      windows.insert(windows.end(), transform.synthesis_window(), transform.synthesis_window() + transform.points());
      bank.window = uploaded(std::as_const(windows).data(), 2 * transform.points());
      for (const PairWeights& w : weights[b]) {
        std::vector<float> tables;
        for (const AlignedArray<float>* table :
             {&w.white[0], &w.white[1], &w.cos, &w.sin, &w.scale[0], &w.scale[1], &w.share})
          tables.insert(tables.end(), table->data(), table->data() + table->size());
        bank.tables.push_back(uploaded(std::as_const(tables).data(), static_cast<std::int64_t>(tables.size())));
        bank.bins.emplace_back(w.first_bin, w.last_bin);
      }
      values = std::max(values, bank.frames.count * bank.frames.points);
      planes = std::max(planes, bank.frames.count * transform.bins());
      on_device_.push_back(std::move(bank));
    }
    spectra_ = buffer<Complex32>(values);
    planes_ = buffer<float>(6 * planes);
    removed_ = buffer<float>(channels * segments.frames);
  }

  Slot make_slot(const DenoiseSegments& segments, std::int64_t channels) {
    const std::int64_t window = channels * (segments.before + segments.frames + segments.after),
                       result = channels * segments.frames,
                       squares = channels * block::DenoiseSubtract::tiles(segments.frames);
    return {launcher_.template make_host_buffer<float>(window),
            launcher_.template make_host_buffer<float>(result),
            launcher_.template make_host_buffer<double>(squares),
            buffer<float>(window),
            buffer<float>(result),
            buffer<double>(squares),
            {},
            0,
            0};
  }

  void remove_from(Slot& slot, const DenoiseSegments& segments, std::int64_t channels, const HissGain& gain) {
    const std::int64_t length = segments.before + segments.frames + segments.after;
    const block::InputRows in{slot.in.data(), channels, length, length, 0};
    const block::OutputRows removed{removed_.data(), channels, segments.frames, segments.frames, 0};
    for (std::size_t b = 0; b < on_device_.size(); ++b) {
      for (std::int64_t c = 0; c < channels; c += 2)
        take_away(on_device_[b], segments, in, c, c + 1 < channels ? c + 1 : -1, gain, b > 0, removed);
    }
    const block::OutputRows out{slot.out.data(), channels, slot.count, segments.frames, 0};
    block::DenoiseSubtract subtract{in, segments.before, removed, out, {}};
    slot.sums = subtract.blocks();
    subtract.squares = {slot.squares.data(), slot.sums};
    launcher_.launch(subtract, slot.sums);
    launcher_.download(std::as_const(slot.squares).data(), slot.sums, slot.squares_on_host.data());
    launcher_.download_rows(std::as_const(slot.out).data(), segments.frames, channels, slot.count,
                            slot.out_on_host.data(), segments.frames);
  }

  void take_away(const BankOnDevice& bank, const DenoiseSegments& segments, const block::InputRows& in,
                 std::int64_t row_a, std::int64_t row_b, const HissGain& gain, bool adds,
                 const block::OutputRows& removed) {
    const DenoiseFrames& frames = bank.frames;
    const std::int64_t points = frames.points, bins = points / 2 + 1, reach = DenoiseFrames::kReach;
    const block::PairSpectra spectra{{spectra_.data(), frames.count * points}, points, frames.count};
    const block::GlobalSpan<const float> window{bank.window.data(), points}, back{bank.window.data() + points, points};
    const block::DenoiseGather gather{{},         in,           row_a,  row_b,  segments.before + frames.first_sample,
                                      frames.hop, frames.count, window, spectra};
    launcher_.launch(gather, gather.blocks());
    BatchFft& fft = launcher_.fft(points, frames.count);
    fft.forward(spectra_.data());

    const auto pair = static_cast<std::size_t>(row_a / 2);
    const block::PairTables tables{bank.tables[pair].span(), bins, bank.bins[pair].first, bank.bins[pair].second};
    const std::int64_t plane = frames.count * bins;
    const auto of = [&](int i) { return block::GlobalSpan<float>{planes_.data() + i * plane, plane}; };
    const block::DenoisePlanes planes{{of(0), of(1)}, {of(2), of(3)}, {of(4), of(5)}, bins};
    const block::DenoisePowers powers{{}, spectra, tables, planes};
    launcher_.launch(powers, powers.blocks());
    const block::DenoiseNear near{{}, planes, frames.count};
    launcher_.launch(near, near.blocks());
    const block::DenoiseTakeAway take{{}, spectra, tables, planes, gain, reach, frames.weighed()};
    launcher_.launch(take, take.blocks());

    fft.inverse(spectra_.data());
    const block::DenoiseScatter scatter{
        {},    spectra, frames.first_sample, frames.hop, reach, reach + frames.weighed() - 1, back, removed, row_a,
        row_b, adds};
    launcher_.launch(scatter, scatter.blocks());
  }

  Launcher& launcher_;
  double sample_rate_hz_;
  std::int64_t hops_;
  DenoiseTransform survey_transform_;
  std::vector<DenoiseBank> banks_;
  std::vector<BankOnDevice> on_device_;
  Buffer<Complex32> spectra_;  // of one pair in one bank
  Buffer<float> planes_;       // of powers, their logarithms and neighbours' means
  Buffer<float> removed_;
};

}  // namespace lathe
