// The format and audio chunks of WAV, RF64, W64, AIFF and CAF.
#include "host/audio_file/pcm_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string_view>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/core_audio_layout.h"
#include "host/audio_file/frame_source.h"

namespace lathe {
namespace {

using Fault = AudioFileError::Fault;
using Head = std::array<std::byte, 64>;

constexpr std::uint16_t kWavePcm = 1;
constexpr std::uint16_t kWaveFloat = 3;
constexpr std::uint16_t kWaveExtensible = 0xfffe;
constexpr std::uint32_t kCafFloat = 1;
constexpr std::uint32_t kCafLittleEndian = 2;

const Chunk* find_chunk(const std::vector<Chunk>& chunks, std::string_view id) {
  const auto found = std::find_if(chunks.begin(), chunks.end(), [&](const Chunk& c) { return c.id == id; });
  return found == chunks.end() ? nullptr : &*found;
}

// The first bytes of a chunk's body, zero-filled. Throws when fewer than `needed` are there.
Head chunk_head(const InputFile& file, const Chunk& chunk, std::size_t needed) {
  Head bytes{};
  const auto wanted = static_cast<std::size_t>(std::clamp<std::int64_t>(chunk.size, 0, bytes.size()));
  const std::size_t got = file.read_at(chunk.offset, bytes.data(), wanted);
  if (got < needed) {
    file.fail(got < wanted ? Fault::truncated : Fault::corrupt,
              fmt::format("its '{}' chunk holds {} bytes, {} are needed", chunk.id, got, needed));
  }
  return bytes;
}

const Chunk& need_chunk(const InputFile& file, const PcmLayout& layout, std::string_view id, std::string_view what) {
  if (const Chunk* chunk = find_chunk(layout.chunks, id)) return *chunk;
  const bool is_cut = !layout.chunks.empty() && layout.chunks.back().offset + layout.chunks.back().size > file.size();
  file.fail(is_cut ? Fault::truncated : Fault::corrupt,
            fmt::format("has no '{}' chunk ({}){}", id, what, is_cut ? "; the file ends before it" : ""));
}

[[noreturn]] void refuse_codec(const InputFile& file, const std::string& name) {
  file.fail(Fault::unsupported,
            fmt::format("holds {}; only uncompressed PCM and float are read from such files", name));
}

std::string wave_codec_name(std::uint16_t tag) {
  switch (tag) {
    case 0x0002:
      return "Microsoft ADPCM";
    case 0x0006:
      return "A-law";
    case 0x0007:
      return "u-law";
    case 0x0011:
      return "IMA ADPCM";
    case 0x0031:
      return "GSM 6.10";
    case 0x0050:
      return "MPEG audio";
    case 0x0055:
      return "MP3";
    case 0x0161:
      return "Windows Media Audio";
    default:
      return fmt::format("WAVE format 0x{:04x}", tag);
  }
}

// Four bytes of a file in quotes, whatever they are.
std::string quoted_id(const std::byte* at) {
  std::string out = "'";
  for (int i = 0; i < 4; ++i) {
    const auto c = static_cast<char>(at[i]);
    out += c >= 0x20 && c < 0x7f ? c : '?';
  }
  return out + "'";
}

// Sets encoding and valid_bits from the word length and checks it against the size of a frame (0 = not told).
void set_samples(const InputFile& file, PcmLayout& layout, int bits, bool is_floating, std::int64_t block_align) {
  const bool is_valid = is_floating ? bits == 32 || bits == 64 : bits >= 1 && bits <= 32;
  if (!is_valid)
    file.fail(Fault::unsupported, fmt::format("holds {}-bit {} samples", bits, is_floating ? "float" : "PCM"));
  static constexpr std::array kIntegers = {Encoding::pcm_u8, Encoding::pcm16, Encoding::pcm24, Encoding::pcm32};
  layout.format.encoding = !is_floating ? kIntegers[(bits - 1) / 8]
                           : bits == 32 ? Encoding::float32
                                        : Encoding::float64;
  layout.format.valid_bits = bits;
  if (block_align != 0 && block_align != frame_bytes(layout.format)) {
    file.fail(Fault::corrupt, fmt::format("contradicts itself: {} channels of {} bits do not make frames of {} bytes",
                                          layout.format.channels, bits, block_align));
  }
}

void set_channels_and_rate(const InputFile& file, PcmLayout& layout, std::int64_t channels, std::int64_t rate) {
  check_limits(file, channels, rate);
  layout.format.channels = static_cast<int>(channels);
  layout.format.sample_rate_hz = static_cast<int>(rate);
}

// `skip` is what stands in the chunk before the samples.
void place_data(const InputFile& file, PcmLayout& layout, const Chunk& chunk, std::int64_t skip) {
  layout.is_open_ended = chunk.size == kOpenEnded;
  layout.stored.offset = chunk.offset + skip;
  layout.data_bytes =
      std::max<std::int64_t>(0, (layout.is_open_ended ? file.size() - chunk.offset : chunk.size) - skip);
  layout.format.frames = layout.data_bytes / frame_bytes(layout.format);
}

void read_wave(const InputFile& file, PcmLayout& layout) {
  const Chunk& format = need_chunk(file, layout, "fmt ", "the audio's format");
  const Head b = chunk_head(file, format, 16);
  auto tag = load_le<std::uint16_t>(&b[0]);
  const int bits = load_le<std::uint16_t>(&b[14]);
  const bool is_extensible = tag == kWaveExtensible && format.size >= 40;
  if (is_extensible) tag = load_le<std::uint16_t>(&b[24]);
  if (tag != kWavePcm && tag != kWaveFloat) refuse_codec(file, wave_codec_name(tag));
  set_channels_and_rate(file, layout, load_le<std::uint16_t>(&b[2]), load_le<std::uint32_t>(&b[4]));
  set_samples(file, layout, bits, tag == kWaveFloat, load_le<std::uint16_t>(&b[12]));
  if (is_extensible) {
    const int valid_bits = load_le<std::uint16_t>(&b[18]);
    if (tag == kWavePcm && valid_bits > 0 && valid_bits < bits) layout.format.valid_bits = valid_bits;
    layout.format.channel_mask = load_le<std::uint32_t>(&b[20]);
  }
  place_data(file, layout, need_chunk(file, layout, "data", "the audio"), 0);
}

// An 80-bit extended number: sign and exponent, then a mantissa with its leading one written out.
double load_extended(const std::byte* at) {
  const int exponent = load_be16(at) & 0x7fff;
  return std::ldexp(static_cast<double>(load_be64(at + 2)), exponent - 16383 - 63);
}

std::int64_t rounded_rate(double rate) { return rate >= 0.0 && rate < 1e9 ? std::llrint(rate) : 0; }

void read_layout_chunk(const InputFile& file, PcmLayout& layout, std::string_view id) {
  const Chunk* chunk = find_chunk(layout.chunks, id);
  if (chunk == nullptr) return;
  // Twelve bytes, and twenty for each channel.
  std::array<std::byte, 12 + 20 * kMaxChannels> body{};
  const auto size = static_cast<std::size_t>(std::clamp<std::int64_t>(chunk->size, 0, body.size()));
  const std::size_t held = file.read_at(chunk->offset, body.data(), size);
  const CoreAudioLayout said = read_core_audio_layout(std::span(body).first(held), layout.format.channels);
  layout.format.channel_mask = said.channel_mask;
  layout.format.speakers = said.speakers;
}

void read_aiff(const InputFile& file, PcmLayout& layout) {
  std::array<std::byte, 4> form{};
  file.read_at(8, form.data(), form.size());
  const bool is_aifc = form[3] == std::byte{'C'};
  const Head b = chunk_head(file, need_chunk(file, layout, "COMM", "the audio's format"), is_aifc ? 22 : 18);
  const std::string_view codec = is_aifc ? std::string_view(reinterpret_cast<const char*>(&b[18]), 4) : "NONE";
  int bits = load_be16(&b[6]);
  const bool is_float32 = codec == "fl32" || codec == "FL32";
  const bool is_float64 = codec == "fl64" || codec == "FL64";
  const bool is_little = codec == "sowt" || codec == "42ni" || codec == "23ni";
  if (is_float32 || codec == "in32" || codec == "23ni") bits = 32;
  if (is_float64) bits = 64;
  if (codec == "in24" || codec == "42ni") bits = 24;
  if (codec == "raw ") bits = 8;
  if (!is_float32 && !is_float64 && !is_little && codec != "NONE" && codec != "twos" && codec != "in24" &&
      codec != "in32" && codec != "raw ") {
    refuse_codec(file, "AIFF-C codec " + quoted_id(&b[18]));
  }
  set_channels_and_rate(file, layout, load_be16(&b[0]), rounded_rate(load_extended(&b[8])));
  set_samples(file, layout, bits, is_float32 || is_float64, 0);
  layout.stored.is_big_endian = !is_little && bits > 8;
  layout.stored.is_signed_8 = bits <= 8 && codec != "raw ";
  read_layout_chunk(file, layout, "CHAN");
  const std::int64_t frames = load_be32(&b[2]);
  if (frames == 0 && find_chunk(layout.chunks, "SSND") == nullptr) return;  // legal: no sound, no chunk
  const Chunk& sound = need_chunk(file, layout, "SSND", "the audio");
  place_data(file, layout, sound, 8 + static_cast<std::int64_t>(load_be32(&chunk_head(file, sound, 8)[0])));
  if (frames > layout.format.frames) fail_truncated(file, frames, layout.format.frames);
  layout.format.frames = frames;
  layout.data_bytes = frames * frame_bytes(layout.format);
}

void read_caf(const InputFile& file, PcmLayout& layout) {
  const Head b = chunk_head(file, need_chunk(file, layout, "desc", "the audio's format"), 32);
  if (std::string_view(reinterpret_cast<const char*>(&b[8]), 4) != "lpcm")
    refuse_codec(file, "CAF codec " + quoted_id(&b[8]));
  const std::uint32_t flags = load_be32(&b[12]);
  const auto bits = static_cast<int>(std::min(load_be32(&b[28]), 1000U));
  set_channels_and_rate(file, layout, load_be32(&b[24]), rounded_rate(std::bit_cast<double>(load_be64(&b[0]))));
  set_samples(file, layout, bits, (flags & kCafFloat) != 0, load_be32(&b[16]));
  layout.stored.is_big_endian = (flags & kCafLittleEndian) == 0 && bits > 8;
  layout.stored.is_signed_8 = bits <= 8;
  read_layout_chunk(file, layout, "chan");
  place_data(file, layout, need_chunk(file, layout, "data", "the audio"), 4);
}

}  // namespace

PcmLayout read_pcm_layout(const InputFile& file, Container container) {
  PcmLayout layout;
  layout.format.container = container;
  layout.chunks = list_chunks(file, container);
  if (container == Container::aiff) {
    read_aiff(file, layout);
  } else if (container == Container::caf) {
    read_caf(file, layout);
  } else {
    read_wave(file, layout);
  }
  return layout;
}

}  // namespace lathe
