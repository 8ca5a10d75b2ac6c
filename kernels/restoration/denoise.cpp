#include "kernels/restoration/denoise.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "kernels/restoration/denoise_passes.h"
#include "kernels/restoration/noise_estimate.h"

namespace lathe {

void DenoiseSettings::check() const {
  if (!(common.strength >= 0 && common.strength <= 1)) throw std::invalid_argument("denoise: strength is 0 to 1");
  if (!(reduce_db >= 0 && reduce_db <= 60)) throw std::invalid_argument("denoise: reduce_db is 0 to 60");
  if (noise.span_s && !(noise.span_s->first >= 0 && noise.span_s->second > noise.span_s->first))
    throw std::invalid_argument("denoise: the noise's span has no length");
}

void check_denoise(const DenoiseSettings& settings, const RestorationFormat& format) {
  settings.check();
  if (!(format.sample_rate_hz >= 8000 && format.sample_rate_hz <= 384000) || format.channels < 1)
    throw std::invalid_argument("denoise: 8,000 to 384,000 Hz and at least one channel are needed");
}

namespace {

// Windows half overlapping: with a quarter's hop the same is gained for twice the work.
constexpr std::int64_t kHopsInWindow = 2;
constexpr std::int64_t kSurveyPointsAt44100 = 4096;
constexpr double kCrossoverHz = 2000;

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
  Denoise(std::unique_ptr<DenoisePasses> passes, const DenoiseSettings& settings, const RestorationFormat& format)
      : passes_(std::move(passes)),
        settings_(settings),
        format_(format),
        banks_(denoise_banks(settings.common.tier, format.sample_rate_hz)) {}

  std::string_view name() const override { return "denoise"; }
  Finding examine(TrackReader& track) override;
  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override;

 private:
  PairWeights weights(const DenoiseBank& bank, const PairEstimate& pair) const;

  std::unique_ptr<DenoisePasses> passes_;
  DenoiseSettings settings_;
  RestorationFormat format_;
  std::vector<DenoiseBank> banks_;
  NoiseSurvey survey_;
  NoiseEstimate estimate_;
};

Finding Denoise::examine(TrackReader& track) {
  survey_ = passes_->survey(track, 0, track.frames());
  if (!settings_.noise.file.empty()) {
    GivenNoise noise(settings_.noise.file, format_.channels);
    estimate_ = measure_noise(survey_, passes_->survey(noise, 0, noise.frames()));
    // One channel for all says nothing of how alike the noise of two is.
    if (settings_.noise.file.size() < static_cast<std::size_t>(format_.channels)) {
      for (PairEstimate& pair : estimate_.pairs) pair.correlation = 0;
    }
  } else if (settings_.noise.span_s) {
    const auto frame = [&](double s) {
      return std::clamp<std::int64_t>(std::llround(s * format_.sample_rate_hz), 0, track.frames());
    };
    const auto [from_s, to_s] = *settings_.noise.span_s;
    estimate_ = measure_noise(survey_, passes_->survey(track, frame(from_s), frame(to_s)));
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
                     {"floor_unrest_db", first.unrest_db},
                     {"slope_db_per_octave", first.slope_db_octave},
                     {"correlation_of_channels", first.correlation}};
  return finding;
}

PairWeights Denoise::weights(const DenoiseBank& bank, const PairEstimate& pair) const {
  const std::int64_t bins = bank.transform.bins();
  const double bin_hz = format_.sample_rate_hz / static_cast<double>(bank.transform.points());
  std::vector<double> share(static_cast<std::size_t>(bins));
  for (std::size_t k = 0; k < share.size(); ++k) share[k] = bank.share_at(static_cast<double>(k) * bin_hz);
  PairNoise noise;
  // Where there is no second channel, its silence is weighed against the first one's noise.
  for (int c = 0; c < 2; ++c)
    noise.power[c] = spread(survey_, pair.power[pair.power[c].empty() ? 0 : c], true, bin_hz, bins);
  noise.angle = spread(survey_, pair.angle, false, bin_hz, bins);
  noise.correlation = pair.correlation;
  return PairWeights(bank.transform, noise, share);
}

RestorationResult Denoise::restore(TrackReader& track, double strength, AudioSink& out) {
  const double reduce_db = settings_.reduce_db * (0.5 + strength);
  std::vector<std::vector<PairWeights>> all(banks_.size());
  for (std::size_t b = 0; b < banks_.size(); ++b) {
    for (const PairEstimate& pair : estimate_.pairs) all[b].push_back(weights(banks_[b], pair));
  }
  const double removed = passes_->remove(track, all, hiss_gain(std::pow(10.0, -reduce_db / 20)), out);
  const double mean = removed / std::max(1.0, static_cast<double>(track.frames()) * format_.channels);
  RestorationResult result;
  result.figures = {{"removed_dbfs", 10 * std::log10(std::max(mean, 1e-40))}, {"reduced_by_db", reduce_db}};
  return result;
}

}  // namespace

double DenoiseBank::share_at(double hz) const {
  // A raised cosine of the logarithm.
  const auto rise = [&](double end_hz) {
    const double octaves = std::clamp(std::log2(std::max(hz, 1e-3) / end_hz), -0.5, 0.5);
    return 0.5 + 0.5 * std::sin(std::numbers::pi * octaves);
  };
  const double share = (from_hz > 0 ? rise(from_hz) : 1) * (to_hz > 0 ? 1 - rise(to_hz) : 1);
  return share > 1e-6 ? share : 0;
}

std::vector<DenoiseBank> denoise_banks(Tier tier, double sample_rate_hz) {
  const auto transform = [&](std::int64_t points) { return DenoiseTransform(sample_rate_hz, points, kHopsInWindow); };
  std::vector<DenoiseBank> banks;
  if (tier == Tier::fast) {
    banks.push_back({transform(4096), 0, 0});
  } else {
    // The bass, where partials are narrow and long, through long windows, and the treble, where attacks are, through
    // short ones.
    banks.push_back({transform(8192), 0, kCrossoverHz});
    banks.push_back({transform(2048), kCrossoverHz, 0});
  }
  return banks;
}

DenoiseTransform noise_survey_transform(double sample_rate_hz) {
  return DenoiseTransform(sample_rate_hz, kSurveyPointsAt44100, 1);
}

std::unique_ptr<Restorer> make_denoise_on(std::unique_ptr<DenoisePasses> passes, const DenoiseSettings& settings,
                                          const RestorationFormat& format) {
  check_denoise(settings, format);
  return std::make_unique<Denoise>(std::move(passes), settings, format);
}

}  // namespace lathe
