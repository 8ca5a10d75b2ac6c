#include "kernels/restoration/hum_evidence.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/math/decibel.h"
#include "kernels/math/turns.h"
#include "kernels/restoration/hum_smooth.h"

namespace lathe {
namespace {

constexpr int kOffsets = 32;  // on each side
constexpr double kOffsetHz = 0.0613, kNearestHz = 0.15;
constexpr double kShortHops = 32;

}  // namespace

std::vector<HumLineEvidence> hum_evidence(const LowBand& low, const HumFit& f) {
  std::vector<HumLineEvidence> out(static_cast<std::size_t>(f.lines));
  const HumFrames brief = hum_frames(low, f.freq_hz, f.lines, kShortHops);
  for (int k = 0; k < f.lines; ++k) {
    double own = 0, n = 0, d = 0, v = 0, sn = 0, sd = 0, sv = 0;
    std::vector<double> beside;
    for (int c = 0; c < f.channels; ++c) {
      const Complex64* z = f.z.data() + f.at(c, k);
      const Complex64* a = f.a.data() + f.at(c, k);
      double level = 0;
      for (std::int64_t m = 0; m < f.count; ++m) level += power(a[m]) / static_cast<double>(f.count);
      out[static_cast<std::size_t>(k)].level = std::max(out[static_cast<std::size_t>(k)].level, level);
      std::vector<double> w = impartial_weights(z, level, f.count, 2);
      for (std::size_t m = 0; m < w.size(); ++m) w[m] = f.is_on[m] != 0 ? w[m] : 0;
      for (std::int64_t m = 0; m < f.count; ++m) {
        const double g = w[static_cast<std::size_t>(m)];
        n += g * (a[m].re * z[m].re + a[m].im * z[m].im);
        d += g * power(a[m]);
        v += 2 * g * g * power(a[m]) * power(z[m] - a[m]);
      }
      std::size_t at = 0;
      for (int o = -kOffsets; o <= kOffsets; ++o) {
        const double offset = kOffsetHz * o;
        if (o != 0 && std::abs(offset) < kNearestHz) continue;
        Complex64 sum;
        const CosSin e = cos_sin_turns(-offset * f.hop_s);
        const Complex64 step{e.cos, e.sin};
        Complex64 rotor{1, 0};
        double weights = 0;
        for (std::int64_t m = 0; m < f.count; ++m) {
          const double g = w[static_cast<std::size_t>(m)];
          sum = sum + g * (z[m] * rotor);
          weights += g;
          rotor = rotor * step;
        }
        const double p = power(sum) / (weights * weights + 1e-300);
        if (o == 0) {
          own += p;
          continue;
        }
        if (c == 0) beside.push_back(0);
        beside[at++] += p;
      }
      // In short frames, turned back by the phase of the long ones.
      const Complex64* y = brief.row(c, k);
      const std::vector<double> u = impartial_weights(y, level, brief.count, 1);
      for (std::int64_t m = 0; m < brief.count; ++m) {
        const double time = (brief.first_s + static_cast<double>(m) * brief.hop_s - f.first_s) / f.hop_s;
        const double where = std::clamp(time, 0.0, static_cast<double>(f.count - 1));
        const auto i = std::min(static_cast<std::int64_t>(where), f.count - 2);
        const double share = where - static_cast<double>(i);
        const double phase =
            (1 - share) * f.phase[static_cast<std::size_t>(i)] + share * f.phase[static_cast<std::size_t>(i + 1)];
        const CosSin e = cos_sin_turns(-(k + 1) * phase / (2 * std::numbers::pi));
        const Complex64 turned = y[m] * Complex64{e.cos, e.sin};
        const double g = f.is_on[static_cast<std::size_t>(i)] != 0 ? u[static_cast<std::size_t>(m)] : 0;
        const Complex64 b = a[i];
        sn += g * (b.re * turned.re + b.im * turned.im);
        sd += g * power(b);
        sv += 2 * g * g * power(b) * power(turned - b);
      }
    }
    HumLineEvidence& e = out[static_cast<std::size_t>(k)];
    std::sort(beside.begin(), beside.end());
    e.contrast_db = power_to_db((own + 1e-30) / (beside[beside.size() * 9 / 10] + 1e-30));
    e.peak_db = power_to_db((own + 1e-30) / (beside.back() + 1e-30));
    e.presence = n / (d + 1e-300);
    e.presence_sd = std::sqrt(v) / (d + 1e-300);
    e.short_presence = sn / (sd + 1e-300);
    e.short_sd = std::sqrt(sv) / (sd + 1e-300);
  }
  return out;
}

namespace {

double ramp(double x, double from, double to) { return std::clamp((x - from) / (to - from), 0.0, 1.0); }

}  // namespace

double hum_quality(const HumLineEvidence& e) {
  // Limits found on 99 clean tracks and on hum of -30 to -50 dBFS in every fourth of them.
  const double stands_out = std::clamp(std::min(e.contrast_db, e.peak_db + 6) / 10, 0.0, 1.2);
  const double is_there = ramp(e.presence, 0.5, 0.65) * ramp(e.presence, 1.5, 1.3);
  const double is_always_there = ramp(e.short_presence, 0.4, 0.55) * ramp(e.short_presence, 1.6, 1.4);
  return stands_out * is_there * is_always_there;
}

HumEvidence weigh_evidence(const LowBand& low, const HumFit& fit) {
  HumEvidence out;
  out.lines = hum_evidence(low, fit);
  double amplitudes = 0;
  for (std::size_t k = 0; k < out.lines.size(); ++k) {
    const double quality = hum_quality(out.lines[k]), amplitude = std::sqrt(out.lines[k].level);
    out.sum += quality;
    out.purity += quality * amplitude;
    amplitudes += amplitude;
  }
  double strongest = 0;
  for (const HumLineEvidence& l : out.lines) strongest = std::max(strongest, l.level);
  for (std::size_t k = 0; k < std::min<std::size_t>(2, out.lines.size()); ++k) {
    // Below a hundredth of the strongest line's power it isn't what the others are harmonics of.
    if (out.lines[k].level >= 0.01 * strongest) out.lowest = std::max(out.lowest, hum_quality(out.lines[k]));
  }
  out.purity /= std::max(amplitudes, 1e-30);
  out.mean_hz = fit.freq_hz;
  if (fit.count > 1)
    out.mean_hz += (fit.phase.back() - fit.phase.front()) /
                   (2 * std::numbers::pi * fit.hop_s * static_cast<double>(fit.count - 1));
  const auto stretch = std::max<std::int64_t>(1, static_cast<std::int64_t>(2 / fit.hop_s));
  double sum = 0, squares = 0, n = 0;
  for (std::int64_t m = 0; m + stretch < fit.count; m += stretch) {
    const double hz = (fit.phase[static_cast<std::size_t>(m + stretch)] - fit.phase[static_cast<std::size_t>(m)]) /
                      (2 * std::numbers::pi * fit.hop_s * static_cast<double>(stretch));
    sum += hz, squares += hz * hz, n += 1;
  }
  out.drift_hz = n > 1 ? std::sqrt(std::max(0.0, squares / n - sum * sum / (n * n))) : 0;
  for (const Complex64& a : fit.a)
    out.power += 0.5 * power(a) / static_cast<double>(std::max<std::int64_t>(1, fit.count) * fit.channels);
  out.ratio = out.power / std::max(low.track_power() - out.power, 1e-30);
  return out;
}

}  // namespace lathe
