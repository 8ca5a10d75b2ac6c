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

NoiseSurvey survey_noise(const DenoiseTransform& transform, double sample_rate_hz, TrackReader& track,
                         std::int64_t from, std::int64_t to, std::int64_t most_frames) {
  const std::int64_t points = transform.points(), group = 16 * points;
  NoiseSurvey survey;
  survey.edges = band_edges(transform.bins());
  survey.bin_hz = sample_rate_hz / static_cast<double>(points);
  const std::int64_t whole = std::max<std::int64_t>((to - from) / points, 1);
  const std::int64_t groups_there = (whole + 15) / 16;
  const std::int64_t groups = std::min(groups_there, std::max<std::int64_t>(most_frames / 16, 1));
  survey.frames = groups == groups_there ? whole : groups * 16;
  const std::int64_t bands = survey.bands();
  const auto size = static_cast<std::size_t>(bands * survey.frames);
  const int channels = track.channels();
  survey.powers.assign(static_cast<std::size_t>(channels), std::vector<float>(size));
  survey.products.assign(static_cast<std::size_t>(channels + 1) / 2, std::vector<float>(size));
  AlignedArray<float> re(static_cast<std::size_t>(group)), im(static_cast<std::size_t>(group));
  AlignedArray<float> sums(static_cast<std::size_t>(bands * 3 * kFftLanes));
  for (std::int64_t g = 0; g < groups; ++g) {
    // The first and the last group always: lead-in and lead-out.
    const std::int64_t last = std::max<std::int64_t>(whole - 16, 0);
    const std::int64_t frame = groups == groups_there ? g * 16 : g * last / (groups - 1 > 0 ? groups - 1 : 1);
    const std::int64_t count = std::min<std::int64_t>(16, survey.frames - g * 16);
    const AudioView in = track.read(from + frame * points, group);
    for (int c = 0; c < channels; c += 2) {
      const bool is_pair = c + 1 < channels;
      transform.analyse(in.channel(c), is_pair ? in.channel(c + 1) : nullptr, points, transform.survey_window(),
                        re.data(), im.data());
      kernels().band_powers(re.data(), im.data(), points, transform.row_of_bin(), survey.edges.data(), bands,
                            sums.data());
      for (std::int64_t b = 0; b < bands; ++b) {
        const double scale = 1 / (static_cast<double>(survey.edges[static_cast<std::size_t>(b) + 1] -
                                                      survey.edges[static_cast<std::size_t>(b)]) *
                                  transform.survey_window_power());
        float* rows[3] = {survey.powers[static_cast<std::size_t>(c)].data(),
                          is_pair ? survey.powers[static_cast<std::size_t>(c) + 1].data() : nullptr,
                          survey.products[static_cast<std::size_t>(c) / 2].data()};
        for (int i = 0; i < 3; ++i) {
          for (std::int64_t n = 0; rows[i] != nullptr && n < count; ++n) {
            const float sum = sums[static_cast<std::size_t>((b * 3 + i) * kFftLanes + n)];
            rows[i][b * survey.frames + g * 16 + n] = sum * static_cast<float>(scale);
          }
        }
      }
    }
  }
  return survey;
}

}  // namespace lathe
