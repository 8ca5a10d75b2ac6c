// Numbers in sentences: "9000", not "9000.000000".
#pragma once

#include <charconv>
#include <string>

namespace lathe {

// The shortest text that reads back as the same number.
inline std::string number_text(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return {text, end};
}

}  // namespace lathe
