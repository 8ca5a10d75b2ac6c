#include "host/report/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "host/audio_file/text_encoding.h"
#include "host/report/audit_text.h"

namespace lathe {
namespace {

// Whether no byte is a control character, a quote, a backslash or beyond ASCII. Eight bytes at a time: a byte of `x` is
// 0 exactly where the highest bit of a byte of `(x - 0x01…) & ~x & 0x80…` is set, but for bytes above a true one.
bool is_plain(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = kOnes * 0x80;
  const auto suspects = [](std::uint64_t x) {
    const auto equals = [x](std::uint64_t c) {
      const std::uint64_t d = x ^ (kOnes * c);
      return (d - kOnes) & ~d;
    };
    return (x | ((x - kOnes * 0x20) & ~x) | equals('"') | equals('\\')) & kHighs;
  };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    if (suspects(word) != 0) return false;
  }
  std::uint64_t rest = kOnes * 'x';
  std::memcpy(&rest, text.data() + at, text.size() - at);
  return suspects(rest) == 0;
}

std::string escaped(std::string_view text) {
  std::string to;
  for (const char c : text) {
    switch (c) {
      case '"':
        to += "\\\"";
        break;
      case '\\':
        to += "\\\\";
        break;
      case '\n':
        to += "\\n";
        break;
      case '\r':
        to += "\\r";
        break;
      case '\t':
        to += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          to += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          to += c;
        }
    }
  }
  return to;
}

}  // namespace

JsonText& JsonText::key(std::string_view word) {
  put(needs_comma_ ? ",\"" : "\"");
  put(word);
  put("\":");
  needs_comma_ = false;
  return *this;
}

JsonText& JsonText::text(std::string_view bytes) {
  separate();
  quoted(bytes);
  needs_comma_ = true;
  return *this;
}

JsonText& JsonText::integer(std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return bare({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

// As whole hundred-thousandths: five decimals are all there is, so no shortest form has to be searched for.
JsonText& JsonText::number(double value) {
  constexpr double kMostExact = 1e9;
  if (!std::isfinite(value)) return null();
  if (std::abs(value) >= kMostExact) return bare(fmt::format("{}", value));
  const std::int64_t scaled = std::llround(value * 1e5);
  std::array<char, 24> digits;
  char* end = digits.data();
  if (scaled < 0) *end++ = '-';
  const std::int64_t size = std::abs(scaled);
  end = std::to_chars(end, digits.data() + digits.size(), size / 100'000).ptr;
  *end++ = '.';
  std::int64_t decimals = size % 100'000;
  for (std::int64_t unit = 10'000; unit > 0; unit /= 10) {
    *end++ = static_cast<char>('0' + decimals / unit);
    decimals %= unit;
    if (decimals == 0) break;
  }
  return bare({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

JsonText& JsonText::texts(const std::vector<std::string>& values) {
  begin_array();
  for (const std::string& value : values) text(value);
  return end_array();
}

template <class Map, class Add>
JsonText& JsonText::object(const Map& values, Add add) {
  begin_object();
  for (const auto& [name, value] : values) {
    separate();
    quoted(name);
    put(":");
    needs_comma_ = false;
    add(value);
  }
  return end_object();
}

JsonText& JsonText::texts(const std::map<std::string, std::string>& values) {
  return object(values, [this](const std::string& value) { text(value); });
}

JsonText& JsonText::numbers(const std::map<std::string, double>& values) {
  return object(values, [this](double value) { number(value); });
}

JsonText& JsonText::integers(const std::map<std::string, std::int64_t>& values) {
  return object(values, [this](std::int64_t value) { integer(value); });
}

void JsonText::clear() {
  size_ = 0;
  needs_comma_ = false;
}

JsonText& JsonText::open(char bracket) {
  separate();
  put({&bracket, 1});
  needs_comma_ = false;
  return *this;
}

JsonText& JsonText::close(char bracket) {
  put({&bracket, 1});
  needs_comma_ = true;
  return *this;
}

JsonText& JsonText::bare(std::string_view word) {
  separate();
  put(word);
  needs_comma_ = true;
  return *this;
}

void JsonText::separate() {
  if (needs_comma_) put(",");
}

void JsonText::grow(std::size_t by) { json_.resize(std::max(2 * json_.size(), size_ + by)); }

void JsonText::quoted(std::string_view bytes) {
  put("\"");
  if (is_plain(bytes)) {
    put(bytes);
  } else {
    put(escaped(is_utf8(bytes) ? bytes : std::string_view(utf8(code_points(bytes)))));
  }
  put("\"");
}

}  // namespace lathe
