// From the power of short hops to loudness: gating (BS.1770-5 Annex 1), sliding windows, loudness range (Tech 3342).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/math/host_device.h"

namespace lathe {

// K-weighted, channel-weighted energy (sum of squares) of consecutive hops of 10 ms, hop k covering the frames from
// round(k * rate / 100) to round((k + 1) * rate / 100). An incomplete last hop is left out.
struct HopEnergies {
  double sample_rate_hz = 0;
  std::vector<double> energy;
};

// First frame of hop k: k * rate / 100, halves rounded up.
LATHE_HOST_DEVICE inline std::int64_t hop_start(std::int64_t hop, double sample_rate_hz) {
  return static_cast<std::int64_t>(static_cast<double>(hop) * sample_rate_hz / 100.0 + 0.5);
}

// The first hop that starts at `frame` or later.
LATHE_HOST_DEVICE inline std::int64_t first_hop_from(std::int64_t frame, double sample_rate_hz) {
  auto hop = static_cast<std::int64_t>(static_cast<double>(frame) * 100.0 / sample_rate_hz);
  while (hop_start(hop, sample_rate_hz) < frame) ++hop;
  while (hop > 0 && hop_start(hop - 1, sample_rate_hz) >= frame) --hop;
  return hop;
}

// -0.691 + 10 log10(mean square); minus infinity for 0.
double loudness_of_power(double mean_square);

// Mean square of every window of `window_hops` hops (a multiple of 10: 40 or 300), one each `step_hops` hops (1 or 10),
// in order; none when the track is shorter.
std::vector<double> window_powers(const HopEnergies& hops, int window_hops, int step_hops);

// Gated loudness in LUFS of mean squares of 400 ms blocks every 100 ms: absolute gate -70 LUFS, relative gate 10 LU
// below the mean of what passes it. Minus infinity when no block passes.
double gated_loudness(std::span<const double> block_powers);

// gated_loudness of the track.
double integrated_loudness(const HopEnergies& hops);

// The loudest window of 400 ms (momentary) or 3 s (short-term), moved by 10 ms. Minus infinity when shorter.
double max_momentary(const HopEnergies& hops);
double max_short_term(const HopEnergies& hops);

// Mean squares of the short-term windows that the range is made of: 3 s every 100 ms, the last 1.5 s into silence.
std::vector<double> range_powers(const HopEnergies& hops);

// Loudness range in LU of such powers, of one track or of several together: gates at -70 LUFS and 20 LU below the mean,
// 95th less 10th percentile. 0 when nothing passes the gates.
double gated_range(std::span<const double> short_term_powers);

// Loudness range in LU (EBU Tech 3342 V4): short-term loudness at 10 Hz, the last 1.5 s measured into silence, gates at
// -70 LUFS and 20 LU below the mean, 95th less 10th percentile. 0 when nothing passes the gates.
double loudness_range(const HopEnergies& hops);

}  // namespace lathe
