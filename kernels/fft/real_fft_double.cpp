#include "kernels/fft/real_fft_double.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace lathe {

namespace {

// exp(-2 pi i k / n) for k below `count`: products of a coarse and a fine table, of one rounding more than sine and
// cosine of each and ten times as quick.
std::vector<std::complex<double>> turns(std::size_t n, std::size_t count) {
  constexpr std::size_t kFine = 256;
  const auto turn = [n](std::size_t k) {
    return std::polar(1.0, -2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
  };
  std::complex<double> fine[kFine];
  for (std::size_t k = 0; k < kFine; ++k) fine[k] = turn(k);
  std::vector<std::complex<double>> w(count);
  for (std::size_t first = 0; first < count; first += kFine) {
    const std::complex<double> coarse = turn(first);
    for (std::size_t k = first; k < std::min(count, first + kFine); ++k) {
      const std::complex<double> f = fine[k - first];
      w[k] = {coarse.real() * f.real() - coarse.imag() * f.imag(), coarse.real() * f.imag() + coarse.imag() * f.real()};
    }
  }
  return w;
}

}  // namespace

void fft_double(std::vector<std::complex<double>>& x) {
  const std::size_t n = x.size();
  if (n == 0 || (n & (n - 1)) != 0) throw std::invalid_argument("fft_double: the length is no power of two");
  for (std::size_t i = 1, j = 0; i < n; ++i) {  // bit-reversed order
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  const std::vector<std::complex<double>> w = turns(n, n / 2);
  for (std::size_t size = 2; size <= n; size *= 2) {
    const std::size_t half = size / 2, step = n / size;
    for (std::size_t base = 0; base < n; base += size) {
      for (std::size_t k = 0; k < half; ++k) {
        const std::complex<double> a = x[base + k], b = x[base + k + half], c = w[k * step];
        const std::complex<double> t(b.real() * c.real() - b.imag() * c.imag(),
                                     b.real() * c.imag() + b.imag() * c.real());
        x[base + k] = a + t;
        x[base + k + half] = a - t;
      }
    }
  }
}

std::vector<double> even_transform(const std::vector<double>& half) {
  // A real even sequence of N points packs into N/2 complex ones: z[n] = x[2n] + i x[2n+1], then untangle.
  const std::size_t m = half.size() - 1;
  std::vector<std::complex<double>> z(m);
  const auto full = [&half, m](std::size_t n) { return half[n <= m ? n : 2 * m - n]; };
  for (std::size_t n = 0; n < m; ++n) z[n] = {full(2 * n), full(2 * n + 1)};
  fft_double(z);
  std::vector<double> out(m + 1);
  const std::vector<std::complex<double>> w = turns(2 * m, m + 1);
  for (std::size_t k = 0; k <= m; ++k) {
    const std::complex<double> a = z[k % m], b = std::conj(z[(m - k) % m]);
    const std::complex<double> even = 0.5 * (a + b), odd = std::complex<double>(0, -0.5) * (a - b);
    out[k] = even.real() + w[k].real() * odd.real() - w[k].imag() * odd.imag();
  }
  return out;
}

}  // namespace lathe
