// What the denoiser does to every sample of a track, on the CPU or on a device; what it decides is shared
// (denoise.cpp).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/math/hiss_gain.h"
#include "kernels/restoration/denoise.h"
#include "kernels/restoration/denoise_transform.h"
#include "kernels/restoration/noise_survey.h"
#include "kernels/restoration/pair_weights.h"
#include "kernels/restoration/restorer.h"

namespace lathe {

// Windows of one length, and which frequencies are heard through them: between the ends, with an octave around each in
// which the next bank takes over. 0: no end.
struct DenoiseBank {
  DenoiseTransform transform;
  double from_hz, to_hz;

  // Of what is taken away at a frequency, 0 to 1.
  double share_at(double hz) const;
};

// Those of a tier, the longest windows first.
std::vector<DenoiseBank> denoise_banks(Tier tier, double sample_rate_hz);

class DenoisePasses {
 public:
  virtual ~DenoisePasses() = default;

  // Powers of frames [from, to) of the track.
  virtual NoiseSurvey survey(TrackReader& track, std::int64_t from, std::int64_t to) = 0;

  // The track without its noise, in order into `out` (which is finished); what is taken away follows from the weights
  // of each pair of channels in each bank ([bank][pair]). Returns the sum of the squares of what was taken away.
  virtual double remove(TrackReader& track, const std::vector<std::vector<PairWeights>>& weights, const HissGain& gain,
                        AudioSink& out) = 0;
};

// The stage on these passes; both keep to the banks of the settings' tier. Throws as cpu::make_denoise() does.
std::unique_ptr<Restorer> make_denoise_on(std::unique_ptr<DenoisePasses> passes, const DenoiseSettings& settings,
                                          const RestorationFormat& format);

// Throws std::invalid_argument where settings or format are out of range.
void check_denoise(const DenoiseSettings& settings, const RestorationFormat& format);

// The transform of the survey, and how many of its frames are looked at, at most.
DenoiseTransform noise_survey_transform(double sample_rate_hz);
constexpr std::int64_t kMostSurveyedFrames = 4096;

}  // namespace lathe
