#include "kernels/fft/overlap_save.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "kernels/fft/real_fft_double.h"

namespace lathe {
namespace {

// `reach`: samples beside one that its result takes.
std::int64_t points_for(std::int64_t reach) {
  std::int64_t points = 4096;
  while (points < 4 * (reach + 1)) points *= 2;
  const auto cost = [reach](std::int64_t n) {
    return std::log2(static_cast<double>(n)) / (1 - static_cast<double>(reach) / static_cast<double>(n));
  };
  while (2 * points <= 65536 && cost(2 * points) < cost(points)) points *= 2;
  return points;
}

std::int64_t holding_two(std::int64_t points, std::int64_t reach) {
  while (points < 2 * (reach + 1)) points *= 2;
  return points;
}

bool is_one(const std::vector<double>& taps) {
  return taps[0] == 1 && std::all_of(taps.begin() + 1, taps.end(), [](double h) { return h == 0; });
}

}  // namespace

OverlapSaveKernel::OverlapSaveKernel(const std::vector<double>& taps)
    : OverlapSaveKernel(taps, points_for(2 * (static_cast<std::int64_t>(taps.size()) - 1))) {}

OverlapSaveKernel::OverlapSaveKernel(const std::vector<double>& taps, std::int64_t points)
    : half_(static_cast<std::int64_t>(taps.size()) - 1),
      fft_(holding_two(points, 2 * half_)),
      hop_((fft_.points() - 2 * half_) / 16 * 16),
      is_identity_(is_one(taps)) {
  const std::int64_t n = fft_.points();
  std::vector<double> kernel(static_cast<std::size_t>(n / 2) + 1, 0.0);
  std::copy(taps.begin(), taps.end(), kernel.begin());
  const std::vector<double> half_spectrum = even_transform(kernel);
  std::vector<double> response(static_cast<std::size_t>(n));
  for (std::int64_t k = 0; k < n; ++k)
    response[static_cast<std::size_t>(k)] = half_spectrum[static_cast<std::size_t>(std::min(k, n - k))];
  spectrum_ = fft_.arrange(response);
  response_ = AlignedArray<float>(half_spectrum.size());
  for (std::size_t k = 0; k < half_spectrum.size(); ++k)
    response_[k] = static_cast<float>(half_spectrum[k] / static_cast<double>(n));
}

OverlapSaveKernel OverlapSaveKernel::causal(const std::vector<double>& taps) { return {taps, Causal{}}; }

OverlapSaveKernel::OverlapSaveKernel(const std::vector<double>& taps, Causal)
    : half_(static_cast<std::int64_t>(taps.size()) - 1),
      fft_(points_for(half_)),
      hop_((fft_.points() - half_) / 16 * 16),
      is_identity_(is_one(taps)),
      is_causal_(true) {
  const auto n = static_cast<std::size_t>(fft_.points());
  std::vector<std::complex<double>> spectrum(n);
  std::copy(taps.begin(), taps.end(), spectrum.begin());
  fft_double(spectrum);
  std::vector<double> re(n), im(n);
  for (std::size_t k = 0; k < n; ++k) {
    re[k] = spectrum[k].real();
    im[k] = spectrum[k].imag();
  }
  spectrum_ = fft_.arrange(re);
  spectrum_im_ = fft_.arrange(im);
  response_ = AlignedArray<float>(2 * (n / 2 + 1));
  for (std::size_t k = 0; k <= n / 2; ++k) {
    response_[2 * k] = static_cast<float>(re[k] / static_cast<double>(n));
    response_[2 * k + 1] = static_cast<float>(im[k] / static_cast<double>(n));
  }
}

}  // namespace lathe
