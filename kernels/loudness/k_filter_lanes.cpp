// The K-weighting blocks in float64 lanes along time; see k_filter.h for the equations.
#include "kernels/loudness/k_filter.h"
#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kParts = kFilterBlock / kDoubles;
constexpr int kStateParts = kDoubles >= 4 ? 1 : 2;  // the four states fill one vector of four, or two of two

#if defined(__AVX2__)
typedef double S __attribute__((vector_size(32)));
static inline S fma_state(S a, S b, S c) { return _mm256_fmadd_pd(a, b, c); }
#else
typedef double S __attribute__((vector_size(16)));
static inline S fma_state(S a, S b, S c) { return a * b + c; }
#endif
typedef S SUnaligned __attribute__((aligned(8), may_alias));
constexpr int kStateLanes = 4 / kStateParts;

inline S load_state(const double* p) { return *reinterpret_cast<const SUnaligned*>(p); }
inline S splat_state(double x) { return x - S{}; }

struct Block {
  D out[kParts];
  S next[kStateParts];
};

// What does not wait for the state: all that comes of the 16 inputs.
inline void take_input(const KFilterTables& t, const double* in, Block& b) {
#pragma GCC unroll 8
  for (int p = 0; p < kParts; ++p) b.out[p] = splat(in[0]) * load(t.respond[0] + p * kDoubles);
#pragma GCC unroll 2
  for (int p = 0; p < kStateParts; ++p) b.next[p] = splat_state(in[0]) * load_state(t.absorb[0] + p * kStateLanes);
#pragma GCC unroll 16
  for (int i = 1; i < kFilterBlock; ++i) {
#pragma GCC unroll 8
    for (int p = i / kDoubles; p < kParts; ++p) b.out[p] = fma(splat(in[i]), load(t.respond[i] + p * kDoubles), b.out[p]);
#pragma GCC unroll 2
    for (int p = 0; p < kStateParts; ++p) {
      b.next[p] = fma_state(splat_state(in[i]), load_state(t.absorb[i] + p * kStateLanes), b.next[p]);
    }
  }
}

inline void take_state(const KFilterTables& t, const S* s, Block& b) {
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    const double value = s[k / kStateLanes][k % kStateLanes];
#pragma GCC unroll 2
    for (int p = 0; p < kStateParts; ++p) {
      b.next[p] = fma_state(splat_state(value), load_state(t.advance[k] + p * kStateLanes), b.next[p]);
    }
#pragma GCC unroll 8
    for (int p = 0; p < kParts; ++p) b.out[p] = fma(splat(value), load(t.observe[k] + p * kDoubles), b.out[p]);
  }
}

template <int Channels>
void run_channels(const KFilterTables& t, KFilterState* states, const float* const* x, std::int64_t frames, double* const* y) {
  S s[Channels][kStateParts];
  for (int c = 0; c < Channels; ++c) {
    for (int p = 0; p < kStateParts; ++p) s[c][p] = load_state(states[c].s + p * kStateLanes);
  }
  for (std::int64_t n = 0; n < frames; n += kFilterBlock) {
    Block block[Channels];
#pragma GCC unroll 2
    for (int c = 0; c < Channels; ++c) {
      double in[kFilterBlock];
#pragma GCC unroll 16
      for (int i = 0; i < kFilterBlock; ++i) in[i] = x[c][n + i];
      take_input(t, in, block[c]);
    }
#pragma GCC unroll 2
    for (int c = 0; c < Channels; ++c) {
      take_state(t, s[c], block[c]);
      for (int p = 0; p < kStateParts; ++p) s[c][p] = block[c].next[p];
      for (int p = 0; p < kParts; ++p) store(y[c] + n + p * kDoubles, block[c].out[p]);
    }
  }
  for (int c = 0; c < Channels; ++c) {
    for (int p = 0; p < kStateParts; ++p) *reinterpret_cast<SUnaligned*>(states[c].s + p * kStateLanes) = s[c][p];
  }
}

void run(const KFilterTables& t, KFilterState& state, const float* x, std::int64_t frames, double* y) {
  run_channels<1>(t, &state, &x, frames, &y);
}

void run_pair(const KFilterTables& t, KFilterState* states, const float* const* x, std::int64_t frames, double* const* y) {
  run_channels<2>(t, states, x, frames, y);
}

double sum_of_squares(const double* y, std::int64_t count) {
  D sum[kParts] = {};
  std::int64_t n = 0;
  for (; n + kFilterBlock <= count; n += kFilterBlock) {
#pragma GCC unroll 8
    for (int p = 0; p < kParts; ++p) {
      const D v = load(y + n + p * kDoubles);
      sum[p] = fma(v, v, sum[p]);
    }
  }
  double lane[kFilterBlock];
  for (int p = 0; p < kParts; ++p) store(lane + p * kDoubles, sum[p]);
  for (int i = 0; n + i < count; ++i) lane[i] += y[n + i] * y[n + i];
  for (int width = kFilterBlock / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
  }
  return lane[0];
}

}  // namespace

extern const KFilterKernels k_filter_kernels;
const KFilterKernels k_filter_kernels = {run, run_pair, sum_of_squares};

}  // namespace lathe::LATHE_LEVEL
