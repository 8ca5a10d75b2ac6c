#include "host/mastering/preview.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe {
namespace {

constexpr double kFade_s = 0.5;

}  // namespace

Passage loudest_passage(const HopEnergies& hops, Passage track, double seconds) {
  const double rate_hz = hops.sample_rate_hz;
  const auto wanted = static_cast<std::int64_t>(std::llround(seconds * rate_hz));
  if (track.frames() <= wanted) return track;
  const std::int64_t first_hop = first_hop_from(track.first, rate_hz);
  const auto window = static_cast<std::int64_t>(std::llround(seconds * 100));
  const auto hop_count = static_cast<std::int64_t>(hops.energy.size());
  const auto at = [&hops](std::int64_t hop) { return hops.energy[static_cast<std::size_t>(hop)]; };
  double energy = 0;
  for (std::int64_t hop = first_hop; hop < std::min(first_hop + window, hop_count); ++hop) energy += at(hop);
  double most = energy;
  std::int64_t best = first_hop;
  for (std::int64_t hop = first_hop + 1; hop + window <= hop_count; ++hop) {
    if (hop_start(hop, rate_hz) + wanted > track.end) break;
    energy += at(hop + window - 1) - at(hop - 1);
    // What is left of sums and differences is not louder.
    if (energy <= most * (1 + 1e-9)) continue;
    most = energy;
    best = hop;
  }
  const std::int64_t first = std::min(hop_start(best, rate_hz), track.end - wanted);
  return {first, first + wanted};
}

Passage passage_at(Passage passage, int from_hz, int to_hz) {
  if (from_hz == to_hz) return passage;
  const double ratio = static_cast<double>(to_hz) / from_hz;
  const auto first = static_cast<std::int64_t>(std::llround(static_cast<double>(passage.first) * ratio));
  return {first, first + static_cast<std::int64_t>(std::llround(static_cast<double>(passage.frames()) * ratio))};
}

void soften_ends(MutableAudioView frames, std::int64_t first, Passage passage, Passage track, int sample_rate_hz) {
  const auto fade = std::min(static_cast<std::int64_t>(kFade_s * sample_rate_hz), passage.frames() / 2);
  const auto gain_at = [fade](std::int64_t from_end) {
    return static_cast<float>(
        0.5 - 0.5 * std::cos(std::numbers::pi * static_cast<double>(from_end) / static_cast<double>(fade)));
  };
  for (std::int64_t n = 0; n < frames.frames; ++n) {
    const std::int64_t from_first = first + n - passage.first, from_last = passage.end - 1 - first - n;
    float gain = 1;
    if (from_first < fade && passage.first > track.first) gain *= gain_at(from_first);
    if (from_last < fade && passage.end < track.end) gain *= gain_at(from_last);
    if (gain == 1) continue;
    for (int c = 0; c < frames.channels; ++c) frames.channel(c)[n] *= gain;
  }
}

}  // namespace lathe
