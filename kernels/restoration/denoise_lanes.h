// The lane kernels of the denoiser: 16 frames of a transform side by side, in rows of 16 floats.
#pragma once

#include <cstdint>

#include "kernels/fft/lane_fft_tables.h"
#include "kernels/math/hiss_gain.h"

namespace lathe {

// A plane of powers has a row for each bin and kDenoiseHalo mirrored ones at both ends; a row holds 32 frames, of which
// the last 16 are new.
constexpr int kDenoiseRow = 32;
constexpr int kDenoiseHalo = 8;

// Which bins of a transform are weighed.
struct DenoiseBins {
  std::int64_t points = 0;
  const std::int32_t* row_of_bin = nullptr;
  std::int64_t first = 0;  // these, to last - 1, at most points / 2
  std::int64_t last = 0;
  const float* share = nullptr;  // of what is taken away, for each bin from 0 on
};

// How the two channels of a pair are whitened and turned before they are weighed, for each bin 0 .. points / 2.
struct DenoiseTurn {
  const float* white_a;  // 1 / sqrt(noise power)
  const float* white_b;
  const float* cos;
  const float* sin;
  const float* scale_a;  // 1 / power of the noise of the turned channels
  const float* scale_b;
};

struct DenoiseKernels {
  // rows[n * 16 + l] = from[l * hop + n] * window[n] for n < points.
  void (*gather)(const float* from, std::int64_t hop, std::int64_t points, const float* window, float* rows);
  // to[l * hop + n] += rows[n * 16 + l] * window[n]; lanes in order.
  void (*scatter)(const float* rows, std::int64_t hop, std::int64_t points, const float* window, float* to);
  // The powers of the two turned channels go to the new half of the planes' rows (row kDenoiseHalo + k for bin k); what
  // was there moves to the old half. Also of kDenoiseHalo bins beside those that are weighed.
  void (*powers)(const float* re, const float* im, const DenoiseBins& bins, const DenoiseTurn& turn, float* plane_a,
                 float* plane_b);
  // The gains of frames 8 .. 23 of the planes go to the new half of rows of 32, from bin 0 on; what was there moves to
  // the old half.
  void (*gains)(const float* plane_a, const float* plane_b, const DenoiseBins& bins, const HissGain& form,
                float* gain_a, float* gain_b);
  // The spectrum becomes that of what is taken away: (1 - gain) of the turned channels, turned back. The gains are
  // those of frames 8 .. 23 of their rows.
  void (*take_away)(float* re, float* im, const DenoiseBins& bins, const DenoiseTurn& turn, const float* gain_a,
                    const float* gain_b);
  // Powers of both channels, |a|^2 and |b|^2, and their product Re(a conj b), summed over the bins of each band
  // [edge[i], edge[i + 1]): rows of 16, three for each band.
  void (*band_powers)(const float* re, const float* im, std::int64_t points, const std::int32_t* row_of_bin,
                      const std::int32_t* edges, std::int64_t bands, float* sums);
  // to[n] += from[n]
  void (*add)(const float* from, std::int64_t count, float* to);
  // y[n] = x[n] - y[n]; the sum of the squares of what was in y.
  double (*subtract_from)(const float* x, std::int64_t count, float* y);
};

namespace sse2 {
extern const DenoiseKernels denoise_kernels;
}
namespace avx2 {
extern const DenoiseKernels denoise_kernels;
}
namespace avx512 {
extern const DenoiseKernels denoise_kernels;
}

}  // namespace lathe
