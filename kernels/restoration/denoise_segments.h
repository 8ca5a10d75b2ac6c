// How a denoiser on a device cuts a track: into segments at fixed places, and each into frames of every bank.
#pragma once

#include <cstdint>

#include "kernels/restoration/denoise_passes.h"

namespace lathe {

// The frames of a bank that one segment needs. Frame f of them starts `first_sample` + f * hop samples after the
// segment's start. All are transformed; gains are made for `weighed` ones from kReach on, the others are what those
// look at round about.
struct DenoiseFrames {
  static constexpr std::int64_t kReach = 8;

  std::int64_t points = 0, hop = 0;
  std::int64_t first_sample = 0;
  std::int64_t count = 0;
  std::int64_t weighed() const { return count - 2 * kReach; }
};

struct DenoiseSegments {
  // `hops` of the longest bank in a segment; no more than the track has.
  static DenoiseSegments of(const std::vector<DenoiseBank>& banks, std::int64_t track_frames, std::int64_t hops);

  // For the frames of any bank.
  DenoiseFrames frames_of(const DenoiseBank& bank) const;

  std::int64_t frames = 0;             // samples of a channel, a multiple of every bank's hop
  std::int64_t before = 0, after = 0;  // samples that a segment asks for on either side

  static constexpr std::int64_t kHops = 256;
};

// Device memory that the stage takes for a track, with a tenth to spare.
std::int64_t denoise_device_bytes(Tier tier, double sample_rate_hz, int channels, std::int64_t track_frames);

}  // namespace lathe
