// Frames into lanes and back, powers, the gain and its use; a row is 16 floats, one of each of 16 frames.
#include "kernels/restoration/denoise_lanes.h"

#include "kernels/simd/lanes.h"
#include "kernels/simd/transpose.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kLanes = kFftLanes;
constexpr int kChunks = kLanes / kFloats;
constexpr int kNew = 8;  // the first frame of a row that is weighed

void gather(const float* from, std::int64_t hop, std::int64_t points, const float* window, float* rows) {
  F v[kFloats];
  for (std::int64_t n = 0; n < points; n += kFloats) {
    const F w = load(window + n);
    for (int h = 0; h < kChunks; ++h) {
#pragma GCC unroll 16
      for (int l = 0; l < kFloats; ++l) v[l] = load(from + (h * kFloats + l) * hop + n) * w;
      transpose(v);
#pragma GCC unroll 16
      for (int r = 0; r < kFloats; ++r) store(rows + (n + r) * kLanes + h * kFloats, v[r]);
    }
  }
}

void scatter(const float* rows, std::int64_t hop, std::int64_t points, const float* window, float* to) {
  F v[kFloats];
  // A sample gets what falls to it in the order of n, at every level.
  for (std::int64_t n = 0; n < points; n += kFloats) {
    const F w = load(window + n);
    for (int h = 0; h < kChunks; ++h) {
#pragma GCC unroll 16
      for (int r = 0; r < kFloats; ++r) v[r] = load(rows + (n + r) * kLanes + h * kFloats);
      transpose(v);
#pragma GCC unroll 16
      for (int l = 0; l < kFloats; ++l) {
        float* p = to + (h * kFloats + l) * hop + n;
        store(p, fma(v[l], w, load(p)));
      }
    }
  }
}

struct Pair {
  F a_re, a_im, b_re, b_im;
};

// Two real channels out of the transform of a + i b; twice their spectrum.
inline Pair split(const float* re, const float* im, std::int64_t row, std::int64_t mirror) {
  const F zr = load(re + row), zi = load(im + row), mr = load(re + mirror), mi = load(im + mirror);
  return {zr + mr, zi - mi, zi + mi, mr - zr};
}

void mirror_ends(float* plane, std::int64_t half) {
  float* const first = plane + kDenoiseHalo * kDenoiseRow;
  float* const last = first + half * kDenoiseRow;
  for (int i = kDenoiseRow; i <= kDenoiseHalo * kDenoiseRow; i += kDenoiseRow) {
    for (int n = 0; n < kDenoiseRow; n += kFloats) {
      store(first - i + n, load(first + i + n));
      store(last + i + n, load(last - i + n));
    }
  }
}

void powers(const float* re, const float* im, const DenoiseBins& bins, const DenoiseTurn& turn, float* plane_a,
            float* plane_b) {
  const std::int64_t points = bins.points, half = points / 2;
  const F most = splat(1e12f);
  const std::int64_t from = bins.first > kDenoiseHalo ? bins.first - kDenoiseHalo : 0;
  const std::int64_t to = bins.last + kDenoiseHalo < half + 1 ? bins.last + kDenoiseHalo : half + 1;
  for (std::int64_t k = from; k < to; ++k) {
    const std::int64_t row = (std::int64_t)bins.row_of_bin[k] * kLanes;
    const std::int64_t mirror = (std::int64_t)bins.row_of_bin[(points - k) & (points - 1)] * kLanes;
    const F wa = splat(0.5f * turn.white_a[k]), wb = splat(0.5f * turn.white_b[k]);
    const F c = splat(turn.cos[k]), s = splat(turn.sin[k]);
    const F scale_a = splat(turn.scale_a[k]), scale_b = splat(turn.scale_b[k]);
    float* to_a = plane_a + (k + kDenoiseHalo) * kDenoiseRow;
    float* to_b = plane_b + (k + kDenoiseHalo) * kDenoiseRow;
    for (int h = 0; h < kLanes; h += kFloats) {
      Pair p = split(re, im, row + h, mirror + h);
      p.a_re *= wa;
      p.a_im *= wa;
      p.b_re *= wb;
      p.b_im *= wb;
      const F ar = fma(c, p.a_re, s * p.b_re), ai = fma(c, p.a_im, s * p.b_im);
      const F br = fnma(s, p.a_re, c * p.b_re), bi = fnma(s, p.a_im, c * p.b_im);
      store(to_a + h, load(to_a + kLanes + h));
      store(to_b + h, load(to_b + kLanes + h));
      store(to_a + kLanes + h, min(fma(ar, ar, ai * ai) * scale_a, most));
      store(to_b + kLanes + h, min(fma(br, br, bi * bi) * scale_b, most));
    }
  }
  mirror_ends(plane_a, half);
  mirror_ends(plane_b, half);
}

// hiss_log2() and hiss_exp2() of math/hiss_log2.h.
inline F log2_of(F x) {
  const I bits = (I)x;
  const I shifted = bits - (kHissRootHalf - I{});
  const I exponent = shifted >> 23;
  const F m = (F)(bits - (exponent << 23)) - 1.0f;
  F p = splat(kHissLog2[0]);
  for (int i = 1; i < 5; ++i) p = fma(p, m, splat(kHissLog2[i]));
  return fma(p, m, __builtin_convertvector(exponent, F));
}

inline F exp2_of(F x) {
  const F magic = splat(12582912.0f);
  const F rounded = (x + magic) - magic;
  const F f = x - rounded;
  F p = splat(kHissExp2[0]);
  for (int i = 1; i < 5; ++i) p = fma(p, f, splat(kHissExp2[i]));
  return (F)((I)p + (__builtin_convertvector(rounded, I) << 23));
}

constexpr int kBlock = 64;                        // bins at once, so that what is shared stays in the first cache
constexpr int kTall = kBlock + 2 * kDenoiseHalo;  // and those beside them
constexpr float kLeast = (float)kHissLeast;

struct Scratch {
  alignas(64) float log[kTall][kLanes];        // log2 of the power
  alignas(64) float pairs[kTall][kLanes];      // of this bin and the next
  alignas(64) float far_time[kBlock][kLanes];  // sum of the logs of frames 3 to 8 away, both ways
  alignas(64) float three[kTall][kLanes];      // sum of the powers of three frames
  alignas(64) float near[kBlock + 8][kLanes];  // log2 of the mean of 3 x 3 powers
};

inline F at(const float (*rows)[kLanes], std::int64_t r, int h) { return load(&rows[r][h]); }

// What several bins share of rows [first - halo, first + count + halo) of the plane.
inline void look_along_time(const float* plane, std::int64_t first, std::int64_t count, Scratch& s) {
  const F least = splat(kLeast);
  for (std::int64_t i = 0; i < count + 2 * kDenoiseHalo; ++i) {
    const float* row = plane + (first + i) * kDenoiseRow;
    const bool is_inside = i >= kDenoiseHalo && i < kDenoiseHalo + count;
    if (is_inside) {
      alignas(64) float log[kDenoiseRow + 16], two[kDenoiseRow + 16];
      for (int n = 0; n < kDenoiseRow; n += kFloats) store(log + n, log2_of(load(row + n) + least));
      store(log + kDenoiseRow, splat(0.0f));
      for (int n = 0; n < kDenoiseRow; n += kFloats) store(two + n, load(log + n) + load(log + n + 1));
      for (int h = 0; h < kLanes; h += kFloats) {
        const float* t = two + kNew + h;
        const F early = (load(t - 8) + load(t - 6)) + load(t - 4), late = (load(t + 3) + load(t + 5)) + load(t + 7);
        store(&s.far_time[i - kDenoiseHalo][h], early + late);
        store(&s.log[i][h], load(log + kNew + h));
      }
    } else {
      for (int h = 0; h < kLanes; h += kFloats) store(&s.log[i][h], log2_of(load(row + kNew + h) + least));
    }
    for (int h = 0; h < kLanes; h += kFloats) {
      const float* p = row + kNew + h;
      store(&s.three[i][h], (load(p - 1) + load(p + 1)) + load(p));
    }
  }
  for (std::int64_t i = 0; i + 1 < count + 2 * kDenoiseHalo; ++i) {
    for (int h = 0; h < kLanes; h += kFloats) store(&s.pairs[i][h], at(s.log, i, h) + at(s.log, i + 1, h));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    for (int h = 0; h < kLanes; h += kFloats) {
      const std::int64_t r = i + kDenoiseHalo;
      const F nine = (at(s.three, r - 1, h) + at(s.three, r + 1, h)) + at(s.three, r, h);
      store(&s.near[i][h], log2_of(fma(nine, splat(1.0f / 9.0f), least)));
    }
  }
}

inline F weigh(const F (&f)[kHissFeatures], const HissGain& form) {
  F x = splat(form.offset);
#pragma GCC unroll 8
  for (int i = 0; i < kHissFeatures; ++i) x = fma(f[i], splat(form.slope[i]), x);
#pragma GCC unroll 8
  for (int j = 0; j < kHissBends; ++j) {
    F y = splat(form.bend[j]);
#pragma GCC unroll 8
    for (int i = 0; i < kHissFeatures; ++i) y = fma(f[i], splat(form.tilt[j][i]), y);
    x = fma(max(y, splat(0.0f)), splat(form.knee[j]), x);
  }
  x = x + min(x, splat(0.0f));
  const F most = splat(40.0f), least = splat(-40.0f);
  const F xi = exp2_of(min(max(x, least), most));
  return max(xi / (xi + 1.0f), splat(form.floor));
}

inline void weigh_block(const float* plane, std::int64_t first, std::int64_t count, const Scratch& s,
                        const Scratch& other, const HissGain& form, float* gain) {
  const F least = splat(kLeast), fifth = splat(0.2f);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t r = i + kDenoiseHalo;
    for (int h = 0; h < kLanes; h += kFloats) {
      const float* p = plane + (first + r) * kDenoiseRow + kNew + h;
      const F five_times = load(&s.three[r][h]) + (load(p - 2) + load(p + 2));
      const F close = load(p - kDenoiseRow) + load(p + kDenoiseRow);
      const F five_bins = (load(p) + close) + (load(p - 2 * kDenoiseRow) + load(p + 2 * kDenoiseRow));
      const F above = (at(s.pairs, r + 3, h) + at(s.pairs, r + 5, h)) + at(s.pairs, r + 7, h);
      const F below = (at(s.pairs, r - 4, h) + at(s.pairs, r - 6, h)) + at(s.pairs, r - 8, h);
      const F f[kHissFeatures] = {at(s.log, r, h),
                                  at(s.near, i, h),
                                  log2_of(fma(five_times, fifth, least)),
                                  log2_of(fma(five_bins, fifth, least)),
                                  load(&s.far_time[i][h]),
                                  above + below,
                                  max(at(other.near, i, h), splat((float)kHissLeastOther))};
      float* to = gain + (first + i) * kDenoiseRow + h;
      store(to, load(to + kLanes));
      store(to + kLanes, weigh(f, form));
    }
  }
}

void gains(const float* plane_a, const float* plane_b, const DenoiseBins& bins, const HissGain& form, float* gain_a,
           float* gain_b) {
  Scratch a, b;
  for (std::int64_t first = bins.first; first < bins.last; first += kBlock) {
    const std::int64_t count = bins.last - first < kBlock ? bins.last - first : kBlock;
    look_along_time(plane_a, first, count, a);
    look_along_time(plane_b, first, count, b);
    weigh_block(plane_a, first, count, a, b, form, gain_a);
    weigh_block(plane_b, first, count, b, a, form, gain_b);
  }
}

void clear(float* re, float* im, std::int64_t row) {
  for (int h = 0; h < kLanes; h += kFloats) {
    store(re + row + h, splat(0.0f));
    store(im + row + h, splat(0.0f));
  }
}

void take_away(float* re, float* im, const DenoiseBins& bins, const DenoiseTurn& turn, const float* gain_a,
               const float* gain_b) {
  const std::int64_t points = bins.points;
  for (std::int64_t k = 0; k <= points / 2; ++k) {
    const std::int64_t row = (std::int64_t)bins.row_of_bin[k] * kLanes;
    const std::int64_t mirror = (std::int64_t)bins.row_of_bin[(points - k) & (points - 1)] * kLanes;
    if (k < bins.first || k >= bins.last) {
      clear(re, im, row);
      clear(re, im, mirror);
      continue;
    }
    const F share = splat(0.5f * bins.share[k]);
    const F c = splat(turn.cos[k]), s = splat(turn.sin[k]);
    const F cc = c * c, ss = s * s, cs = c * s;
    // From whitened to whitened: what goes from one channel to the other is whitened there and coloured here.
    const float ratio = turn.white_b[k] / turn.white_a[k];
    const F a_to_b = cs * splat(1.0f / ratio), b_to_a = cs * splat(ratio);
    const float* a = gain_a + k * kDenoiseRow + kNew;
    const float* b = gain_b + k * kDenoiseRow + kNew;
    for (int h = 0; h < kLanes; h += kFloats) {
      const Pair p = split(re, im, row + h, mirror + h);
      const F ga = fnma(share, load(a + h), share), gb = fnma(share, load(b + h), share);
      const F aa = fma(cc, ga, ss * gb), bb = fma(ss, ga, cc * gb), difference = ga - gb;
      const F ba = b_to_a * difference, ab = a_to_b * difference;
      const F ar = fma(aa, p.a_re, ba * p.b_re), ai = fma(aa, p.a_im, ba * p.b_im);
      const F br = fma(bb, p.b_re, ab * p.a_re), bi = fma(bb, p.b_im, ab * p.a_im);
      store(re + row + h, ar - bi);
      store(im + row + h, ai + br);
      store(re + mirror + h, ar + bi);
      store(im + mirror + h, br - ai);
    }
  }
}

void band_powers(const float* re, const float* im, std::int64_t points, const std::int32_t* row_of_bin,
                 const std::int32_t* edges, std::int64_t bands, float* sums) {
  for (std::int64_t band = 0; band < bands; ++band, sums += 3 * kLanes) {
    for (int h = 0; h < kLanes; h += kFloats) {
      F a = splat(0.0f), b = a, ab = a;
      for (std::int64_t k = edges[band]; k < edges[band + 1]; ++k) {
        const Pair p = split(re, im, (std::int64_t)row_of_bin[k] * kLanes + h,
                             (std::int64_t)row_of_bin[(points - k) & (points - 1)] * kLanes + h);
        a = fma(p.a_re, p.a_re, fma(p.a_im, p.a_im, a));
        b = fma(p.b_re, p.b_re, fma(p.b_im, p.b_im, b));
        ab = fma(p.a_re, p.b_re, fma(p.a_im, p.b_im, ab));
      }
      store(sums + h, a * 0.25f);
      store(sums + kLanes + h, b * 0.25f);
      store(sums + 2 * kLanes + h, ab * 0.25f);
    }
  }
}

void add(const float* from, std::int64_t count, float* to) {
  std::int64_t n = 0;
  for (; n + kFloats <= count; n += kFloats) store(to + n, load(to + n) + load(from + n));
  for (; n < count; ++n) to[n] += from[n];
}

double subtract_from(const float* x, std::int64_t count, float* y) {
  constexpr std::int64_t kPiece = 1024;  // summed in single precision
  double sum = 0;
  std::int64_t n = 0;
  while (n + kLanes <= count) {
    F sums[kChunks] = {};
    for (const std::int64_t end = n + kPiece < count ? n + kPiece : count; n + kLanes <= end; n += kLanes) {
      for (int h = 0; h < kChunks; ++h) {
        const F v = load(y + n + h * kFloats);
        sums[h] = fma(v, v, sums[h]);
        store(y + n + h * kFloats, load(x + n + h * kFloats) - v);
      }
    }
    for (int l = 0; l < kLanes; ++l) sum += (double)sums[l / kFloats][l % kFloats];
  }
  for (; n < count; ++n) {
    sum += (double)y[n] * (double)y[n];
    y[n] = x[n] - y[n];
  }
  return sum;
}

}  // namespace

extern const DenoiseKernels denoise_kernels;
const DenoiseKernels denoise_kernels = {gather, scatter, powers, gains, take_away, band_powers, add, subtract_from};

}  // namespace lathe::LATHE_LEVEL
