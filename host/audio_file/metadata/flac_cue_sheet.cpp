#include "host/audio_file/metadata/flac_cue_sheet.h"

#include <cstring>
#include <new>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/metadata/byte_view.h"
#include "host/audio_file/metadata/cue_sheet.h"

namespace lathe {
namespace {

void take_text(ByteView& left, char* into, std::size_t bytes) {
  const std::string_view text = left.take(bytes);
  std::memcpy(into, text.data(), text.size());
}

// False for a track that is not there.
bool take_track(ByteView& left, FLAC__StreamMetadata* block, std::uint32_t number) {
  FLAC__StreamMetadata_CueSheet_Track& track = block->data.cue_sheet.tracks[number];
  track.offset = left.be64();
  track.number = left.byte();
  take_text(left, track.isrc, kIsrcBytes);
  const int flags = left.byte();
  track.type = (flags >> 7) & 1;
  track.pre_emphasis = (flags >> 6) & 1;
  left.take(kTrackReservedBytes);
  if (left.size() == 0) return false;
  const std::uint32_t indices = left.byte();
  if (!::FLAC__metadata_object_cuesheet_track_resize_indices(block, number, indices)) throw std::bad_alloc();
  for (std::uint32_t i = 0; i < indices; ++i) {
    FLAC__StreamMetadata_CueSheet_Index& index = block->data.cue_sheet.tracks[number].indices[i];
    index.offset = left.be64();
    if (left.size() < 4) return false;
    index.number = left.byte();
    left.take(3);
  }
  return true;
}

}  // namespace

std::string cue_sheet_bytes(const FLAC__StreamMetadata_CueSheet& sheet) {
  std::string out(sheet.media_catalog_number, kCatalogBytes);
  out += be_bytes(sheet.lead_in, 8);
  out += sheet.is_cd ? '\x80' : '\0';
  out += std::string(kReservedBytes, '\0');
  out += static_cast<char>(sheet.num_tracks);
  for (std::uint32_t t = 0; t < sheet.num_tracks; ++t) {
    const FLAC__StreamMetadata_CueSheet_Track& track = sheet.tracks[t];
    out += be_bytes(track.offset, 8);
    out += static_cast<char>(track.number);
    out += std::string(track.isrc, kIsrcBytes);
    out += static_cast<char>(track.type << 7 | track.pre_emphasis << 6);
    out += std::string(kTrackReservedBytes, '\0');
    out += static_cast<char>(track.num_indices);
    for (std::uint32_t i = 0; i < track.num_indices; ++i) {
      out += be_bytes(track.indices[i].offset, 8);
      out += static_cast<char>(track.indices[i].number);
      out += std::string(3, '\0');
    }
  }
  return out;
}

FlacBlock cue_sheet_block(std::string_view bytes) {
  FlacBlock block = new_flac_block(FLAC__METADATA_TYPE_CUESHEET);
  FLAC__StreamMetadata_CueSheet& sheet = block->data.cue_sheet;
  ByteView left(bytes);
  take_text(left, sheet.media_catalog_number, kCatalogBytes);
  sheet.lead_in = left.be64();
  sheet.is_cd = (left.byte() & 0x80) != 0;
  left.take(kReservedBytes);
  const std::uint32_t tracks = left.byte();
  if (!::FLAC__metadata_object_cuesheet_resize_tracks(block.get(), tracks)) throw std::bad_alloc();
  for (std::uint32_t t = 0; t < tracks; ++t) {
    if (!take_track(left, block.get(), t)) return nullptr;
  }
  const bool is_legal = ::FLAC__metadata_object_cuesheet_is_legal(block.get(), sheet.is_cd, nullptr);
  return is_legal ? std::move(block) : nullptr;
}

}  // namespace lathe
