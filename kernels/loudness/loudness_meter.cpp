#include "kernels/loudness/loudness_meter.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/block_feeder.h"
#include "kernels/loudness/k_filter.h"
#include "kernels/loudness/true_peak.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

static_assert(kPeakGroup == kEnergyGroup);

}  // namespace

struct LoudnessMeter::State {
  explicit State(Setup s)
      : setup(std::move(s)),
        channels(static_cast<int>(setup.weights.size())),
        tables(make_k_filter_tables(setup.sample_rate_hz)),
        filters(setup.weights.size()),
        feeder(channels, kHopLanes * (tables.rows + kEnergyGroup), kInterpolationHalo),
        rows(static_cast<std::size_t>((tables.rows + kEnergyGroup) * kHopLanes)),
        power(setup.trace ? rows.size() / kEnergyGroup : 0),
        trace(setup.trace_memory) {
    hops.sample_rate_hz = setup.sample_rate_hz;
    if (setup.trace && setup.frames > 0) {
      const auto groups = static_cast<std::size_t>(setup.frames / kPeakGroup + 1);
      trace.sample_peak.reserve(groups);
      trace.bend.reserve(groups);
      trace.power.reserve(groups);
    }
    place_lanes();
    feeder.set_next_step(step);
  }

  // First frame of the lane of a hop: the group of 8 frames that the hop begins in.
  std::int64_t lane_start(std::int64_t hop) const {
    return hop_start(hop, setup.sample_rate_hz) / kEnergyGroup * kEnergyGroup;
  }

  // The lanes of the block that begins with first_hop.
  void place_lanes() {
    const std::int64_t start = lane_start(first_hop);
    for (int k = 0; k < kHopLanes; ++k) {
      const std::int64_t from = lane_start(first_hop + k);
      lanes.offset[k] = static_cast<std::int32_t>(from - start);
      lanes.lead[k] = static_cast<std::int32_t>(hop_start(first_hop + k, setup.sample_rate_hz) - from);
      lanes.is_long[k] = lane_start(first_hop + k + 1) - from > tables.rows;
    }
    lanes.cut_row = -1;
    step = lane_start(first_hop + kHopLanes) - start;
  }

  // The track ends at frame `valid` of the block: what the filter makes of the silence behind it has no power.
  void cut_lanes(std::int64_t valid) {
    int lane = kHopLanes - 1;
    while (lanes.offset[lane] > valid) --lane;
    const std::int64_t row = valid - lanes.offset[lane];
    lanes.cut_row = row / kEnergyGroup * kEnergyGroup;
    std::fill_n(lanes.cut, kHopLanes, static_cast<std::int32_t>(kEnergyGroup));
    lanes.cut[lane] = static_cast<std::int32_t>(row % kEnergyGroup);
  }

  void take(AudioView in) {
    feeder.take(in, [this](AudioView audio, std::int64_t first, std::int64_t valid) { block(audio, first, valid); });
  }

  void finish() {
    feeder.finish([this](AudioView audio, std::int64_t first, std::int64_t valid) { block(audio, first, valid); });
    // An incomplete last hop counts for nothing (BS.1770-5: an incomplete block is not used).
    while (!hops.energy.empty() &&
           hop_start(static_cast<std::int64_t>(hops.energy.size()), hops.sample_rate_hz) > frames) {
      hops.energy.pop_back();
    }
  }

  void block(AudioView audio, std::int64_t first, std::int64_t valid) {
    measure_peaks(audio, first, valid);
    measure_energy(audio, valid);
    frames = first + valid;
    first_hop += kHopLanes;
    place_lanes();
    feeder.set_next_step(step);
  }

  void measure_peaks(AudioView audio, std::int64_t first, std::int64_t valid) {
    const auto& kernels = interpolation_kernels();
    if (setup.trace) {
      const std::int64_t groups = (valid + kPeakGroup - 1) / kPeakGroup;
      const auto at = static_cast<std::int64_t>(trace.sample_peak.size());
      trace.sample_peak.resize(static_cast<std::size_t>(at + groups), 0.0f);
      trace.bend.resize(static_cast<std::size_t>(at + groups), 0.0f);
      for (int c = 0; c < channels; ++c) {
        kernels.group_sample_peaks(audio.channel(c), groups * kPeakGroup, trace.sample_peak.data() + at);
        kernels.group_bends(audio.channel(c), groups * kPeakGroup, trace.bend.data() + at);
      }
    }
    // Behind `valid` there is silence.
    if (setup.true_peak) {
      if (first == 0) ring_before_first(audio);
      sample_peak = std::max(sample_peak, search.block(audio, step, first));
    } else {
      for (int c = 0; c < channels; ++c) sample_peak = std::max(sample_peak, kernels.highest(audio.channel(c), step));
    }
  }

  // The curve rises before the first sample: half a filter of silence with the head of the track behind it. (After the
  // last one the block itself is filled up with silence, or a block of nothing follows; see finish.)
  void ring_before_first(AudioView audio) {
    AlignedArray<float> lead(static_cast<std::size_t>(channels) * kLead);
    for (int c = 0; c < channels; ++c)
      std::copy_n(audio.channel(c), kInterpolationHalo, lead.data() + c * kLead + 2 * kInterpolationHalo);
    const AudioView view{lead.data() + kInterpolationHalo, channels, kInterpolationHalo, kLead};
    search.block(view, kInterpolationHalo, -kInterpolationHalo);
  }

  void measure_energy(AudioView audio, std::int64_t valid) {
    if (setup.trace) {
      std::fill_n(power.data(), power.size(), 0.0f);
      if (valid < step) cut_lanes(valid);
    }
    hops.energy.resize(static_cast<std::size_t>(first_hop + kHopLanes), 0.0);
    double* hop = hops.energy.data() + first_hop;
    for (int c = 0; c < channels; ++c) {
      const double weight = setup.weights[static_cast<std::size_t>(c)];
      if (weight == 0.0) continue;
      const LaneEnergies e =
          k_filter_kernels().run(tables, lanes, filters[static_cast<std::size_t>(c)], audio.channel(c), rows.data(),
                                 setup.trace ? power.data() : nullptr, weight);
      for (int k = 0; k < kHopLanes; ++k) {
        if (first_hop + k > 0) hop[k - 1] += weight * e.before[k];
        hop[k] += weight * e.inside[k];
      }
    }
    if (setup.trace) keep_power(valid);
  }

  // From [group][lane] to the order of the track.
  void keep_power(std::int64_t valid) {
    const std::int64_t at = static_cast<std::int64_t>(trace.power.size()),
                       groups = (valid + kPeakGroup - 1) / kPeakGroup;
    trace.power.resize(static_cast<std::size_t>(at + groups));
    float* out = trace.power.data() + at;
    for (int k = 0; k < kHopLanes; ++k) {
      const std::int64_t first = lanes.offset[k] / kPeakGroup,
                         count = tables.rows / kPeakGroup + (lanes.is_long[k] ? 1 : 0);
      const float* in = power.data() + k;
      for (std::int64_t g = 0; g < std::min(count, groups - first); ++g) out[first + g] = in[g * kHopLanes];
    }
  }

  static constexpr std::int64_t kLead = 3 * kInterpolationHalo;

  Setup setup;
  int channels;
  KFilterTables tables;
  std::vector<KFilterState> filters;
  BlockFeeder feeder;
  AlignedArray<float> rows;   // work space of the filter
  AlignedArray<float> power;  // [group][lane] of a block
  TruePeakSearch search;
  HopLanes lanes;
  std::int64_t first_hop = 0;
  std::int64_t step = 0;  // frames of the block that begins with first_hop
  HopEnergies hops;
  GroupTrace trace;
  float sample_peak = 0;
  std::int64_t frames = 0;
};

LoudnessMeter::LoudnessMeter(Setup setup) {
  if (setup.weights.empty()) throw std::invalid_argument("LoudnessMeter: no channels");
  state_ = std::make_unique<State>(std::move(setup));
}

LoudnessMeter::~LoudnessMeter() = default;

void LoudnessMeter::take(AudioView frames) {
  if (frames.channels != state_->channels) throw std::invalid_argument("LoudnessMeter: the number of channels changed");
  state_->take(frames);
}

void LoudnessMeter::finish() { state_->finish(); }

LoudnessFigures LoudnessMeter::figures() const {
  return {integrated_loudness(hops()), loudness_range(hops()),       max_momentary(hops()),
          max_short_term(hops()),      amplitude_to_db(true_peak()), amplitude_to_db(sample_peak())};
}

const HopEnergies& LoudnessMeter::hops() const { return state_->hops; }
double LoudnessMeter::true_peak() const { return std::max<double>(state_->search.peak(), state_->sample_peak); }
double LoudnessMeter::sample_peak() const { return state_->sample_peak; }
const GroupTrace& LoudnessMeter::trace() const { return state_->trace; }

LoudnessReading LoudnessMeter::take_reading() {
  LoudnessReading reading{figures(), {}, {}, true_peak(), sample_peak(), {}};
  reading.hops = std::move(state_->hops);
  reading.trace = std::move(state_->trace);
  if (state_->setup.true_peak) reading.true_peak_frame = state_->search.peak_frame();
  return reading;
}

}  // namespace lathe
