#include "host/audio_file/metadata/outgoing.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "host/audio_file/metadata/broadcast.h"
#include "host/audio_file/metadata/chunk_positions.h"

namespace lathe {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Gains and peaks as players apply them (ReplayGain, EBU R 128 in Opus, Sound Check, MP3Gain), the space at the ends
// that another codec has left, meters' readings.
bool tells_loudness(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "ITUNNORM",      "COMMENT:ITUNNORM",    "ITUNSMPB",         "COMMENT:ITUNSMPB",
      "DYNAMIC RANGE", "ALBUM DYNAMIC RANGE", "ITUNES_SOUNDCHECK"};
  return name.starts_with("REPLAYGAIN_") || name.starts_with("R128_") || name.starts_with("MP3GAIN_") ||
         is_one_of(kNames, name);
}

// Frames of ID3v2 that adjust volume or tone, or point into the bytes of another file.
bool is_untrue_frame(std::string_view id, bool is_untouched) {
  static constexpr std::array<std::string_view, 5> kLoudness = {"RVA2", "RVAD", "EQU2", "EQUA", "RGAD"};
  static constexpr std::array<std::string_view, 5> kPlaces = {"ASPI", "MLLT", "SEEK", "TSIZ", "RBUF"};
  return is_one_of(kPlaces, id) || (!is_untouched && is_one_of(kLoudness, id));
}

// Peaks and levels over time, and checksums of the audio chunk.
bool is_untrue_chunk(const MetadataChunk& chunk, bool is_untouched) {
  static constexpr std::array<std::string_view, 11> kIds = {"PEAK", "levl", "LEVL", "peak", "ovvw", "ovwf",
                                                            "LGWV", "elm1", "wvfm", "MD5 ", "CRC "};
  if (chunk.family == ChunkFamily::flac) return false;
  const bool is_checksum = chunk.id == "MD5 " || chunk.id == "CRC ";
  return is_one_of(kIds, chunk.id) && (is_checksum || !is_untouched);
}

}  // namespace

OutgoingMetadata outgoing_metadata(const Tags& tags, const Metadata& metadata, const AudioFormat& from,
                                   const AudioFormat& to, bool is_untouched) {
  OutgoingMetadata out;
  out.metadata.pictures = metadata.pictures;
  out.metadata.has_text_in_id3_alone = metadata.has_text_in_id3_alone;
  const auto leave_out = [&out](const std::string& name) {
    if (std::ranges::find(out.left_out, name) == out.left_out.end()) out.left_out.push_back(name);
  };
  for (const auto& field : tags.fields) {
    const bool is_untrue = !is_untouched && tells_loudness(field.first);
    is_untrue ? leave_out(field.first) : out.tags.fields.push_back(field);
  }
  for (const Id3Frame& frame : metadata.frames) {
    const bool is_untrue = is_untrue_frame(frame.id, is_untouched);
    is_untrue ? leave_out("ID3 " + frame.id + " frame") : out.metadata.frames.push_back(frame);
  }
  for (const MetadataChunk& chunk : metadata.chunks) {
    MetadataChunk kept = chunk;
    if (is_untrue_chunk(chunk, is_untouched) || !scale_positions(kept, from.sample_rate_hz, to.sample_rate_hz)) {
      leave_out(chunk_name(chunk));
      continue;
    }
    if (chunk.family == ChunkFamily::riff && chunk.id == "bext") kept.body = bext_of_master(chunk.body, from, to);
    if (chunk.id == "iXML" && from.sample_rate_hz != to.sample_rate_hz)
      leave_out("the sample rate in iXML (the chunk is kept as it came)");
    out.metadata.chunks.push_back(std::move(kept));
  }
  return out;
}

}  // namespace lathe
