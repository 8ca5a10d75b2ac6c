// Quantising with shaped dither. Only the fraction of a sample goes through the feedback, as integers, so that every
// level gives the same bits and a frame waits for the one before it no longer than a product and three additions.
//
// With f the fraction of a sample, d its noise and h = 1/2, in Q32:  w = f + d + h + sum of a[k] e(n - k), the step is
// the whole part of w, and the error e = d + h - (w's fraction), cut to Q16, which adds noise 107 dB under a step. The
// noise is inside the error, and clipping is not: |e| is at most 1.5 whatever comes in, so nothing can build up.
#include "kernels/pcm/shaped_lanes.h"

#include "kernels/pcm/dither_noise.h"
#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kTaps = ShapedState::kTaps;
constexpr std::int64_t kPiece = 256;  // frames prepared, fed back and finished together: they stay in the cache

// Of a piece, the channels interleaved.
struct Piece {
  alignas(64) std::int32_t inputs[2 * kPiece];  // f + d + h, Q29
  alignas(64) std::int32_t noises[2 * kPiece];  // d + h, Q16
  alignas(64) std::int32_t masks[2 * kPiece];   // 0 where a sample is kept, else all ones
  alignas(64) std::int64_t sums[2 * kPiece];    // w, Q32
};

#if defined(__AVX512F__)
inline I rounded(F v) { return (I)_mm512_cvtps_epi32(v); }
#elif defined(__AVX2__)
inline I rounded(F v) { return (I)_mm256_cvtps_epi32(v); }
#else
inline I rounded(F v) { return (I)_mm_cvtps_epi32(v); }
#endif
typedef std::int32_t IUnaligned __attribute__((vector_size(kFloats * 4), aligned(4), may_alias));

// Whole steps, and what the feedback needs of one channel. Reads and writes whole vectors: the arrays are long enough.
template <bool Keeps>
void prepare(const ShapedJob& job, const DitherNoise& generator, std::int64_t first, const float* x,
             std::int32_t* whole, std::int32_t* inputs, std::int32_t* noises, std::int32_t* masks) {
  constexpr int kFrames = 4 * kFloats;
  alignas(64) float noise[kFrames];
  const F scale = splat(job.scale), low = splat((float)job.lowest), high = splat((float)job.highest);
  for (std::int64_t n = 0; n < kPiece; n += kFrames) {
    generator.at<kFrames>(first + n, noise);
    for (int i = 0; i < kFrames; i += kFloats) {
      const F v = load(x + n + i) * scale;
      const F t = min(max(v, low), high);
      const I steps = rounded(t);
      const F fraction = t - __builtin_convertvector(steps, F);
      const I d = rounded(load(noise + i) * splat(0x1p16f)) + (1 << 15);
      *(IUnaligned*)(whole + n + i) = steps;
      *(IUnaligned*)(noises + n + i) = d;
      *(IUnaligned*)(inputs + n + i) = rounded(fraction * splat(0x1p29f)) + (d << 13);
      if constexpr (Keeps) *(IUnaligned*)(masks + n + i) = ~((fraction == splat(0.0f)) & (v == t));
    }
  }
}

void interleave(const std::int32_t* a, const std::int32_t* b, std::int32_t* both) {
  for (std::int64_t n = 0; n < kPiece; n += 4) {
    const __m128i l = _mm_load_si128((const __m128i*)(a + n)), r = _mm_load_si128((const __m128i*)(b + n));
    _mm_store_si128((__m128i*)(both + 2 * n), _mm_unpacklo_epi32(l, r));
    _mm_store_si128((__m128i*)(both + 2 * n + 4), _mm_unpackhi_epi32(l, r));
  }
}

#if defined(__AVX2__)
inline __m128i tap(std::int32_t v) { return _mm_set1_epi64x(v); }
template <bool Keeps>
void feed_back(const ShapedJob& job, std::int64_t frames, Piece& piece, ShapedState& state) {
  __m128i taps[kTaps], sums[kTaps - 1];
  for (int k = 0; k < kTaps; ++k) taps[k] = tap(job.taps_q16[k]);
  for (int k = 0; k < kTaps - 1; ++k) sums[k] = _mm_loadu_si128((const __m128i*)state.sums[k]);
  __m128i error = _mm_loadu_si128((const __m128i*)state.error);
  for (std::int64_t n = 0; n < frames; ++n) {
    const __m128i input =
        _mm_slli_epi64(_mm_cvtepi32_epi64(_mm_loadl_epi64((const __m128i*)(piece.inputs + 2 * n))), 3);
    const __m128i noise = _mm_cvtepi32_epi64(_mm_loadl_epi64((const __m128i*)(piece.noises + 2 * n)));
    __m128i known = _mm_add_epi64(input, sums[0]);
    asm("" : "+x"(known));  // else the compiler adds the product first, and what waits for it waits longer
    const __m128i w = _mm_add_epi64(known, _mm_mul_epi32(error, taps[0]));
#pragma GCC unroll 16
    for (int k = 0; k < kTaps - 2; ++k) sums[k] = _mm_add_epi64(sums[k + 1], _mm_mul_epi32(error, taps[k + 1]));
    sums[kTaps - 2] = _mm_mul_epi32(error, taps[kTaps - 1]);
    // The products read the low half of each 64 bits alone: what this leaves in the high one does not matter.
    error = _mm_sub_epi32(noise, _mm_srli_epi32(w, 16));
    if constexpr (Keeps) {
      error = _mm_and_si128(error, _mm_cvtepi32_epi64(_mm_loadl_epi64((const __m128i*)(piece.masks + 2 * n))));
    }
    _mm_store_si128((__m128i*)(piece.sums + 2 * n), w);
  }
  for (int k = 0; k < kTaps - 1; ++k) _mm_storeu_si128((__m128i*)state.sums[k], sums[k]);
  _mm_storeu_si128((__m128i*)state.error, error);
}
#else
template <bool Keeps>
void feed_back(const ShapedJob& job, std::int64_t frames, Piece& piece, ShapedState& state) {
  for (int c = 0; c < 2; ++c) {
    std::int64_t sums[kTaps - 1];
    for (int k = 0; k < kTaps - 1; ++k) sums[k] = state.sums[k][c];
    std::int64_t error = (std::int32_t)state.error[c];
    for (std::int64_t n = 0; n < frames; ++n) {
      const std::int64_t w = (std::int64_t)piece.inputs[2 * n + c] * 8 + sums[0] + error * job.taps_q16[0];
      for (int k = 0; k < kTaps - 2; ++k) sums[k] = sums[k + 1] + error * job.taps_q16[k + 1];
      sums[kTaps - 2] = error * job.taps_q16[kTaps - 1];
      error = piece.noises[2 * n + c] - (std::int32_t)((std::uint32_t)w >> 16);
      if constexpr (Keeps) error &= piece.masks[2 * n + c];
      piece.sums[2 * n + c] = w;
    }
    for (int k = 0; k < kTaps - 1; ++k) state.sums[k][c] = sums[k];
    state.error[c] = error;
  }
}
#endif

// Takes the whole parts of four frames' sums apart.
inline void four_frames(const std::int64_t* sums, __m128i* left, __m128i* right) {
  const __m128 a = _mm_load_ps((const float*)sums), b = _mm_load_ps((const float*)(sums + 2)),
               c = _mm_load_ps((const float*)(sums + 4)), d = _mm_load_ps((const float*)(sums + 6));
  const __m128 ab = _mm_shuffle_ps(a, b, 0xdd), cd = _mm_shuffle_ps(c, d, 0xdd);
  *left = _mm_castps_si128(_mm_shuffle_ps(ab, cd, 0x88));
  *right = _mm_castps_si128(_mm_shuffle_ps(ab, cd, 0xdd));
}

void finish(const ShapedJob& job, const std::int32_t* whole, const std::int32_t* fed, std::int64_t frames, float* x,
            std::int32_t* steps) {
  const float back = 1.0f / job.scale;
  for (std::int64_t n = 0; n < frames; ++n) {
    const std::int32_t v = whole[n] + fed[n];
    const std::int32_t step = v < job.lowest ? job.lowest : v > job.highest ? job.highest : v;
    steps[n] = step;
    x[n] = (float)step * back;
  }
}

template <bool Keeps>
void quantize_pieces(const ShapedJob& job, float* const x[2], std::int64_t frames, std::int32_t* const steps[2],
                     ShapedState& state) {
  const int channels = x[1] != nullptr ? 2 : 1;
  const DitherNoise generators[2] = {DitherNoise(job.keys[0]), DitherNoise(job.keys[1])};
  Piece piece;
  alignas(64) std::int32_t whole[2][kPiece] = {}, inputs[2][kPiece] = {}, noises[2][kPiece] = {}, masks[2][kPiece] = {};
  alignas(64) std::int32_t fed[2][kPiece];
  alignas(64) float rest[kPiece] = {};
  for (std::int64_t first = 0; first < frames; first += kPiece) {
    const std::int64_t count = frames - first < kPiece ? frames - first : kPiece;
    for (int c = 0; c < channels; ++c) {
      const float* in = x[c] + first;
      if (count < kPiece) {
        for (std::int64_t n = 0; n < count; ++n) rest[n] = in[n];
        in = rest;
      }
      prepare<Keeps>(job, generators[c], job.first_frame + first, in, whole[c], inputs[c], noises[c], masks[c]);
    }
    interleave(inputs[0], inputs[1], piece.inputs);
    interleave(noises[0], noises[1], piece.noises);
    if constexpr (Keeps) interleave(masks[0], masks[1], piece.masks);
    feed_back<Keeps>(job, count, piece, state);
    for (std::int64_t n = 0; n < count; n += 4)
      four_frames(piece.sums + 2 * n, (__m128i*)(fed[0] + n), (__m128i*)(fed[1] + n));
    for (int c = 0; c < channels; ++c) {
      if constexpr (Keeps) {
        for (std::int64_t n = 0; n < count; ++n) fed[c][n] &= masks[c][n];
      }
      finish(job, whole[c], fed[c], count, x[c] + first, steps[c] + first);
    }
  }
}

void quantize(const ShapedJob& job, float* const x[2], std::int64_t frames, std::int32_t* const steps[2],
              ShapedState& state) {
  if (job.keeps_steps) return quantize_pieces<true>(job, x, frames, steps, state);
  quantize_pieces<false>(job, x, frames, steps, state);
}

}  // namespace

extern const QuantizeShaped quantize_shaped;
const QuantizeShaped quantize_shaped = quantize;

}  // namespace lathe::LATHE_LEVEL
