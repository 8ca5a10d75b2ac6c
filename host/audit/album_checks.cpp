#include "host/audit/album_checks.h"

#include <fmt/format.h>

namespace lathe {
namespace {

constexpr double kDrasticLu = 8;

}  // namespace

void check_spread(const std::vector<const FileAudit*>& files, std::vector<AuditFinding>& findings) {
  const FileAudit* loudest = nullptr;
  const FileAudit* quietest = nullptr;
  int tracks = 0;
  for (const FileAudit* file : files) {
    if (file->state != AuditState::measured) continue;
    ++tracks;
    const double lufs = file->figures.integrated_lufs;
    if (loudest == nullptr || lufs > loudest->figures.integrated_lufs) loudest = file;
    if (quietest == nullptr || lufs < quietest->figures.integrated_lufs) quietest = file;
  }
  if (tracks < 2) return;
  const double highest = loudest->figures.integrated_lufs, lowest = quietest->figures.integrated_lufs;
  findings.push_back(
      {"loudness-spread",
       highest - lowest >= kDrasticLu ? Severity::warning : Severity::info,
       fmt::format("{:.1f} LU between the loudest track, {} ({:.1f} LUFS), and the quietest, {} ({:.1f} LUFS)",
                   highest - lowest, loudest->path.filename().string(), highest, quietest->path.filename().string(),
                   lowest),
       std::nullopt,
       {{"max_lufs", highest}, {"min_lufs", lowest}, {"spread_lu", highest - lowest}}});
}

}  // namespace lathe
