#include "kernels/inspection/word_bits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace lathe {
namespace {

// Whole words of 1, 2, 3 and 4 bytes fill it, and the compiler turns it into vectors.
constexpr std::size_t kChunkBytes = 192;
using Chunk = std::array<std::uint64_t, kChunkBytes / 8>;

}  // namespace

void WordBits::take(const std::byte* bytes, std::int64_t samples) {
  if (is_float(encoding_)) return;
  const auto word = static_cast<std::size_t>(bytes_per_sample(encoding_));
  const std::size_t count = static_cast<std::size_t>(samples) * word;
  // Offset binary: what silence is (0x80) must not look like a used bit, nor each level below it like all of them.
  const std::uint64_t flip = encoding_ == Encoding::pcm_u8 ? 0x8080808080808080u : 0;
  Chunk all{};
  for (std::size_t at = 0; at < count; at += kChunkBytes) {
    Chunk chunk;
    if (count - at < kChunkBytes) chunk.fill(flip);
    std::memcpy(chunk.data(), bytes + at, std::min(kChunkBytes, count - at));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] |= chunk[i] ^ flip;
  }
  std::array<unsigned char, kChunkBytes> ored;
  std::memcpy(ored.data(), all.data(), kChunkBytes);
  for (std::size_t i = 0; i < kChunkBytes; ++i) set_ |= static_cast<std::uint32_t>(ored[i]) << 8 * (i % word);
}

int WordBits::used_bits() const { return set_ == 0 ? 0 : bits_per_sample(encoding_) - std::countr_zero(set_); }

}  // namespace lathe
