#include "host/audio_file/metadata/cue_sheet.h"

#include <fmt/format.h>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/metadata/byte_view.h"
#include "host/audio_file/sample_rate_converter.h"
#include "host/audio_file/text_encoding.h"

namespace lathe {
namespace {

constexpr int kCdRate = 44100;

// Beyond 2^52 no file reaches.
std::int64_t frame_of(std::uint64_t offset) { return static_cast<std::int64_t>(offset & ((1ULL << 52) - 1)); }

}  // namespace

std::vector<CuePoint> cue_sheet_points(std::string_view body) {
  std::vector<CuePoint> points;
  ByteView left(body);
  left.take(kCatalogBytes + 8 + 1 + kReservedBytes);
  for (int tracks = left.byte(); tracks > 1 && left.size() > 0; --tracks) {
    const std::int64_t start = frame_of(left.be64());
    const int number = left.byte();
    const std::string isrc = utf8_from_unknown(left.take(kIsrcBytes)).text;
    left.take(1 + kTrackReservedBytes);
    const int indices = left.byte();
    for (int i = 0; i < indices && left.size() > 0; ++i) {
      CuePoint point;
      point.frame = start + frame_of(left.be64());
      const int index = left.byte();
      left.take(3);
      point.label = fmt::format("Track {}", number);
      if (index != 1) point.label += fmt::format(" index {}", index);
      if (index == 1 && !isrc.empty()) point.label += fmt::format(" ({})", isrc);
      points.push_back(std::move(point));
    }
  }
  return points;
}

std::string scaled_cue_sheet(std::string_view body, int from_hz, int to_hz) {
  const auto scaled = [&](std::uint64_t frame) {
    return static_cast<std::uint64_t>(converted_frames(frame_of(frame), from_hz, to_hz));
  };
  ByteView left(body);
  std::string out(left.take(kCatalogBytes));
  out += be_bytes(scaled(left.be64()), 8);
  const int flags = left.byte();
  out += static_cast<char>(to_hz == kCdRate ? flags : flags & 0x7f);
  out += left.take(kReservedBytes);
  const int tracks = left.byte();
  out += static_cast<char>(tracks);
  for (int i = 0; i < tracks; ++i) {
    const std::uint64_t start = left.be64();
    out += be_bytes(scaled(start), 8);
    out += left.take(1 + kIsrcBytes + 1 + kTrackReservedBytes);
    const int indices = left.byte();
    out += static_cast<char>(indices);
    for (int j = 0; j < indices; ++j) {
      out += be_bytes(scaled(start + left.be64()) - scaled(start), 8);
      out += left.take(4);
    }
  }
  return out.size() == body.size() ? out : std::string();
}

}  // namespace lathe
