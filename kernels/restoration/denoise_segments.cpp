#include "kernels/restoration/denoise_segments.h"

#include <algorithm>

namespace lathe {

DenoiseSegments DenoiseSegments::of(const std::vector<DenoiseBank>& banks, std::int64_t track_frames,
                                    std::int64_t hops) {
  const std::int64_t hop = banks.front().transform.hop();
  DenoiseSegments segments;
  segments.frames = std::clamp<std::int64_t>((track_frames + hop - 1) / hop, 1, hops) * hop;
  const DenoiseFrames longest = segments.frames_of(banks.front());
  segments.before = -longest.first_sample;
  segments.after = longest.first_sample + (longest.count - 1) * longest.hop + longest.points - segments.frames;
  return segments;
}

DenoiseFrames DenoiseSegments::frames_of(const DenoiseBank& bank) const {
  DenoiseFrames of;
  of.points = bank.transform.points();
  of.hop = bank.transform.hop();
  // Windows are two hops long: the first that reaches into the segment starts one hop before it.
  of.first_sample = -(1 + DenoiseFrames::kReach) * of.hop;
  of.count = frames / of.hop + 1 + 2 * DenoiseFrames::kReach;
  return of;
}

std::int64_t denoise_device_bytes(Tier tier, double sample_rate_hz, int channels, std::int64_t track_frames) {
  const std::vector<DenoiseBank> banks = denoise_banks(tier, sample_rate_hz);
  const DenoiseSegments segments = DenoiseSegments::of(banks, track_frames, DenoiseSegments::kHops);
  std::int64_t most = 0;
  for (const DenoiseBank& bank : banks) {
    const DenoiseFrames frames = segments.frames_of(bank);
    // Spectra, as much again for cuFFT's work, and six planes of half as many bins.
    most = std::max(most, frames.count * (2 * 8 * frames.points + 6 * 4 * bank.transform.bins()));
  }
  // In two slots what goes up, and one of what is taken away and one of the result.
  const std::int64_t window = segments.before + segments.frames + segments.after;
  const std::int64_t samples = 4 * channels * (2 * window + 3 * segments.frames);
  return (most + samples) * 11 / 10;
}

}  // namespace lathe
