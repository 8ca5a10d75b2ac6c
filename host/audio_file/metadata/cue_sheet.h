// The body of a FLAC CUESHEET block (RFC 9639, section 8.7), as bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/audio_file/metadata/cue_points.h"

namespace lathe {

// What its parts take.
inline constexpr std::size_t kCatalogBytes = 128, kReservedBytes = 258, kIsrcBytes = 12, kTrackReservedBytes = 13;

// Where its tracks and indices begin; the lead-out is none of them.
std::vector<CuePoint> cue_sheet_points(std::string_view body);

// The same sheet at another rate: no CD's any more unless that is 44100 Hz. Empty where the body is not whole.
std::string scaled_cue_sheet(std::string_view body, int from_hz, int to_hz);

}  // namespace lathe
