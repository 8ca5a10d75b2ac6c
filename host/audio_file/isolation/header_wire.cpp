#include "host/audio_file/isolation/header_wire.h"

#include <algorithm>

#include "host/audio_file/isolation/metadata_wire.h"
#include "host/audio_file/isolation/wire.h"
#include "host/audio_file/text_encoding.h"

namespace lathe::isolation {
namespace {

constexpr std::int64_t kMostFlacFrames = (1LL << 36) - 1;
constexpr std::int64_t kFramesOfEightBytes = 65535;  // the most audio that FLAC puts into so little
constexpr std::size_t kTextBytes = 8;                // what the shortest text takes

void pack_texts(Packer& packer, const std::vector<std::string>& texts) {
  packer.number(static_cast<std::int64_t>(texts.size()));
  for (const std::string& text : texts) packer.text(text);
}

std::vector<std::string> unpack_texts(Unpacker& unpacker) {
  std::vector<std::string> texts(unpacker.count(kTextBytes));
  for (std::string& text : texts) text = unpacker.readable();
  return texts;
}

bool is_field_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= 0x20 && c <= 0x7d && c != '='; });
}

}  // namespace

std::string pack_header(const FrameSource& header) {
  const AudioFormat& format = header.format;
  Packer packer;
  packer.number(static_cast<std::int64_t>(format.encoding))
      .number(format.sample_rate_hz)
      .number(format.channels)
      .number(format.frames)
      .number(format.channel_mask)
      .number(format.valid_bits)
      .text(format.speakers)
      .number(header.stored.offset)
      .number(header.stored.is_big_endian ? 1 : 0)
      .number(header.stored.is_signed_8 ? 1 : 0)
      .number(static_cast<std::int64_t>(header.tags.fields.size()));
  for (const auto& [name, value] : header.tags.fields) packer.text(name).text(value);
  pack_texts(packer, header.tags.notes);
  pack_texts(packer, header.notes);
  pack_metadata(packer, header.metadata);
  return packer.bytes();
}

void unpack_header(std::string_view bytes, const InputFile& file, Container container, FrameSource& header) {
  Unpacker unpacker(bytes);
  AudioFormat& format = header.format;
  format.container = container;
  format.encoding = static_cast<Encoding>(unpacker.number_between(0, static_cast<int>(Encoding::float64)));
  format.sample_rate_hz = static_cast<int>(unpacker.number_between(kMinSampleRateHz, kMaxSampleRateHz));
  format.channels = static_cast<int>(unpacker.number_between(1, kMaxChannels));
  const std::int64_t most_frames = container == Container::flac
                                       ? std::min(kMostFlacFrames, (file.size() / 8 + 1) * kFramesOfEightBytes)
                                       : file.size() / frame_bytes(format);
  format.frames = unpacker.number_between(0, most_frames);
  format.channel_mask = static_cast<std::uint32_t>(unpacker.number_between(0, UINT32_MAX));
  format.valid_bits = static_cast<int>(unpacker.number_between(0, bits_per_sample(format.encoding)));
  format.speakers = unpacker.readable();
  header.stored.offset =
      unpacker.number_between(0, container == Container::flac ? 0 : file.size() - format.frames * frame_bytes(format));
  header.stored.is_big_endian = unpacker.number_between(0, 1) == 1;
  header.stored.is_signed_8 = unpacker.number_between(0, 1) == 1;
  header.tags.fields.resize(unpacker.count(2 * kTextBytes));
  for (auto& [name, value] : header.tags.fields) {
    name = unpacker.text();
    value = unpacker.readable();
    if (!is_field_name(name)) throw WireError("a tag's name is none");
  }
  header.tags.notes = unpack_texts(unpacker);
  header.notes = unpack_texts(unpacker);
  header.metadata = unpack_metadata(unpacker);
  unpacker.expect_end();
}

}  // namespace lathe::isolation
