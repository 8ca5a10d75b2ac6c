// Sixteen complex transforms at once in SIMD lanes, and one long transform built from them.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/fft/lane_fft_tables.h"

namespace lathe {

// Complex transforms of `rows` points (a power of two, 16 to 2^20), 16 sequences side by side: the arrays hold rows of
// 16 floats, point n of sequence l at [n * 16 + l], real and imaginary parts apart. In place, radix-4 decimation in
// frequency (Cooley and Tukey 1965), results in a scrambled order that `bin_of_row` names and `inverse` takes back.
class LaneFft {
 public:
  // Throws std::invalid_argument when `rows` is no power of two in range.
  explicit LaneFft(std::int64_t rows);

  std::int64_t rows() const { return rows_; }

  // X[k] = sum x[n] exp(-2 pi i k n / rows). re, im: rows * 16 floats, 64-byte aligned.
  void forward(float* re, float* im) const;

  // The inverse of `forward` times `rows`.
  void inverse(float* re, float* im) const;

  // The frequency k that each row holds after `forward`.
  const std::vector<std::int32_t>& bin_of_row() const { return bin_of_row_; }

  LaneFftTables tables() const { return {rows_, twiddles_.data()}; }

 private:
  std::int64_t rows_;
  std::vector<std::int32_t> bin_of_row_;
  AlignedArray<float> twiddles_;
};

// Filters one complex sequence of N points (a power of two, 256 to 2^24) with a real or complex frequency response.
// With the sequence x[n] at plain index n, its rows of 16 are the lanes of a LaneFft of N / 16; the remaining 16-point
// transform runs across lanes (the two-factor split of Cooley and Tukey), so no sample is ever moved to another place.
class LongFft {
 public:
  explicit LongFft(std::int64_t points);

  std::int64_t points() const { return lane_.rows() * kFftLanes; }

  // Brings a response given at bins 0..N-1 into the order `filter` reads, and divides it by N.
  AlignedArray<float> arrange(const std::vector<double>& response) const;

  // (re, im) become the inverse transform of (transform of (from_re, from_im)) * response: N floats each, re and im
  // 64-byte aligned, the input anywhere, or in place.
  void filter(const AlignedArray<float>& arranged, const float* from_re, const float* from_im, float* re,
              float* im) const;

  // The same with a complex response, its real and imaginary part arranged each.
  void filter(const AlignedArray<float>& arranged_re, const AlignedArray<float>& arranged_im, const float* from_re,
              const float* from_im, float* re, float* im) const;

  // filter() of a real response in two halves, for several responses of one sequence. N floats each, 64-byte aligned
  // but for the input. The first half leaves the spectrum in an order of its own and needs (re, im) as work space.
  void analyse(const float* from_re, const float* from_im, float* re, float* im, float* spectrum_re,
               float* spectrum_im) const;
  void synthesise(const AlignedArray<float>& arranged, const float* spectrum_re, const float* spectrum_im, float* re,
                  float* im) const;

 private:
  LongFftTables tables() const {
    return {lane_.tables(), twiddle_low_.data(), twiddle_high_.data(), lane_.bin_of_row().data()};
  }

  LaneFft lane_;
  AlignedArray<float> twiddle_low_;
  AlignedArray<float> twiddle_high_;
};

}  // namespace lathe
