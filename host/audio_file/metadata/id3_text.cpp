// Texts of ID3v2 frames, in their four encodings.
#include <algorithm>

#include "host/audio_file/metadata/id3_tag.h"
#include "host/audio_file/text_encoding.h"

namespace lathe {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// A mark at the front says which byte comes first and is left out; half a surrogate pair becomes U+FFFD.
std::string utf8_from_utf16(std::string_view bytes, bool& is_big) {
  const auto unit = [&](std::size_t i) {
    const auto first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
    return is_big ? static_cast<std::uint32_t>(first << 8 | second) : static_cast<std::uint32_t>(second << 8 | first);
  };
  std::string out;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    std::uint32_t code = unit(i);
    if (i == 0 && (code == 0xfeff || code == 0xfffe)) {
      if (code == 0xfffe) is_big = !is_big;
      continue;
    }
    const bool is_high = code >= 0xd800 && code < 0xdc00;
    const bool is_pair = is_high && i + 3 < bytes.size() && unit(i + 2) >= 0xdc00 && unit(i + 2) < 0xe000;
    if (is_pair) {
      code = 0x10000 + ((code - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
      i += 2;
    } else if (code >= 0xd800 && code < 0xe000) {
      code = kReplacement;
    }
    append_utf8(out, code);
  }
  return out;
}

bool is_wide(int encoding) { return encoding == 1 || encoding == 2; }

}  // namespace

std::string_view take_id3_string(int encoding, std::string_view& bytes) {
  std::size_t end = bytes.find('\0');
  std::size_t ending = 1;
  if (is_wide(encoding)) {
    ending = 2;
    for (end = 0; end + 1 < bytes.size() && (bytes[end] != 0 || bytes[end + 1] != 0);) end += 2;
  }
  const std::string_view taken = bytes.substr(0, end);
  bytes.remove_prefix(std::min(bytes.size(), end == std::string_view::npos ? bytes.size() : end + ending));
  return taken;
}

std::vector<std::string> id3_strings(int encoding, std::string_view bytes) {
  std::vector<std::string> strings;
  bool is_big = encoding == 2;  // stays what the first mark said: some write none at the later strings
  while (!bytes.empty()) {
    const std::string_view raw = take_id3_string(encoding, bytes);
    if (is_wide(encoding)) {
      strings.push_back(utf8_from_utf16(raw, is_big));
    } else if (encoding == 0) {
      strings.push_back(utf8_from_cp1252(raw));
    } else {
      strings.push_back(is_utf8(raw) ? std::string(raw) : utf8_from_cp1252(raw));
    }
  }
  while (!strings.empty() && strings.back().empty()) strings.pop_back();
  return strings;
}

}  // namespace lathe
