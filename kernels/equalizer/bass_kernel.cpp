#include "kernels/equalizer/bass_kernel.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "kernels/equalizer/bass_lanes.h"
#include "kernels/equalizer/kernel_cut.h"
#include "kernels/fft/real_fft_double.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

constexpr int kMeans = 8;
constexpr std::int64_t kFactor = 16;        // at 44.1 and 48 kHz
constexpr std::int64_t kGrid = 1 << 12;     // bins from 0 to half the low rate
constexpr std::int64_t kLongest = 1 << 11;  // of half a kernel at the low rate
constexpr std::int64_t kLowPoints = 2048;
constexpr double kFull = 0.11, kNothing = 0.22;  // of the low rate: up to here all of the target, from here on none

// |p| at frequency_hz.
double droop(double frequency_hz, std::int64_t factor, double sample_rate_hz) {
  const double u = std::numbers::pi * frequency_hz / sample_rate_hz, f = static_cast<double>(factor);
  return std::abs(std::sin(u)) < 1e-12 ? 1.0 : std::pow(std::abs(std::sin(f * u) / (f * std::sin(u))), kMeans);
}

double share(double of_low_rate) {
  const double u = std::clamp((of_low_rate - kFull) / (kNothing - kFull), 0.0, 1.0);
  return 0.5 + 0.5 * std::cos(std::numbers::pi * u);
}

// p[0 .. 4 (F - 1)] by convolving means.
std::vector<double> prototype(std::int64_t factor) {
  std::vector<double> whole{1.0};
  for (int i = 0; i < kMeans; ++i) {
    std::vector<double> next(whole.size() + static_cast<std::size_t>(factor) - 1, 0.0);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      for (std::size_t k = 0; k < static_cast<std::size_t>(factor); ++k)
        next[n + k] += whole[n] / static_cast<double>(factor);
    }
    whole = std::move(next);
  }
  return {whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2), whole.end()};
}

double at(const std::vector<double>& half, std::int64_t n) {
  const auto k = static_cast<std::size_t>(std::abs(n));
  return k < half.size() ? half[k] : 0.0;
}

// The low kernel's response repeats with the low rate.
double repeated(const std::vector<double>& response, std::int64_t bin) {
  const std::int64_t k = bin % (2 * kGrid);
  return response[static_cast<std::size_t>(k <= kGrid ? k : 2 * kGrid - k)];
}

double worst_deviation(const std::vector<double>& low_taps, const std::vector<EqBand>& bands, std::int64_t factor,
                       double sample_rate_hz) {
  std::vector<double> padded(kGrid + 1, 0.0);
  std::copy(low_taps.begin(), low_taps.end(), padded.begin());
  const std::vector<double> response = even_transform(padded);
  const double hz_per_bin = sample_rate_hz / static_cast<double>(2 * factor * kGrid);
  const auto last = static_cast<std::int64_t>(std::min(20000.0, 0.4535 * sample_rate_hz) / hz_per_bin);
  double worst = 0;
  for (auto k = static_cast<std::int64_t>(std::ceil(20.0 / hz_per_bin)); k <= last; k += k < 2 * kGrid ? 1 : 16) {
    const double f = static_cast<double>(k) * hz_per_bin, p = droop(f, factor, sample_rate_hz);
    worst = std::max(worst, kernel_error(1 + p * p * repeated(response, k), magnitude(bands, f)));
  }
  return error_db(worst);
}

}  // namespace

BassKernel::BassKernel(const std::vector<double>& low_taps, std::int64_t factor, double worst_db)
    : factor_(factor),
      lower_(static_cast<std::size_t>(8 * factor)),
      raise_(static_cast<std::size_t>(8 * factor)),
      low_(low_taps, kLowPoints),
      taps_(low_taps.size() * static_cast<std::size_t>(factor) + static_cast<std::size_t>(8 * factor), 0.0),
      worst_db_(worst_db) {
  const std::vector<double> p = prototype(factor);
  for (std::int64_t k = -4 * factor; k < 4 * factor; ++k)
    lower_[static_cast<std::size_t>(k + 4 * factor)] = static_cast<float>(at(p, k));
  for (std::int64_t t = 0; t < 8; ++t) {
    for (std::int64_t r = 0; r < factor; ++r)
      raise_[static_cast<std::size_t>(t * factor + r)] =
          static_cast<float>(static_cast<double>(factor) * at(p, (3 - t) * factor + r));
  }
  // h = 1 + (d with zeros between) * p * p: the mean over where an impulse can fall between the low rate's samples.
  const auto reach = static_cast<std::int64_t>(p.size()) - 1;
  std::vector<double> twice(static_cast<std::size_t>(2 * reach) + 1);
  for (std::int64_t n = 0; n <= 2 * reach; ++n) {
    for (std::int64_t k = -reach; k <= reach; ++k) twice[static_cast<std::size_t>(n)] += at(p, k) * at(p, n - k);
  }
  taps_[0] = 1;
  for (std::size_t n = 0; n < taps_.size(); ++n) {
    const std::int64_t near = static_cast<std::int64_t>(n) / factor;
    for (std::int64_t j = near - 8; j <= near + 9; ++j)
      taps_[n] += at(low_taps, j) * at(twice, static_cast<std::int64_t>(n) - factor * j);
  }
}

std::optional<BassKernel> BassKernel::design(const std::vector<EqBand>& bands, double sample_rate_hz) {
  const std::int64_t factor = kFactor * rate_factor(sample_rate_hz);
  const double low_rate = sample_rate_hz / static_cast<double>(factor);
  // From here up to half the rate, however far above 20 kHz, nothing may happen.
  const double first_hz = kFull * low_rate;
  const auto acts = [&bands](double f) { return error_db(kernel_error(1, magnitude(bands, f))) > kKernelToleranceDb; };
  for (double f = first_hz; f < sample_rate_hz / 2; f *= 1.01) {
    if (acts(f)) return std::nullopt;
  }
  for (const EqBand& band : bands) {
    if (band.freq_hz >= first_hz && acts(band.freq_hz)) return std::nullopt;
  }
  std::vector<double> target(kGrid + 1);
  for (std::int64_t k = 0; k <= kGrid; ++k) {
    const double of_low_rate = 0.5 * static_cast<double>(k) / kGrid, w = share(of_low_rate);
    const double p = droop(of_low_rate * low_rate, factor, sample_rate_hz);
    target[static_cast<std::size_t>(k)] = w > 0 ? w * (magnitude(bands, of_low_rate * low_rate) - 1) / (p * p) : 0.0;
  }
  std::vector<double> impulse = even_transform(target);
  for (double& h : impulse) h /= 2.0 * kGrid;
  for (std::int64_t half = 64; half <= kLongest; half *= 2) {
    for (std::int64_t eighths = 5; eighths <= 8; ++eighths) {
      const std::vector<double> taps = cut_kernel(impulse, half * eighths / 8 - 1);
      const double worst_db = worst_deviation(taps, bands, factor, sample_rate_hz);
      if (worst_db <= kKernelToleranceDb) return BassKernel(taps, factor, worst_db);
    }
  }
  return std::nullopt;
}

const BassKernels& bass_kernels() { return pick_level(sse2::bass_kernels, avx2::bass_kernels, avx512::bass_kernels); }

}  // namespace lathe
