// Bytes of numbers: reading header fields of either order, and turning whole blocks of samples round.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace lathe {

static_assert(std::endian::native == std::endian::little, "sample bytes are handed out in the machine's own order");

template <class T>
T load_le(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline std::uint16_t load_be16(const std::byte* at) { return __builtin_bswap16(load_le<std::uint16_t>(at)); }
inline std::uint32_t load_be32(const std::byte* at) { return __builtin_bswap32(load_le<std::uint32_t>(at)); }
inline std::uint64_t load_be64(const std::byte* at) { return __builtin_bswap64(load_le<std::uint64_t>(at)); }

// The low `bytes` bytes of a number, least or most significant first, to put into a header.
inline std::string le_bytes(std::uint64_t value, int bytes) {
  return {reinterpret_cast<const char*>(&value), static_cast<std::size_t>(bytes)};
}
inline std::string be_bytes(std::uint64_t value, int bytes) {
  const std::string turned = le_bytes(value, bytes);
  return {turned.rbegin(), turned.rend()};
}

// Reverses the bytes of each of `samples` samples of `sample_bytes` (1, 2, 3, 4 or 8) bytes, in place.
void reverse_samples(std::byte* data, std::size_t samples, int sample_bytes);

// Turns signed 8-bit samples into offset binary and back, in place.
void flip_sign_bits(std::byte* data, std::size_t bytes);

}  // namespace lathe
