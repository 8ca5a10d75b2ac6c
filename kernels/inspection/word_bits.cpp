#include "kernels/inspection/word_bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace lathe {
namespace {

// Of counts in bytes.
constexpr int kMostChunks = 255;

}  // namespace

WordBits::WordBits(Encoding encoding) : encoding_(encoding) {
  if (encoding == Encoding::pcm_u8) flip_ = 0x8080808080808080u;
  if (is_float(encoding)) return;
  const auto word = static_cast<std::size_t>(bytes_per_sample(encoding));
  is_long_ = word > 2;
  if (!is_long_) return;
  count_shift_ = static_cast<int>(8 * (word - 2)) - 1;
  std::array<unsigned char, kChunkBytes> below{}, top{};
  for (std::size_t i = 0; i < kChunkBytes; ++i) {
    if (i % word >= word - 2) continue;
    const bool is_highest = i % word == word - 3;
    below[i] = is_highest ? 0x7f : 0xff;
    top[i] = is_highest ? 0x80 : 0;
  }
  std::memcpy(below_.data(), below.data(), kChunkBytes);
  std::memcpy(top_.data(), top.data(), kChunkBytes);
}

void WordBits::take(const std::byte* bytes, std::int64_t samples) {
  if (is_float(encoding_)) return;
  const std::size_t count = static_cast<std::size_t>(samples * bytes_per_sample(encoding_));
  std::size_t at = 0;
  // The last chunk is padded, so that a chunk may be read two bytes further on.
  for (; at + kChunkBytes + 2 <= count; at += kChunkBytes) take_chunk(bytes + at);
  while (at < count) {
    std::array<std::byte, kChunkBytes + 2> rest;
    rest.fill(static_cast<std::byte>(flip_ & 0xff));
    const std::size_t n = std::min(kChunkBytes, count - at);
    std::memcpy(rest.data(), bytes + at, n);
    take_chunk(rest.data());
    at += n;
  }
}

void WordBits::take_chunk(const std::byte* bytes) {
  Chunk chunk;
  std::memcpy(chunk.data(), bytes, kChunkBytes);
  for (std::size_t i = 0; i < chunk.size(); ++i) all_[i] |= chunk[i] ^ flip_;
  if (!is_long_) return;
  // The bits below the 16th of each word, ORed with those above them: the word is read again a byte and two further on.
  Chunk one, two;
  std::memcpy(one.data(), bytes + 1, kChunkBytes);
  std::memcpy(two.data(), bytes + 2, kChunkBytes);
  // Adding all ones carries into the top bit unless all below is zero.
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    const std::uint64_t low = ((chunk[i] & below_[i]) + below_[i]) | chunk[i];
    const std::uint64_t any = chunk[i] | one[i] | two[i];
    const std::uint64_t word = ((any & below_[i]) + below_[i]) | any;
    low_counts_[i] += (low & top_[i]) >> count_shift_;
    word_counts_[i] += (word & top_[i]) >> count_shift_;
  }
  if (++chunks_ == kMostChunks) {
    low_words_ += sum(low_counts_);
    words_ += sum(word_counts_);
    low_counts_ = word_counts_ = {};
    chunks_ = 0;
  }
}

// Of counts that stand in the lowest byte of each word.
std::int64_t WordBits::sum(const Chunk& counts) const {
  std::array<unsigned char, kChunkBytes> bytes;
  std::memcpy(bytes.data(), counts.data(), kChunkBytes);
  std::int64_t all = 0;
  for (const unsigned char byte : bytes) all += byte;
  return all;
}

WordUse WordBits::use() const {
  const auto word = static_cast<std::size_t>(bytes_per_sample(encoding_));
  std::array<unsigned char, kChunkBytes> ored;
  std::memcpy(ored.data(), all_.data(), kChunkBytes);
  std::uint32_t set = 0;
  for (std::size_t i = 0; i < kChunkBytes; ++i) set |= static_cast<std::uint32_t>(ored[i]) << 8 * (i % word);
  WordUse use;
  if (set != 0) use.used_bits = bits_per_sample(encoding_) - std::countr_zero(set);
  const std::int64_t words = words_ + sum(word_counts_), low = low_words_ + sum(low_counts_);
  if (words > 0) use.padded_share = 1 - static_cast<double>(low) / static_cast<double>(words);
  return use;
}

}  // namespace lathe
