#include "kernels/restoration/hum_fit.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <utility>

#include "kernels/math/portable_log.h"
#include "kernels/math/turns.h"
#include "kernels/restoration/hum_smooth.h"

namespace lathe {
namespace {

// An amplitude wanders by 3 % in 10 s: less than a tenth of a decibel in the time a phase takes to be known.
constexpr double kWander = 0.03, kWanderTime_s = 10;
// Change of the fundamental's frequency in a second, rms of a walk: 0.01 Hz.
constexpr double kBendHz = 0.010;
constexpr double kFloor = 0.3, kFloorShare = 0.1;  // of the quietest tenth's power
constexpr double kModelError = 1e-4;               // of a line's power: it's never known better than to 40 dB
// Frames overlap by three quarters: two of them are worth one.
constexpr double kIndependent = 0.5;

struct Round {
  int lines, times;
};
constexpr int kAllLines = 1000;
constexpr Round kFromFirst[] = {{1, 2}, {2, 3}, {3, 3}, {4, 3}, {6, 2}, {kAllLines, 3}};
constexpr Round kFromSecond[] = {{2, 4}, {4, 3}, {6, 3}, {kAllLines, 4}};
constexpr Round kAtOnce[] = {{kAllLines, 10}};
constexpr Round kPolish[] = {{kAllLines, 25}};

std::span<const Round> rounds_of(HumRounds rounds) {
  if (rounds == HumRounds::from_first) return kFromFirst;
  if (rounds == HumRounds::from_second) return kFromSecond;
  if (rounds == HumRounds::polish) return kPolish;
  return kAtOnce;
}

class Fitter {
 public:
  Fitter(const HumFrames& frames, const std::vector<double>& start, std::vector<char> is_on)
      : frames_(frames), bend_(2 * std::numbers::pi * kBendHz * frames.hop_s * std::sqrt(frames.hop_s)) {
    fit_.is_on = std::move(is_on);
    if (fit_.is_on.empty()) fit_.is_on.assign(static_cast<std::size_t>(frames.count), 1);
    fit_.freq_hz = frames.freq_hz, fit_.hop_s = frames.hop_s, fit_.first_s = frames.first_s;
    fit_.lines = frames.lines, fit_.channels = frames.channels, fit_.count = frames.count;
    fit_.phase = start;
    fit_.a.resize(frames.z.size());
    fit_.weight.resize(frames.z.size());
    fit_.z = frames.z;
    p_.resize(static_cast<std::size_t>(count()));
    mean_ = p_, pull_ = p_, stiffness_ = p_, target_ = p_;
  }

  HumFit run(HumRounds rounds) {
    turn_back();
    for (int c = 0; c < fit_.channels; ++c) {
      for (int k = 0; k < fit_.lines; ++k) weigh(fit_.at(c, k), 2, 0.1, true);
    }
    for (const Round& r : rounds_of(rounds)) {
      for (int i = 0; i < r.times; ++i) {
        find_amplitudes();
        find_phase(std::min(r.lines, fit_.lines));
        turn_back();
      }
    }
    find_amplitudes();
    fit_.merit = merit();
    return std::move(fit_);
  }

 private:
  std::int64_t count() const { return fit_.count; }

  void turn_back() {
    for (std::int64_t m = 0; m < count(); ++m) {
      const auto i = static_cast<std::size_t>(m);
      const CosSin e = cos_sin_turns(-fit_.phase[i] / (2 * std::numbers::pi));
      const Complex64 one{e.cos, e.sin};
      const std::int64_t before = std::max<std::int64_t>(m - 1, 0), behind = std::min(m + 1, count() - 1);
      // A line beside the window's middle reads low: sinc(u) / (1 - u^2), u = offset times the window's four hops.
      const double bend =
          (fit_.phase[static_cast<std::size_t>(behind)] - fit_.phase[static_cast<std::size_t>(before)]) /
          static_cast<double>(std::max<std::int64_t>(behind - before, 1)) / (2 * std::numbers::pi);
      Complex64 turn = one;
      for (int k = 0; k < fit_.lines; ++k) {
        const double u = std::min(4 * std::abs(bend) * (k + 1), 0.7), u2 = u * u;
        // Its series: 1 - 0.6449 u^2 + 0.1672 u^4 …
        const double gain = 1 - u2 * (0.644934 - u2 * (0.166808 - u2 * 0.024));
        for (int c = 0; c < fit_.channels; ++c) {
          const std::int64_t j = fit_.at(c, k) + m;
          fit_.z[static_cast<std::size_t>(j)] = (1 / gain) * (turn * frames_.z[static_cast<std::size_t>(j)]);
        }
        turn = turn * one;
      }
    }
  }

  // -n ln(1 - coherence), as in HumPath, over the whole track.
  double merit() const {
    double sum = 0;
    for (int r = 0; r < fit_.channels * fit_.lines; ++r) {
      const Complex64* z = fit_.z.data() + r * count();
      const std::vector<double> w = impartial_weights(z, 0, count(), 1);
      Complex64 line;
      double weights = 0, all = 0, on = 0;
      for (std::int64_t m = 0; m < count(); ++m) {
        const double g = fit_.is_on[static_cast<std::size_t>(m)] != 0 ? w[static_cast<std::size_t>(m)] : 0;
        line = line + g * z[m];
        weights += g, all += g * power(z[m]), on += g > 0 ? 1 : 0;
      }
      const double coherence = std::min(power(line) / (weights * all + 1e-300), 0.99);
      sum -= on * portable_log(std::max(1 - coherence, 1e-300));
    }
    // And how likely such a way is.
    for (std::size_t m = 2; m < fit_.phase.size(); ++m) {
      const double bend = (fit_.phase[m] - 2 * fit_.phase[m - 1] + fit_.phase[m - 2]) / bend_;
      sum -= 0.5 * bend * bend;
    }
    return sum;
  }

  // Weights of the row at `at` from what is left of it; `whole`: from all of it.
  void weigh(std::int64_t at, std::int64_t reach, double floor, bool whole) {
    const Complex64* z = fit_.z.data() + at;
    const Complex64* a = fit_.a.data() + at;
    for (std::int64_t m = 0; m < count(); ++m)
      p_[static_cast<std::size_t>(m)] = whole ? power(z[m]) : power(z[m] - a[m]);
    box_mean(p_.data(), reach, count(), mean_.data());
    double level = 0;
    if (!whole) {
      for (std::int64_t m = 0; m < count(); ++m) level += power(a[m]);
    }
    const double least = floor * quantile(mean_.data(), count(), kFloorShare, work_) +
                         kModelError * level / static_cast<double>(count()) + 1e-20;
    double* w = fit_.weight.data() + at;
    for (std::int64_t m = 0; m < count(); ++m)
      w[m] = power(z[m]) > 0 && fit_.is_on[static_cast<std::size_t>(m)] != 0
                 ? kIndependent / (mean_[static_cast<std::size_t>(m)] + least)
                 : 0;
  }

  void find_amplitudes() {
    for (int c = 0; c < fit_.channels; ++c) {
      for (int k = 0; k < fit_.lines; ++k) {
        const std::int64_t at = fit_.at(c, k);
        const Complex64* z = fit_.z.data() + at;
        const double* w = fit_.weight.data() + at;
        Complex64 sum;
        double weights = 0;
        for (std::int64_t m = 0; m < count(); ++m) sum = sum + w[m] * z[m], weights += w[m];
        Complex64* a = fit_.a.data() + at;
        if (!(weights > 0)) {
          std::fill_n(a, count(), Complex64{});
          continue;
        }
        const double whole = std::max(power(sum) / (weights * weights), 1e-20);
        const double walk = kWander * kWander * whole * fit_.hop_s / kWanderTime_s;
        smooth_walk(z, w, 1 / walk, count(), work_, a);
        weigh(at, 1, kFloor, false);
      }
    }
  }

  void find_phase(int lines) {
    std::fill(pull_.begin(), pull_.end(), 0.0);
    std::fill(stiffness_.begin(), stiffness_.end(), 0.0);
    for (int c = 0; c < fit_.channels; ++c) {
      for (int k = 0; k < lines; ++k) {
        const std::int64_t at = fit_.at(c, k);
        const Complex64* z = fit_.z.data() + at;
        const Complex64* a = fit_.a.data() + at;
        const double* w = fit_.weight.data() + at;
        const double order = k + 1;
        for (std::int64_t m = 0; m < count(); ++m) {
          const auto i = static_cast<std::size_t>(m);
          pull_[i] += order * w[m] * (a[m].re * z[m].im - a[m].im * z[m].re);
          stiffness_[i] += order * order * w[m] * power(a[m]);
        }
      }
    }
    // A little weight on the phase as it is: where no line tells, the equations have an answer nevertheless.
    constexpr double kHold = 1e-5;
    for (std::size_t i = 0; i < target_.size(); ++i) {
      target_[i] = fit_.phase[i] + pull_[i] / (stiffness_[i] + kHold);
      stiffness_[i] = 2 * (stiffness_[i] + kHold);
    }
    smooth_slope(target_.data(), stiffness_.data(), 1 / (bend_ * bend_), count(), work_, fit_.phase.data());
  }

  const HumFrames& frames_;
  HumFit fit_;
  double bend_;  // rms of the phase's second differences
  std::vector<double> p_, mean_, pull_, stiffness_, target_, work_;
};

}  // namespace

HumFit fit_hum(const HumFrames& frames, const std::vector<double>& start, HumRounds rounds, std::vector<char> is_on) {
  return Fitter(frames, start, std::move(is_on)).run(rounds);
}

std::vector<double> impartial_weights(const Complex64* z, double level, std::int64_t count, std::int64_t reach) {
  std::vector<double> p(static_cast<std::size_t>(count)), w(p.size()), work;
  for (std::int64_t m = 0; m < count; ++m) p[static_cast<std::size_t>(m)] = power(z[m]);
  box_mean(p.data(), reach, count, w.data());
  const double floor = kFloorShare * quantile(w.data(), count, 0.1, work) + level + 1e-20;
  for (std::int64_t m = 0; m < count; ++m) {
    const auto i = static_cast<std::size_t>(m);
    w[i] = p[i] > 0 ? kIndependent / (w[i] + floor) : 0;
  }
  return w;
}

std::vector<char> hum_presence(const HumFit& f) {
  constexpr double kChange = 14;
  std::vector<double> odds(static_cast<std::size_t>(f.count), 0.0);
  for (int c = 0; c < f.channels; ++c) {
    for (int k = 0; k < f.lines; ++k) {
      const Complex64* z = f.z.data() + f.at(c, k);
      const Complex64* a = f.a.data() + f.at(c, k);
      double level = 0;
      for (std::int64_t m = 0; m < f.count; ++m) level += power(a[m]) / static_cast<double>(f.count);
      const std::vector<double> w = impartial_weights(z, level, f.count, 1);
      for (std::int64_t m = 0; m < f.count; ++m)
        odds[static_cast<std::size_t>(m)] += w[static_cast<std::size_t>(m)] * (power(z[m]) - power(z[m] - a[m]));
    }
  }
  std::vector<char> is_on(odds.size(), 1), from_off(odds.size(), 0), from_on(odds.size(), 1);
  double off = 0, on = 0;
  for (std::size_t m = 0; m < odds.size(); ++m) {
    if (m > 0) {
      from_off[m] = on - kChange > off ? 1 : 0;
      from_on[m] = off - kChange > on ? 0 : 1;
      const double next_off = std::max(off, on - kChange);
      on = std::max(on, off - kChange);
      off = next_off;
    }
    on += odds[m];
  }
  char state = on >= off ? 1 : 0;
  for (std::size_t m = odds.size(); m-- > 0;) {
    is_on[m] = state;
    state = state != 0 ? from_on[m] : from_off[m];
  }
  return is_on;
}

}  // namespace lathe
