// FLAC's speaker positions: the ones it implies by the number of channels, and the comment that says others.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lathe {

constexpr std::string_view kFlacChannelMaskField = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK";

// RFC 9639, section 9.1.3, as a WAVE mask; 0 for one and two channels, which need none.
constexpr std::uint32_t flac_channel_mask(int channels) {
  switch (channels) {
    case 3:
      return 0x7;
    case 4:
      return 0x33;
    case 5:
      return 0x37;
    case 6:
      return 0x3f;
    case 7:
      return 0x70f;
    case 8:
      return 0x63f;
    default:
      return 0;
  }
}

// "0x60F" and the like; nothing if it is not a number.
inline std::optional<std::uint32_t> parse_channel_mask(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  std::uint32_t mask = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mask, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return mask;
}

}  // namespace lathe
