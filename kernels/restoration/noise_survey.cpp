#include "kernels/restoration/noise_survey.h"

#include <algorithm>

#include "kernels/restoration/denoise_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

const DenoiseKernels& kernels() {
  return pick_level(sse2::denoise_kernels, avx2::denoise_kernels, avx512::denoise_kernels);
}

// From the third bin on, an eighth of their frequency wide, 3 to 24 bins: narrow enough for the slope of pink noise in
// the bass, wide enough for a steady mean above.
std::vector<std::int32_t> band_edges(std::int64_t bins) {
  std::vector<std::int32_t> edges{2};
  while (edges.back() < bins - 4) {
    const std::int32_t width = std::clamp(edges.back() / 8, 3, 24);
    edges.push_back(std::min(edges.back() + width, static_cast<std::int32_t>(bins - 1)));
  }
  return edges;
}

}  // namespace

NoiseSurveyPlan::NoiseSurveyPlan(const DenoiseTransform& transform, double sample_rate_hz, int channels,
                                 std::int64_t from, std::int64_t to, std::int64_t most_frames)
    : points_(transform.points()), from_(from), whole_(std::max<std::int64_t>((to - from) / points_, 1)) {
  survey_.edges = band_edges(transform.bins());
  survey_.bin_hz = sample_rate_hz / static_cast<double>(points_);
  groups_there_ = (whole_ + kGroup - 1) / kGroup;
  groups_ = std::min(groups_there_, std::max<std::int64_t>(most_frames / kGroup, 1));
  survey_.frames = groups_ == groups_there_ ? whole_ : groups_ * kGroup;
  const auto size = static_cast<std::size_t>(survey_.bands() * survey_.frames);
  survey_.powers.assign(static_cast<std::size_t>(channels), std::vector<float>(size));
  survey_.products.assign(static_cast<std::size_t>(channels + 1) / 2, std::vector<float>(size));
  for (std::size_t b = 0; b + 1 < survey_.edges.size(); ++b)
    scale_.push_back(static_cast<float>(1 / (survey_.width(b) * transform.survey_window_power())));
}

std::int64_t NoiseSurveyPlan::first_sample(std::int64_t group) const {
  // The first and the last group always: lead-in and lead-out.
  const std::int64_t last = std::max<std::int64_t>(whole_ - kGroup, 0);
  const std::int64_t frame =
      groups_ == groups_there_ ? group * kGroup : group * last / std::max<std::int64_t>(groups_ - 1, 1);
  return from_ + frame * points_;
}

void NoiseSurveyPlan::keep(std::int64_t group, int c, const float* sums, std::int64_t stride) {
  const auto channel = static_cast<std::size_t>(c);
  float* rows[3] = {survey_.powers[channel].data(),
                    channel + 1 < survey_.powers.size() ? survey_.powers[channel + 1].data() : nullptr,
                    survey_.products[channel / 2].data()};
  const std::int64_t first = group * kGroup, count = std::min(kGroup, survey_.frames - first);
  for (std::int64_t b = 0; b < survey_.bands(); ++b) {
    for (int i = 0; i < 3; ++i) {
      for (std::int64_t n = 0; rows[i] != nullptr && n < count; ++n)
        rows[i][b * survey_.frames + first + n] = sums[(b * 3 + i) * stride + n] * scale_[static_cast<std::size_t>(b)];
    }
  }
}

NoiseSurvey survey_noise(const DenoiseTransform& transform, double sample_rate_hz, TrackReader& track,
                         std::int64_t from, std::int64_t to, std::int64_t most_frames) {
  const int channels = track.channels();
  NoiseSurveyPlan plan(transform, sample_rate_hz, channels, from, to, most_frames);
  const NoiseSurvey& survey = plan.survey();
  const std::int64_t group = kFftLanes * transform.points();
  AlignedArray<float> re(static_cast<std::size_t>(group)), im(static_cast<std::size_t>(group));
  AlignedArray<float> sums(static_cast<std::size_t>(survey.bands() * 3 * kFftLanes));
  for (std::int64_t g = 0; g < plan.groups(); ++g) {
    const AudioView in = track.read(plan.first_sample(g), group);
    for (int c = 0; c < channels; c += 2) {
      transform.analyse(in.channel(c), c + 1 < channels ? in.channel(c + 1) : nullptr, transform.points(),
                        transform.survey_window(), re.data(), im.data());
      kernels().band_powers(re.data(), im.data(), transform.points(), transform.row_of_bin(), survey.edges.data(),
                            survey.bands(), sums.data());
      plan.keep(g, c, sums.data(), kFftLanes);
    }
  }
  return plan.take();
}

}  // namespace lathe
