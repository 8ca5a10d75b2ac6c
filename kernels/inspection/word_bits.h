// How many bits of the words of a file are used, ever and mostly: 16-bit music in a 24-bit file leaves the low 8 at
// zero.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/pcm/encoding.h"

namespace lathe {

struct WordUse {
  // Bits from the highest down to the lowest that is ever set: 16 of 24 say. 0 when all words are zero, and for float.
  int used_bits = 0;
  // Of the words that are not zero, the share whose bits below the 16th are: 1/256 in music of 24 bits, nearly all
  // where 16-bit music was padded and only its fades were calculated. 0 for encodings of 16 bits or fewer, and for
  // float.
  double padded_share = 0;
};

// Looks at integers as they stand in the file, before they become float; of float encodings it says nothing. Cost at 24
// bits: 0.2 ns a sample.
class WordBits {
 public:
  explicit WordBits(Encoding encoding);

  // The next `samples` samples of the track, interleaved or not, little-endian.
  void take(const std::byte* bytes, std::int64_t samples);

  WordUse use() const;

  Encoding encoding() const { return encoding_; }

 private:
  // Whole words of 1, 2, 3 and 4 bytes fill it, and the compiler turns it into vectors.
  static constexpr std::size_t kChunkBytes = 192;
  using Chunk = std::array<std::uint64_t, kChunkBytes / 8>;

  void take_chunk(const std::byte* bytes);
  std::int64_t sum(const Chunk& counts) const;

  Encoding encoding_;
  std::uint64_t flip_ = 0;  // what silence is in offset binary, so that it does not look like a used bit
  Chunk all_{};             // the words, ORed
  // Of words longer than 16 bits: the bits below the 16th but for the highest of them, that one, and how far it is from
  // the lowest. Each count of a word stands in its own low bits.
  bool is_long_ = false;
  Chunk below_{}, top_{};
  int count_shift_ = 0;
  Chunk low_counts_{}, word_counts_{};
  int chunks_ = 0;                          // in them
  std::int64_t low_words_ = 0, words_ = 0;  // that have bits below the 16th; that are not zero
};

}  // namespace lathe
