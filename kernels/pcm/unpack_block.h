// From the interleaved bytes of a file to planar float on a device: the same bits as unpack_pcm gives.
//
// Per sample: its bytes read, 4 bytes written.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/pcm/encoding.h"
#include "kernels/pcm/pcm.h"

namespace lathe::block {

struct UnpackPcm {
  static constexpr int kThreads = 256;
  static constexpr int kTile = 1024;  // samples of a block: whole words in every encoding

  struct Shared {
    SharedArray<std::uint32_t, kTile * 2> words;
    SharedArray<std::int64_t, kThreads> bad;
    SharedArray<std::int64_t, kThreads> first_bad;
  };

  GlobalSpan<const std::uint32_t> words;  // the bytes, filled up to whole words
  Encoding encoding;
  OutputRows out;  // out.frames frames of out.rows channels
  bool mend;       // write 0 for what find_non_finite() would count
  // Out, one a block, for floating encodings: how many samples no processing can use, and the first of them in the
  // order of the file (kNone without one). May be empty for integers.
  GlobalSpan<std::int64_t> bad, first_bad;

  static constexpr std::int64_t kNone = INT64_MAX;
  static std::int64_t blocks(std::int64_t samples) { return (samples + kTile - 1) / kTile; }
  static std::int64_t words_for(std::int64_t bytes) { return (bytes + 3) / 4; }

  template <class To, class From>
  LATHE_HOST_DEVICE static To bits_as(From bits) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &bits, sizeof to);
    return to;
  }

  // Byte i of the tile.
  LATHE_HOST_DEVICE static std::uint32_t byte_at(const Shared& shared, int i) {
    return shared.words[i / 4] >> (8 * (i % 4)) & 0xffu;
  }

  // Sample i of the tile.
  LATHE_HOST_DEVICE float sample(const Shared& shared, int i) const {
    switch (encoding) {
      case Encoding::pcm_u8:
        return static_cast<float>(static_cast<int>(byte_at(shared, i)) - 128) * (1.0f / 128);
      case Encoding::pcm16: {
        const std::uint32_t half = shared.words[i / 2] >> (16 * (i % 2));
        return static_cast<float>(static_cast<std::int16_t>(half & 0xffffu)) * (1.0f / 32768);
      }
      case Encoding::pcm24: {
        const std::uint32_t high =
            byte_at(shared, 3 * i) << 8 | byte_at(shared, 3 * i + 1) << 16 | byte_at(shared, 3 * i + 2) << 24;
        return static_cast<float>(static_cast<std::int32_t>(high) / 256) * (1.0f / 8388608);
      }
      case Encoding::pcm32:
        return static_cast<float>(static_cast<std::int32_t>(shared.words[i])) * (1.0f / 2147483648.0f);
      case Encoding::float32:
        return bits_as<float>(shared.words[i]);
      case Encoding::float64: {
        const std::uint64_t bits = shared.words[2 * i] | static_cast<std::uint64_t>(shared.words[2 * i + 1]) << 32;
        return static_cast<float>(bits_as<double>(bits));
      }
    }
    return 0;
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t samples = out.frames * out.rows, first = block.index() * kTile;
    const std::int64_t first_frame = first / out.rows;
    const auto first_row = static_cast<int>(first % out.rows), channels = static_cast<int>(out.rows);
    const int word_count = kTile / 4 * bytes_per_sample(encoding);
    const std::int64_t first_word = block.index() * word_count;
    block.phase([&](int thread) {
      for (int i = thread; i < word_count; i += kThreads)
        shared.words[i] = first_word + i < words.size ? words[first_word + i] : 0;
    });
    block.phase([&](int thread) {
      std::int64_t count = 0, earliest = kNone;
      for (int i = thread; i < kTile; i += kThreads) {
        const std::int64_t at = first + i;
        if (at >= samples) continue;
        float x = sample(shared, i);
        if (is_float(encoding) && !(x >= -kLargestSample && x <= kLargestSample)) {
          ++count;
          if (earliest == kNone) earliest = at;
          if (mend) x = 0;
        }
        out.at((first_row + i) % channels, first_frame + (first_row + i) / channels) = x;
      }
      shared.bad[thread] = count;
      shared.first_bad[thread] = earliest;
    });
    if (!is_float(encoding)) return;
    for (int width = kThreads / 2; width > 0; width /= 2) {
      block.phase([&](int thread) {
        if (thread >= width) return;
        shared.bad[thread] += shared.bad[thread + width];
        const std::int64_t other = shared.first_bad[thread + width];
        if (other < shared.first_bad[thread]) shared.first_bad[thread] = other;
      });
    }
    block.phase([&](int thread) {
      if (thread != 0) return;
      bad[block.index()] = shared.bad[0];
      first_bad[block.index()] = shared.first_bad[0];
    });
  }
};

}  // namespace lathe::block
