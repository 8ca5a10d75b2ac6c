// Tag text of any age as UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace lathe {

// Whether the text is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// The text with each byte that is not UTF-8 as \xE9: for messages about it.
std::string escaped_bytes(std::string_view text);

// Windows-1252 (a superset of printable Latin-1) as UTF-8. The five bytes it leaves undefined become U+FFFD.
std::string utf8_from_cp1252(std::string_view text);

struct Utf8Text {
  std::string text;
  bool was_transcoded = false;
};

// The text up to its first NUL and without trailing blanks; taken for Windows-1252 if it is not UTF-8.
Utf8Text utf8_from_unknown(std::string_view raw);

}  // namespace lathe
