#include "host/report/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "host/audio_file/text_encoding.h"
#include "host/report/audit_text.h"

namespace lathe {
namespace {

bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

void append_escaped(std::string_view text, std::string& to) {
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
}

}  // namespace

JsonText& JsonText::key(std::string_view word) {
  separate();
  json_ += '"';
  json_ += word;
  json_ += "\":";
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

template <class Map, class Put>
JsonText& JsonText::object(const Map& values, Put put) {
  begin_object();
  for (const auto& [name, value] : values) {
    separate();
    quoted(name);
    json_ += ':';
    needs_comma_ = false;
    put(value);
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
  json_.clear();
  needs_comma_ = false;
}

JsonText& JsonText::open(char bracket) {
  separate();
  json_ += bracket;
  needs_comma_ = false;
  return *this;
}

JsonText& JsonText::close(char bracket) {
  json_ += bracket;
  needs_comma_ = true;
  return *this;
}

JsonText& JsonText::bare(std::string_view word) {
  separate();
  json_ += word;
  needs_comma_ = true;
  return *this;
}

void JsonText::separate() {
  if (needs_comma_) json_ += ',';
}

void JsonText::quoted(std::string_view bytes) {
  json_ += '"';
  const bool is_ascii = std::ranges::none_of(bytes, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (is_ascii && std::ranges::none_of(bytes, [](char c) { return needs_escape(static_cast<unsigned char>(c)); })) {
    json_ += bytes;
  } else if (is_ascii || is_utf8(bytes)) {
    append_escaped(bytes, json_);
  } else {
    append_escaped(utf8(code_points(bytes)), json_);
  }
  json_ += '"';
}

}  // namespace lathe
