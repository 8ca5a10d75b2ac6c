#include "host/manifest/spreadsheet_damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>

#include "host/audit/identifiers.h"

namespace lathe {
namespace {

constexpr const char* kCure = "set the column to text before the values go in, and take this one from its source";

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool matches(std::string_view text, const std::regex& pattern) {
  return std::regex_match(text.begin(), text.end(), pattern);
}

bool is_scientific(std::string_view text) {
  static const std::regex pattern(R"([0-9]([.,][0-9]+)?[eE]\+?[0-9]{1,2})");
  return matches(text, pattern);
}

bool is_date(std::string_view text) {
  static const std::regex numbers(R"([0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}( 0?0:00(:00)?)?)");
  static const std::regex named(
      R"(([0-9]{1,2}\.?[-. ])?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*([-. ][0-9]{2,4})?)",
      std::regex::icase);
  return matches(text, numbers) || matches(text, named);
}

}  // namespace

std::string spreadsheet_damage(std::string_view column, std::string_view text) {
  static constexpr std::array kErrors = {"#NAME?", "#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NUM!", "#NULL!"};
  if (text.empty()) return {};
  if (text.front() == '#' && std::ranges::find(kErrors, text) != kErrors.end())
    return fmt::format("{} '{}' is a spreadsheet's error: {}", column, text, kCure);
  if (column != "isrc" && column != "upc" && column != "track" && column != "disc") return {};
  if (all_digits(text)) {
    const bool may_lack_zero =
        column == "upc" && (text.size() == 11 || text.size() == 12) && !upc_problem(text).empty();
    const std::string whole = "0" + std::string(text);
    if (may_lack_zero && upc_problem(whole).empty())
      return fmt::format("upc '{}' has lost its leading zero in a spreadsheet: {} checks; {}", text, whole, kCure);
    return {};
  }
  if (is_scientific(text)) {
    return fmt::format("{} '{}' is a long number as a spreadsheet shows it, and the other digits are lost: {}", column,
                       text, kCure);
  }
  if (text.ends_with(".0") && all_digits(text.substr(0, text.size() - 2)))
    return fmt::format("{} '{}' went through a spreadsheet as a number with decimals: {}", column, text, kCure);
  if (is_date(text)) return fmt::format("{} '{}' is a date that a spreadsheet took it for: {}", column, text, kCure);
  return {};
}

}  // namespace lathe
