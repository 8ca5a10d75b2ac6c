// The report of mastered tracks for people and spreadsheets, from its JSON document.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

namespace lathe::cli {

// A line a track, its reason beneath; what stands out of each album; and a summary.
void write_master_table(std::ostream& out, const nlohmann::ordered_json& report);

// RFC 4180, one row a track: input state reason_code reason before_lufs after_lufs after_dbtp asked_lufs outputs.
void write_master_csv(std::ostream& out, const nlohmann::ordered_json& report);

// One self-contained page, readable without its script, failed tracks first.
void write_master_page(std::ostream& out, const nlohmann::ordered_json& report);

}  // namespace lathe::cli
