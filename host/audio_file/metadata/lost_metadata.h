// What a finished file does not hold of all that was meant for it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

// Reads the metadata back and names what is missing: fields by their names, pictures, cue points and labels by count,
// chunks. The loudness in a broadcast extension is not compared. Throws what reading throws.
std::vector<std::string> lost_metadata(const std::filesystem::path& path, const Tags& tags, const Metadata& metadata);

}  // namespace lathe
