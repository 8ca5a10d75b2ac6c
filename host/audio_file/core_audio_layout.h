// Core Audio's channel layouts, as CAF and AIFF carry them, in the order of the file's channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace lathe {

// What a `chan` or `CHAN` chunk says.
struct CoreAudioLayout {
  std::uint32_t channel_mask = 0;  // of WAVE, where one can say it
  std::string speakers;            // else names in the channels' order: "L C R Ls Rs LFE"
};

// `body` is the chunk's content: tag, bitmap, number of descriptions, descriptions (CAF specification, channel layout
// chunk; tags and labels as in Core Audio's types). Both are empty for what is not known, or is of another number of
// channels.
CoreAudioLayout read_core_audio_layout(std::span<const std::byte> body, int channels);

}  // namespace lathe
