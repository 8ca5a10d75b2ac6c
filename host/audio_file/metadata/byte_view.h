// Takes numbers and pieces off the front of bytes of unknown origin: what is not there reads as zero, or short.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace lathe {

class ByteView {
 public:
  explicit ByteView(std::string_view bytes) : left_(bytes) {}

  std::size_t size() const { return left_.size(); }
  std::string_view rest() const { return left_; }

  std::string_view take(std::size_t bytes) {
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(taken.size());
    return taken;
  }

  std::uint8_t byte() { return static_cast<std::uint8_t>(big(1)); }
  std::uint16_t be16() { return static_cast<std::uint16_t>(big(2)); }
  std::uint32_t be32() { return static_cast<std::uint32_t>(big(4)); }
  std::uint64_t be64() { return big(8); }
  std::uint32_t le32() {
    const std::string_view bytes = take(4);
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return value;
  }

 private:
  std::uint64_t big(std::size_t count) {
    std::uint64_t value = 0;
    for (const char c : take(count)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }

  std::string_view left_;
};

}  // namespace lathe
