// Reports as JSON: the keys users and checks rely on. Units end a key; a level of nothing is null beside a state that
// says why.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "host/mastering/track_report.h"

namespace lathe {

// {state: MEASURED|UNMEASURABLE, reason, integrated_lufs, loudness_range_lu, max_momentary_lufs, max_short_term_lufs,
// true_peak_dbtp, sample_peak_dbfs}
nlohmann::ordered_json measurement_json(const Measurement& measurement);

// All of a track but its state: {input, reason, outputs: [...], before, after, asked, reached, stages, ...}.
nlohmann::ordered_json track_json(const TrackReport& report);

nlohmann::ordered_json busy_json(const BusySeconds& busy);

// A figure rounded to five decimals, never -0; null when it is not finite.
nlohmann::ordered_json json_number(double value);
nlohmann::ordered_json json_number(const std::optional<double>& value);  // null without one

// A path's bytes as JSON text: what is not UTF-8 is shown as U+FFFD.
std::string json_text(const std::filesystem::path& path);

}  // namespace lathe
