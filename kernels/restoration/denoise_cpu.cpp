#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/restoration/denoise.h"
#include "kernels/restoration/noise_estimate.h"
#include "kernels/restoration/pair_denoiser.h"

namespace lathe {

void DenoiseSettings::check() const {
  if (!(common.strength >= 0 && common.strength <= 1)) throw std::invalid_argument("denoise: strength is 0 to 1");
  if (!(reduce_db >= 0 && reduce_db <= 60)) throw std::invalid_argument("denoise: reduce_db is 0 to 60");
  if (noise.span_s && !(noise.span_s->first >= 0 && noise.span_s->second > noise.span_s->first))
    throw std::invalid_argument("denoise: the noise's span has no length");
}

namespace {

// Fitted: see denoise.h.
constexpr double kSlope[kDenoiseFeatures] = {0.178, 0.170, 0.052, 0.247, 0.127 / 12, 0.278 / 12, 0.044};
constexpr double kTilt[kDenoiseFeatures] = {0.376, -0.529, -0.241, -0.480, -0.676 / 12, -0.836 / 12, -0.223};
constexpr double kOffset = -1.189, kBend = 1.832, kKnee = 0.783;
constexpr double kLog2E = 1.4426950408889634;

DenoiseGain gain_form(double floor) {
  DenoiseGain form{};
  for (int i = 0; i < kDenoiseFeatures; ++i) {
    form.slope[i] = static_cast<float>(kSlope[i] * kLog2E);
    form.tilt[i] = static_cast<float>(kTilt[i] * kKnee * kLog2E);
  }
  form.offset = static_cast<float>(kOffset * kLog2E);
  form.bend = static_cast<float>(kBend * kKnee * kLog2E);
  form.floor = static_cast<float>(floor);
  return form;
}

constexpr std::int64_t kPointsAt44100 = 4096, kHopsInWindow = 2;
constexpr std::int64_t kSurveyPointsAt44100 = 4096, kMostFrames = 4096;

// Noise given as samples, read as a track.
class GivenNoise final : public TrackReader {
 public:
  GivenNoise(const std::vector<std::vector<float>>& samples, int channels) : samples_(samples), channels_(channels) {}
  int channels() const override { return channels_; }
  std::int64_t frames() const override {
    std::size_t frames = samples_.front().size();
    for (const auto& row : samples_) frames = std::min(frames, row.size());
    return static_cast<std::int64_t>(frames);
  }
  AudioView read(std::int64_t first, std::int64_t count) override {
    window_.assign(static_cast<std::size_t>(count * channels_), 0.0f);
    const std::int64_t from = std::max<std::int64_t>(first, 0), to = std::min(first + count, frames());
    for (int c = 0; c < channels_ && from < to; ++c) {
      const auto& row = samples_[std::min(static_cast<std::size_t>(c), samples_.size() - 1)];
      std::copy_n(row.data() + from, to - from, window_.data() + c * count + (from - first));
    }
    return {window_.data(), channels_, count, count};
  }

 private:
  const std::vector<std::vector<float>>& samples_;
  int channels_;
  std::vector<float> window_;
};

class Denoise final : public Restorer {
 public:
  Denoise(const DenoiseSettings& settings, const RestorationFormat& format)
      : settings_(settings),
        format_(format),
        transform_(format.sample_rate_hz, kPointsAt44100, kHopsInWindow),
        survey_transform_(format.sample_rate_hz, kSurveyPointsAt44100, 1) {}

  std::string_view name() const override { return "denoise"; }
  Finding examine(TrackReader& track) override;
  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override;

 private:
  DenoiseSettings settings_;
  RestorationFormat format_;
  DenoiseTransform transform_, survey_transform_;
  NoiseSurvey survey_;
  NoiseEstimate estimate_;
};

Finding Denoise::examine(TrackReader& track) {
  survey_ = survey_noise(survey_transform_, format_.sample_rate_hz, track, 0, track.frames(), kMostFrames);
  if (!settings_.noise.file.empty()) {
    GivenNoise noise(settings_.noise.file, format_.channels);
    estimate_ = measure_noise(
        survey_, survey_noise(survey_transform_, format_.sample_rate_hz, noise, 0, noise.frames(), kMostFrames));
  } else if (settings_.noise.span_s) {
    const auto frame = [&](double s) {
      return std::clamp<std::int64_t>(std::llround(s * format_.sample_rate_hz), 0, track.frames());
    };
    estimate_ = measure_noise(
        survey_, survey_noise(survey_transform_, format_.sample_rate_hz, track, frame(settings_.noise.span_s->first),
                              frame(settings_.noise.span_s->second), kMostFrames));
  } else {
    estimate_ = estimate_noise(survey_);
  }
  Finding finding;
  finding.is_found = estimate_.is_found;
  finding.confidence = estimate_.confidence;
  const PairEstimate& first = estimate_.pairs.front();
  finding.figures = {{"noise_dbfs", estimate_.noise_dbfs},
                     {"noise_below_programme_db", estimate_.programme_dbfs - estimate_.noise_dbfs},
                     {"bare_floor_hz", first.bare_hz},
                     {"floor_at_the_top_dbfs", first.top_dbfs},
                     {"slope_db_per_octave", first.slope_db_octave},
                     {"correlation_of_channels", first.correlation}};
  return finding;
}

RestorationResult Denoise::restore(TrackReader& track, double strength, AudioSink& out) {
  const int channels = track.channels();
  const DenoiseGain form = gain_form(std::pow(10.0, -settings_.reduce_db * (0.5 + strength) / 20));
  std::vector<PairDenoiser> pairs;
  const double bin_hz = format_.sample_rate_hz / static_cast<double>(transform_.points());
  for (const PairEstimate& estimate : estimate_.pairs) {
    PairNoise noise;
    for (int c = 0; c < 2; ++c) {
      noise.power[c] = estimate.power[c].empty() ? std::vector<double>(static_cast<std::size_t>(transform_.bins()))
                                                 : spread(survey_, estimate.power[c], true, bin_hz, transform_.bins());
    }
    noise.angle = spread(survey_, estimate.angle, false, bin_hz, transform_.bins());
    noise.correlation = estimate.correlation;
    pairs.emplace_back(transform_, noise, form);
  }
  const std::int64_t hop = transform_.hop(), block = 16 * hop, lead = transform_.points() - hop;
  const std::int64_t frames = track.frames();
  const std::int64_t groups = (frames + lead + block - 1) / block;
  AlignedArray<float> restored(static_cast<std::size_t>(block * channels));
  double removed_power = 0;
  for (std::int64_t g = 0; g <= groups; ++g) {
    const AudioView in = track.read(g * block - lead, transform_.span(hop));
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      const int c = static_cast<int>(2 * p);
      pairs[p].push(in.channel(c), c + 1 < channels ? in.channel(c + 1) : nullptr);
    }
    if (g == 0) continue;
    const std::int64_t start = (g - 1) * block - lead;
    const std::int64_t from = std::max<std::int64_t>(start, 0), to = std::min(start + block, frames);
    if (to <= from) continue;
    const AudioView x = track.read(from, to - from);
    for (int c = 0; c < channels; ++c) {
      const float* removed = pairs[static_cast<std::size_t>(c) / 2].removed(c % 2) + (from - start);
      float* y = restored.data() + c * block;
      for (std::int64_t n = 0; n < to - from; ++n) y[n] = x.channel(c)[n] - removed[n];
      double sum = 0;
      for (std::int64_t n = 0; n < to - from; ++n)
        sum += static_cast<double>(removed[n]) * static_cast<double>(removed[n]);
      removed_power += sum;
    }
    out.take({restored.data(), channels, to - from, block});
  }
  out.finish();
  RestorationResult result;
  const double mean = removed_power / std::max(1.0, static_cast<double>(frames) * channels);
  result.figures = {{"removed_dbfs", 10 * std::log10(std::max(mean, 1e-40))}};
  return result;
}

}  // namespace

namespace cpu {

std::unique_ptr<Restorer> make_denoise(const DenoiseSettings& settings, const RestorationFormat& format) {
  settings.check();
  if (!(format.sample_rate_hz >= 8000 && format.sample_rate_hz <= 384000) || format.channels < 1)
    throw std::invalid_argument("denoise: 8,000 to 384,000 Hz and at least one channel are needed");
  return std::make_unique<Denoise>(settings, format);
}

}  // namespace cpu
}  // namespace lathe
