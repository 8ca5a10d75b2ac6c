#include "kernels/fft/real_fft_double.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "kernels/aligned.h"
#include "kernels/fft/wide_fft.h"

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

constexpr std::size_t kLeastWide = 16 * kWideLanes;

std::complex<double> times(std::complex<double> a, std::complex<double> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}
std::complex<double> minus_i(std::complex<double> a) { return {a.imag(), -a.real()}; }

// A transform of N points as the lanes have it: 8 of N / 8 side by side, x[8 r + l] being row r of lane l, and one of 8
// points across them (the two-factor split of Cooley and Tukey 1965). No sample moves until the last step.
class SplitFft {
 public:
  explicit SplitFft(std::size_t points)
      : wide_(static_cast<std::int64_t>(points) / kWideLanes),
        turns_(turns(points, points / kWideLanes)),
        re_(points),
        im_(points) {}

  std::size_t points() const { return re_.size(); }
  double* re() { return re_.data(); }
  double* im() { return im_.data(); }

  // Of what was written to re() and im().
  void transform(std::complex<double>* out) {
    wide_.forward(re_.data(), im_.data());
    const std::size_t rows = points() / kWideLanes;
    for (std::size_t k = 0; k < rows; ++k) {
      const auto at = static_cast<std::size_t>(wide_.row_of_bin()[k]) * kWideLanes;
      const auto lane = [this, at](std::size_t l) { return std::complex<double>(re_[at + l], im_[at + l]); };
      const std::complex<double> w1 = turns_[k], w2 = times(w1, w1), w3 = times(w2, w1), w4 = times(w2, w2);
      const std::complex<double> x0 = lane(0), x1 = times(lane(1), w1), x2 = times(lane(2), w2),
                                 x3 = times(lane(3), w3), x4 = times(lane(4), w4), x5 = times(lane(5), times(w4, w1)),
                                 x6 = times(lane(6), times(w4, w2)), x7 = times(lane(7), times(w4, w3));
      const std::complex<double> a = x0 + x4, b = x0 - x4, c = x2 + x6, d = minus_i(x2 - x6);
      const std::complex<double> e = x1 + x5, f = x1 - x5, g = x3 + x7, h = minus_i(x3 - x7);
      const std::complex<double> even[4] = {a + c, b + d, a - c, b - d};
      const std::complex<double> o1 = f + h, o3 = f - h;
      const double half = std::numbers::sqrt2 / 2;
      const std::complex<double> odd[4] = {e + g,
                                           {half * (o1.real() + o1.imag()), half * (o1.imag() - o1.real())},
                                           minus_i(e - g),
                                           {half * (o3.imag() - o3.real()), -half * (o3.real() + o3.imag())}};
      for (std::size_t j = 0; j < 4; ++j) {
        out[k + j * rows] = even[j] + odd[j];
        out[k + (j + 4) * rows] = even[j] - odd[j];
      }
    }
  }

 private:
  WideFft wide_;
  std::vector<std::complex<double>> turns_;
  AlignedArray<double> re_, im_;
};

void transform_small(std::vector<std::complex<double>>& x) {
  const std::size_t n = x.size();
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
        const std::complex<double> a = x[base + k], t = times(x[base + k + half], w[k * step]);
        x[base + k] = a + t;
        x[base + k + half] = a - t;
      }
    }
  }
}

}  // namespace

void fft_double(std::vector<std::complex<double>>& x) {
  const std::size_t n = x.size();
  if (n == 0 || (n & (n - 1)) != 0) throw std::invalid_argument("fft_double: the length is no power of two");
  if (n < kLeastWide) return transform_small(x);
  // A design transforms often at one length: this thread's last tables stay, unless they are large.
  constexpr std::size_t kLargestKept = std::size_t{1} << 17;
  thread_local std::unique_ptr<SplitFft> last;
  std::unique_ptr<SplitFft> large;
  if (!last || last->points() != n) (n > kLargestKept ? large : last) = std::make_unique<SplitFft>(n);
  SplitFft& fft = large ? *large : *last;
  for (std::size_t i = 0; i < n; ++i) {
    fft.re()[i] = x[i].real();
    fft.im()[i] = x[i].imag();
  }
  fft.transform(x.data());
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
    const std::complex<double> a = z[k & (m - 1)], b = z[(m - k) & (m - 1)];
    const double odd_re = 0.5 * (a.imag() + b.imag()), odd_im = 0.5 * (b.real() - a.real());
    out[k] = 0.5 * (a.real() + b.real()) + w[k].real() * odd_re - w[k].imag() * odd_im;
  }
  return out;
}

}  // namespace lathe
