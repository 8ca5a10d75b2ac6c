#include "kernels/inspection/inspector.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/inspection/inspection_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

// Two channels of it lie in the innermost cache, and sums of a lane over it keep their accuracy in float32.
constexpr std::int64_t kBlockFrames = 2048;
constexpr std::int64_t kGroups = kBlockFrames / kInspectionGroup;

double total(const float (&lanes)[kInspectionLanes]) {
  double sum = 0;
  for (const float lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

float steep_of(double step) { return static_cast<float>(4 * std::max(step, 0x1p-15)); }

}  // namespace

const InspectionKernels& inspection_kernels() {
  return pick_level(sse2::inspection_kernels, avx2::inspection_kernels, avx512::inspection_kernels);
}

Inspector::Inspector(const Setup& setup)
    : setup_(setup),
      feeder_(setup.channels, kBlockFrames, SilenceTracker::kEdgeHalo),
      sums_(static_cast<std::size_t>(setup.channels)),
      clipped_(static_cast<std::size_t>(setup.channels), ClippedRunFinder(kFlatFrom, steep_of(setup.step))),
      silence_(setup.sample_rate_hz),
      fourth_differences_(kBlockFrames / ClickFinder::kRow),
      peak_(kGroups),
      sounding_(kGroups),
      flat_(kGroups) {
  if (setup.channels < 1 || !(setup.sample_rate_hz > 0)) {
    throw std::invalid_argument("Inspector: needs a channel and a sample rate");
  }
  if (setup.spectrum) spectrum_.emplace(setup.sample_rate_hz, setup.channels, setup.workspace);
  inspection_.sample_rate_hz = setup.sample_rate_hz;
  inspection_.channels.resize(static_cast<std::size_t>(setup.channels));
}

void Inspector::take(AudioView frames) {
  feeder_.take(frames, [&](AudioView block, std::int64_t first, std::int64_t valid) { look(block, first, valid); });
}

void Inspector::look(AudioView block, std::int64_t first_frame, std::int64_t valid) {
  std::fill(peak_.begin(), peak_.end(), 0.0f);
  std::fill(sounding_.begin(), sounding_.end(), std::uint8_t{0});
  for (int c = 0; c < block.channels; ++c) look_at_channel(c, block, first_frame, valid);
  if (block.channels == 2) {
    PairRows rows;
    inspection_kernels().pair(block.channel(0), block.channel(1), kGroups, rows);
    pair_sums_.mean_product += total(rows.product);
    pair_sums_.difference_mean_square += total(rows.difference_square);
    pair_sums_.difference_peak =
        std::max(pair_sums_.difference_peak,
                 *std::max_element(std::begin(rows.difference_peak), std::end(rows.difference_peak)));
  }
  if (setup_.clicks) look_for_clicks(block, valid);
  silence_.take(block, first_frame, valid, peak_.data(), sounding_.data());
  if (spectrum_) spectrum_->take(block.slice(0, valid));
  inspection_.frames = first_frame + valid;
}

// Of rows that the track fills; where it begins and ends it jumps from silence.
void Inspector::look_for_clicks(AudioView block, std::int64_t valid) {
  const std::int64_t rows = valid / ClickFinder::kRow;
  std::fill(fourth_differences_.begin(), fourth_differences_.end(), 0.0f);
  for (int c = 0; c < block.channels; ++c)
    inspection_kernels().fourth_differences(block.channel(c), rows, fourth_differences_.data());
  clicks_.take(fourth_differences_.data(), rows);
}

void Inspector::look_at_channel(int c, AudioView block, std::int64_t first_frame, std::int64_t valid) {
  const auto i = static_cast<std::size_t>(c);
  const float* x = block.channel(c);
  ChannelRows rows;
  inspection_kernels().channel(x, kGroups, kFlatFrom, rows, peak_.data(), sounding_.data(), flat_.data());
  sums_[i].sum += total(rows.sum);
  sums_[i].square += total(rows.square);
  // What lies behind the track's end is zero, and a track that never crosses zero has no extreme there.
  ChannelFacts& facts = inspection_.channels[i];
  float highest = *std::max_element(std::begin(rows.highest), std::end(rows.highest));
  float lowest = *std::min_element(std::begin(rows.lowest), std::end(rows.lowest));
  if (valid < kBlockFrames) {
    highest = *std::max_element(x, x + valid);
    lowest = *std::min_element(x, x + valid);
  }
  facts.highest = first_frame == 0 ? highest : std::max(facts.highest, highest);
  facts.lowest = first_frame == 0 ? lowest : std::min(facts.lowest, lowest);
  for (std::int64_t at = 0; at < valid; at += kInspectionGroup) {
    if (flat_[static_cast<std::size_t>(at / kInspectionGroup)] == 0 && !clipped_[i].is_open()) continue;
    clipped_[i].take(x + at, first_frame + at, std::min<std::int64_t>(kInspectionGroup, valid - at));
  }
}

void Inspector::finish() {
  feeder_.finish([&](AudioView block, std::int64_t first, std::int64_t valid) { look(block, first, valid); });
  const double frames = static_cast<double>(std::max<std::int64_t>(inspection_.frames, 1));
  for (std::size_t c = 0; c < sums_.size(); ++c) {
    ChannelFacts& facts = inspection_.channels[c];
    facts.mean = sums_[c].sum / frames;
    facts.mean_square = sums_[c].square / frames;
    clipped_[c].finish();
    facts.clipped = clipped_[c].at_extremes(facts.highest, facts.lowest);
  }
  if (setup_.channels == 2) {
    inspection_.pair = {pair_sums_.mean_product / frames, pair_sums_.difference_mean_square / frames,
                        pair_sums_.difference_peak};
  }
  inspection_.silence = silence_.facts();
  inspection_.clicks = clicks_.facts();
  if (spectrum_) inspection_.spectrum = spectrum_->finish();
}

}  // namespace lathe
