// Headers of WAV, RF64 (EBU Tech 3306), W64, AIFF/AIFF-C and CAF, field by field.
#include "host/audio_file/pcm_header.h"

#include <bit>
#include <string_view>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/frame_sink.h"
#include "host/audio_file/metadata/chunk_files.h"

namespace lathe {
namespace {

// Above this WAV becomes RF64; the rest up to 2^32 is room for header and tags, and where it is not enough, it does
// too.
constexpr std::int64_t kMaxRiffPayload = (1LL << 32) - (4 << 20);
constexpr std::uint32_t kSizeElsewhere = 0xffffffffU;

constexpr std::string_view kSubformatTail = {"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14};
constexpr std::string_view kW64Riff = {"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", 16};
constexpr std::string_view kW64Tail = {"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a", 12};
constexpr int kW64HeaderBytes = 24;

std::uint64_t data_size(const AudioFormat& format) { return static_cast<std::uint64_t>(payload_bytes(format)); }

std::string wave_format_body(const AudioFormat& format, bool is_extensible) {
  const int bits = bits_per_sample(format.encoding);
  const int tag = is_float(format.encoding) ? 3 : 1;
  const auto bytes_per_s = static_cast<std::uint64_t>(format.sample_rate_hz) * frame_bytes(format);
  std::string body = le_bytes(is_extensible ? 0xfffe : tag, 2) + le_bytes(format.channels, 2) +
                     le_bytes(format.sample_rate_hz, 4) + le_bytes(bytes_per_s, 4) + le_bytes(frame_bytes(format), 2) +
                     le_bytes(bits, 2);
  if (is_extensible) {
    body += le_bytes(22, 2) + le_bytes(bits, 2) + le_bytes(format.channel_mask, 4) + le_bytes(tag, 2);
    body += kSubformatTail;
  } else if (is_float(format.encoding)) {
    body += le_bytes(0, 2);  // no extension, but formats other than PCM have to say so
  }
  return body;
}

std::string riff_chunk(std::string_view id, const std::string& body) {
  return std::string(id) + le_bytes(body.size(), 4) + body;
}

std::string wave_header(const AudioFormat& format, const std::string& more, std::uint64_t behind) {
  const bool is_extensible = format.channels > 2 || format.channel_mask != 0;
  const std::string body = riff_chunk("fmt ", wave_format_body(format, is_extensible));
  const auto fact = [&](std::uint64_t frames) {
    return is_float(format.encoding) ? riff_chunk("fact", le_bytes(frames, 4)) : std::string();
  };
  const std::uint64_t after = data_size(format) + static_cast<std::uint64_t>(pcm_padding(format)) + behind;
  const std::string chunks = body + fact(static_cast<std::uint64_t>(format.frames)) + more;
  const std::uint64_t plain_size = 4 + chunks.size() + 8 + after;
  if (!is_written_as_rf64(format) && plain_size < kSizeElsewhere)
    return "RIFF" + le_bytes(plain_size, 4) + "WAVE" + chunks + "data" + le_bytes(data_size(format), 4);
  constexpr std::uint64_t kDs64Bytes = 28;
  const std::string large = body + fact(kSizeElsewhere) + more;
  const std::uint64_t riff_size = 4 + 8 + kDs64Bytes + large.size() + 8 + after;
  const std::string ds64 = le_bytes(riff_size, 8) + le_bytes(data_size(format), 8) +
                           le_bytes(static_cast<std::uint64_t>(format.frames), 8) + le_bytes(0, 4);
  return "RF64" + le_bytes(kSizeElsewhere, 4) + "WAVE" + riff_chunk("ds64", ds64) + large + "data" +
         le_bytes(kSizeElsewhere, 4);
}

// Chunks start at multiples of eight; their sizes count the header and not the padding.
std::string w64_chunk(std::string_view id, const std::string& body) {
  const std::size_t size = kW64HeaderBytes + body.size();
  return std::string(id) + std::string(kW64Tail) + le_bytes(size, 8) + body + std::string((8 - size % 8) % 8, '\0');
}

std::string w64_header(const AudioFormat& format) {
  std::string chunks = w64_chunk("fmt ", wave_format_body(format, false));
  if (is_float(format.encoding)) chunks += w64_chunk("fact", le_bytes(static_cast<std::uint64_t>(format.frames), 8));
  chunks += "data" + std::string(kW64Tail) + le_bytes(kW64HeaderBytes + data_size(format), 8);
  const std::uint64_t file_size = 40 + chunks.size() + data_size(format);
  return std::string(kW64Riff) + le_bytes(file_size, 8) + "wave" + std::string(kW64Tail) + chunks;
}

// An 80-bit extended number, for a positive integer.
std::string extended(std::uint64_t value) {
  const int shift = std::countl_zero(value);
  return be_bytes(static_cast<std::uint64_t>(16383 + 63 - shift), 2) + be_bytes(value << shift, 8);
}

// Core Audio's layout with the tag "use channel bitmap", whose bits are those of WAVE.
std::string layout_body(const AudioFormat& format) {
  return be_bytes(1U << 16, 4) + be_bytes(format.channel_mask, 4) + be_bytes(0, 4);
}

std::string aiff_header(const AudioFormat& format, const std::string& more, std::uint64_t behind) {
  const bool is_aifc = is_float(format.encoding);
  std::string common = be_bytes(format.channels, 2) + be_bytes(static_cast<std::uint64_t>(format.frames), 4) +
                       be_bytes(bits_per_sample(format.encoding), 2) +
                       extended(static_cast<std::uint64_t>(format.sample_rate_hz));
  if (is_aifc) common += std::string(format.encoding == Encoding::float32 ? "fl32" : "fl64") + be_bytes(0, 2);
  std::string chunks = is_aifc ? "FVER" + be_bytes(4, 4) + be_bytes(0xa2805140, 4) : std::string();
  chunks += "COMM" + be_bytes(common.size(), 4) + common;
  if (format.channel_mask != 0) chunks += "CHAN" + be_bytes(12, 4) + layout_body(format);
  chunks += more + "SSND" + be_bytes(8 + data_size(format), 4) + be_bytes(0, 8);
  const std::uint64_t form_size =
      4 + chunks.size() + data_size(format) + static_cast<std::uint64_t>(pcm_padding(format)) + behind;
  return "FORM" + be_bytes(form_size, 4) + (is_aifc ? "AIFC" : "AIFF") + chunks;
}

std::string caf_header(const AudioFormat& format, const std::string& more) {
  const std::uint64_t flags = (is_float(format.encoding) ? 1 : 0) | 2;
  std::string chunks = "desc" + be_bytes(32, 8) +
                       be_bytes(std::bit_cast<std::uint64_t>(static_cast<double>(format.sample_rate_hz)), 8) + "lpcm" +
                       be_bytes(flags, 4) + be_bytes(frame_bytes(format), 4) + be_bytes(1, 4) +
                       be_bytes(format.channels, 4) + be_bytes(bits_per_sample(format.encoding), 4);
  if (format.channel_mask != 0) chunks += "chan" + be_bytes(12, 8) + layout_body(format);
  return "caff" + be_bytes(0x00010000, 4) + chunks + more + "data" + be_bytes(4 + data_size(format), 8) +
         be_bytes(0, 4);
}

}  // namespace

bool is_written_as_rf64(const AudioFormat& format) {
  return format.container == Container::rf64 ||
         (format.container == Container::wav && payload_bytes(format) > kMaxRiffPayload);
}

std::string pcm_frame(const AudioFormat& format, const std::string& before, std::uint64_t behind) {
  switch (format.container) {
    case Container::w64:
      return w64_header(format);
    case Container::aiff:
      return aiff_header(format, before, behind);
    case Container::caf:
      return caf_header(format, before);
    default:
      return wave_header(format, before, behind);
  }
}

PcmHeader make_pcm_header(const AudioFormat& format, const Tags& tags, const Metadata& metadata) {
  const ChunkBytes chunks = chunk_bytes(format, tags, metadata);
  PcmHeader header;
  header.bytes = pcm_frame(format, chunks.before, chunks.after.size());
  header.trailer = chunks.after;
  header.dropped = chunks.dropped;
  const std::size_t size = header.bytes.size() + header.trailer.size() + data_size(format);
  if (format.container == Container::aiff && size > kSizeElsewhere && !metadata.is_empty())
    return make_pcm_header(format, tags, {});
  constexpr std::int64_t kDataHeaderBytes = 8;
  if (chunks.bext_at >= 0) {
    header.bext_at =
        static_cast<std::int64_t>(header.bytes.size() - chunks.before.size()) - kDataHeaderBytes + chunks.bext_at;
  }
  // libsndfile takes every extensible W64 for integers, so none is written.
  const bool loses_mask = format.container == Container::w64 && format.channel_mask != 0;
  if (!format.speakers.empty() || loses_mask) header.dropped.emplace_back("channel layout");
  return header;
}

int pcm_padding(const AudioFormat& format) {
  const bool is_padded =
      format.container == Container::wav || format.container == Container::rf64 || format.container == Container::aiff;
  return is_padded ? static_cast<int>(payload_bytes(format) % 2) : 0;
}

bool is_stored_signed_8(const AudioFormat& format) {
  return format.encoding == Encoding::pcm_u8 &&
         (format.container == Container::aiff || format.container == Container::caf);
}

bool is_stored_big_endian(const AudioFormat& format) {
  return format.container == Container::aiff && format.encoding != Encoding::pcm_u8;
}

}  // namespace lathe
