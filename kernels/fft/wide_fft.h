// Eight complex transforms at once in double precision, for least squares that are too ill-conditioned for float32.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"

namespace lathe {

constexpr int kWideLanes = 8;

// LaneFft in double precision: `rows` points (a power of two, 16 to 2^20), 8 sequences side by side, point n of
// sequence l at [n * 8 + l], real and imaginary parts apart. Radix-4 decimation in frequency (Cooley and Tukey 1965).
class WideFft {
 public:
  // Throws std::invalid_argument when `rows` is no power of two in range.
  explicit WideFft(std::int64_t rows);

  std::int64_t rows() const { return rows_; }

  // X[k] = sum x[n] exp(-2 pi i k n / rows), at row row_of_bin()[k]. re, im: rows * 8 doubles, 64-byte aligned.
  void forward(double* re, double* im) const;

  // The inverse of `forward` times `rows`.
  void inverse(double* re, double* im) const;

  const std::vector<std::int32_t>& row_of_bin() const { return row_of_bin_; }

 private:
  std::int64_t rows_;
  std::vector<std::int32_t> row_of_bin_;
  AlignedArray<double> twiddles_;
};

struct WideFftKernels {
  void (*forward)(std::int64_t rows, const double* twiddles, double* re, double* im);
  void (*inverse)(std::int64_t rows, const double* twiddles, double* re, double* im);
};

namespace sse2 {
extern const WideFftKernels wide_fft_kernels;
}
namespace avx2 {
extern const WideFftKernels wide_fft_kernels;
}
namespace avx512 {
extern const WideFftKernels wide_fft_kernels;
}

}  // namespace lathe
