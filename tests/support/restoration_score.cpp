#include "tests/support/restoration_score.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "kernels/fft/real_fft_double.h"

namespace lathe::test {
namespace {

constexpr std::size_t kPoints = 2048, kHop = 512;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

using Spectrum = std::vector<std::complex<double>>;

double ratio_db(double signal, double error) { return error > 0 ? 10 * std::log10(signal / error) : kInfinite; }

struct Range {
  std::size_t begin, end;
};

Range inner(std::size_t frames, double sample_rate_hz) {
  const auto edge = static_cast<std::size_t>(0.1 * sample_rate_hz);
  return 2 * edge < frames ? Range{edge, frames - edge} : Range{0, frames};
}

double snr_db(const std::vector<Signal>& clean, const std::vector<Signal>& x, Range range) {
  double signal = 0, error = 0;
  for (std::size_t c = 0; c < clean.size(); ++c) {
    for (std::size_t n = range.begin; n < range.end; ++n) {
      signal += clean[c][n] * clean[c][n];
      error += (x[c][n] - clean[c][n]) * (x[c][n] - clean[c][n]);
    }
  }
  return ratio_db(signal, error);
}

double hann(std::size_t n) {
  return 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(kPoints));
}

Spectrum windowed(const Signal& x, std::size_t first, bool is_root) {
  Spectrum frame(kPoints);
  for (std::size_t n = 0; n < kPoints; ++n) {
    const double w = is_root ? std::sqrt(hann(n)) : hann(n);
    frame[n] = first + n < x.size() ? w * x[first + n] : 0.0;
  }
  fft_double(frame);
  return frame;
}

double lsd_db(const std::vector<Signal>& clean, const std::vector<Signal>& x, Range range) {
  double sum = 0, frames = 0;
  for (std::size_t c = 0; c < clean.size(); ++c) {
    for (std::size_t first = range.begin; first + kPoints <= range.end; first += kHop) {
      const Spectrum a = windowed(clean[c], first, false), b = windowed(x[c], first, false);
      double square = 0;
      for (std::size_t k = 0; k <= kPoints / 2; ++k) {
        const auto level = [](std::complex<double> v) {
          return 20 * std::log10(std::max(std::abs(v) / (kPoints / 4), 1e-5));
        };
        square += std::pow(level(a[k]) - level(b[k]), 2);
      }
      sum += std::sqrt(square / (kPoints / 2 + 1));
      ++frames;
    }
  }
  return frames > 0 ? sum / frames : 0;
}

using Mask = std::vector<std::uint8_t>;

std::vector<Range> runs_of(const Mask& mask, Range range, std::size_t merged_below) {
  std::vector<Range> runs;
  for (std::size_t n = range.begin; n < range.end; ++n) {
    if (mask[n] == 0) continue;
    if (!runs.empty() && n < runs.back().end + merged_below) {
      runs.back().end = n + 1;
    } else {
      runs.push_back({n, n + 1});
    }
  }
  return runs;
}

bool any_near(const std::vector<std::int64_t>& counts, Range run, Range range) {
  constexpr std::size_t kNear = 8;
  const std::size_t from = std::max(run.begin, range.begin + kNear) - kNear, to = std::min(run.end + kNear, range.end);
  return counts[to] - counts[from] > 0;
}

std::vector<std::int64_t> counted(const Mask& mask) {
  std::vector<std::int64_t> counts(mask.size() + 1, 0);
  for (std::size_t n = 0; n < mask.size(); ++n) counts[n + 1] = counts[n] + mask[n];
  return counts;
}

double event_f1(const Damage& damaged, const std::vector<Signal>& restored, Range range) {
  double found = 0, missed = 0, wrong = 0;
  for (std::size_t c = 0; c < restored.size(); ++c) {
    Mask changed(restored[c].size());
    for (std::size_t n = 0; n < changed.size(); ++n)
      changed[n] = std::abs(restored[c][n] - damaged.channels[c][n]) > 1e-3;
    const auto changes = counted(changed), truth = counted(damaged.touched[c]);
    for (const Range& run : runs_of(damaged.touched[c], range, 1)) ++(any_near(changes, run, range) ? found : missed);
    for (const Range& run : runs_of(changed, range, 64)) wrong += !any_near(truth, run, range);
  }
  return found > 0 ? 2 * found / (2 * found + missed + wrong) : 0;
}

}  // namespace

RestorationScore score(const std::vector<Signal>& clean, const Damage& damaged, const std::vector<Signal>& restored,
                       double sample_rate_hz, bool with_lsd) {
  const Range range = inner(clean.front().size(), sample_rate_hz);
  RestorationScore s;
  s.snr_in_db = snr_db(clean, damaged.channels, range);
  s.snr_out_db = snr_db(clean, restored, range);
  if (with_lsd) {
    s.lsd_in_db = lsd_db(clean, damaged.channels, range);
    s.lsd_out_db = lsd_db(clean, restored, range);
  }
  double signal = 0, error = 0;
  for (std::size_t c = 0; c < clean.size(); ++c) {
    for (std::size_t n = range.begin; n < range.end; ++n) {
      if (damaged.touched[c][n] != 0) continue;
      signal += clean[c][n] * clean[c][n];
      error += std::pow(restored[c][n] - damaged.channels[c][n], 2);
    }
  }
  s.kept_db = ratio_db(signal, error);
  s.event_f1 = event_f1(damaged, restored, range);
  return s;
}

double oracle_wiener_gain_db(const std::vector<Signal>& clean, const Damage& damaged) {
  std::vector<Signal> made;
  for (std::size_t c = 0; c < clean.size(); ++c) {
    const Signal& s = clean[c];
    Signal noise(s.size()), out(s.size() + kPoints, 0), weight(s.size() + kPoints, 0);
    for (std::size_t n = 0; n < s.size(); ++n) noise[n] = damaged.channels[c][n] - s[n];
    std::vector<double> noise_power(kPoints, 1e-30);
    double frames = 0;
    for (std::size_t first = 0; first + kPoints <= s.size(); first += kHop, ++frames) {
      const Spectrum v = windowed(noise, first, true);
      for (std::size_t k = 0; k < kPoints; ++k) noise_power[k] += std::norm(v[k]);
    }
    for (double& p : noise_power) p /= std::max(frames, 1.0);
    for (std::size_t first = 0; first < s.size(); first += kHop) {
      const Spectrum truth = windowed(s, first, true);
      Spectrum y = windowed(damaged.channels[c], first, true);
      // The conjugate goes in and comes out: a forward transform is then an inverse one.
      for (std::size_t k = 0; k < kPoints; ++k)
        y[k] = std::conj(y[k]) * (std::norm(truth[k]) / (std::norm(truth[k]) + noise_power[k]));
      fft_double(y);
      for (std::size_t n = 0; n < kPoints; ++n) {
        const double w = std::sqrt(hann(n));
        out[first + n] += w * y[n].real() / static_cast<double>(kPoints);
        weight[first + n] += w * w;
      }
    }
    out.resize(s.size());
    for (std::size_t n = 0; n < s.size(); ++n) out[n] /= std::max(weight[n], 1e-9);
    made.push_back(std::move(out));
  }
  const Range range = inner(clean.front().size(), 48000);
  return snr_db(clean, made, range) - snr_db(clean, damaged.channels, range);
}

}  // namespace lathe::test
