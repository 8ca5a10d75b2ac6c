// What an output's checks found, as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/mastering/track_report.h"

namespace lathe {

// Adds, as far as the recipe asks for them: checks [{profile, version, verdict, reasons}], codec_checks [{codec,
// encoder, decoder, sample_rate_hz, true_peak_dbtp, integrated_lufs, ceiling_dbtp, over_db, state:
// HOLDS|OVER|UNAVAILABLE}], codec_ceiling_dbtp, codec_rounds, cd_frames {frames, remainder_samples, is_aligned, joint}.
void add_checks_json(const OutputReport& output, nlohmann::ordered_json& json);

}  // namespace lathe
