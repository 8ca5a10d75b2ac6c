#include "kernels/pcm/pcm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "kernels/pcm/noise_curve.h"
#include "kernels/pcm/pcm_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

const PcmKernels& kernels() { return pick_level(sse2::pcm_kernels, avx2::pcm_kernels, avx512::pcm_kernels); }

template <class T>
T read(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof v);  // the machines we build for are little-endian, as the bytes are
  return v;
}
static_assert(std::endian::native == std::endian::little);

template <class T, class Convert>
void unpack_each(const std::byte* bytes, MutableAudioView out, Convert convert) {
  for (std::int64_t n = 0; n < out.frames; ++n) {
    for (int c = 0; c < out.channels; ++c) {
      out.channel(c)[n] = convert(read<T>(bytes + (n * out.channels + c) * static_cast<std::int64_t>(sizeof(T))));
    }
  }
}

// SplitMix64's finaliser (Steele, Lea and Flood 2014): spreads a seed and a channel over 32 key bits.
std::uint32_t channel_key(std::uint64_t seed, int channel) {
  std::uint64_t z = seed + 0x9E3779B97F4A7C15u * static_cast<std::uint64_t>(channel + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 16);
}

}  // namespace

void unpack_pcm(const std::byte* bytes, Encoding encoding, MutableAudioView out) {
  switch (encoding) {
    case Encoding::pcm_u8:
      return unpack_each<std::uint8_t>(bytes, out, [](std::uint8_t v) { return static_cast<float>(v - 128) / 128.0f; });
    case Encoding::pcm16:
      return kernels().unpack16(bytes, out.channels, out.frames, out.data, out.stride);
    case Encoding::pcm24:
      return kernels().unpack24(bytes, out.channels, out.frames, out.data, out.stride);
    case Encoding::pcm32:
      return unpack_each<std::int32_t>(bytes, out, [](std::int32_t v) { return static_cast<float>(v) * 0x1p-31f; });
    case Encoding::float32:
      return unpack_each<float>(bytes, out, [](float v) { return v; });
    case Encoding::float64:
      return unpack_each<double>(bytes, out, [](double v) { return static_cast<float>(v); });
  }
}

NonFinite find_non_finite(AudioView audio) {
  constexpr std::int64_t kPiece = 1024;
  NonFinite found;
  for (int c = 0; c < audio.channels; ++c) {
    const float* x = audio.channel(c);
    for (std::int64_t first = 0; first < audio.frames; first += kPiece) {
      const std::int64_t end = std::min(first + kPiece, audio.frames);
      int good = 1;
      for (std::int64_t n = first; n < end; ++n) good &= std::abs(x[n]) <= kLargestSample ? 1 : 0;  // false for NaN too
      for (std::int64_t n = first; good == 0 && n < end; ++n) {
        if (std::abs(x[n]) <= kLargestSample) continue;
        ++found.count;
        if (found.first_frame < 0 || n < found.first_frame) {
          found.first_frame = n;
          found.first_channel = c;
        }
      }
    }
  }
  return found;
}

NonFinite find_non_finite(MutableAudioView audio, bool mend) {
  const NonFinite found = find_non_finite(AudioView(audio));
  for (int c = 0; mend && found.count > 0 && c < audio.channels; ++c) {
    float* x = audio.channel(c);
    for (std::int64_t n = 0; n < audio.frames; ++n) {
      if (!(std::abs(x[n]) <= kLargestSample)) x[n] = 0.0f;
    }
  }
  return found;
}

Quantizer::Quantizer(Encoding encoding, Dither dither, std::uint64_t seed, OnStep on_step, double sample_rate_hz)
    : encoding_(encoding), dither_(dither), seed_(seed), on_step_(on_step) {
  if (encoding == Encoding::pcm_u8 || encoding == Encoding::float64) {
    throw std::invalid_argument("Quantizer: 8-bit and float64 files are read, not written");
  }
  static_assert(NoiseCurve::kTaps == ShapedState::kTaps);
  if (is_shaped(dither)) std::ranges::copy(noise_curve(dither, sample_rate_hz).taps_q16, taps_q16_);
}

void Quantizer::pack(MutableAudioView audio, std::int64_t first_frame, std::int32_t* steps, std::byte* bytes) {
  if (first_frame % 16 != 0) throw std::invalid_argument("Quantizer: a block starts at a multiple of 16 frames");
  if (encoding_ == Encoding::float32) {
    for (std::int64_t n = 0; n < audio.frames; ++n) {
      for (int c = 0; c < audio.channels; ++c) {
        std::memcpy(bytes + (n * audio.channels + c) * 4, audio.channel(c) + n, 4);
      }
    }
    return;
  }
  if (encoding_ == Encoding::pcm32) {
    // A float has 24 bits of precision, so 32-bit files carry no dither: their step lies 48 dB under the float's own.
    for (std::int64_t n = 0; n < audio.frames; ++n) {
      for (int c = 0; c < audio.channels; ++c) {
        const double v = std::nearbyint(static_cast<double>(audio.channel(c)[n]) * 0x1p31);
        const auto step = static_cast<std::int32_t>(v < -0x1p31 ? -0x1p31 : v > 0x1p31 - 1 ? 0x1p31 - 1 : v);
        std::memcpy(bytes + (n * audio.channels + c) * 4, &step, 4);
        audio.channel(c)[n] = static_cast<float>(step) * 0x1p-31f;
      }
    }
    return;
  }
  is_shaped(dither_) ? quantize_shaped(audio, first_frame, steps) : quantize(audio, first_frame, steps);
  const auto pack_bytes = encoding_ == Encoding::pcm16 ? kernels().pack16 : kernels().pack24;
  pack_bytes(steps, audio.frames, audio.channels, audio.frames, bytes);
}

void Quantizer::quantize(MutableAudioView audio, std::int64_t first_frame, std::int32_t* steps) const {
  QuantizeJob job;
  job.scale = encoding_ == Encoding::pcm16 ? 0x1p15f : 0x1p23f;
  job.lowest = -static_cast<std::int32_t>(job.scale);
  job.highest = -job.lowest - 1;
  job.dither = dither_ == Dither::tpdf;
  job.keeps_steps = on_step_ == OnStep::kept;
  job.first_frame = first_frame;
  for (int c = 0; c < audio.channels; ++c) {
    job.key = channel_key(seed_, c);
    kernels().quantize(job, audio.channel(c), audio.frames, steps + c * audio.frames);
  }
}

void Quantizer::quantize_shaped(MutableAudioView audio, std::int64_t first_frame, std::int32_t* steps) {
  if (shaped_.empty()) {
    shaped_.resize(static_cast<std::size_t>(audio.channels + 1) / 2);
  } else if (first_frame != next_frame_) {
    throw std::invalid_argument("Quantizer: shaped dither takes a track in order");
  }
  next_frame_ = first_frame + audio.frames;
  ShapedJob job;
  job.scale = encoding_ == Encoding::pcm16 ? 0x1p15f : 0x1p23f;
  job.lowest = -static_cast<std::int32_t>(job.scale);
  job.highest = -job.lowest - 1;
  job.keeps_steps = on_step_ == OnStep::kept;
  job.first_frame = first_frame;
  std::ranges::copy(taps_q16_, job.taps_q16);
  const QuantizeShaped kernel = pick_level(sse2::quantize_shaped, avx2::quantize_shaped, avx512::quantize_shaped);
  for (int c = 0; c < audio.channels; c += 2) {
    const bool has_second = c + 1 < audio.channels;
    job.keys[0] = channel_key(seed_, c);
    job.keys[1] = channel_key(seed_, c + 1);
    float* const x[2] = {audio.channel(c), has_second ? audio.channel(c + 1) : nullptr};
    std::int32_t* const out[2] = {steps + c * audio.frames, has_second ? steps + (c + 1) * audio.frames : nullptr};
    kernel(job, x, audio.frames, out, shaped_.at(static_cast<std::size_t>(c / 2)));
  }
}

}  // namespace lathe
