#include "tests/support/dehum_oracle.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

namespace lathe::test {
namespace {
constexpr double kTurn = 2 * std::numbers::pi;
}

HumFrames hum_frames_oracle(const Signal& x, double sample_rate_hz, const HumFrames& like) {
  HumFrames out = like;
  out.channels = 1;
  out.z.assign(static_cast<std::size_t>(like.lines * like.count), Complex64{});
  const double window_s = 4 * like.hop_s;
  for (std::int64_t m = 0; m < like.count; ++m) {
    const double from_s = static_cast<double>(m) * like.hop_s;
    for (int k = 0; k < like.lines; ++k) {
      std::complex<double> sum = 0;
      double weights = 0;
      for (auto n = static_cast<std::int64_t>(std::ceil(from_s * sample_rate_hz)); n < std::ssize(x); ++n) {
        const double t = static_cast<double>(n) / sample_rate_hz, u = (t - from_s) / window_s;
        if (u >= 1) break;
        const double w = 0.5 - 0.5 * std::cos(kTurn * u);
        sum += w * x[static_cast<std::size_t>(n)] * std::polar(1.0, -kTurn * (k + 1) * like.freq_hz * t);
        weights += w;
      }
      sum *= 2 / weights;
      out.z[static_cast<std::size_t>(k * like.count + m)] = {sum.real(), sum.imag()};
    }
  }
  return out;
}

Signal hum_oracle(const HumModel& model, int channel, double sample_rate_hz, std::int64_t frames) {
  Signal out(static_cast<std::size_t>(frames), 0.0);
  for (std::int64_t n = 0; n < frames; ++n) {
    const double t = static_cast<double>(n) / sample_rate_hz, turns = model.turns(t);
    for (int k = 0; k < model.lines; ++k) {
      const Complex64 a = model.amplitude(channel, k, t);
      out[static_cast<std::size_t>(n)] +=
          a.re * std::cos(kTurn * (k + 1) * turns) - a.im * std::sin(kTurn * (k + 1) * turns);
    }
  }
  return out;
}

std::vector<double> solve_oracle(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double share = a[j][i] / a[i][i];
      for (std::size_t k = i; k < n; ++k) a[j][k] -= share * a[i][k];
      b[j] -= share * b[i];
    }
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

Signal made_hum(double freq_hz, const std::vector<double>& amplitudes, double drift_hz, double period_s,
                double sample_rate_hz, std::int64_t frames, Random& random) {
  Signal out(static_cast<std::size_t>(frames), 0.0);
  const double swing = random.uniform(0, kTurn);
  std::vector<double> starts;
  for (std::size_t k = 0; k < amplitudes.size(); ++k) starts.push_back(random.uniform(0, kTurn));
  double phase = 0;
  for (std::int64_t n = 0; n < frames; ++n) {
    const double t = static_cast<double>(n) / sample_rate_hz;
    phase += kTurn * (freq_hz + drift_hz * std::sin(kTurn * t / period_s + swing)) / sample_rate_hz;
    for (std::size_t k = 0; k < amplitudes.size(); ++k)
      out[static_cast<std::size_t>(n)] += amplitudes[k] * std::cos(static_cast<double>(k + 1) * phase + starts[k]);
  }
  return out;
}

}  // namespace lathe::test
