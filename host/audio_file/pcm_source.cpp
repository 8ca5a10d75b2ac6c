// WAV, RF64, W64, AIFF and CAF: the samples straight from the file, once the header's promises are checked against it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/frame_source.h"
#include "host/audio_file/metadata/chunk_files.h"

namespace lathe {
namespace {

class PcmSource final : public FrameSource {
 public:
  PcmSource(const InputFile& file, Container container) : file_(file) {
    const PcmLayout layout = read_pcm_layout(file, container);
    format = layout.format;
    stored = layout.stored;
    const std::int64_t held = std::max<std::int64_t>(0, file.size() - stored.offset) / frame_bytes(format);
    if (format.frames > held) fail_truncated(file, format.frames, held);
    refuse_wrapped_header(layout);
    note_oddities(layout);
    if (container == Container::w64) {
      note_chunks_left_behind(layout);
    } else {
      take_chunks(chunks_of(layout), tags, metadata, notes);
    }
  }

  PcmSource(const InputFile& file, const FrameSource& header) : file_(file) {
    format = header.format;
    tags = header.tags;
    metadata = header.metadata;
    notes = header.notes;
    stored = header.stored;
  }

  std::int64_t read(std::byte* interleaved, std::int64_t frames) override {
    const std::int64_t count = std::min(frames, format.frames - position_);
    if (count <= 0) return 0;
    const std::int64_t frame = frame_bytes(format);
    const auto bytes = static_cast<std::size_t>(count * frame);
    const std::size_t got = file_.read_at(stored.offset + position_ * frame, interleaved, bytes);
    if (got != bytes) fail_truncated(file_, format.frames, position_ + static_cast<std::int64_t>(got) / frame);
    const auto samples = static_cast<std::size_t>(count * format.channels);
    if (stored.is_big_endian) reverse_samples(interleaved, samples, bytes_per_sample(format.encoding));
    if (stored.is_signed_8) flip_sign_bits(interleaved, samples);
    position_ += count;
    return count;
  }

  void skip(std::int64_t frames) override { position_ = std::min(format.frames, position_ + frames); }
  void rewind() override { position_ = 0; }

 private:
  // Programs that know no RF64 write WAV beyond 4 GB with sizes that lost their upper half.
  void refuse_wrapped_header(const PcmLayout& layout) {
    constexpr std::int64_t kWrap = 1LL << 32;
    const std::int64_t behind = file_.size() - stored.offset - layout.data_bytes;
    if (format.container == Container::wav && !layout.is_open_ended && behind >= kWrap) {
      file_.fail(
          AudioFileError::Fault::corrupt,
          fmt::format(
              "is a plain WAV of {} bytes whose header says {}: its size wrapped at 4 GB; write it again as RF64",
              file_.size(), layout.data_bytes));
    }
  }

  void note_oddities(const PcmLayout& layout) {
    if (const std::int64_t tail = layout.data_bytes % frame_bytes(format); tail != 0) {
      notes.push_back(fmt::format("the last {} bytes of the audio are no whole frame and are left out", tail));
    }
    if (layout.is_open_ended)
      notes.push_back("the header does not say how long the audio is; it is read to the file's end");
    const std::int64_t behind = file_.size() - stored.offset;
    if (layout.data_bytes == 0 && behind > 0 && layout.chunks.back().offset == stored.offset) {
      notes.push_back(
          fmt::format("the header says 0 bytes of audio, but {} bytes follow it: the recorder may not have "
                      "finished the file",
                      behind));
    }
  }

  // All chunks but those of the format, the sound and padding. A last one that is cut is left out.
  std::vector<MetadataChunk> chunks_of(const PcmLayout& layout) {
    const ChunkFamily family = family_of(format.container);
    std::vector<MetadataChunk> chunks;
    for (const Chunk& chunk : layout.chunks) {
      if (is_structure(family, chunk.id)) continue;
      MetadataChunk read{family, chunk.id, {}, chunk.offset < stored.offset};
      read.body.resize(static_cast<std::size_t>(std::clamp<std::int64_t>(chunk.size, 0, file_.size() - chunk.offset)));
      const std::size_t got =
          file_.read_at(chunk.offset, reinterpret_cast<std::byte*>(read.body.data()), read.body.size());
      if (static_cast<std::int64_t>(got) != chunk.size) {
        notes.push_back(fmt::format("the {} reaches past the file's end and is not carried over", chunk_name(read)));
        continue;
      }
      chunks.push_back(std::move(read));
    }
    return chunks;
  }

  void note_chunks_left_behind(const PcmLayout& layout) {
    static constexpr std::array<std::string_view, 12> kKnown = {"bext", "iXML", "axml", "chna", "cue ", "cart",
                                                                "_PMX", "id3 ", "ID3 ", "smpl", "MARK", "uuid"};
    std::string ids;
    for (const Chunk& chunk : layout.chunks) {
      if (std::find(kKnown.begin(), kKnown.end(), chunk.id) == kKnown.end()) continue;
      ids += (ids.empty() ? "" : ", ") + chunk.id.substr(0, chunk.id.find_last_not_of(' ') + 1);
    }
    if (!ids.empty()) notes.push_back("chunks not carried over: " + ids);
  }

  const InputFile& file_;
  std::int64_t position_ = 0;
};

}  // namespace

std::unique_ptr<FrameSource> open_pcm_source(const InputFile& file, Container container) {
  return std::make_unique<PcmSource>(file, container);
}

std::unique_ptr<FrameSource> pcm_source_at(const InputFile& file, const FrameSource& header) {
  return std::make_unique<PcmSource>(file, header);
}

}  // namespace lathe
