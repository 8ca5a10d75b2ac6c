// Words as manifests and cue sheets compare them: ASCII letters in either case, blanks around them without meaning.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace lathe {

inline std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kBlank);
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace lathe
