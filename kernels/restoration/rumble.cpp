#include "kernels/restoration/rumble.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <vector>

#include "kernels/math/decibel.h"
#include "kernels/math/kaiser.h"
#include "kernels/restoration/rumble_low_band.h"
#include "kernels/restoration/rumble_spectrum.h"

namespace lathe {

void RumbleSettings::check() const {
  if (!(freq_hz == 0 || (freq_hz >= 5 && freq_hz <= 80)))
    throw std::invalid_argument("a rumble filter's frequency is from 5 to 80 Hz, or 0: found");
}

namespace {

// Over the floor: powers of noise alone, averaged as they are, lie below that in 95 of 100 frames.
constexpr double kOver = 1.5;
constexpr double kLeastSure_db = -48, kSure_db = -36;  // beside the track: nothing speaks for it, nothing against it
constexpr double kHighPassBeta = 5.65, kHighPassReach = 3.63;  // Kaiser: 60 dB within 1/reach of the frequency each way

class Rumble final : public Restorer {
 public:
  Rumble(const RumbleSettings& settings, const RestorationFormat& format) : settings_(settings), format_(format) {}

  std::string_view name() const override { return "rumble"; }

  Finding examine(TrackReader& track) override {
    low_.emplace(track, format_.sample_rate_hz);
    pairs_.clear();
    found_.clear();
    RumbleEvidence best;
    for (int c = 0; c < low_->channels(); c += 2) {
      const int other = std::min(c + 1, low_->channels() - 1);
      pairs_.emplace_back(low_->row(c), low_->row(other), low_->rate_hz());
      found_.push_back(false);
      const RumbleEvidence e = pairs_.back().weigh(low_->track_power());
      found_.back() = e.is_rumble;
      if (c == 0 || (e.is_rumble && !best.is_rumble) || (e.is_rumble == best.is_rumble && e.power > best.power))
        best = e;
    }
    return finding_of(best);
  }

  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override {
    const double share = std::min(1.0, 0.5 + strength), over = kOver * std::max(1.0, 2 * strength);
    std::vector<std::vector<double>> taken(static_cast<std::size_t>(low_->channels()));
    for (int c = 0; c < low_->channels(); c += 2) {
      const auto pair = static_cast<std::size_t>(c / 2);
      if (!found_[pair] && !settings_.common.always) continue;
      for (int i = c; i < std::min(c + 2, low_->channels()) && settings_.freq_hz > 0; ++i)
        taken[static_cast<std::size_t>(i)] = below(low_->row(i), share);
      if (settings_.freq_hz > 0) continue;
      std::vector<double> left, right;
      pairs_[pair].take(over, share, !found_[pair], left, right);
      taken[static_cast<std::size_t>(c)] = std::move(left);
      if (c + 1 < low_->channels()) taken[static_cast<std::size_t>(c) + 1] = std::move(right);
    }
    const RumbleLowBand::Subtraction done = low_->subtract(track, taken, out);
    RestorationResult result;
    result.figures.emplace_back("removed_dbfs", power_to_db(std::max(done.removed_power, 1e-30)));
    result.figures.emplace_back("samples_changed", static_cast<double>(done.samples_changed));
    return result;
  }

 private:
  Finding finding_of(const RumbleEvidence& e) const {
    Finding finding;
    finding.is_found = e.is_rumble;
    const double beside_db = power_to_db(std::max(e.power, 1e-30) / std::max(low_->track_power(), 1e-30));
    if (e.is_rumble)
      finding.confidence = std::clamp((beside_db - kLeastSure_db) / (kSure_db - kLeastSure_db), 0.0, 1.0);
    finding.figures = {{"level_dbfs", power_to_db(std::max(e.power, 1e-30))},
                       {"beside_the_rest_db", beside_db},
                       {"antiphase_db", power_to_db(std::max(e.antiphase, 1e-30))},
                       {"unrest_db", power_to_db(std::max(e.unrest, 1e-30))},
                       {"up_to_hz", e.up_to_hz}};
    return finding;
  }

  // What a linear-phase high-pass takes.
  std::vector<double> below(const std::vector<double>& row, double share) const {
    const double cutoff = settings_.freq_hz / low_->rate_hz();
    const auto half = static_cast<std::int64_t>(std::ceil(kHighPassReach / cutoff / 2));
    const std::vector<double> taps = kaiser_low_pass(cutoff, half, kHighPassBeta);
    std::vector<double> out(row.size());
    for (std::int64_t n = 0; n < std::ssize(row); ++n) {
      double sum = 0;
      for (std::int64_t k = std::max<std::int64_t>(-half, -n); k <= std::min(half, std::ssize(row) - 1 - n); ++k)
        sum += row[static_cast<std::size_t>(n + k)] * taps[static_cast<std::size_t>(k + half)];
      out[static_cast<std::size_t>(n)] = share * sum;
    }
    return out;
  }

  RumbleSettings settings_;
  RestorationFormat format_;
  std::optional<RumbleLowBand> low_;
  std::vector<RumbleSpectrum> pairs_;  // of channels 0 and 1, 2 and 3, ...
  std::vector<bool> found_;
};

}  // namespace

std::unique_ptr<Restorer> cpu::make_rumble(const RumbleSettings& settings, const RestorationFormat& format) {
  settings.check();
  return std::make_unique<Rumble>(settings, format);
}

}  // namespace lathe
