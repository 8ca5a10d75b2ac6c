#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "kernels/math/hiss_gain.h"
#include "kernels/restoration/denoise.h"
#include "kernels/restoration/noise_estimate.h"
#include "kernels/restoration/pair_denoiser.h"
#include "kernels/simd/level.h"

namespace lathe {

void DenoiseSettings::check() const {
  if (!(common.strength >= 0 && common.strength <= 1)) throw std::invalid_argument("denoise: strength is 0 to 1");
  if (!(reduce_db >= 0 && reduce_db <= 60)) throw std::invalid_argument("denoise: reduce_db is 0 to 60");
  if (noise.span_s && !(noise.span_s->first >= 0 && noise.span_s->second > noise.span_s->first))
    throw std::invalid_argument("denoise: the noise's span has no length");
}

namespace {

const DenoiseKernels& kernels() {
  return pick_level(sse2::denoise_kernels, avx2::denoise_kernels, avx512::denoise_kernels);
}

// Windows half overlapping: with a quarter's hop the same is gained for twice the work.
constexpr std::int64_t kHopsInWindow = 2;
constexpr std::int64_t kSurveyPointsAt44100 = 4096, kMostFrames = 4096;

// Tier best hears the bass, where partials are narrow and long, through long windows, and the treble, where attacks
// are, through short ones; tier fast takes one length for all.
struct BankForm {
  std::int64_t points_at_44100;
  double from_hz, to_hz;  // 0: no end
};
constexpr double kCrossoverHz = 2000;
std::vector<BankForm> bank_forms(Tier tier) {
  if (tier == Tier::fast) return {{4096, 0, 0}};
  return {{8192, 0, kCrossoverHz}, {2048, kCrossoverHz, 0}};
}

// 1 between the ends; over an octave around an end, a raised cosine of the logarithm.
double share_at(const BankForm& form, double hz) {
  const auto rise = [&](double end_hz) {
    const double octaves = std::clamp(std::log2(std::max(hz, 1e-3) / end_hz), -0.5, 0.5);
    return 0.5 + 0.5 * std::sin(std::numbers::pi * octaves);
  };
  const double share = (form.from_hz > 0 ? rise(form.from_hz) : 1) * (form.to_hz > 0 ? 1 - rise(form.to_hz) : 1);
  return share > 1e-6 ? share : 0;
}

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

// All channels through the windows of one length.
class Bank {
 public:
  Bank(const BankForm& form, double sample_rate_hz)
      : form_(form), sample_rate_hz_(sample_rate_hz), transform_(sample_rate_hz, form.points_at_44100, kHopsInWindow) {}

  std::int64_t block() const { return 16 * transform_.hop(); }
  std::int64_t lead() const { return transform_.points() - transform_.hop(); }

  void start(const NoiseSurvey& survey, const NoiseEstimate& estimate, const HissGain& gain) {
    const double bin_hz = sample_rate_hz_ / static_cast<double>(transform_.points());
    std::vector<double> share(static_cast<std::size_t>(transform_.bins()));
    for (std::size_t k = 0; k < share.size(); ++k) share[k] = share_at(form_, static_cast<double>(k) * bin_hz);
    pairs_.clear();
    group_ = 0;
    for (const PairEstimate& from : estimate.pairs) {
      PairNoise noise;
      // Where there is no second channel, its silence is weighed against the first one's noise.
      for (int c = 0; c < 2; ++c) {
        const auto& power = from.power[from.power[c].empty() ? 0 : c];
        noise.power[c] = spread(survey, power, true, bin_hz, transform_.bins());
      }
      noise.angle = spread(survey, from.angle, false, bin_hz, transform_.bins());
      noise.correlation = from.correlation;
      pairs_.emplace_back(transform_, noise, share, gain);
    }
  }

  // The next group of frames, of which the first starts `lead` frames before the track.
  void push(TrackReader& track, std::int64_t lead) {
    const AudioView in = track.read(group_++ * block() - lead, transform_.span(transform_.hop()));
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      const int c = static_cast<int>(2 * p);
      pairs_[p].push(in.channel(c), c + 1 < in.channels ? in.channel(c + 1) : nullptr);
    }
  }

  // What the group before the last one pushed takes away.
  const float* removed(int channel) const { return pairs_[static_cast<std::size_t>(channel) / 2].removed(channel % 2); }

 private:
  BankForm form_;
  double sample_rate_hz_;
  DenoiseTransform transform_;
  std::vector<PairDenoiser> pairs_;
  std::int64_t group_ = 0;
};

class Denoise final : public Restorer {
 public:
  Denoise(const DenoiseSettings& settings, const RestorationFormat& format)
      : settings_(settings), format_(format), survey_transform_(format.sample_rate_hz, kSurveyPointsAt44100, 1) {
    for (const BankForm& form : bank_forms(settings.common.tier)) banks_.emplace_back(form, format.sample_rate_hz);
  }

  std::string_view name() const override { return "denoise"; }
  Finding examine(TrackReader& track) override;
  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override;

 private:
  // Fills `removed` (rows of `block` samples) with what all banks take from the next block.
  void take_away(TrackReader& track, std::int64_t block, std::int64_t lead, AlignedArray<float>& removed);

  DenoiseSettings settings_;
  RestorationFormat format_;
  DenoiseTransform survey_transform_;
  std::vector<Bank> banks_;  // the longest windows first
  NoiseSurvey survey_;
  NoiseEstimate estimate_;
};

Finding Denoise::examine(TrackReader& track) {
  survey_ = survey_noise(survey_transform_, format_.sample_rate_hz, track, 0, track.frames(), kMostFrames);
  if (!settings_.noise.file.empty()) {
    GivenNoise noise(settings_.noise.file, format_.channels);
    estimate_ = measure_noise(
        survey_, survey_noise(survey_transform_, format_.sample_rate_hz, noise, 0, noise.frames(), kMostFrames));
    // One channel for all says nothing of how alike the noise of two is.
    if (settings_.noise.file.size() < static_cast<std::size_t>(format_.channels)) {
      for (PairEstimate& pair : estimate_.pairs) pair.correlation = 0;
    }
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
                     {"floor_unrest_db", first.unrest_db},
                     {"slope_db_per_octave", first.slope_db_octave},
                     {"correlation_of_channels", first.correlation}};
  return finding;
}

void Denoise::take_away(TrackReader& track, std::int64_t block, std::int64_t lead, AlignedArray<float>& removed) {
  std::fill_n(removed.data(), removed.size(), 0.0f);
  for (Bank& bank : banks_) {
    for (std::int64_t at = 0; at < block; at += bank.block()) {
      bank.push(track, lead);
      for (int c = 0; c < format_.channels; ++c) {
        const float* from = bank.removed(c);
        float* to = removed.data() + c * block + at;
        kernels().add(from, bank.block(), to);
      }
    }
  }
}

RestorationResult Denoise::restore(TrackReader& track, double strength, AudioSink& out) {
  const int channels = format_.channels;
  const HissGain gain = hiss_gain(std::pow(10.0, -settings_.reduce_db * (0.5 + strength) / 20));
  const std::int64_t frames = track.frames(), block = banks_.front().block(), lead = banks_.front().lead();
  for (Bank& bank : banks_) {
    bank.start(survey_, estimate_, gain);
    bank.push(track, lead);
  }
  AlignedArray<float> removed(static_cast<std::size_t>(block * channels));
  double removed_power = 0;
  for (std::int64_t start = -lead; start < frames; start += block) {
    take_away(track, block, lead, removed);
    const std::int64_t from = std::max<std::int64_t>(start, 0), to = std::min(start + block, frames);
    if (to <= from) continue;
    const AudioView in = track.read(from, to - from);
    for (int c = 0; c < channels; ++c) {
      float* y = removed.data() + c * block + (from - start);
      removed_power += kernels().subtract_from(in.channel(c), to - from, y);
    }
    out.take({removed.data() + (from - start), channels, to - from, block});
  }
  out.finish();
  RestorationResult result;
  const double mean = removed_power / std::max(1.0, static_cast<double>(frames) * channels);
  result.figures = {{"removed_dbfs", 10 * std::log10(std::max(mean, 1e-40))},
                    {"reduced_by_db", settings_.reduce_db * (0.5 + strength)}};
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
