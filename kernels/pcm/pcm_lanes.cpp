// Integer PCM to planar float and back, with dither, along time.
#include "kernels/pcm/pcm_lanes.h"

#include "kernels/pcm/dither_noise.h"
#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

inline std::int32_t read24(const std::byte* p) {
  const std::uint32_t v = (std::uint32_t)p[0] << 8 | (std::uint32_t)p[1] << 16 | (std::uint32_t)p[2] << 24;
  return (std::int32_t)v >> 8;
}
inline std::int32_t read16(const std::byte* p) {
  return (std::int16_t)((std::uint32_t)p[0] | (std::uint32_t)p[1] << 8);
}

template <int Bytes>
void unpack_plain(const std::byte* bytes, int channels, std::int64_t first, std::int64_t frames, float* out,
                  std::int64_t stride) {
  const float scale = Bytes == 2 ? 1.0f / 32768.0f : 1.0f / 8388608.0f;
  for (std::int64_t n = first; n < frames; ++n) {
    for (int c = 0; c < channels; ++c) {
      const std::byte* p = bytes + (n * channels + c) * Bytes;
      out[c * stride + n] = scale * (float)(Bytes == 2 ? read16(p) : read24(p));
    }
  }
}

#if defined(__AVX2__)
// Eight 3-byte integers from p[0..23], each in the top three bytes of 32 bits; reads p[0..27].
inline __m256i eight24(const std::byte* p) {
  const __m128i low = _mm_loadu_si128((const __m128i*)p), high = _mm_loadu_si128((const __m128i*)(p + 12));
  const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  const __m256i order = _mm256_setr_epi8(-1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 0, 1, 2, -1, 3, 4, 5,
                                         -1, 6, 7, 8, -1, 9, 10, 11);
  return _mm256_shuffle_epi8(both, order);
}
inline __m256i eight16(const std::byte* p) {
  return _mm256_slli_epi32(_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i*)p)), 16);
}

template <int Bytes>
inline __m256 eight(const std::byte* p) {
  return _mm256_mul_ps(_mm256_cvtepi32_ps(Bytes == 2 ? eight16(p) : eight24(p)), _mm256_set1_ps(1.0f / 2147483648.0f));
}

// L0 R0 .. L7 R7 in two vectors to L0..L7 and R0..R7.
inline void apart(__m256 a, __m256 b, float* left, float* right) {
  const __m256 l = _mm256_shuffle_ps(a, b, 0x88), r = _mm256_shuffle_ps(a, b, 0xdd);
  _mm256_storeu_ps(left, _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(l), 0xd8)));
  _mm256_storeu_ps(right, _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(r), 0xd8)));
}
#endif

template <int Bytes>
void unpack(const std::byte* bytes, int channels, std::int64_t frames, float* out, std::int64_t stride) {
  std::int64_t n = 0;
#if defined(__AVX2__)
  if (channels == 2) {
    for (; n + 8 <= frames; n += 8) {
      const std::byte* p = bytes + n * 2 * Bytes;
      apart(eight<Bytes>(p), eight<Bytes>(p + 8 * Bytes), out + n, out + stride + n);
    }
  } else if (channels == 1) {
    for (; n + 8 <= frames; n += 8) _mm256_storeu_ps(out + n, eight<Bytes>(bytes + n * Bytes));
  }
#endif
  unpack_plain<Bytes>(bytes, channels, n, frames, out, stride);
}

inline float clamped(float v, float low, float high) { return v < low ? low : v > high ? high : v; }

// `Frames` frames at a time, as many as fit; returns where it stopped.
template <int Frames, bool Dithered>
inline std::int64_t quantize_blocks(const QuantizeJob& job, const DitherNoise& generator, std::int64_t n,
                                    std::int64_t frames, float* x, std::int32_t* steps) {
  const float scale = job.scale, low = (float)job.lowest, high = (float)job.highest, back = 1.0f / scale;
  const std::int64_t first = job.first_frame;
  alignas(64) float noise[Frames] = {};
  for (; n + Frames <= frames; n += Frames) {
    if constexpr (Dithered) generator.at<Frames>(first + n, noise);
#if defined(__AVX512F__)
    for (int i = 0; i < Frames; i += 16) {
      const __m512 v = _mm512_fmadd_ps(_mm512_loadu_ps(x + n + i), _mm512_set1_ps(scale), _mm512_load_ps(noise + i));
      const __m512i q = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(v, _mm512_set1_ps(low)), _mm512_set1_ps(high)));
      _mm512_storeu_si512(steps + n + i, q);
      _mm512_storeu_ps(x + n + i, _mm512_mul_ps(_mm512_cvtepi32_ps(q), _mm512_set1_ps(back)));
    }
#elif defined(__AVX2__)
    for (int i = 0; i < Frames; i += 8) {
      const __m256 v = _mm256_fmadd_ps(_mm256_loadu_ps(x + n + i), _mm256_set1_ps(scale), _mm256_load_ps(noise + i));
      const __m256i q = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(low)), _mm256_set1_ps(high)));
      _mm256_storeu_si256((__m256i*)(steps + n + i), q);
      _mm256_storeu_ps(x + n + i, _mm256_mul_ps(_mm256_cvtepi32_ps(q), _mm256_set1_ps(back)));
    }
#else
    for (int i = 0; i < Frames; i += 4) {
      const __m128 v = _mm_add_ps(_mm_mul_ps(_mm_loadu_ps(x + n + i), _mm_set1_ps(scale)), _mm_load_ps(noise + i));
      const __m128i q = _mm_cvtps_epi32(_mm_min_ps(_mm_max_ps(v, _mm_set1_ps(low)), _mm_set1_ps(high)));
      _mm_storeu_si128((__m128i*)(steps + n + i), q);
      _mm_storeu_ps(x + n + i, _mm_mul_ps(_mm_cvtepi32_ps(q), _mm_set1_ps(back)));
    }
#endif
  }
  return n;
}

template <bool Dithered>
inline void quantize_all(const QuantizeJob& job, float* x, std::int64_t frames, std::int32_t* steps) {
  const DitherNoise generator(job.key);
  std::int64_t n = quantize_blocks<4 * kFloats, Dithered>(job, generator, 0, frames, x, steps);
  n = quantize_blocks<16, Dithered>(job, generator, n, frames, x, steps);
  const float low = (float)job.lowest, high = (float)job.highest, back = 1.0f / job.scale;
  alignas(64) float noise[16] = {};
  if (n < frames && Dithered) generator.at<16>(job.first_frame + n, noise);
  for (int i = 0; n < frames; ++n, ++i) {
#if defined(__AVX2__)
    const float v =
        clamped(_mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(x[n]), _mm_set_ss(job.scale), _mm_set_ss(noise[i]))), low, high);
#else
    const float v = clamped(x[n] * job.scale + noise[i], low, high);
#endif
    steps[n] = _mm_cvtss_si32(_mm_set_ss(v));
    x[n] = (float)steps[n] * back;
  }
}

// Pieces are short enough that what was in them stays in the cache.
void quantize_keeping(const QuantizeJob& job, float* x, std::int64_t frames, std::int32_t* steps) {
  constexpr std::int64_t kPiece = 256;
  const float low = (float)job.lowest, high = (float)job.highest;
  float before[kPiece];
  QuantizeJob piece = job;
  for (std::int64_t first = 0; first < frames; first += kPiece) {
    const std::int64_t count = frames - first < kPiece ? frames - first : kPiece;
    for (std::int64_t n = 0; n < count; ++n) before[n] = x[first + n];
    piece.first_frame = job.first_frame + first;
    quantize_all<true>(piece, x + first, count, steps + first);
    for (std::int64_t n = 0; n < count; ++n) {
      const float v = before[n] * job.scale;
      if (!(v >= low && v <= high) || (float)(std::int32_t)v != v) continue;
      steps[first + n] = (std::int32_t)v;
      x[first + n] = before[n];
    }
  }
}

void quantize(const QuantizeJob& job, float* x, std::int64_t frames, std::int32_t* steps) {
  if (job.dither && job.keeps_steps) return quantize_keeping(job, x, frames, steps);
  if (job.dither) return quantize_all<true>(job, x, frames, steps);
  quantize_all<false>(job, x, frames, steps);
}

template <int Bytes>
void pack(const std::int32_t* steps, std::int64_t stride, int channels, std::int64_t frames, std::byte* bytes) {
  std::int64_t n = 0;
#if defined(__AVX2__)
  if (channels == 2) {
    for (; n + 8 <= frames; n += 8) {
      const __m256i l = _mm256_loadu_si256((const __m256i*)(steps + n)),
                    r = _mm256_loadu_si256((const __m256i*)(steps + stride + n));
      const __m256i low = _mm256_unpacklo_epi32(l, r),
                    high = _mm256_unpackhi_epi32(l, r);  // frames 0 1 | 4 5 and 2 3 | 6 7
      std::byte* p = bytes + n * 2 * Bytes;
      if constexpr (Bytes == 2) {
        _mm256_storeu_si256((__m256i*)p, _mm256_packs_epi32(low, high));
      } else {
        const __m256i order = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6,
                                               8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
        const __m256i a = _mm256_shuffle_epi8(low, order), b = _mm256_shuffle_epi8(high, order);
        _mm_storeu_si128((__m128i*)p, _mm256_castsi256_si128(a));
        _mm_storeu_si128((__m128i*)(p + 12), _mm256_castsi256_si128(b));
        _mm_storeu_si128((__m128i*)(p + 24), _mm256_extracti128_si256(a, 1));
        _mm_storeu_si128((__m128i*)(p + 36), _mm256_extracti128_si256(b, 1));
      }
    }
  }
#endif
  for (; n < frames; ++n) {
    for (int c = 0; c < channels; ++c) {
      const std::uint32_t v = (std::uint32_t)steps[c * stride + n];
      std::byte* p = bytes + (n * channels + c) * Bytes;
      for (int b = 0; b < Bytes; ++b) p[b] = (std::byte)(v >> (8 * b));
    }
  }
}

}  // namespace

extern const PcmKernels pcm_kernels;
const PcmKernels pcm_kernels = {unpack<2>, unpack<3>, quantize, pack<2>, pack<3>};

}  // namespace lathe::LATHE_LEVEL
