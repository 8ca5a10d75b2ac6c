// Byte reversal in words of eight bytes, so that big-endian files cost little more than a copy.
#include "host/audio_file/byte_order.h"

namespace lathe {
namespace {

void store(std::byte* at, std::uint64_t word) { std::memcpy(at, &word, sizeof word); }

template <class SwapWord>
std::size_t for_each_word(std::byte* data, std::size_t bytes, SwapWord swap_word) {
  std::size_t at = 0;
  for (; at + 8 <= bytes; at += 8) store(data + at, swap_word(load_le<std::uint64_t>(data + at)));
  return at;
}

void reverse_one(std::byte* first, int bytes) {
  for (int i = 0; i < bytes / 2; ++i) {
    const std::byte keep = first[i];
    first[i] = first[bytes - 1 - i];
    first[bytes - 1 - i] = keep;
  }
}

}  // namespace

void reverse_samples(std::byte* data, std::size_t samples, int sample_bytes) {
  const std::size_t bytes = samples * static_cast<std::size_t>(sample_bytes);
  std::size_t done = 0;
  if (sample_bytes == 2) {
    done = for_each_word(data, bytes, [](std::uint64_t w) {
      return ((w & 0x00ff00ff00ff00ffU) << 8) | ((w >> 8) & 0x00ff00ff00ff00ffU);
    });
  } else if (sample_bytes == 4) {
    done = for_each_word(data, bytes, [](std::uint64_t w) { return std::rotl(__builtin_bswap64(w), 32); });
  } else if (sample_bytes == 8) {
    done = for_each_word(data, bytes, [](std::uint64_t w) { return __builtin_bswap64(w); });
  }
  for (; done < bytes; done += static_cast<std::size_t>(sample_bytes)) reverse_one(data + done, sample_bytes);
}

void flip_sign_bits(std::byte* data, std::size_t bytes) {
  std::size_t at = for_each_word(data, bytes, [](std::uint64_t w) { return w ^ 0x8080808080808080U; });
  for (; at < bytes; ++at) data[at] ^= std::byte{0x80};
}

}  // namespace lathe
