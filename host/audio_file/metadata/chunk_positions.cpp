#include "host/audio_file/metadata/chunk_positions.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/metadata/cue_sheet.h"
#include "host/audio_file/sample_rate_converter.h"

namespace lathe {
namespace {

class Scaler {
 public:
  Scaler(std::string& body, int from_hz, int to_hz) : body_(body), from_hz_(from_hz), to_hz_(to_hz) {}

  bool has(std::size_t at, std::size_t bytes) const { return at <= body_.size() && body_.size() - at >= bytes; }
  std::uint32_t le(std::size_t at) const { return has(at, 4) ? load_le<std::uint32_t>(bytes(at)) : 0; }
  std::uint32_t be(std::size_t at) const { return has(at, 4) ? load_be32(bytes(at)) : 0; }
  std::size_t byte(std::size_t at) const { return static_cast<unsigned char>(body_[at]); }
  std::string_view text(std::size_t at) const { return std::string_view(body_).substr(at, 4); }

  void scale_le(std::size_t at) {
    if (has(at, 4)) body_.replace(at, 4, le_bytes(scaled(le(at)), 4));
  }
  void scale_be(std::size_t at) {
    if (has(at, 4)) body_.replace(at, 4, be_bytes(scaled(be(at)), 4));
  }
  void scale_double(std::size_t at) {
    if (!has(at, 8)) return;
    const double frame = std::bit_cast<double>(load_be64(bytes(at)));
    body_.replace(at, 8, be_bytes(std::bit_cast<std::uint64_t>(frame * to_hz_ / from_hz_), 8));
  }
  void put_le(std::size_t at, std::uint64_t value) {
    if (has(at, 4)) body_.replace(at, 4, le_bytes(value, 4));
  }

 private:
  const std::byte* bytes(std::size_t at) const { return reinterpret_cast<const std::byte*>(body_.data() + at); }
  std::uint64_t scaled(std::uint32_t frame) const {
    return std::min<std::uint64_t>(UINT32_MAX, static_cast<std::uint64_t>(converted_frames(frame, from_hz_, to_hz_)));
  }

  std::string& body_;
  int from_hz_, to_hz_;
};

void scale_cue(Scaler body) {
  for (std::size_t at = 4; body.has(at, 24); at += 24) {
    body.scale_le(at + 4);
    body.scale_le(at + 20);
  }
}

void scale_adtl(Scaler body) {
  for (std::size_t at = 4; body.has(at, 8);) {
    const std::size_t size = body.le(at + 4);
    if (body.text(at) == "ltxt") body.scale_le(at + 12);
    at += 8 + size + size % 2;
  }
}

void scale_sampler(Scaler body, int to_hz) {
  body.put_le(8, static_cast<std::uint64_t>(std::llround(1e9 / to_hz)));
  for (std::size_t at = 36, loops = body.le(28); loops > 0 && body.has(at, 24); at += 24, --loops) {
    body.scale_le(at + 8);
    body.scale_le(at + 12);
  }
}

// EBU and AES46-2002: eight timers.
void scale_cart(Scaler body) {
  for (std::size_t at = 684, i = 0; i < 8; at += 8, ++i) body.scale_le(at + 4);
}

void scale_markers(Scaler body) {
  for (std::size_t at = 2; body.has(at, 7);) {
    body.scale_be(at + 2);
    const std::size_t length = body.byte(at + 6);
    at += 7 + length + (length + 1) % 2;
  }
}

// Regions and markers of programs that do not say how they count.
bool is_of_unknown_frames(const MetadataChunk& chunk) {
  static constexpr std::array<std::string_view, 5> kIds = {"regn", "r64m", "strc", "minf", "edct"};
  return std::ranges::find(kIds, chunk.id) != kIds.end();
}

}  // namespace

bool scale_positions(MetadataChunk& chunk, int from_hz, int to_hz) {
  if (from_hz == to_hz) return true;
  Scaler body(chunk.body, from_hz, to_hz);
  if (chunk.family == ChunkFamily::riff) {
    if (chunk.id == "cue ") scale_cue(body);
    if (is_adtl(chunk)) scale_adtl(body);
    if (chunk.id == "smpl") scale_sampler(body, to_hz);
    if (chunk.id == "cart") scale_cart(body);
    if (chunk.id == "plst") {
      for (std::size_t at = 4; body.has(at, 12); at += 12) body.scale_le(at + 4);
    }
  } else if (chunk.family == ChunkFamily::aiff && chunk.id == "MARK") {
    scale_markers(body);
  } else if (chunk.family == ChunkFamily::caf && chunk.id == "mark") {
    for (std::size_t at = 8; body.has(at, 28); at += 28) body.scale_double(at + 4);
  } else if (chunk.family == ChunkFamily::flac && chunk.id == "CUESHEET") {
    chunk.body = scaled_cue_sheet(chunk.body, from_hz, to_hz);
    return !chunk.body.empty();
  }
  return !is_of_unknown_frames(chunk);
}

}  // namespace lathe
