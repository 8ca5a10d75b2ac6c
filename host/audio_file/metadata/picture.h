// Pictures as ID3v2 (APIC, and PIC of 2.2) and FLAC (PICTURE, METADATA_BLOCK_PICTURE) store them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/audio_file/metadata/metadata.h"

namespace lathe {

// The body of an ID3v2 frame, with width, height and depth as the data of a PNG, JPEG or GIF says them; nothing for one
// that is damaged or holds no data.
std::optional<Picture> picture_from_apic(std::string_view body, bool is_version_2);
std::string apic_body(const Picture& picture);

// A Vorbis comment METADATA_BLOCK_PICTURE: a FLAC block in base 64.
std::optional<Picture> picture_from_comment(std::string_view base64);

}  // namespace lathe
