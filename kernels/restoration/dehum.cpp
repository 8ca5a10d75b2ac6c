#include "kernels/restoration/dehum.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <stdexcept>

#include "kernels/math/decibel.h"
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

class Dehum final : public Restorer {
 public:
  Dehum(const DehumSettings& settings, const RestorationFormat& format) : settings_(settings), format_(format) {}

  std::string_view name() const override { return "dehum"; }

  Finding examine(TrackReader& track) override {
    Finding finding;
    if (static_cast<double>(track.frames()) < kLeastTrack_s * format_.sample_rate_hz) return finding;
    const LowBand low(track, format_.sample_rate_hz);
    const auto candidates = find_hum_candidates(low, settings_.harmonics, settings_.freq_hz);
    bool first = true;
    for (const HumCandidate& c : candidates) {
      const HumFrames frames = hum_frames(low, c.freq_hz, settings_.harmonics);
      if (frames.count < 8) continue;
      const auto phase = rough_phase(frames, 12, 0.004);
      HumFit fit = fit_hum(frames, phase);
      finding.figures.emplace_back("candidate_hz", c.freq_hz);
      finding.figures.emplace_back("score", c.score);
      judge(fit, finding);
      if (c.is_mains && (first || fit.cost < fit_.cost)) fit_ = std::move(fit), first = false;
    }
    finding.is_found = true;
    return finding;
  }

  void judge(const HumFit& f, Finding& finding) {
    finding.figures.emplace_back("cost", f.cost);
    const std::int64_t segments = std::clamp<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(f.count) * f.hop_s / 5), 2, 24);
    for (int k = 0; k < f.lines; ++k) {
      double e = 0, level = 0, able = 0, yes = 0;
      std::string votes;
      for (std::int64_t s = 0; s < segments; ++s) {
        Complex64 sum;
        double a2 = 0;
        for (int c = 0; c < f.channels; ++c) {
          for (std::int64_t m = s * f.count / segments; m < (s + 1) * f.count / segments; ++m) {
            const auto i = static_cast<std::size_t>(f.at(c, k) + m);
            sum = sum + f.weight[i] * (conj(f.a[i]) * f.z[i]);
            a2 += f.weight[i] * power(f.a[i]);
          }
        }
        const Complex64 r = (1 / (a2 + 1e-30)) * sum;
        e += a2;
        if (a2 > 10) {
          able += 1;
          if (power(r - Complex64{1, 0}) < 0.3 * 0.3 + 4 / a2 * 0) yes += 1;
        }
      }
      for (int c = 0; c < f.channels; ++c)
        for (std::int64_t m = 0; m < f.count; ++m) level = std::max(level, power(f.a[static_cast<std::size_t>(f.at(c, k) + m)]));
      finding.figures.emplace_back("\n      L" + std::to_string(k + 1) + "_db", power_to_db(level));
      finding.figures.emplace_back("E", power_to_db(e));
      finding.figures.emplace_back("able", able / static_cast<double>(segments));
      finding.figures.emplace_back("yes", yes / static_cast<double>(segments));
    }
  }

  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override {
    (void)strength;
    HumModel model;
    model.freq_hz = fit_.freq_hz, model.hop_s = fit_.hop_s, model.first_s = fit_.first_s;
    model.lines = fit_.lines, model.channels = fit_.channels, model.count = fit_.count;
    model.phase = fit_.phase;
    model.a = fit_.a;
    for (int r = 0; r < fit_.lines * fit_.channels; ++r) {
      double weights = 0;
      for (std::int64_t m = 0; m < fit_.count; ++m) weights += fit_.weight[static_cast<std::size_t>(r * fit_.count + m)];
      for (std::int64_t m = 0; m < fit_.count; ++m) {
        Complex64& a = model.a[static_cast<std::size_t>(r * fit_.count + m)];
        const double snr = power(a) * weights;
        a = (snr / (snr + 1)) * a;
      }
    }
    const HumSubtraction done = subtract_hum(track, format_.sample_rate_hz, model, out);
    RestorationResult result;
    result.figures.emplace_back("removed_dbfs", power_to_db(done.removed_power));
    return result;
  }

 private:
  DehumSettings settings_;
  RestorationFormat format_;
  HumFit fit_;
};

}  // namespace

namespace cpu {

std::unique_ptr<Restorer> make_dehum(const DehumSettings& settings, const RestorationFormat& format) {
  settings.check();
  return std::make_unique<Dehum>(settings, format);
}

}  // namespace cpu
}  // namespace lathe
