#include "kernels/restoration/dehum.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "kernels/math/decibel.h"
#include "kernels/restoration/hum_evidence.h"
#include "kernels/restoration/hum_fit.h"
#include "kernels/restoration/hum_lanes.h"
#include "kernels/restoration/hum_low_band.h"
#include "kernels/restoration/hum_path.h"
#include "kernels/restoration/hum_search.h"
#include "kernels/restoration/hum_subtract.h"

namespace lathe {

void DehumSettings::check() const {
  if (!(freq_hz == 0 || (freq_hz >= 15 && freq_hz <= 500)))
    throw std::invalid_argument("a hum's frequency is from 15 to 500 Hz, or 0: found");
  if (harmonics < 1 || harmonics > kMostHumLines) throw std::invalid_argument("a hum has from 1 to 16 harmonics");
  if (depth_db && !(*depth_db > 0)) throw std::invalid_argument("a hum's depth is above 0 dB");
}

namespace {

constexpr double kLeastTrack_s = 4;
constexpr double kMains[] = {50, 60};
constexpr double kMainsLook_hz = 0.6, kMainsReach_hz = 0.3;

struct Suspect {
  HumFit fit;
  HumEvidence evidence;
};

class Dehum final : public Restorer {
 public:
  Dehum(const DehumSettings& settings, const RestorationFormat& format) : settings_(settings), format_(format) {}

  std::string_view name() const override { return "dehum"; }

  Finding examine(TrackReader& track) override {
    Finding finding;
    best_ = {};
    is_found_ = false;
    if (static_cast<double>(track.frames()) < kLeastTrack_s * format_.sample_rate_hz) return finding;
    const LowBand low(track, format_.sample_rate_hz);
    const HumSearch search(low, settings_.harmonics);
    if (settings_.freq_hz > 0) {
      take(look(low, search.best_between(settings_.freq_hz * 0.99, settings_.freq_hz * 1.01)), true);
    } else {
      for (const double mains : kMains) take(look(low, search.best_between(mains - kMainsLook_hz, mains + kMainsLook_hz)), true);
      if (!is_found_) look_elsewhere(low, search);
      if (is_found_) look_at_even(low);
    }
    report(finding);
    return finding;
  }

  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override {
    const HumModel model = model_of(best_, strength);
    const HumSubtraction done = subtract_hum(track, format_.sample_rate_hz, model, out);
    RestorationResult result;
    result.figures.emplace_back("removed_dbfs", power_to_db(std::max(done.removed_power, 1e-30)));
    result.figures.emplace_back("samples_changed", static_cast<double>(done.samples_changed));
    return result;
  }

 private:
  Suspect look(const LowBand& low, const HumCandidate& candidate) const {
    Suspect s;
    const HumFrames frames = hum_frames(low, candidate.freq_hz, settings_.harmonics);
    if (frames.count < 8 || frames.lines == 0) return s;
    s.fit = fit_hum(frames, steady_phase(frames, 12));
    HumFit other = fit_hum(frames, rough_phase(frames, 12, 0.004));
    if (other.cost < s.fit.cost) s.fit = std::move(other);
    s.evidence = weigh_evidence(low, s.fit);
    return s;
  }

  static bool is_mains_hum(const HumEvidence& e) { return e.sum >= 2.2 && e.purity >= 0.35 && e.lowest >= 0.5; }

  void take(Suspect suspect, bool is_expected) {
    const HumEvidence& e = suspect.evidence;
    bool is_mains = settings_.freq_hz > 0;
    for (const double mains : kMains) is_mains |= std::abs(e.mean_hz - mains) < kMainsReach_hz;
    const bool is_hum = is_expected && is_mains && is_mains_hum(e);
    if (std::pair(is_hum, e.sum) > std::pair(is_found_, best_.evidence.sum) || best_.fit.count == 0) {
      is_found_ = is_hum;
      best_ = std::move(suspect);
    }
  }

  void look_elsewhere(const LowBand&, const HumSearch&) {}
  void look_at_even(const LowBand&) {}

  HumModel model_of(const Suspect& s, double strength) const {
    const HumFit& f = s.fit;
    HumModel model;
    model.freq_hz = f.freq_hz, model.hop_s = f.hop_s, model.first_s = f.first_s;
    model.lines = f.lines, model.channels = f.channels, model.count = f.count;
    model.phase = f.phase;
    model.a = f.a;
    const double most = settings_.depth_db ? 1 - db_to_amplitude(-*settings_.depth_db) : 1.0;
    for (int c = 0; c < f.channels; ++c) {
      for (int k = 0; k < f.lines; ++k) {
        const HumLineEvidence& e = s.evidence.lines[static_cast<std::size_t>(k)];
        const double trust = std::clamp((e.contrast_db - 2) / 4, 0.0, 1.0) * std::clamp((e.presence - 0.45) / 0.15, 0.0, 1.0) *
                             (e.presence < 1.6 ? 1 : 0);
        double weights = 0;
        for (std::int64_t m = 0; m < f.count; ++m) weights += f.weight[static_cast<std::size_t>(f.at(c, k) + m)];
        for (std::int64_t m = 0; m < f.count; ++m) {
          Complex64& a = model.a[static_cast<std::size_t>(f.at(c, k) + m)];
          const double snr = power(a) * weights;
          a = (std::min(most, std::min(1.0, 0.5 + strength) * trust * snr / (snr + 1))) * a;
        }
      }
    }
    return model;
  }

  void report(Finding& finding) const {
    const HumEvidence& e = best_.evidence;
    finding.is_found = is_found_;
    finding.confidence = is_found_ ? 0.5 + 0.5 * std::min(1.0, (e.sum - 2.2) / 3) : std::min(0.49, e.sum / 4.5);
    finding.figures.emplace_back("freq_hz", e.mean_hz);
    finding.figures.emplace_back("evidence", e.sum);
    finding.figures.emplace_back("purity", e.purity);
    finding.figures.emplace_back("lowest", e.lowest);
    double level = 0;
    for (const HumLineEvidence& l : e.lines) level += 0.5 * l.level;
    finding.figures.emplace_back("level_dbfs", power_to_db(std::max(level, 1e-30)));
  }

  DehumSettings settings_;
  RestorationFormat format_;
  Suspect best_;
  bool is_found_ = false;
};

}  // namespace

namespace cpu {

std::unique_ptr<Restorer> make_dehum(const DehumSettings& settings, const RestorationFormat& format) {
  settings.check();
  return std::make_unique<Dehum>(settings, format);
}

}  // namespace cpu
}  // namespace lathe
