#include "kernels/loudness/loudness_meter.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/block_feeder.h"
#include "kernels/loudness/k_filter.h"
#include "kernels/loudness/true_peak.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr std::int64_t kStep = 4096;
constexpr int kHaloGroups = TruePeakSearch::kHaloGroups;
constexpr std::int64_t kStepGroups = kStep / kPeakGroup;

// WAVEX speaker bits.
constexpr std::uint32_t kLfe = 0x8, kBackLeft = 0x10, kBackRight = 0x20, kSideLeft = 0x200, kSideRight = 0x400;

double weight_of(std::uint32_t speaker, std::uint32_t mask) {
  if (speaker == kLfe) return 0.0;
  if (speaker == kSideLeft || speaker == kSideRight) return 1.41;
  // "Back" loudspeakers are the +-110 degree surrounds of 5.1 unless there are side ones too; then they stand at 135.
  const bool sides = (mask & (kSideLeft | kSideRight)) != 0;
  if ((speaker == kBackLeft || speaker == kBackRight) && !sides) return 1.41;
  return 1.0;
}

std::uint32_t usual_mask(int channels) {
  switch (channels) {
    case 3: return 0x7;
    case 4: return 0x33;
    case 5: return 0x37;
    case 6: return 0x3f;
    case 8: return 0x63f;
    default: return 0;
  }
}

}  // namespace

std::vector<double> channel_weights(int channels, std::uint32_t channel_mask) {
  if (__builtin_popcount(channel_mask) != channels) channel_mask = usual_mask(channels);
  std::vector<double> weights(static_cast<std::size_t>(channels), 1.0);
  if (channel_mask == 0) return weights;
  int c = 0;
  for (std::uint32_t bit = 1; bit != 0 && c < channels; bit <<= 1) {
    if (channel_mask & bit) weights[static_cast<std::size_t>(c++)] = weight_of(bit, channel_mask);
  }
  return weights;
}

struct LoudnessMeter::State {
  explicit State(Setup s)
      : setup(std::move(s)), channels(static_cast<int>(setup.weights.size())), tables(make_k_filter_tables(setup.sample_rate_hz)),
        filters(setup.weights.size()), feeder(channels, kStep, kInterpolationHalo), weighted(2 * kStep),
        peaks(static_cast<std::size_t>(kStepGroups + 2 * kHaloGroups)) {
    hops.sample_rate_hz = setup.sample_rate_hz;
  }

  void block(AudioView audio, std::int64_t first, std::int64_t valid) {
    measure_peaks(audio, first, valid);
    measure_energy(audio, first, valid);
    frames = first + valid;
  }

  void measure_peaks(AudioView audio, std::int64_t first, std::int64_t valid) {
    std::fill_n(peaks.data(), peaks.size(), 0.0f);
    for (int c = 0; c < channels; ++c) {
      interpolation_kernels().group_sample_peaks(audio.channel(c) - kInterpolationHalo, kStep + 2 * kInterpolationHalo, peaks.data());
    }
    const std::int64_t groups = (valid + kPeakGroup - 1) / kPeakGroup;
    for (std::int64_t g = 0; g < groups; ++g) sample_peak = std::max(sample_peak, peaks[static_cast<std::size_t>(g + kHaloGroups)]);
    if (setup.trace) trace.sample_peak.insert(trace.sample_peak.end(), peaks.data() + kHaloGroups, peaks.data() + kHaloGroups + groups);
    if (!setup.true_peak) return;
    if (first == 0) ring_before_first(audio);
    search.block(audio, kStep, peaks.data() + kHaloGroups);
  }

  // The curve rises before the first sample: half a filter of silence with the head of the track behind it. (After the
  // last one the block itself is filled up with silence, or a block of nothing follows; see finish.)
  void ring_before_first(AudioView audio) {
    AlignedArray<float> lead(static_cast<std::size_t>(channels) * kLead);
    AlignedArray<float> lead_peaks(kLead / kPeakGroup);
    for (int c = 0; c < channels; ++c) std::copy_n(audio.channel(c), kInterpolationHalo, lead.data() + c * kLead + 2 * kInterpolationHalo);
    for (int c = 0; c < channels; ++c) interpolation_kernels().group_sample_peaks(lead.data() + c * kLead, kLead, lead_peaks.data());
    const AudioView view{lead.data() + kInterpolationHalo, channels, kInterpolationHalo, kLead};
    search.block(view, kInterpolationHalo, lead_peaks.data() + kHaloGroups);
  }

  void measure_energy(AudioView audio, std::int64_t first, std::int64_t valid) {
    const auto& kernels = k_filter_kernels();
    const std::size_t trace_at = trace.power.size();
    if (setup.trace) trace.power.resize(trace_at + static_cast<std::size_t>((valid + kPeakGroup - 1) / kPeakGroup), 0.0f);
    const std::int64_t rounded = (valid + kFilterBlock - 1) / kFilterBlock * kFilterBlock;
    for (int c = 0; c < channels; c += 2) {
      const int together = std::min(2, channels - c);
      KFilterState* filter = filters.data() + c;
      double* const y[2] = {weighted.data(), weighted.data() + kStep};
      if (together == 2) {
        const float* const x[2] = {audio.channel(c), audio.channel(c + 1)};
        kernels.run_pair(tables, filter, x, rounded, y);
      } else {
        kernels.run(tables, *filter, audio.channel(c), rounded, y[0]);
      }
      for (int i = 0; i < together; ++i) {
        const double weight = setup.weights[static_cast<std::size_t>(c + i)];
        if (weight == 0.0) continue;
        add_hops(y[i], first, valid, weight);
        if (setup.trace) add_power(y[i], trace.power.data() + trace_at, valid, static_cast<float>(weight));
      }
    }
    next_hop = hop_at;
  }

  // Adds the energies of frames [first, first + valid) to the hops they belong to, opening hops as needed.
  void add_hops(const double* y, std::int64_t first, std::int64_t valid, double weight) {
    std::int64_t hop = next_hop, from = 0;
    while (from < valid) {
      const std::int64_t end = hop_start(hop + 1, setup.sample_rate_hz);
      const std::int64_t to = std::min(end - first, valid);
      if (hops.energy.size() <= static_cast<std::size_t>(hop)) hops.energy.resize(static_cast<std::size_t>(hop) + 1, 0.0);
      hops.energy[static_cast<std::size_t>(hop)] += weight * k_filter_kernels().sum_of_squares(y + from, to - from);
      if (first + to == end) ++hop;
      from = to;
    }
    hop_at = hop;
  }

  static void add_power(const double* y, float* power, std::int64_t valid, float weight) {
    for (std::int64_t g = 0; g * kPeakGroup < valid; ++g) {
      double sum = 0;
      for (std::int64_t n = g * kPeakGroup; n < std::min((g + 1) * kPeakGroup, valid); ++n) {
        sum += y[n] * y[n];
      }
      power[g] += weight * static_cast<float>(sum);
    }
  }

  static constexpr std::int64_t kLead = 3 * kInterpolationHalo;

  Setup setup;
  int channels;
  KFilterTables tables;
  std::vector<KFilterState> filters;
  BlockFeeder feeder;
  AlignedArray<double> weighted;
  AlignedArray<float> peaks;
  TruePeakSearch search;
  HopEnergies hops;
  GroupTrace trace;
  float sample_peak = 0;
  std::int64_t frames = 0;
  std::int64_t next_hop = 0;
  std::int64_t hop_at = 0;
};

LoudnessMeter::LoudnessMeter(Setup setup) {
  if (setup.weights.empty()) throw std::invalid_argument("LoudnessMeter: no channels");
  state_ = std::make_unique<State>(std::move(setup));
}

LoudnessMeter::~LoudnessMeter() = default;

void LoudnessMeter::take(AudioView frames) {
  if (frames.channels != state_->channels) throw std::invalid_argument("LoudnessMeter: the number of channels changed");
  state_->feeder.take(frames, [this](AudioView audio, std::int64_t first, std::int64_t valid) { state_->block(audio, first, valid); });
}

void LoudnessMeter::finish() {
  state_->feeder.finish([this](AudioView audio, std::int64_t first, std::int64_t valid) { state_->block(audio, first, valid); });
  HopEnergies& hops = state_->hops;
  // An incomplete last hop counts for nothing (BS.1770-5: an incomplete block is not used).
  while (!hops.energy.empty() && hop_start(static_cast<std::int64_t>(hops.energy.size()), hops.sample_rate_hz) > state_->frames) {
    hops.energy.pop_back();
  }
}

LoudnessFigures LoudnessMeter::figures() const {
  return {integrated_loudness(hops()), loudness_range(hops()), max_momentary(hops()), max_short_term(hops()),
          amplitude_to_db(true_peak()), amplitude_to_db(sample_peak())};
}

const HopEnergies& LoudnessMeter::hops() const { return state_->hops; }
double LoudnessMeter::true_peak() const { return std::max<double>(state_->search.peak(), state_->sample_peak); }
double LoudnessMeter::sample_peak() const { return state_->sample_peak; }
const GroupTrace& LoudnessMeter::trace() const { return state_->trace; }

}  // namespace lathe
