// Radix-4 transforms in double precision: a row is 8 doubles, one of each of 8 sequences.
#include "kernels/fft/wide_fft.h"
#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kChunks = kWideLanes / kDoubles;

struct C {
  D re, im;
};

inline C at(const double* re, const double* im, std::int64_t row, int chunk) {
  const std::int64_t i = row * kWideLanes + chunk * kDoubles;
  return {load(re + i), load(im + i)};
}
inline void put(double* re, double* im, std::int64_t row, int chunk, C v) {
  const std::int64_t i = row * kWideLanes + chunk * kDoubles;
  store(re + i, v.re);
  store(im + i, v.im);
}
inline D minus(D c, D a, D b) { return fma(-a, b, c); }
inline C add(C a, C b) { return {a.re + b.re, a.im + b.im}; }
inline C sub(C a, C b) { return {a.re - b.re, a.im - b.im}; }
inline C times(C a, D c, D s) { return {minus(a.re * c, a.im, s), fma(a.re, s, a.im * c)}; }
inline C times_conjugate(C a, D c, D s) { return {fma(a.im, s, a.re * c), minus(a.im * c, a.re, s)}; }
inline C minus_i(C a) { return {a.im, -a.re}; }
inline C plus_i(C a) { return {-a.im, a.re}; }

void forward_stage(double* re, double* im, std::int64_t n, const double* tw) {
  const std::int64_t q = n / 4;
  for (std::int64_t j = 0; j < q; ++j, tw += 6) {
    const D c1 = splat(tw[0]), s1 = splat(tw[1]), c2 = splat(tw[2]), s2 = splat(tw[3]), c3 = splat(tw[4]),
            s3 = splat(tw[5]);
    for (int h = 0; h < kChunks; ++h) {
      const C a = at(re, im, j, h), b = at(re, im, j + q, h), c = at(re, im, j + 2 * q, h),
              d = at(re, im, j + 3 * q, h);
      const C ac = add(a, c), amc = sub(a, c), bd = add(b, d), bmd = minus_i(sub(b, d));
      put(re, im, j, h, add(ac, bd));
      put(re, im, j + q, h, times(add(amc, bmd), c1, s1));
      put(re, im, j + 2 * q, h, times(sub(ac, bd), c2, s2));
      put(re, im, j + 3 * q, h, times(sub(amc, bmd), c3, s3));
    }
  }
}

void inverse_stage(double* re, double* im, std::int64_t n, const double* tw) {
  const std::int64_t q = n / 4;
  for (std::int64_t j = 0; j < q; ++j, tw += 6) {
    const D c1 = splat(tw[0]), s1 = splat(tw[1]), c2 = splat(tw[2]), s2 = splat(tw[3]), c3 = splat(tw[4]),
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

void pair_stage(double* re, double* im) {
  for (int h = 0; h < kChunks; ++h) {
    const C a = at(re, im, 0, h), b = at(re, im, 1, h);
    put(re, im, 0, h, add(a, b));
    put(re, im, 1, h, sub(a, b));
  }
}

// Depth first, so that the small stages of a block run while it is in the cache.
void forward(std::int64_t n, const double* tw, double* re, double* im) {
  if (n == 2) return pair_stage(re, im);
  if (n < 2) return;
  forward_stage(re, im, n, tw);
  const std::int64_t q = n / 4;
  for (int part = 0; part < 4; ++part) forward(q, tw + q * 6, re + part * q * kWideLanes, im + part * q * kWideLanes);
}

void inverse(std::int64_t n, const double* tw, double* re, double* im) {
  if (n == 2) return pair_stage(re, im);
  if (n < 2) return;
  const std::int64_t q = n / 4;
  for (int part = 0; part < 4; ++part) inverse(q, tw + q * 6, re + part * q * kWideLanes, im + part * q * kWideLanes);
  inverse_stage(re, im, n, tw);
}

}  // namespace

extern const WideFftKernels wide_fft_kernels;
const WideFftKernels wide_fft_kernels = {forward, inverse};

}  // namespace lathe::LATHE_LEVEL
