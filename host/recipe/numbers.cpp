#include "host/recipe/numbers.h"

#include <charconv>
#include <cmath>

namespace lathe {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_plus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

bool has_leading_zero(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

template <typename Number>
std::optional<Number> parse_whole(std::string_view text) {
  text = without_plus(text);
  if (has_leading_zero(text)) return std::nullopt;
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  for (const char c : text) {  // from_chars also takes nan and inf
    const bool belongs = is_digit(c) || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
    if (!belongs) return std::nullopt;
  }
  const auto value = parse_whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) { return parse_whole<std::int64_t>(text); }

std::string shortest(double value) {
  if (value == 0) return "0";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return {text, end};
}

}  // namespace lathe
