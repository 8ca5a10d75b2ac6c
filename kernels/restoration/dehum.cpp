#include "kernels/restoration/dehum.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>
#include <vector>

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
  if (harmonics < 1 || harmonics > 64) throw std::invalid_argument("a hum has from 1 to 64 harmonics");
  if (depth_db && !(*depth_db >= 0)) throw std::invalid_argument("a hum's depth is 0 dB or more");
}

namespace {

constexpr double kLeastTrack_s = 4;
constexpr double kMains[] = {50, 60};
constexpr double kMainsReach_hz = 0.3;
// Found on 99 clean tracks, the most of which with a fundamental and purity like that is 1.4, and on hum in 31.
constexpr double kMainsEvidence = 2.2, kMainsPurity = 0.35, kLowestQuality = 0.4;
constexpr double kLong_s = 45, kShortEvidence = 2;  // what little time asks more: found on pieces of 5 to 20 s
constexpr double kLeastPower = 1.6e-8;              // -78 dBFS: nobody hears less
constexpr double kSureEvidence = 5;                 // below, other fundamentals are looked at too
constexpr double kControls[] = {44, 46, 52.5, 54.5, 56.5, 63.5, 65.5, 67.5};
constexpr double kControlReach_hz = 0.7;
// Louder than that beside the rest of the track, it's a drone that somebody plays.
constexpr double kMostOfTrack = 0.25, kMostOfTrackElsewhere = 0.1;
constexpr double kLeastDriftElsewhere_hz = 0.002;  // what a tape has and a synthesizer hasn't
constexpr double kHalfEvidence = 3, kPartEvidence = 4, kPartPurity = 0.7;
constexpr double kLeastShare = 0.25, kLeastPart_s = 12;
constexpr std::pair<double, double> kElsewhere[] = {{44, 49.6}, {50.4, 59.6}, {60.4, 72}, {95, 125}};
constexpr double kElsewhereEvidence = 6, kElsewherePurity = 1.1;
constexpr double kLeastShareElsewhere = 0.9, kLeastSwitch_s = 5;
constexpr double kEvenEvidence = 3.5;  // a track of the control set has 2.7
constexpr double kStretch_s = 12, kBrief_s = 8, kWander_hz = 0.004;
constexpr HumPath::Trust kEqually{.most = 8}, kFirstTwo{.lines = 2}, kWithoutFirst{.first_line = 1, .lines = 3};

struct Suspect {
  HumFrames frames;
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
    const HumSearch search(low, std::min(settings_.harmonics, kMostHumLines));
    if (settings_.freq_hz > 0) {
      look_for_mains(low, search, settings_.freq_hz * 0.99, settings_.freq_hz * 1.01);
    } else {
      for (const double mains : kMains) look_for_mains(low, search, mains, mains);
      if (!is_found_) look_elsewhere(low, search);
      if (is_found_) look_at_even(low);
    }
    if (is_found_) settle(low);
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
    s.frames = hum_frames(low, candidate.freq_hz, settings_.harmonics);
    if (s.frames.count < 8 || s.frames.lines == 0) return s;
    const HumPath path(s.frames, kStretch_s);
    const std::vector<double> steady = path.steady(0, s.frames.count, {});
    s.fit = fit_hum(s.frames, steady, HumRounds::from_first);
    better_from(steady, HumRounds::from_second, s);
    better_from(path.wandering(kWander_hz, {}), HumRounds::all, s);
    s.evidence = weigh_evidence(low, s.fit);
    return s;
  }

  static void better_from(const std::vector<double>& start, HumRounds rounds, Suspect& s) {
    HumFit other = fit_hum(s.frames, start, rounds);
    if (other.merit > s.fit.merit) s.fit = std::move(other);
  }

  // Dense music leads the fit astray where a hum is: more ways to begin. Not before it is found, for more ways to begin
  // are more ways to fit music, too (two more false alarms in 257 clean tracks).
  static void refine(Suspect& s) {
    if (std::count(s.fit.is_on.begin(), s.fit.is_on.end(), 0) > 0) return;
    using enum HumRounds;
    const HumPath path(s.frames, kStretch_s), brief(s.frames, kBrief_s);
    for (const HumRounds rounds : {from_first, from_second})
      better_from(path.steady(0, s.frames.count, kEqually), rounds, s);
    for (const HumPath::Trust& trust : {HumPath::Trust{}, kEqually, kWithoutFirst})
      better_from(path.wandering(kWander_hz, trust), from_second, s);
    better_from(path.wandering(kWander_hz, kFirstTwo), from_first, s);
    better_from(path.wandering(0.5 * kWander_hz, {}), all, s);
    better_from(brief.wandering(kWander_hz, {}), all, s);
    better_from(brief.wandering(2 * kWander_hz, {}), from_second, s);
  }

  bool is_mains_hum(const HumEvidence& e, double seconds) const {
    const double least = kMainsEvidence + kShortEvidence * std::clamp((kLong_s - seconds) / kLong_s, 0.0, 1.0);
    return e.sum >= least && e.purity >= kMainsPurity && e.lowest >= kLowestQuality && e.ratio <= kMostOfTrack &&
           e.power >= kLeastPower;
  }
  static double seconds_of(const HumFit& fit) { return static_cast<double>(fit.count) * fit.hop_s; }
  bool is_expected(const HumEvidence& e) const {
    bool is_mains = settings_.freq_hz > 0;
    for (const double mains : kMains) is_mains |= std::abs(e.mean_hz - mains) < kMainsReach_hz;
    return is_mains;
  }

  // Whether fundamentals that no hum has look no better; `allowed` of them may, as a bass that keeps to one note does.
  bool stands_alone(const LowBand& low, const HumSearch& search, const HumEvidence& e, double least,
                    int allowed) const {
    std::vector<double> rivals;
    for (const double control : kControls) {
      const HumCandidate c = search.best_between(control - kControlReach_hz, control + kControlReach_hz);
      if (is_related(c.freq_hz, e.mean_hz)) continue;
      const HumEvidence o = look(low, c).evidence;
      if (o.sum * o.purity * least <= e.sum * e.purity) continue;
      if (std::none_of(rivals.begin(), rivals.end(), [&](double r) { return is_related(r, o.mean_hz); }))
        rivals.push_back(o.mean_hz);
      if (static_cast<int>(rivals.size()) > allowed) return false;
    }
    return true;
  }
  // Whether lines of one would be lines of the other.
  static bool is_related(double a_hz, double b_hz) {
    for (int i = 1; i <= 4; ++i) {
      for (int j = 1; j <= 4; ++j) {
        if (std::abs(i * a_hz - j * b_hz) < 0.5 * std::max(i, j)) return true;
      }
    }
    return false;
  }

  void look_for_mains(const LowBand& low, const HumSearch& search, double from_hz, double to_hz) {
    Suspect s = look(low, search.best_between(from_hz, to_hz));
    if (s.fit.count == 0) return;
    bool is_hum = is_expected(s.evidence) && is_mains_hum(s.evidence, seconds_of(s.fit));
    if (is_hum && s.evidence.sum < kSureEvidence) is_hum = stands_alone(low, search, s.evidence, 1.25, 1);
    if (!is_hum && is_expected(s.evidence)) is_hum = look_at_part(low, s);
    keep(std::move(s), is_hum);
  }

  // Hum that begins or ends within the track: found in one half, then wherever it is.
  bool look_at_part(const LowBand& low, Suspect& s) const {
    const std::int64_t count = s.frames.count, half = count / 2;
    if (static_cast<double>(half) * s.frames.hop_s < kLeastPart_s) return false;
    const HumPath path(s.frames, kStretch_s);
    for (const std::int64_t first : {std::int64_t{0}, count - half}) {
      std::vector<char> is_on(static_cast<std::size_t>(count), 0);
      std::fill_n(is_on.begin() + first, half, static_cast<char>(1));
      HumFit fit = fit_hum(s.frames, path.steady(first, half, {}), HumRounds::from_second, is_on);
      HumEvidence e = weigh_evidence(low, fit);
      if (!(e.sum >= kHalfEvidence && e.lowest >= kLowestQuality && is_expected(e))) continue;
      for (int i = 0; i < 3; ++i) {
        is_on = hum_presence(fit);
        fit = fit_hum(s.frames, fit.phase, HumRounds::all, is_on);
      }
      is_on = hum_presence(fit);
      if (!is_one_part(is_on, fit.hop_s)) continue;
      e = weigh_evidence(low, fit);
      if (!(is_mains_hum(e, seconds_of(fit)) && e.sum >= kPartEvidence && e.purity >= kPartPurity && is_expected(e)))
        continue;
      fit.is_on = std::move(is_on);
      s.fit = std::move(fit);
      s.evidence = std::move(e);
      return true;
    }
    return false;
  }

  // Long enough, and up to the track's beginning or end: notes lie between.
  static bool is_one_part(const std::vector<char>& is_on, double hop_s) {
    const double on = static_cast<double>(std::count(is_on.begin(), is_on.end(), 1));
    std::int64_t changes = 0;
    for (std::size_t m = 1; m < is_on.size(); ++m) changes += is_on[m] != is_on[m - 1] ? 1 : 0;
    return changes == 1 && on >= kLeastShare * static_cast<double>(is_on.size()) && on * hop_s >= kLeastPart_s;
  }

  void keep(Suspect s, bool is_hum) {
    if (std::pair(is_hum, s.evidence.sum) > std::pair(is_found_, best_.evidence.sum) || best_.fit.count == 0) {
      is_found_ = is_hum;
      best_ = std::move(s);
    }
  }

  // A tape at the wrong speed: much has to speak for it, for music is everywhere.
  void look_elsewhere(const LowBand& low, const HumSearch& search) {
    for (const auto& [from_hz, to_hz] : kElsewhere) {
      for (const HumCandidate& c : search.outstanding(from_hz, to_hz, 1)) {
        Suspect s = look(low, c);
        if (s.fit.count == 0) continue;
        const HumEvidence& e = s.evidence;
        const bool is_hum = e.sum >= kElsewhereEvidence && e.purity >= kElsewherePurity && e.lowest >= 1 &&
                            e.ratio <= kMostOfTrackElsewhere && e.drift_hz >= kLeastDriftElsewhere_hz &&
                            stands_alone(low, search, e, 2, 0);
        keep(std::move(s), is_hum);
      }
    }
  }

  // Once more from where the starts led, with the amplitudes of where the hum is.
  void settle(const LowBand& low) {
    std::vector<char> is_on = best_.fit.is_on;
    refine(best_);
    double share = 1;
    for (int i = 0; i < 3; ++i) {
      const std::vector<char> before = is_on;
      best_.fit = fit_hum(best_.frames, best_.fit.phase, HumRounds::polish, is_on);
      is_on = hum_presence(best_.fit);
      share = static_cast<double>(std::count(is_on.begin(), is_on.end(), 1)) / static_cast<double>(is_on.size());
      if (!is_long_parts(is_on, best_.fit.hop_s)) is_on = before;
      if (is_on == before) break;
    }
    best_.evidence = weigh_evidence(low, best_.fit);
    best_.fit.is_on = std::move(is_on);
    // What comes and goes at no mains frequency are notes.
    if (!is_expected(best_.evidence) && share < kLeastShareElsewhere) is_found_ = false;
  }

  // Whether hum is switched on and off at most twice, each time for long: loud music looks like more.
  static bool is_long_parts(const std::vector<char>& is_on, double hop_s) {
    std::int64_t changes = 0;
    double shortest = 1e9, length = 1;
    for (std::size_t m = 1; m < is_on.size(); ++m) {
      if (is_on[m] != is_on[m - 1]) {
        ++changes;
        shortest = std::min(shortest, length);
        length = 0;
      }
      ++length;
    }
    return changes == 0 || (changes <= 2 && std::min(shortest, length) * hop_s >= kLeastSwitch_s &&
                            std::count(is_on.begin(), is_on.end(), 1) * 10 >= std::ssize(is_on));
  }

  // Lines at the even harmonics alone are a rectifier's, whose fundamental is twice as high.
  void look_at_even(const LowBand& low) {
    double odd = 0, even = 0;
    for (std::size_t k = 0; k < best_.evidence.lines.size(); ++k)
      (k % 2 == 0 ? odd : even) += hum_quality(best_.evidence.lines[k]);
    if (odd > 0.3 || even < 1 || settings_.freq_hz > 0) return;
    Suspect s = look(low, {2 * best_.evidence.mean_hz, 0});
    if (s.fit.count == 0 || s.evidence.sum < best_.evidence.sum - 0.5) return;
    best_ = std::move(s);
    is_found_ = best_.evidence.sum >= kEvenEvidence;
  }

  HumModel model_of(const Suspect& s, double strength) const {
    const HumFit& f = s.fit;
    HumModel model;
    model.freq_hz = f.freq_hz, model.hop_s = f.hop_s, model.first_s = f.first_s;
    model.lines = f.lines, model.channels = f.channels, model.count = f.count;
    model.phase = f.phase;
    model.a = f.a;
    const double most = settings_.depth_db ? 1 - db_to_amplitude(-*settings_.depth_db) : 1.0;
    // Half of each line up to strength 0, all of it from 0.5; beyond, less is held back where its amplitude is in
    // doubt.
    const double share = std::clamp(0.5 + strength, 0.5, 1.0), doubt = std::clamp(2 - 2 * strength, 0.0, 1.0);
    for (int c = 0; c < f.channels; ++c) {
      for (int k = 0; k < f.lines; ++k) {
        const HumLineEvidence& e = s.evidence.lines[static_cast<std::size_t>(k)];
        const double trust = std::clamp((e.contrast_db - 2) / 4, 0.0, 1.0) *
                             std::clamp((e.presence - 0.45) / 0.15, 0.0, 1.0) * (e.presence < 1.6 ? 1 : 0);
        double weights = 0;
        for (std::int64_t m = 0; m < f.count; ++m) weights += f.weight[static_cast<std::size_t>(f.at(c, k) + m)];
        for (std::int64_t m = 0; m < f.count; ++m) {
          Complex64& a = model.a[static_cast<std::size_t>(f.at(c, k) + m)];
          if (f.is_on[static_cast<std::size_t>(m)] == 0) {
            a = {};
            continue;
          }
          const double snr = power(a) * weights;
          a = std::min(most, share * trust * snr / (snr + doubt + 1e-30)) * a;
        }
      }
    }
    return model;
  }

  void report(Finding& finding) const {
    const HumEvidence& e = best_.evidence;
    finding.is_found = is_found_;
    finding.confidence =
        is_found_ ? 0.5 + 0.5 * std::clamp((e.sum - kMainsEvidence) / 3, 0.0, 1.0) : std::min(0.49, e.sum / 4.5);
    finding.figures.emplace_back("freq_hz", e.mean_hz);
    finding.figures.emplace_back("evidence", e.sum);
    finding.figures.emplace_back("purity", e.purity);
    finding.figures.emplace_back("lowest", e.lowest);
    finding.figures.emplace_back("level_dbfs", power_to_db(std::max(e.power, 1e-30)));
    finding.figures.emplace_back("beside_the_rest_db", power_to_db(std::max(e.ratio, 1e-30)));
    finding.figures.emplace_back("drift_rms_hz", e.drift_hz);
    double found = 0;
    for (const HumLineEvidence& l : e.lines) found += hum_quality(l) > 0.3 ? 1 : 0;
    finding.figures.emplace_back("harmonics_found", found);
    const std::vector<char>& on = best_.fit.is_on;
    finding.figures.emplace_back(
        "present_share",
        on.empty() ? 0 : static_cast<double>(std::count(on.begin(), on.end(), 1)) / static_cast<double>(on.size()));
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
