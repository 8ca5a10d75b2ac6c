// One walk for four header shapes: RIFF (little-endian), AIFF (big-endian), W64 (GUIDs) and CAF (64-bit sizes).
#include "host/audio_file/chunk_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "host/audio_file/byte_order.h"

namespace lathe {
namespace {

using Fault = AudioFileError::Fault;

constexpr std::size_t kMaxChunks = 10'000;
constexpr std::int64_t kMaxMetadataBytes = 64LL << 20;
constexpr std::uint32_t kSizeElsewhere = 0xffffffffU;

struct Shape {
  std::int64_t first;        // where the first chunk's header is
  std::size_t header_bytes;  // of a chunk
  std::int64_t alignment;    // of the next chunk's header
};

Shape shape_of(Container container) {
  switch (container) {
    case Container::w64:
      return {40, 24, 8};
    case Container::caf:
      return {8, 12, 1};
    default:
      return {12, 8, 2};
  }
}

bool is_plausible_id(const std::byte* at) {
  return std::all_of(at, at + 4, [](std::byte b) { return b >= std::byte{0x20} && b < std::byte{0x7f}; });
}

bool is_audio_or_padding(const std::string& id) {
  static constexpr std::array<std::string_view, 9> kIds = {"data", "SSND", "JUNK", "junk", "PAD ",
                                                           "FLLR", "free", "filr", "Fake"};
  return std::find(kIds.begin(), kIds.end(), id) != kIds.end();
}

std::int64_t bounded(std::uint64_t size) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(size, std::numeric_limits<std::int64_t>::max() / 4));
}

std::int64_t body_size(Container container, const std::byte* header) {
  switch (container) {
    case Container::aiff:
      return load_be32(header + 4);
    case Container::caf: {
      const std::uint64_t size = load_be64(header + 4);
      return size == std::numeric_limits<std::uint64_t>::max() ? kOpenEnded : bounded(size);
    }
    case Container::w64:
      return std::max<std::int64_t>(0, bounded(load_le<std::uint64_t>(header + 16)) - 24);
    default:
      return load_le<std::uint32_t>(header + 4);
  }
}

// A data chunk of 0xFFFFFFFF bytes: in RF64 the size stands in ds64; in WAV it came from a pipe and nobody knows.
std::int64_t resolve_size(const InputFile& file, Container container, const Chunk& chunk,
                          const std::vector<Chunk>& before) {
  if (chunk.id != "data" || chunk.size != kSizeElsewhere) return chunk.size;
  if (container == Container::wav) return kOpenEnded;
  if (container != Container::rf64) return chunk.size;
  const auto ds64 = std::find_if(before.begin(), before.end(), [](const Chunk& c) { return c.id == "ds64"; });
  std::array<std::byte, 16> sizes{};
  if (ds64 == before.end() || file.read_at(ds64->offset, sizes.data(), sizes.size()) != sizes.size()) {
    file.fail(Fault::corrupt, "is RF64 without a ds64 chunk before its audio");
  }
  const auto size = load_le<std::uint64_t>(sizes.data() + 8);
  return size == std::numeric_limits<std::uint64_t>::max() ? kOpenEnded : bounded(size);
}

}  // namespace

std::vector<Chunk> list_chunks(const InputFile& file, Container container) {
  const Shape shape = shape_of(container);
  std::vector<Chunk> chunks;
  std::int64_t metadata_bytes = 0;
  std::int64_t at = shape.first;
  std::array<std::byte, 24> header{};
  while (file.read_at(at, header.data(), shape.header_bytes) == shape.header_bytes) {
    if (shape.alignment == 2 && !is_plausible_id(header.data())) {
      // Some writers forget the pad byte after an odd chunk: then the next header is one byte earlier.
      const bool was_odd = !chunks.empty() && chunks.back().size % 2 != 0;
      if (!was_odd || file.read_at(at - 1, header.data(), shape.header_bytes) != shape.header_bytes ||
          !is_plausible_id(header.data())) {
        break;
      }
      --at;
    }
    Chunk chunk;
    chunk.id.assign(reinterpret_cast<const char*>(header.data()), 4);
    chunk.offset = at + static_cast<std::int64_t>(shape.header_bytes);
    chunk.size = body_size(container, header.data());
    chunk.size = resolve_size(file, container, chunk, chunks);
    const std::int64_t end =
        chunk.size == kOpenEnded ? file.size() : std::min(chunk.offset + chunk.size, file.size() + shape.alignment);
    if (!is_audio_or_padding(chunk.id)) metadata_bytes += std::max<std::int64_t>(0, end - chunk.offset);
    chunks.push_back(chunk);
    if (chunks.size() > kMaxChunks || metadata_bytes > kMaxMetadataBytes) {
      file.fail(Fault::limits, fmt::format("has more than {} chunks or {} MiB of metadata, which is not trusted",
                                           kMaxChunks, kMaxMetadataBytes >> 20));
    }
    if (chunk.size == kOpenEnded) break;
    const std::int64_t past = end % shape.alignment;
    at = end + (past == 0 ? 0 : shape.alignment - past);
  }
  return chunks;
}

}  // namespace lathe
