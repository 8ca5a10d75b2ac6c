#include "host/manifest/manifest_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace lathe {
namespace {

std::string compared(const std::string& identifier) {
  std::string text;
  for (const char c : identifier) {
    if (c != '-' && c != ' ') text += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
}

}  // namespace

void apply_manifest(const Manifest& manifest, const ManifestRow& row, FileAudit& file) {
  const std::string place = fmt::format("{}:{}", manifest.file, row.line);
  if (file.state == AuditState::unreadable) file.reason += fmt::format(" ({})", place);
  for (const std::string& damage : row.damage)
    file.findings.push_back({"manifest-damaged", Severity::warning, place + ": " + damage, std::nullopt, {}});
  for (const auto& [name, value] : row.tags) {
    const auto own = file.tags.find(name);
    const bool is_identifier = name == "isrc" || name == "upc";
    if (is_identifier && own != file.tags.end() && compared(own->second) != compared(value)) {
      file.findings.push_back({name + "-mismatch",
                               Severity::warning,
                               fmt::format("{}: '{}', but the file's own tag says '{}'", place, value, own->second),
                               std::nullopt,
                               {}});
    }
    file.tags[name] = value;
  }
}

}  // namespace lathe
