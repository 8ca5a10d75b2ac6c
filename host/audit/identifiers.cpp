#include "host/audit/identifiers.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe {
namespace {

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Tags come with blanks around them.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

std::string isrc_problem(std::string_view isrc) {
  std::string code(isrc);
  if (code.find('-') != std::string::npos) {
    if (code.size() != 15 || code[2] != '-' || code[6] != '-' || code[9] != '-')
      return "hyphens belong as in CC-XXX-YY-NNNNN, or nowhere";
    std::erase(code, '-');
  }
  if (code.size() != 12) return fmt::format("{} characters, not 12", code.size());
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (i < 2 && !is_letter(c)) return "does not begin with two letters";
    if (i >= 2 && i < 5 && !is_letter(c) && !is_digit(c)) return "characters 3 to 5 are not all letters or digits";
    if (i >= 5 && !is_digit(c)) return "the last seven characters are not all digits";
  }
  return {};
}

std::string upc_problem(std::string_view upc) {
  if (!std::all_of(upc.begin(), upc.end(), is_digit)) return "not all digits";
  if (upc.size() != 8 && upc.size() != 12 && upc.size() != 13 && upc.size() != 14)
    return fmt::format("{} digits, not 8, 12, 13 or 14", upc.size());
  int sum = 0;
  for (std::size_t i = 0; i + 1 < upc.size(); ++i) sum += (upc[i] - '0') * ((upc.size() - i) % 2 == 0 ? 3 : 1);
  const int check = (10 - sum % 10) % 10;
  if (upc.back() - '0' != check) return fmt::format("its check digit is {}, not {}", upc.back(), check);
  return {};
}

std::vector<AuditFinding> check_identifiers(const std::map<std::string, std::string>& tags) {
  std::vector<AuditFinding> findings;
  const auto check = [&](const char* tag, const char* name, auto&& problem_of) {
    const auto found = tags.find(tag);
    if (found == tags.end() || trimmed(found->second).empty()) return;
    const std::string problem = problem_of(trimmed(found->second));
    if (problem.empty()) return;
    findings.push_back({fmt::format("{}-invalid", tag),
                        Severity::warning,
                        fmt::format("'{}' is no {}: {}", trimmed(found->second), name, problem),
                        std::nullopt,
                        {}});
  };
  check("isrc", "ISRC", isrc_problem);
  check("upc", "UPC or EAN", upc_problem);
  return findings;
}

}  // namespace lathe
