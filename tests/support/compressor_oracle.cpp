#include "tests/support/compressor_oracle.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace lathe::test {
namespace {

constexpr std::int64_t kGroup = 8;

// A Butterworth high-pass of second order by the bilinear transform, direct form I.
Signal high_passed(const Signal& x, double freq_hz, double rate_hz) {
  const double k = std::tan(std::numbers::pi * freq_hz / rate_hz), root2 = std::numbers::sqrt2;
  const double scale = 1 / (1 + root2 * k + k * k);
  const double b0 = scale, b1 = -2 * scale, b2 = scale;
  const double a1 = 2 * (k * k - 1) * scale, a2 = (1 - root2 * k + k * k) * scale;
  Signal y(x.size());
  double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
  for (std::size_t n = 0; n < x.size(); ++n) {
    y[n] = b0 * x[n] + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    x2 = x1;
    x1 = x[n];
    y2 = y1;
    y1 = y[n];
  }
  return y;
}

// The power of every group.
Signal powers(const CompressorSettings& settings, const Signal& x) {
  const double group_ms = 1000.0 * kGroup / settings.sample_rate_hz;
  const auto groups = static_cast<std::int64_t>((x.size() + kGroup - 1) / kGroup);
  const bool peak = settings.detector == LevelDetector::peak;
  Signal of_group(static_cast<std::size_t>(groups), 0.0);
  for (std::size_t n = 0; n < x.size(); ++n) {
    double& p = of_group[n / kGroup];
    p = peak ? std::max(p, x[n] * x[n]) : p + x[n] * x[n] / kGroup;
  }
  const auto at = [&](std::int64_t i) { return i < 0 || i >= groups ? 0.0 : of_group[static_cast<std::size_t>(i)]; };
  Signal result(of_group.size(), 0.0);
  if (peak) {
    const auto hold = static_cast<std::int64_t>(std::ceil(CompressorDesign::kHoldMs / group_ms));
    for (std::int64_t i = 0; i < groups; ++i) {
      for (std::int64_t k = i - hold; k <= i; ++k)
        result[static_cast<std::size_t>(i)] = std::max(result[static_cast<std::size_t>(i)], at(k));
    }
    return result;
  }
  const std::int64_t reach = std::llround(CompressorDesign::kWindowMs / group_ms);
  double total = 0;
  Signal window;
  for (std::int64_t k = -reach; k <= reach; ++k) {
    window.push_back(0.54 +
                     0.46 * std::cos(std::numbers::pi * static_cast<double>(k) / static_cast<double>(reach + 1)));
    total += window.back();
  }
  for (std::int64_t i = 0; i < groups; ++i) {
    double sum = 0;
    for (std::int64_t k = -reach; k <= reach; ++k) sum += window[static_cast<std::size_t>(k + reach)] * at(i + k);
    result[static_cast<std::size_t>(i)] = 2 * sum / total;
  }
  return result;
}

// x convolved with a symmetric kernel h[0..half].
Signal convolved(const Signal& x, const std::vector<double>& taps) {
  const auto half = static_cast<std::int64_t>(taps.size()) - 1, frames = static_cast<std::int64_t>(x.size());
  Signal y(x.size(), 0.0);
  for (std::int64_t n = 0; n < frames; ++n) {
    double sum = 0;
    for (std::int64_t m = std::max<std::int64_t>(0, n - half); m <= std::min(frames - 1, n + half); ++m)
      sum += taps[static_cast<std::size_t>(std::abs(n - m))] * x[static_cast<std::size_t>(m)];
    y[static_cast<std::size_t>(n)] = sum;
  }
  return y;
}

// Adds mix (g - 1) band to y, g linear in time from the end of one group to that of the next.
void add_turned_down(const CompressorSettings& settings, const CompressorBand& band, const Signal& reduction,
                     const Signal& x, Signal& y) {
  const double group_ms = 1000.0 * kGroup / settings.sample_rate_hz;
  const std::int64_t ahead = std::llround(settings.lookahead_ms / group_ms);
  const auto gain = [&](std::int64_t group) {
    const double r = group < 0 ? 0.0 : reduction[static_cast<std::size_t>(group)];
    return settings.mix * (std::pow(10.0, (band.makeup_db - r) / 20) - 1);
  };
  for (std::size_t n = 0; n < y.size(); ++n) {
    const std::int64_t group = static_cast<std::int64_t>(n) / kGroup + ahead;
    const double part = static_cast<double>(n % kGroup) / kGroup;
    y[n] += (gain(group - 1) * (1 - part) + gain(group) * part) * x[n];
  }
}

}  // namespace

double theory_reduction_db(const CompressorBand& band, double level_db) {
  const double over = level_db - band.threshold_db, slope = 1 - 1 / band.ratio;
  double reduction = 0;
  if (2 * over >= band.knee_db) {
    reduction = slope * over;
  } else if (2 * std::abs(over) < band.knee_db) {
    const double in_knee = over + band.knee_db / 2;
    reduction = slope * in_knee * in_knee / (2 * band.knee_db);
  }
  return std::min(std::max(reduction, 0.0), band.max_gain_reduction_db);
}

std::vector<Signal> oracle_reductions(const CompressorSettings& settings, const CompressorBand& band,
                                      const std::vector<Signal>& signals) {
  const double group_ms = 1000.0 * kGroup / settings.sample_rate_hz;
  std::vector<Signal> levels;
  for (const Signal& signal : signals) {
    Signal x = signal;
    if (settings.sidechain_high_pass_hz > 0 && settings.bands.size() == 1)
      x = high_passed(x, settings.sidechain_high_pass_hz, settings.sample_rate_hz);
    Signal level = powers(settings, x);
    for (double& value : level) value = 10 * std::log10(std::max(value, 1e-30));
    levels.push_back(level);
  }
  const double release = std::exp(-group_ms / band.release_ms), attack = std::exp(-group_ms / band.attack_ms);
  std::vector<Signal> reductions;
  for (const Signal& own : levels) {
    double held = 0, smooth = 0;
    Signal reduction;
    for (std::size_t i = 0; i < own.size(); ++i) {
      double loudest = own[i];
      for (const Signal& other : levels) loudest = std::max(loudest, other[i]);
      const double level = (1 - settings.link) * own[i] + settings.link * loudest;
      const double wanted = band.threshold_db >= 0 ? 0 : theory_reduction_db(band, level);
      held = std::max(wanted, release * held + (1 - release) * wanted);
      smooth = attack * smooth + (1 - attack) * held;
      reduction.push_back(smooth);
    }
    reductions.push_back(reduction);
  }
  return reductions;
}

std::vector<Signal> oracle_compressed(const CompressorDesign& design, const std::vector<Signal>& x) {
  const CompressorSettings& settings = design.settings();
  std::vector<Signal> y = x;
  // Silence behind the track, for what filters ring there and gains look ahead to.
  const auto behind = static_cast<std::size_t>(0.08 * settings.sample_rate_hz);
  for (int b = 0; b < design.bands(); ++b) {
    if (!design.acts(b)) continue;
    std::vector<Signal> signals = x;
    for (Signal& signal : signals) {
      signal.resize(signal.size() + behind, 0.0);
      if (design.split() == nullptr) continue;
      const Signal whole = signal;
      if (b + 1 < design.bands()) signal = convolved(whole, design.split()->taps(b));
      if (b > 0) {
        const Signal below = convolved(whole, design.split()->taps(b - 1));
        for (std::size_t n = 0; n < signal.size(); ++n) signal[n] -= below[n];
      }
    }
    const CompressorBand& band = settings.bands[static_cast<std::size_t>(b)];
    const std::vector<Signal> reductions = oracle_reductions(settings, band, signals);
    for (std::size_t c = 0; c < y.size(); ++c) add_turned_down(settings, band, reductions[c], signals[c], y[c]);
  }
  return y;
}

}  // namespace lathe::test
