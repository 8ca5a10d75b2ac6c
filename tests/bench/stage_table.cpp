#include "tests/bench/stage_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe::bench {
namespace {

std::string figure(double value) {
  if (value == 0) return "-";
  return value < 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}

// 12345 as 12,345.
std::string thousands(double value) {
  const std::string digits = fmt::format("{:.0f}", value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace

void StageTable::print(const Ceilings& ceilings) const {
  fmt::print("| {:<48} | {:>10} | {:>9} | {:>12} | {:>12} | {:>18} |\n", "stage", "x realtime", "ns/sample",
             "flops/sample", "bytes/sample", "share of ceiling");
  fmt::print("|:{0:-<48}-|-{0:->10}:|-{0:->9}:|-{0:->12}:|-{0:->12}:|-{0:->18}:|\n", "");
  const double audio_s = static_cast<double>(music_.frames) / kSampleRateHz;
  for (const Row& row : rows_) {
    const double s = row.cpu_s / static_cast<double>(music_.sample_count());
    const double arithmetic =
        (row.cost.float_flops / ceilings.float_flops + row.cost.double_flops / ceilings.double_flops) / s;
    const double memory = row.cost.bytes / ceilings.copy_bytes / s;
    fmt::print(
        "| {:<48} | {:>10} | {:>9.2f} | {:>12} | {:>12} | {:>18} |\n", row.name, thousands(audio_s / row.cpu_s),
        1e9 * s, figure(row.cost.float_flops + row.cost.double_flops), figure(row.cost.bytes),
        fmt::format("{:.0f} % of {}", 100 * std::max(arithmetic, memory), arithmetic > memory ? "FMA" : "memory"));
  }
}

}  // namespace lathe::bench
