// Radix-4 transforms in SIMD lanes: a row is 16 floats, one of each of 16 sequences, and every step works on whole
// rows.
#include "kernels/fft/lane_fft_tables.h"
#include "kernels/simd/lanes.h"
#include "kernels/simd/transpose.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kChunks = kFftLanes / kFloats;

struct C {
  F re, im;
};

inline C at(const float* re, const float* im, std::int64_t row, int chunk) {
  const std::int64_t i = row * kFftLanes + chunk * kFloats;
  return {load(re + i), load(im + i)};
}
inline void put(float* re, float* im, std::int64_t row, int chunk, C v) {
  const std::int64_t i = row * kFftLanes + chunk * kFloats;
  store(re + i, v.re);
  store(im + i, v.im);
}
inline C add(C a, C b) { return {a.re + b.re, a.im + b.im}; }
inline C sub(C a, C b) { return {a.re - b.re, a.im - b.im}; }
inline C times(C a, F c, F s) { return {fnma(a.im, s, a.re * c), fma(a.re, s, a.im * c)}; }
inline C times_conjugate(C a, F c, F s) { return {fma(a.im, s, a.re * c), fnma(a.re, s, a.im * c)}; }
inline C minus_i(C a) { return {a.im, -a.re}; }
inline C plus_i(C a) { return {-a.im, a.re}; }

// One decimation-in-frequency stage over `n` rows. tw holds (cos, sin) of w^j, w^2j, w^3j with w = exp(-2 pi i / n).
// Reads from one place and writes to another, or the same.
inline void forward_stage(const float* from_re, const float* from_im, float* re, float* im, std::int64_t n,
                          const float* tw) {
  const std::int64_t q = n / 4;
  for (std::int64_t j = 0; j < q; ++j, tw += 6) {
    const F c1 = splat(tw[0]), s1 = splat(tw[1]), c2 = splat(tw[2]), s2 = splat(tw[3]), c3 = splat(tw[4]),
            s3 = splat(tw[5]);
    for (int h = 0; h < kChunks; ++h) {
      const C a = at(from_re, from_im, j, h), b = at(from_re, from_im, j + q, h);
      const C c = at(from_re, from_im, j + 2 * q, h), d = at(from_re, from_im, j + 3 * q, h);
      const C ac = add(a, c), amc = sub(a, c), bd = add(b, d), bmd = minus_i(sub(b, d));
      put(re, im, j, h, add(ac, bd));
      put(re, im, j + q, h, times(add(amc, bmd), c1, s1));
      put(re, im, j + 2 * q, h, times(sub(ac, bd), c2, s2));
      put(re, im, j + 3 * q, h, times(sub(amc, bmd), c3, s3));
    }
  }
}

// The mirror of forward_stage: decimation in time with conjugate twiddles.
inline void inverse_stage(float* re, float* im, std::int64_t n, const float* tw) {
  const std::int64_t q = n / 4;
  for (std::int64_t j = 0; j < q; ++j, tw += 6) {
    const F c1 = splat(tw[0]), s1 = splat(tw[1]), c2 = splat(tw[2]), s2 = splat(tw[3]), c3 = splat(tw[4]),
            s3 = splat(tw[5]);
    for (int h = 0; h < kChunks; ++h) {
      const C a = at(re, im, j, h), b = times_conjugate(at(re, im, j + q, h), c1, s1),
              c = times_conjugate(at(re, im, j + 2 * q, h), c2, s2),
              d = times_conjugate(at(re, im, j + 3 * q, h), c3, s3);
      const C ac = add(a, c), amc = sub(a, c), bd = add(b, d), bmd = plus_i(sub(b, d));
      put(re, im, j, h, add(ac, bd));
      put(re, im, j + q, h, add(amc, bmd));
      put(re, im, j + 2 * q, h, sub(ac, bd));
      put(re, im, j + 3 * q, h, sub(amc, bmd));
    }
  }
}

inline void pair_stage(float* re, float* im, std::int64_t rows) {
  for (std::int64_t r = 0; r < rows; r += 2) {
    for (int h = 0; h < kChunks; ++h) {
      const C a = at(re, im, r, h), b = at(re, im, r + 1, h);
      put(re, im, r, h, add(a, b));
      put(re, im, r + 1, h, sub(a, b));
    }
  }
}

// Depth first, so that all small stages of a block run while it is in the first-level cache. `leaf` gets each block of
// at most kLeafRows rows once it is transformed, and is followed by the inverse of the same block when Back is set.
constexpr std::int64_t kLeafRows = 64;

inline void forward_small(float* re, float* im, std::int64_t n, const float* tw) {
  std::int64_t size = n;
  for (; size >= 4; size /= 4) {
    for (std::int64_t base = 0; base < n; base += size) {
      float* block_re = re + base * kFftLanes;
      float* block_im = im + base * kFftLanes;
      forward_stage(block_re, block_im, block_re, block_im, size, tw);
    }
    tw += size / 4 * 6;
  }
  if (size == 2) pair_stage(re, im, n);
}

inline void inverse_small(float* re, float* im, std::int64_t n, const float* tw_end) {
  std::int64_t size = n;
  while (size >= 4) size /= 4;
  if (size == 2) pair_stage(re, im, n);
  const float* tw = tw_end;
  for (std::int64_t s = size == 2 ? 8 : 4; s <= n; s *= 4) {
    tw -= s / 4 * 6;
    for (std::int64_t base = 0; base < n; base += s) inverse_stage(re + base * kFftLanes, im + base * kFftLanes, s, tw);
  }
}

// Twiddles used by a block of n rows and all below it.
inline std::int64_t twiddle_floats(std::int64_t n) {
  std::int64_t sum = 0;
  for (; n >= 4; n /= 4) sum += n / 4 * 6;
  return sum;
}

template <class Leaf>
void forward_then(const float* from_re, const float* from_im, float* re, float* im, std::int64_t n,
                  std::int64_t first_row, const float* tw, const Leaf& leaf) {
  if (n <= kLeafRows) {
    for (std::int64_t i = 0; from_re != re && i < n * kFftLanes; i += kFloats) {
      store(re + i, load(from_re + i));
      store(im + i, load(from_im + i));
    }
    forward_small(re, im, n, tw);
    leaf(re, im, first_row, n);
    return;
  }
  forward_stage(from_re, from_im, re, im, n, tw);
  for (int part = 0; part < 4; ++part) {
    const std::int64_t offset = part * (n / 4);
    float* part_re = re + offset * kFftLanes;
    float* part_im = im + offset * kFftLanes;
    forward_then(part_re, part_im, part_re, part_im, n / 4, first_row + offset, tw + n / 4 * 6, leaf);
  }
}

void inverse_rest(float* re, float* im, std::int64_t n, const float* tw) {
  if (n <= kLeafRows) return;
  for (int part = 0; part < 4; ++part) {
    const std::int64_t offset = part * (n / 4);
    inverse_rest(re + offset * kFftLanes, im + offset * kFftLanes, n / 4, tw + n / 4 * 6);
  }
  inverse_stage(re, im, n, tw);
}

void inverse_whole(float* re, float* im, std::int64_t n, const float* tw) {
  if (n <= kLeafRows) {
    inverse_small(re, im, n, tw + twiddle_floats(n));
    return;
  }
  for (int part = 0; part < 4; ++part) {
    const std::int64_t offset = part * (n / 4);
    inverse_whole(re + offset * kFftLanes, im + offset * kFftLanes, n / 4, tw + n / 4 * 6);
  }
  inverse_stage(re, im, n, tw);
}

void forward(const LaneFftTables& t, float* re, float* im) {
  forward_then(re, im, re, im, t.rows, 0, t.twiddles, [](float*, float*, std::int64_t, std::int64_t) {});
}

void inverse(const LaneFftTables& t, float* re, float* im) { inverse_whole(re, im, t.rows, t.twiddles); }

constexpr float kCos1 = 0.92387953251128675613F, kSin1 = 0.38268343236508977173F, kHalf = 0.70710678118654752440F;

// exp(-2 pi i k / 16) for the products that a 4 x 4 split of 16 points needs.
struct Twiddle {
  float c, s;
};
constexpr Twiddle kSixteenth[4][4] = {{{1, 0}, {1, 0}, {1, 0}, {1, 0}},
                                      {{1, 0}, {kCos1, -kSin1}, {kHalf, -kHalf}, {kSin1, -kCos1}},
                                      {{1, 0}, {kHalf, -kHalf}, {0, -1}, {-kHalf, -kHalf}},
                                      {{1, 0}, {kSin1, -kCos1}, {-kHalf, -kHalf}, {-kCos1, kSin1}}};

inline void four_forward(C& a, C& b, C& c, C& d) {
  const C ac = add(a, c), amc = sub(a, c), bd = add(b, d), bmd = minus_i(sub(b, d));
  a = add(ac, bd);
  b = add(amc, bmd);
  c = sub(ac, bd);
  d = sub(amc, bmd);
}
inline void four_inverse(C& a, C& b, C& c, C& d) {
  const C ac = add(a, c), amc = sub(a, c), bd = add(b, d), bmd = plus_i(sub(b, d));
  a = add(ac, bd);
  b = add(amc, bmd);
  c = sub(ac, bd);
  d = sub(amc, bmd);
}

// 16 points across vectors. Result k2 = 4 * j + i stands at v[4 * i + j] ... in the order kOutputOf undoes.
inline void sixteen_forward(C* v) {
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) four_forward(v[j], v[j + 4], v[j + 8], v[j + 12]);
#pragma GCC unroll 4
  for (int i = 1; i < 4; ++i) {
#pragma GCC unroll 4
    for (int j = 1; j < 4; ++j)
      v[4 * i + j] = times(v[4 * i + j], splat(kSixteenth[i][j].c), splat(kSixteenth[i][j].s));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) four_forward(v[4 * i], v[4 * i + 1], v[4 * i + 2], v[4 * i + 3]);
}
inline void sixteen_inverse(C* v) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) four_inverse(v[4 * i], v[4 * i + 1], v[4 * i + 2], v[4 * i + 3]);
#pragma GCC unroll 4
  for (int i = 1; i < 4; ++i) {
#pragma GCC unroll 4
    for (int j = 1; j < 4; ++j)
      v[4 * i + j] = times_conjugate(v[4 * i + j], splat(kSixteenth[i][j].c), splat(kSixteenth[i][j].s));
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) four_inverse(v[j], v[j + 4], v[j + 8], v[j + 12]);
}

// w_N^(l k) for the rows of a tile, lane chunk h.
inline C cross_lane_twiddle(const LongFftTables& t, std::int64_t row, int h) {
  const std::int32_t bin = t.bin_of_row[row];
  const float* low = t.twiddle_low + (bin & 63) * 2 * kFftLanes + h * kFloats;
  const float* high = t.twiddle_high + (bin >> 6) * 2 * kFftLanes + h * kFloats;
  return times({load(low), load(low + kFftLanes)}, load(high), load(high + kFftLanes));
}

struct TileTwiddles {
  C of[kFloats][kChunks];
};

// Rows [row, row + kFloats) of a transformed block: finishes the long transform across lanes, 16 bins of kFloats rows.
inline void finish_tile(const LongFftTables& t, const float* re, const float* im, std::int64_t first_row,
                        std::int64_t row, TileTwiddles& twiddles, C* v) {
  F x[kFloats], y[kFloats];
#pragma GCC unroll 4
  for (int h = 0; h < kChunks; ++h) {
#pragma GCC unroll 16
    for (int r = 0; r < kFloats; ++r) {
      const C w = cross_lane_twiddle(t, first_row + row + r, h);
      twiddles.of[r][h] = w;
      const C z = times(at(re, im, row + r, h), w.re, w.im);
      x[r] = z.re;
      y[r] = z.im;
    }
    transpose(x);
    transpose(y);
#pragma GCC unroll 16
    for (int l = 0; l < kFloats; ++l) v[h * kFloats + l] = {x[l], y[l]};
  }
  sixteen_forward(v);
}

// The way back.
inline void undo_tile(const TileTwiddles& twiddles, C* v, float* re, float* im, std::int64_t row) {
  F x[kFloats], y[kFloats];
  sixteen_inverse(v);
#pragma GCC unroll 4
  for (int h = 0; h < kChunks; ++h) {
#pragma GCC unroll 16
    for (int l = 0; l < kFloats; ++l) {
      x[l] = v[h * kFloats + l].re;
      y[l] = v[h * kFloats + l].im;
    }
    transpose(x);
    transpose(y);
#pragma GCC unroll 16
    for (int r = 0; r < kFloats; ++r)
      put(re, im, row + r, h, times_conjugate({x[r], y[r]}, twiddles.of[r][h].re, twiddles.of[r][h].im));
  }
}

// Where the tile of a row begins among gains and spectra: for each group of 16 rows, 16 bins (in sixteen_forward's
// order) of 16 rows.
inline std::int64_t tile_at(std::int64_t row) { return row / kFftLanes * kFftLanes * kFftLanes + row % kFftLanes; }

template <bool Complex>
inline void weigh_tile(const LongFftTables& t, const float* gain, [[maybe_unused]] const float* gain_im, float* re,
                       float* im, std::int64_t first_row, std::int64_t row) {
  C v[kFftLanes];
  TileTwiddles twiddles;
  finish_tile(t, re, im, first_row, row, twiddles, v);
  const std::int64_t place = tile_at(first_row + row);
#pragma GCC unroll 16
  for (int l = 0; l < kFftLanes; ++l) {
    const F weight = load(gain + place + l * kFftLanes);
    if constexpr (Complex) {
      v[l] = times(v[l], weight, load(gain_im + place + l * kFftLanes));
    } else {
      v[l].re *= weight;
      v[l].im *= weight;
    }
  }
  undo_tile(twiddles, v, re, im, row);
}

template <bool Complex>
inline void filter_by(const LongFftTables& t, const float* gain, const float* gain_im, const float* from_re,
                      const float* from_im, float* re, float* im) {
  forward_then(from_re, from_im, re, im, t.lane.rows, 0, t.lane.twiddles,
               [&t, gain, gain_im](float* block_re, float* block_im, std::int64_t first_row, std::int64_t n) {
                 for (std::int64_t row = 0; row < n; row += kFloats)
                   weigh_tile<Complex>(t, gain, gain_im, block_re, block_im, first_row, row);
                 const float* tw = t.lane.twiddles;
                 for (std::int64_t size = t.lane.rows; size > n; size /= 4) tw += size / 4 * 6;
                 inverse_small(block_re, block_im, n, tw + twiddle_floats(n));
               });
  inverse_rest(re, im, t.lane.rows, t.lane.twiddles);
}

void filter(const LongFftTables& t, const float* gain, const float* from_re, const float* from_im, float* re,
            float* im) {
  filter_by<false>(t, gain, nullptr, from_re, from_im, re, im);
}

void filter_complex(const LongFftTables& t, const float* gain_re, const float* gain_im, const float* from_re,
                    const float* from_im, float* re, float* im) {
  filter_by<true>(t, gain_re, gain_im, from_re, from_im, re, im);
}

// The two halves of filter(), with the spectrum kept between them.
void analyse(const LongFftTables& t, const float* from_re, const float* from_im, float* re, float* im,
             float* spectrum_re, float* spectrum_im) {
  forward_then(from_re, from_im, re, im, t.lane.rows, 0, t.lane.twiddles,
               [&](float* block_re, float* block_im, std::int64_t first_row, std::int64_t n) {
                 for (std::int64_t row = 0; row < n; row += kFloats) {
                   C v[kFftLanes];
                   TileTwiddles twiddles;
                   finish_tile(t, block_re, block_im, first_row, row, twiddles, v);
                   const std::int64_t to = tile_at(first_row + row);
#pragma GCC unroll 16
                   for (int l = 0; l < kFftLanes; ++l) {
                     store(spectrum_re + to + l * kFftLanes, v[l].re);
                     store(spectrum_im + to + l * kFftLanes, v[l].im);
                   }
                 }
               });
}

void weighed_leaf(const LongFftTables& t, const float* gain, const float* spectrum_re, const float* spectrum_im,
                  float* re, float* im, std::int64_t n, std::int64_t first_row, const float* tw) {
  for (std::int64_t row = 0; row < n; row += kFloats) {
    C v[kFftLanes];
    TileTwiddles twiddles;
#pragma GCC unroll 4
    for (int h = 0; h < kChunks; ++h) {
#pragma GCC unroll 16
      for (int r = 0; r < kFloats; ++r) twiddles.of[r][h] = cross_lane_twiddle(t, first_row + row + r, h);
    }
    const std::int64_t from = tile_at(first_row + row);
#pragma GCC unroll 16
    for (int l = 0; l < kFftLanes; ++l) {
      const F weight = load(gain + from + l * kFftLanes);
      v[l] = {weight * load(spectrum_re + from + l * kFftLanes), weight * load(spectrum_im + from + l * kFftLanes)};
    }
    undo_tile(twiddles, v, re, im, row);
  }
  inverse_small(re, im, n, tw + twiddle_floats(n));
}

void weighed_inverse(const LongFftTables& t, const float* gain, const float* spectrum_re, const float* spectrum_im,
                     float* re, float* im, std::int64_t n, std::int64_t first_row, const float* tw) {
  if (n <= kLeafRows) return weighed_leaf(t, gain, spectrum_re, spectrum_im, re, im, n, first_row, tw);
  for (int part = 0; part < 4; ++part) {
    const std::int64_t offset = part * (n / 4);
    weighed_inverse(t, gain, spectrum_re, spectrum_im, re + offset * kFftLanes, im + offset * kFftLanes, n / 4,
                    first_row + offset, tw + n / 4 * 6);
  }
  inverse_stage(re, im, n, tw);
}

void synthesise(const LongFftTables& t, const float* gain, const float* spectrum_re, const float* spectrum_im,
                float* re, float* im) {
  weighed_inverse(t, gain, spectrum_re, spectrum_im, re, im, t.lane.rows, 0, t.lane.twiddles);
}

}  // namespace

extern const LaneFftKernels lane_fft_kernels;
const LaneFftKernels lane_fft_kernels = {forward, inverse, filter, filter_complex, analyse, synthesise};

}  // namespace lathe::LATHE_LEVEL
