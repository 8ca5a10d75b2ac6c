// What the lane files of the FFT and the code that prepares their tables agree on.
#pragma once

#include <cstdint>

namespace lathe {

// Every level holds its data as rows of 16 floats, so a transform's result does not depend on the level's own width.
constexpr int kFftLanes = 16;

// Tables of one transform length `rows` (a power of two, at least 16); see LaneFft for what they mean.
struct LaneFftTables {
  std::int64_t rows = 0;
  const float* twiddles = nullptr;  // per radix-4 stage, largest first: (cos, sin) of w^j, w^2j, w^3j for each j
};

// Tables of the middle step of a long transform of rows * 16 points; see LongFft.
struct LongFftTables {
  LaneFftTables lane;
  // w_N^(l * k) for lane l, split as k = high * 64 + low: rows of 16 cosines followed by 16 sines.
  const float* twiddle_low = nullptr;
  const float* twiddle_high = nullptr;
  const std::int32_t* bin_of_row = nullptr;  // the frequency k that row r of a transformed block holds
};

struct LaneFftKernels {
  // Forward transform of 16 sequences at once, in place, results in the scrambled order of bin_of_row.
  void (*forward)(const LaneFftTables&, float* re, float* im);
  // Inverse of `forward`, unnormalised: natural order comes back times `rows`.
  void (*inverse)(const LaneFftTables&, float* re, float* im);
  // One sequence of rows * 16 points: forward, times the real response `gain` (in the order LongFft lays out), back.
  // Reads (from_re, from_im), which may be anywhere and unaligned, or (re, im) themselves.
  void (*filter)(const LongFftTables&, const float* gain, const float* from_re, const float* from_im, float* re,
                 float* im);
  // The same with a complex response, gain_re + i gain_im.
  void (*filter_complex)(const LongFftTables&, const float* gain_re, const float* gain_im, const float* from_re,
                         const float* from_im, float* re, float* im);
  // filter() in two halves: the spectrum, in the order of `gain`, is left where it is said, re and im being work space;
  // and the inverse transform of spectrum * gain.
  void (*analyse)(const LongFftTables&, const float* from_re, const float* from_im, float* re, float* im,
                  float* spectrum_re, float* spectrum_im);
  void (*synthesise)(const LongFftTables&, const float* gain, const float* spectrum_re, const float* spectrum_im,
                     float* re, float* im);
};

namespace sse2 {
extern const LaneFftKernels lane_fft_kernels;
}
namespace avx2 {
extern const LaneFftKernels lane_fft_kernels;
}
namespace avx512 {
extern const LaneFftKernels lane_fft_kernels;
}

}  // namespace lathe
