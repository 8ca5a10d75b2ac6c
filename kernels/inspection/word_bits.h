// How many bits of the words of a file are ever used: 16-bit music in a 24-bit file leaves the low 8 at zero.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/pcm/encoding.h"

namespace lathe {

// The bits that are set in any of a track's words. Looks at integers as they stand in the file, before they become
// float; of float encodings it says nothing.
class WordBits {
 public:
  explicit WordBits(Encoding encoding) : encoding_(encoding) {}

  // The next `samples` samples of the track, interleaved or not, little-endian.
  void take(const std::byte* bytes, std::int64_t samples);

  // Bits from the highest down to the lowest that is ever set: 16 of 24 say. 0 when all words are zero, and for float.
  int used_bits() const;

  Encoding encoding() const { return encoding_; }

 private:
  Encoding encoding_;
  std::uint32_t set_ = 0;  // the words, ORed
};

}  // namespace lathe
