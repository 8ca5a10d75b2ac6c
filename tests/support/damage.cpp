#include "tests/support/damage.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "kernels/fft/real_fft_double.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

constexpr double kTau = 2 * std::numbers::pi;

Damage undamaged(const std::vector<Signal>& clean) {
  Damage damage{clean, {}};
  for (const Signal& channel : clean) damage.touched.emplace_back(channel.size(), std::uint8_t{0});
  return damage;
}

double power_of(const std::vector<Signal>& channels) {
  double sum = 0, count = 0;
  for (const Signal& channel : channels) {
    for (const double x : channel) sum += x * x;
    count += static_cast<double>(channel.size());
  }
  return sum / count;
}

double peak_of(const std::vector<Signal>& channels) {
  double peak = 0;
  for (const Signal& channel : channels) {
    for (const double x : channel) peak = std::max(peak, std::abs(x));
  }
  return peak;
}

Signal click_shape(Random& random, std::int64_t length, double sample_rate_hz) {
  Signal shape(static_cast<std::size_t>(length));
  const std::int64_t kind = length < 3 ? 0 : random.integer(0, 2);
  const double freq_hz = random.uniform(1000, 8000);
  for (std::size_t n = 0; n < shape.size(); ++n) {
    const double fade = std::exp(-3 * static_cast<double>(n) / static_cast<double>(length));
    if (kind == 0) shape[n] = 1;
    if (kind == 1) shape[n] = random.normal() * fade;
    if (kind == 2) shape[n] = std::cos(kTau * freq_hz * static_cast<double>(n) / sample_rate_hz) * fade;
  }
  double peak = 1e-9;
  for (const double x : shape) peak = std::max(peak, std::abs(x));
  for (double& x : shape) x /= peak;
  return shape;
}

// Gaussian noise with 1/f power above 20 Hz, made in the frequency domain.
Signal pink_noise(Random& random, double sample_rate_hz, std::int64_t frames) {
  std::size_t points = 16;
  while (static_cast<std::int64_t>(points) < frames) points *= 2;
  std::vector<std::complex<double>> x(points);
  for (std::size_t k = 1; k < points / 2; ++k) {
    const double freq_hz = static_cast<double>(k) * sample_rate_hz / static_cast<double>(points);
    x[k] = std::complex(random.normal(), random.normal()) / std::sqrt(std::max(freq_hz, 20.0));
    x[points - k] = std::conj(x[k]);
  }
  fft_double(x);
  Signal noise(static_cast<std::size_t>(frames));
  for (std::size_t n = 0; n < noise.size(); ++n) noise[n] = x[n].real();
  return noise;
}

}  // namespace

void normalize_peak(std::vector<Signal>& channels, double peak_dbfs) {
  const double gain = std::pow(10, peak_dbfs / 20) / std::max(peak_of(channels), 1e-12);
  for (Signal& channel : channels) {
    for (double& x : channel) x *= gain;
  }
}

Damage add_clicks(Random& random, const std::vector<Signal>& clean, double sample_rate_hz, double per_s) {
  Damage damage = undamaged(clean);
  const auto frames = static_cast<std::int64_t>(clean.front().size());
  const double scale = sample_rate_hz / 44100;
  const auto longest = std::max<std::int64_t>(1, std::llround(40 * scale));
  // Exponential distances: a Poisson process.
  double at_s = 0;
  while (true) {
    at_s += -std::log(1 - random.uniform(0, 1)) / per_s;
    const auto first = static_cast<std::int64_t>(at_s * sample_rate_hz);
    if (first + longest + 64 > frames) return damage;
    if (first < 64) continue;
    const std::int64_t length = random.integer(1, longest);
    const Signal shape = click_shape(random, length, sample_rate_hz);
    const double height = random.uniform(0.2, 0.9) * random.one_of({-1.0, 1.0});
    const std::int64_t where = random.integer(0, 2);  // left, right, both
    const double second = random.uniform(0.3, 1);
    for (std::size_t c = 0; c < clean.size(); ++c) {
      double gain = 1;
      if (clean.size() > 1 && c == 0 && where == 1) gain = 0;
      if (clean.size() > 1 && c > 0) gain = where == 0 ? 0 : where == 1 ? 1 : second;
      if (gain == 0) continue;
      for (std::size_t n = 0; n < shape.size(); ++n) {
        damage.channels[c][static_cast<std::size_t>(first) + n] += gain * height * shape[n];
        damage.touched[c][static_cast<std::size_t>(first) + n] = 1;
      }
    }
  }
}

Damage clip(const std::vector<Signal>& clean, double below_peak_db) {
  Damage damage = undamaged(clean);
  const double level = peak_of(clean) * std::pow(10, -below_peak_db / 20);
  for (std::size_t c = 0; c < clean.size(); ++c) {
    for (std::size_t n = 0; n < clean[c].size(); ++n) {
      damage.touched[c][n] = std::abs(clean[c][n]) > level;
      damage.channels[c][n] = std::clamp(clean[c][n], -level, level);
    }
  }
  return damage;
}

Damage add_hiss(Random& random, const std::vector<Signal>& clean, double sample_rate_hz, NoiseColour colour,
                double snr_db) {
  Damage damage = undamaged(clean);
  const auto frames = static_cast<std::int64_t>(clean.front().size());
  std::vector<Signal> noise;
  for (std::size_t c = 0; c < clean.size(); ++c) {
    noise.push_back(colour == NoiseColour::white ? white_noise(random, 1, frames)
                                                 : pink_noise(random, sample_rate_hz, frames));
  }
  const double gain = std::sqrt(power_of(clean) * std::pow(10, -snr_db / 10) / power_of(noise));
  for (std::size_t c = 0; c < clean.size(); ++c) {
    for (std::size_t n = 0; n < clean[c].size(); ++n) damage.channels[c][n] += gain * noise[c][n];
    std::fill(damage.touched[c].begin(), damage.touched[c].end(), std::uint8_t{1});
  }
  return damage;
}

Damage add_hum(Random& random, const std::vector<Signal>& clean, double sample_rate_hz, double freq_hz,
               double level_dbfs, double drift_hz) {
  Damage damage = undamaged(clean);
  const double wander = random.uniform(0, kTau);
  double phases[6];
  for (double& phase : phases) phase = random.uniform(0, kTau);
  double turn = 0;
  for (std::size_t n = 0; n < clean.front().size(); ++n) {
    const double t = static_cast<double>(n) / sample_rate_hz;
    turn += kTau * (freq_hz + drift_hz * std::sin(kTau * 0.05 * t + wander)) / sample_rate_hz;
    double hum = 0;
    for (int k = 1; k <= 6; ++k) hum += std::pow(10, level_dbfs / 20) / k * std::cos(k * turn + phases[k - 1]);
    for (std::size_t c = 0; c < clean.size(); ++c) damage.channels[c][n] += hum;
  }
  for (auto& touched : damage.touched) std::fill(touched.begin(), touched.end(), std::uint8_t{1});
  return damage;
}

FloatTrack noisy_programme(std::uint64_t seed, int channels, double rate, std::int64_t frames) {
  Random random = seeded(seed);
  std::vector<Signal> rows;
  for (int c = 0; c < channels; ++c) {
    Signal row = programme(random, rate, frames);
    for (double& x : row) x += 0.003 * random.normal();
    rows.push_back(std::move(row));
  }
  return FloatTrack(rows);
}

}  // namespace lathe::test
