// A CUESHEET block as libFLAC has it in memory, and as bytes.
#pragma once

#include <string>
#include <string_view>

#include "host/audio_file/metadata/flac_blocks.h"

namespace lathe {

std::string cue_sheet_bytes(const FLAC__StreamMetadata_CueSheet& sheet);

// Null for a sheet that FLAC does not allow.
FlacBlock cue_sheet_block(std::string_view bytes);

}  // namespace lathe
