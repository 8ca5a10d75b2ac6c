#include "kernels/equalizer/minimum_phase.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/fft/real_fft_double.h"

namespace lathe {
namespace {

using Complex = std::complex<double>;

constexpr double kNotchDepth = 1e-4, kFloor = 3.1622776601683795e-5;  // -80 and -90 dB
constexpr double kLowestHz = 0.05;
constexpr double kRelevant = 0.0031622776601683794;  // -50 dB
constexpr std::int64_t kShortest = 32, kWorthShortening = 1024;
constexpr std::int64_t kFirstGrid = 1 << 16, kLastGrid = 1 << 18;  // half the points, at 44.1 or 48 kHz

// |H| of one band with its zeros moved off the axis, by as little as makes no difference where it counts.
double floored_magnitude(const EqBand& band, double frequency_hz) {
  const double w = frequency_hz / band.freq_hz;
  switch (band.type) {
    case BandType::notch: {
      const double flank = std::abs(1 - w * w), width = w / band.q;
      return std::hypot(flank, kNotchDepth * width) / std::hypot(flank, width);
    }
    case BandType::band_pass:
      return magnitude(band, frequency_hz) * std::hypot(frequency_hz, kLowestHz) / std::max(frequency_hz, 1e-9);
    case BandType::high_pass:
      return magnitude(band, std::hypot(frequency_hz, kLowestHz));
    default:
      return magnitude(band, frequency_hz);
  }
}

double floored_magnitude(const std::vector<EqBand>& bands, double frequency_hz) {
  double h = 1;
  for (const EqBand& band : bands) h *= floored_magnitude(band, std::max(frequency_hz, 1e-6));
  return std::hypot(h, kFloor);
}

// Bins 0 .. 2 half_points - 1 of the response of least phase with these magnitudes at bins 0 .. half_points.
std::vector<Complex> least_phase(const std::vector<double>& magnitudes) {
  const std::size_t half = magnitudes.size() - 1;
  std::vector<double> logs(magnitudes.size());
  for (std::size_t k = 0; k <= half; ++k) logs[k] = std::log(magnitudes[k]);
  const std::vector<double> cepstrum = even_transform(logs);
  std::vector<Complex> response(2 * half);
  for (std::size_t n = 0; n <= half; ++n)
    response[n] = cepstrum[n] / static_cast<double>(2 * half) * (n == 0 || n == half ? 1.0 : 2.0);
  fft_double(response);
  for (Complex& h : response) h = std::exp(h);
  return response;
}

std::vector<double> impulse_of(std::vector<Complex> response) {
  for (Complex& h : response) h = std::conj(h);
  fft_double(response);
  std::vector<double> impulse(response.size() / 2);
  for (std::size_t n = 0; n < impulse.size(); ++n)
    impulse[n] = response[n].real() / static_cast<double>(response.size());
  return impulse;
}

// One length of kernel, and how far it is from what it was cut from.
class Cutter {
 public:
  Cutter(const std::vector<EqBand>& bands, double sample_rate_hz, std::int64_t half_points)
      : bands_(bands),
        sample_rate_hz_(sample_rate_hz),
        hz_per_bin_(sample_rate_hz / 2 / static_cast<double>(half_points)) {
    std::vector<double> magnitudes(static_cast<std::size_t>(half_points) + 1);
    for (std::size_t k = 0; k < magnitudes.size(); ++k)
      magnitudes[k] = floored_magnitude(bands, static_cast<double>(k) * hz_per_bin_);
    response_ = least_phase(magnitudes);
    impulse_ = impulse_of(response_);
  }

  // h[0 .. length - 1]; worst_error() is its own then.
  EqKernel cut(std::int64_t length) {
    EqKernel kernel{cut_kernel(impulse_, length - 1), 0, -300};
    std::vector<Complex> got(response_.size());
    std::copy(kernel.taps.begin(), kernel.taps.end(), got.begin());
    fft_double(got);
    worst_error_ = 0;
    const double last_hz = std::min(20000.0, 0.4535 * sample_rate_hz_);
    double worst = 0;
    for (std::size_t k = 0; k <= response_.size() / 2; ++k) {
      const double f = static_cast<double>(k) * hz_per_bin_;
      worst_error_ =
          std::max(worst_error_, std::abs(got[k] - response_[k]) / std::max(std::abs(response_[k]), kRelevant));
      if (f < 20 || f > last_hz) continue;
      const double error = kernel_error(std::abs(got[k]), std::hypot(magnitude(bands_, f), kFloor));
      if (error > worst && !in_null(bands_, f)) worst = error;
    }
    kernel.worst_db = error_db(worst);
    return kernel;
  }

  double worst_error_db() const { return error_db(worst_error_); }

  // The shortest length whose tail could be missed.
  std::int64_t first_length() const {
    double tail = 0;
    auto n = static_cast<std::int64_t>(impulse_.size()) / 2;
    while (n > kShortest && tail < 2e-3) tail += std::abs(impulse_[static_cast<std::size_t>(--n)]);
    std::int64_t length = kShortest;
    while (length < n / 8) length *= 2;
    return length;
  }

 private:
  const std::vector<EqBand>& bands_;
  double sample_rate_hz_;
  double hz_per_bin_;
  std::vector<Complex> response_;
  std::vector<double> impulse_;
  double worst_error_ = 0;
};

}  // namespace

EqKernel design_minimum_phase_kernel(const std::vector<EqBand>& bands, double sample_rate_hz) {
  if (bands.empty()) return {{1.0}, 0.0, -300.0};
  check_bands(bands, sample_rate_hz);
  const std::int64_t factor = rate_factor(sample_rate_hz);
  EqKernel best;
  double best_error_db = 1e9;
  for (std::int64_t points = kFirstGrid * factor; points <= kLastGrid * factor; points *= 4) {
    const bool is_last = points == kLastGrid * factor;
    if (!is_last && sample_rate_hz / 2 / static_cast<double>(points) > narrowest_hz(bands) / 16) continue;
    Cutter cutter(bands, sample_rate_hz, points);
    std::int64_t length = cutter.first_length();
    for (; length <= points / 2; length *= 2) {
      EqKernel kernel = cutter.cut(length);
      if (cutter.worst_error_db() >= best_error_db) continue;
      best = std::move(kernel);
      best_error_db = cutter.worst_error_db();
      if (best_error_db <= kKernelToleranceDb) break;
    }
    if (best_error_db > kKernelToleranceDb) continue;
    // What it was cut from may itself be off: the cepstrum of a narrow notch needs the finer grid.
    if (!is_last && best.worst_db > kKernelToleranceDb) {
      best_error_db = 1e9;
      continue;
    }
    // Lengths are found by doubling: one between the last two may do as well.
    for (std::int64_t eighths = 5; length >= kWorthShortening && eighths < 8; ++eighths) {
      EqKernel shorter = cutter.cut(length * eighths / 8);
      if (cutter.worst_error_db() <= kKernelToleranceDb) return shorter;
    }
    return best;
  }
  return best;
}

}  // namespace lathe
