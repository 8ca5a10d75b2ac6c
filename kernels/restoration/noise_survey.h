// Powers of a track in bands, frame by frame: what its noise is estimated from.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/restoration/denoise_transform.h"
#include "kernels/restoration/restorer.h"

namespace lathe {

// Frames stand side by side, not overlapping, in groups of 16 spread evenly over the track.
struct NoiseSurvey {
  std::vector<std::int32_t> edges;  // of the bands, in bins of the survey's transform; bands() + 1
  double bin_hz = 0;
  std::int64_t frames = 0;
  // [band * frames + frame], mean power of a bin in units of white noise of that variance.
  std::vector<std::vector<float>> powers;    // of each channel
  std::vector<std::vector<float>> products;  // Re(a conj b) of channels 2 i and 2 i + 1

  std::int64_t bands() const { return static_cast<std::int64_t>(edges.size()) - 1; }
  double width(std::size_t band) const { return edges[band + 1] - edges[band]; }  // in bins
  double centre_hz(std::int64_t band) const {
    const auto b = static_cast<std::size_t>(band);
    return 0.5 * (edges[b] + edges[b + 1] - 1) * bin_hz;
  }
};

// Which frames of [from, to) of a track a survey looks at, `most_frames` at most, and where their powers belong.
class NoiseSurveyPlan {
 public:
  static constexpr std::int64_t kGroup = 16;  // frames

  NoiseSurveyPlan(const DenoiseTransform& transform, double sample_rate_hz, int channels, std::int64_t from,
                  std::int64_t to, std::int64_t most_frames);

  std::int64_t groups() const { return groups_; }
  // The first sample of a group, whose frames lie points() apart.
  std::int64_t first_sample(std::int64_t group) const;
  const NoiseSurvey& survey() const { return survey_; }

  // For frame n of the group of channels c and c + 1 (if there is one): sums[(band * 3 + i) * stride + n] of the bins
  // of a band; i = 0, 1, 2: the powers of both, and Re(a conj b).
  void keep(std::int64_t group, int c, const float* sums, std::int64_t stride);

  // What has been kept; the plan is used up.
  NoiseSurvey take() { return std::move(survey_); }

 private:
  NoiseSurvey survey_;
  std::vector<float> scale_;  // from a band's sum to its mean
  std::int64_t points_, from_, whole_, groups_there_, groups_;
};

// On the CPU.
NoiseSurvey survey_noise(const DenoiseTransform& transform, double sample_rate_hz, TrackReader& track,
                         std::int64_t from, std::int64_t to, std::int64_t most_frames);

}  // namespace lathe
