// The noise that dither adds, as its generator is defined.
#pragma once

#include <cstdint>

namespace lathe::test {

struct PhiloxWords {
  std::uint32_t first, second;
  bool operator==(const PhiloxWords&) const = default;
};

// Philox2x32 of Salmon, Moraes, Dror and Shaw (SC 2011), as their paper has it; the quantiser takes 7 rounds.
inline PhiloxWords philox(PhiloxWords counter, std::uint32_t key, int rounds = 7) {
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t product = std::uint64_t{0xD256D193} * counter.first;
    counter = {static_cast<std::uint32_t>(product >> 32) ^ key ^ counter.second, static_cast<std::uint32_t>(product)};
    key += 0x9E3779B9;
  }
  return counter;
}

// The noise of a frame in steps, within +-1: what the quantiser adds before it rounds.
inline double noise_of(std::uint64_t seed, int channel, std::int64_t frame) {
  std::uint64_t z = seed + 0x9E3779B97F4A7C15u * static_cast<std::uint64_t>(channel + 1);  // SplitMix64
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  const auto key = static_cast<std::uint32_t>((z ^ (z >> 31)) >> 16);
  const auto counter = static_cast<std::uint64_t>(frame) / 2;
  const PhiloxWords words =
      philox({static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32)}, key);
  const std::uint32_t bits = frame % 2 == 0 ? words.first : words.second;
  return (static_cast<double>(bits >> 16) - static_cast<double>(bits & 0xffff)) / 65536;
}

}  // namespace lathe::test
