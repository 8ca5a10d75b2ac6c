#include "kernels/equalizer/eq_design.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/fft/real_fft_double.h"
#include "kernels/math/number_text.h"

namespace lathe {
namespace {

constexpr double kNullDepth = 0.001;  // -60 dB: a notch deeper than this is deep enough
constexpr std::int64_t kShortest = 32, kWorthShortening = 1024;
constexpr std::int64_t kFirstGrid = 1 << 14, kLastGrid = 1 << 18;  // half the points, at 44.1 or 48 kHz

struct Grid {
  std::int64_t half_points;  // bins 0 .. half_points
  double hz_per_bin;
};

Grid make_grid(std::int64_t half_points, double sample_rate_hz) {
  return {half_points, sample_rate_hz / 2 / static_cast<double>(half_points)};
}

std::vector<double> target_on(const Grid& grid, const std::vector<EqBand>& bands) {
  std::vector<double> target(static_cast<std::size_t>(grid.half_points) + 1);
  for (std::size_t k = 0; k < target.size(); ++k) {
    target[k] = magnitude(bands, static_cast<double>(k) * grid.hz_per_bin);
  }
  return target;
}

double worst_deviation(const std::vector<double>& taps, const std::vector<double>& target, const Grid& grid,
                       const std::vector<EqBand>& bands, double sample_rate_hz) {
  std::vector<double> padded(target.size(), 0.0);
  std::copy(taps.begin(), taps.end(), padded.begin());
  const std::vector<double> response = even_transform(padded);
  const auto first = static_cast<std::size_t>(std::ceil(20.0 / grid.hz_per_bin));
  const auto last = static_cast<std::size_t>(std::min(20000.0, 0.4535 * sample_rate_hz) / grid.hz_per_bin);
  double worst = 0;
  for (std::size_t k = first; k <= last; ++k) {
    const double error = kernel_error(response[k], target[k]);
    if (error > worst && !in_null(bands, static_cast<double>(k) * grid.hz_per_bin)) worst = error;
  }
  return error_db(worst);
}

// The shortest length whose tail could be missed: below an eighth of where the tail's absolute sum gets small, no
// length has ever been enough.
std::int64_t first_guess(const std::vector<double>& impulse) {
  const double small = 2e-3;
  double tail = 0;
  auto n = static_cast<std::int64_t>(impulse.size()) / 2;
  while (n > kShortest && tail < small) tail += 2 * std::abs(impulse[static_cast<std::size_t>(--n)]);
  std::int64_t half = kShortest;
  while (half < n / 8) half *= 2;
  return half;
}

// Lengths are found by doubling: one between the last two may do as well, and then costs and rings less.
EqKernel shortened(EqKernel kernel, const std::vector<double>& impulse, const std::vector<double>& target,
                   const Grid& grid, const std::vector<EqBand>& bands, double sample_rate_hz) {
  const auto half = static_cast<std::int64_t>(kernel.taps.size());
  for (std::int64_t eighths = 5; half >= kWorthShortening && eighths < 8; ++eighths) {
    EqKernel shorter{cut_kernel(impulse, half * eighths / 8 - 1), 0, 0};
    shorter.worst_db = worst_deviation(shorter.taps, target, grid, bands, sample_rate_hz);
    if (shorter.worst_db <= kKernelToleranceDb) return shorter;
  }
  return kernel;
}

}  // namespace

bool in_null(const std::vector<EqBand>& bands, double frequency_hz) {
  return std::any_of(bands.begin(), bands.end(), [frequency_hz](const EqBand& band) {
    return band.type == BandType::notch && magnitude(band, frequency_hz) < kNullDepth;
  });
}

double narrowest_hz(const std::vector<EqBand>& bands) {
  double width = 1e9;
  for (const EqBand& band : bands) {
    const bool has_q =
        band.type != BandType::high_pass && band.type != BandType::low_pass && band.type != BandType::tilt;
    const double sharpness =
        has_q ? std::max(1.0, band.q * std::pow(10.0, std::abs(band.gain_db) / 40.0)) : band.slope_db_oct / 6.0;
    width = std::min(width, band.freq_hz / sharpness);
  }
  return width;
}

std::int64_t rate_factor(double sample_rate_hz) {
  std::int64_t factor = 1;
  for (double rate = 64000; rate < sample_rate_hz; rate *= 2) factor *= 2;
  return factor;
}

double magnitude(const std::vector<EqBand>& bands, double frequency_hz) {
  double h = 1;
  for (const EqBand& band : bands) h *= magnitude(band, frequency_hz);
  return h;
}

double taper(std::int64_t n, std::int64_t half) {
  const double u = static_cast<double>(n) / static_cast<double>(half + 1);
  return u <= 0.5 ? 1.0 : 0.5 + 0.5 * std::cos(2 * std::numbers::pi * (u - 0.5));
}

std::vector<double> cut_kernel(const std::vector<double>& impulse, std::int64_t half) {
  std::vector<double> taps(static_cast<std::size_t>(half) + 1);
  for (std::int64_t n = 0; n <= half; ++n)
    taps[static_cast<std::size_t>(n)] = impulse[static_cast<std::size_t>(n)] * taper(n, half);
  return taps;
}

double kernel_error(double response, double target) {
  constexpr double kFloor = 0.0031622776601683794;  // -50 dB
  return std::abs(response - target) / std::max(target, kFloor);
}

double error_db(double error) { return 20 * std::log10(1 + error); }

double pre_ring_db(const std::vector<double>& taps, double sample_rate_hz) {
  const auto far = static_cast<std::size_t>(0.005 * sample_rate_hz);
  double early = 0, all = taps[0] * taps[0];
  for (std::size_t n = 1; n < taps.size(); ++n) {
    all += 2 * taps[n] * taps[n];
    if (n > far) early += taps[n] * taps[n];
  }
  return 10 * std::log10(std::max(early / all, 1e-30));
}

void check_bands(const std::vector<EqBand>& bands, double sample_rate_hz) {
  for (const EqBand& band : bands) {
    band.check();
    if (band.freq_hz >= sample_rate_hz / 2) {
      throw std::invalid_argument("a band at " + number_text(band.freq_hz) + " Hz does not fit a sample rate of " +
                                  number_text(sample_rate_hz) + " Hz; it must lie below half of it");
    }
  }
}

EqKernel design_kernel(const std::vector<EqBand>& bands, double sample_rate_hz) {
  if (bands.empty()) return {{1.0}, 0.0, -300.0};
  check_bands(bands, sample_rate_hz);
  EqKernel best;
  const std::int64_t factor = rate_factor(sample_rate_hz);
  // A coarse grid is quick and serves short kernels; a kernel may fill a quarter of the time its grid spans.
  for (std::int64_t points = kFirstGrid * factor; points <= kLastGrid * factor; points *= 4) {
    const Grid grid = make_grid(points, sample_rate_hz);
    const bool last_grid = points == kLastGrid * factor;
    if (!last_grid && grid.hz_per_bin > narrowest_hz(bands) / 8) continue;
    const std::vector<double> target = target_on(grid, bands);
    std::vector<double> impulse = even_transform(target);
    for (double& h : impulse) h /= 2.0 * static_cast<double>(points);
    for (std::int64_t half = first_guess(impulse); half <= (last_grid ? points / 2 : points / 4); half *= 2) {
      EqKernel kernel{cut_kernel(impulse, half - 1), 0, 0};
      kernel.worst_db = worst_deviation(kernel.taps, target, grid, bands, sample_rate_hz);
      if (best.taps.empty() || kernel.worst_db < best.worst_db) best = std::move(kernel);
      if (best.worst_db <= kKernelToleranceDb) break;
    }
    if (best.worst_db <= kKernelToleranceDb)
      best = shortened(std::move(best), impulse, target, grid, bands, sample_rate_hz);
    if (best.worst_db <= kKernelToleranceDb && !best.taps.empty()) break;
  }
  best.pre_ring_db = pre_ring_db(best.taps, sample_rate_hz);
  return best;
}

}  // namespace lathe
