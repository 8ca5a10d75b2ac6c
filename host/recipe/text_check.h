// Finds what no text file has: bytes that are not UTF-8, and control characters.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lathe {

struct BadText {
  std::size_t offset = 0;
  std::string what;
};

std::optional<BadText> find_bad_text(std::string_view text);

// Characters, not bytes, of UTF-8 text.
std::size_t count_characters(std::string_view text);

}  // namespace lathe
