#include "kernels/fft/wide_fft.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels/simd/level.h"

namespace lathe {
namespace {

const WideFftKernels& kernels() {
  return pick_level(sse2::wide_fft_kernels, avx2::wide_fft_kernels, avx512::wide_fft_kernels);
}

// Part p of a radix-4 step holds the frequencies k = p modulo 4.
void fill_rows(std::vector<std::int32_t>& rows, std::int64_t row, std::int64_t n, std::int64_t step,
               std::int64_t first) {
  if (n >= 4) {
    for (int part = 0; part < 4; ++part) fill_rows(rows, row + part * (n / 4), n / 4, step * 4, first + part * step);
  } else {
    for (std::int64_t r = 0; r < n; ++r) {
      rows[static_cast<std::size_t>(first + r * step)] = static_cast<std::int32_t>(row + r);
    }
  }
}

}  // namespace

WideFft::WideFft(std::int64_t rows) : rows_(rows) {
  if (rows < 16 || rows > (std::int64_t{1} << 20) || (rows & (rows - 1)) != 0) {
    throw std::invalid_argument("WideFft: " + std::to_string(rows) + " rows; a power of two from 16 to 2^20 is needed");
  }
  std::size_t count = 0;
  for (std::int64_t n = rows; n >= 4; n /= 4) count += static_cast<std::size_t>(n / 4 * 6);
  twiddles_ = AlignedArray<double>(count);
  std::size_t at = 0;
  for (std::int64_t n = rows; n >= 4; n /= 4) {
    for (std::int64_t j = 0; j < n / 4; ++j) {
      for (int power = 1; power <= 3; ++power) {
        const double turn = static_cast<double>(power * j) / static_cast<double>(n);
        twiddles_[at++] = std::cos(-2.0 * std::numbers::pi * turn);
        twiddles_[at++] = std::sin(-2.0 * std::numbers::pi * turn);
      }
    }
  }
  row_of_bin_.resize(static_cast<std::size_t>(rows));
  fill_rows(row_of_bin_, 0, rows, 1, 0);
}

void WideFft::forward(double* re, double* im) const { kernels().forward(rows_, twiddles_.data(), re, im); }

void WideFft::inverse(double* re, double* im) const { kernels().inverse(rows_, twiddles_.data(), re, im); }

}  // namespace lathe
