// What comparing files gave, as JSON (lathe.compare.v1) and as text.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/compare/file_comparison.h"

namespace lathe {

struct ComparisonReport {
  std::string engine;
  std::vector<FileComparison> pairs;
  std::vector<std::filesystem::path> only_a, only_b;
  std::vector<UnlistedFolder> unlisted;

  std::size_t count(PairState state) const;
};

// {schema, engine, pairs: [{state, reason, summary, notes, a: {path, container, encoding, sample_rate_hz, channels,
// frames, duration_s, integrated_lufs, true_peak_dbtp}, b, compared, same_samples, delay_frames, ..., spans}],
// only_in_a, only_in_b, unlisted: [{path, reason}] where there are any, summary}
nlohmann::ordered_json compare_json(const ComparisonReport& report);

void write_compare_text(std::ostream& out, const ComparisonReport& report);

}  // namespace lathe
