// FLAC level 5 through libFLAC itself, with all comments, pictures and kept chunks, a seek table and the length in the
// header.
#include <FLAC/stream_encoder.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "host/audio_file/flac_channels.h"
#include "host/audio_file/frame_sink.h"
#include "host/audio_file/message_digest.h"
#include "host/audio_file/metadata/flac_blocks.h"
#include "host/audio_file/pcm_hash.h"

namespace lathe {
namespace {

using Fault = AudioFileError::Fault;

constexpr int kLevel = 5;
constexpr std::int64_t kStepFrames = 4096;  // handed to libFLAC at a time: its block at level 5
constexpr int kSeekPointEvery_s = 10;
constexpr std::int64_t kMaxSeekPoints = 10'000;

struct EncoderDeleter {
  void operator()(FLAC__StreamEncoder* encoder) const { ::FLAC__stream_encoder_delete(encoder); }
};

template <int Bytes>
void widen(const std::byte* from, std::size_t samples, FLAC__int32* to) {
  for (std::size_t i = 0; i < samples; ++i, from += Bytes) {
    std::uint32_t value = 0;
    std::memcpy(&value, from, Bytes);
    to[i] = Bytes == 1 ? static_cast<FLAC__int32>(value) - 128
                       : static_cast<FLAC__int32>(value << (32 - 8 * Bytes)) >> (32 - 8 * Bytes);
  }
}

class FlacSink final : public FrameSink {
 public:
  FlacSink(int fd, const std::filesystem::path& path, const AudioFormat& format, const Tags& tags,
           const Metadata& metadata)
      : fd_(fd), path_(path), format_(format), encoder_(::FLAC__stream_encoder_new()) {
    if (!encoder_) throw std::bad_alloc();
    make_comments(flac_fields(tags, metadata, format.sample_rate_hz));
    make_seek_table();
    std::vector<std::string> without_place;
    more_ = make_flac_blocks(format, metadata, without_place);
    for (const std::string& name : without_place) drop(name);
    FLAC__StreamEncoder* encoder = encoder_.get();
    const auto rate = static_cast<std::uint32_t>(format.sample_rate_hz);
    std::vector<FLAC__StreamMetadata*> blocks = {seek_table_.get(), comments_.get()};
    for (const FlacBlock& block : more_) blocks.push_back(block.get());
    const bool is_set =
        ::FLAC__stream_encoder_set_verify(encoder, false) &&
        ::FLAC__stream_encoder_set_streamable_subset(encoder, ::FLAC__format_sample_rate_is_subset(rate)) &&
        ::FLAC__stream_encoder_set_channels(encoder, static_cast<std::uint32_t>(format.channels)) &&
        ::FLAC__stream_encoder_set_bits_per_sample(encoder,
                                                   static_cast<std::uint32_t>(bits_per_sample(format.encoding))) &&
        ::FLAC__stream_encoder_set_sample_rate(encoder, rate) &&
        ::FLAC__stream_encoder_set_compression_level(encoder, kLevel) &&
        ::FLAC__stream_encoder_set_total_samples_estimate(encoder, static_cast<FLAC__uint64>(format.frames)) &&
        ::FLAC__stream_encoder_set_metadata(encoder, blocks.data(), static_cast<std::uint32_t>(blocks.size()));
    const auto status = ::FLAC__stream_encoder_init_stream(encoder, on_write, on_seek, on_tell, on_metadata, this);
    if (!is_set || status != FLAC__STREAM_ENCODER_INIT_STATUS_OK) {
      if (write_error_ != 0) fail();
      throw AudioFileError(Fault::unsupported, path_,
                           fmt::format("cannot be written as FLAC: {}", FLAC__StreamEncoderInitStatusString[status]));
    }
  }

  void write(const std::byte* interleaved, std::int64_t frames) override {
    hash_.update(interleaved, static_cast<std::size_t>(frames * frame_bytes(format_)));
    wide_.resize(static_cast<std::size_t>(kStepFrames * format_.channels));
    for (std::int64_t at = 0; at < frames; at += kStepFrames) {
      const std::int64_t count = std::min(kStepFrames, frames - at);
      const std::byte* from = interleaved + at * frame_bytes(format_);
      const auto samples = static_cast<std::size_t>(count * format_.channels);
      switch (format_.encoding) {
        case Encoding::pcm_u8:
          widen<1>(from, samples, wide_.data());
          break;
        case Encoding::pcm16:
          widen<2>(from, samples, wide_.data());
          break;
        default:
          widen<3>(from, samples, wide_.data());
          break;
      }
      if (!::FLAC__stream_encoder_process_interleaved(encoder_.get(), wide_.data(),
                                                      static_cast<std::uint32_t>(count))) {
        fail();
      }
    }
  }

  void finish() override {
    if (!::FLAC__stream_encoder_finish(encoder_.get()) || write_error_ != 0) fail();
    payload_xxh3_128 = hash_.hex();
    if (loudness) put_loudness();
  }

 private:
  // Into the broadcast extension that an APPLICATION block keeps, if there is one.
  void put_loudness() {
    const std::int64_t at = find_flac_bext(fd_);
    if (at < 0) return;
    const std::string bytes = bext_loudness(*loudness);
    const auto put = ::pwrite(fd_, bytes.data(), bytes.size(), at + static_cast<off_t>(kBextLoudnessAt));
    if (put != static_cast<ssize_t>(bytes.size())) fail_write(path_, put < 0 ? errno : ENOSPC, payload_bytes(format_));
  }

  [[noreturn]] void fail() {
    if (write_error_ != 0) fail_write(path_, write_error_, payload_bytes(format_));
    throw AudioFileError(
        Fault::write_failed, path_,
        fmt::format("FLAC encoding failed: {}", ::FLAC__stream_encoder_get_resolved_state_string(encoder_.get())));
  }

  void make_comments(const Tags& tags) {
    comments_ = new_flac_block(FLAC__METADATA_TYPE_VORBIS_COMMENT);
    Tags clean;  // whoever made the tags: only well-formed names and UTF-8 reach libFLAC
    for (const auto& [name, value] : tags.fields) clean.add_raw(name, value);
    const bool says_mask = format_.channel_mask != 0 && format_.channel_mask != flac_channel_mask(format_.channels);
    if (says_mask) append_comment(std::string(kFlacChannelMaskField), fmt::format("0x{:04X}", format_.channel_mask));
    std::size_t bytes = 0;
    for (const auto& [name, value] : clean.fields) {
      if (bytes + value.size() > kMaxTagBytes || !append_comment(name, value)) {
        drop(name);
      } else {
        bytes += value.size();
      }
    }
  }

  bool append_comment(const std::string& name, const std::string& value) {
    FLAC__StreamMetadata_VorbisComment_Entry entry{};
    if (!::FLAC__metadata_object_vorbiscomment_entry_from_name_value_pair(&entry, name.c_str(), value.c_str()))
      return false;
    // Copied, and freed here in any case: handing over an entry that is then refused is how a double free begins.
    const bool is_in = ::FLAC__metadata_object_vorbiscomment_append_comment(comments_.get(), entry, true);
    std::free(entry.entry);
    return is_in;
  }

  void make_seek_table() {
    seek_table_ = new_flac_block(FLAC__METADATA_TYPE_SEEKTABLE);
    if (format_.frames == 0) return;
    const auto every = static_cast<std::uint32_t>(
        std::max<std::int64_t>(kSeekPointEvery_s * format_.sample_rate_hz, format_.frames / kMaxSeekPoints));
    if (!::FLAC__metadata_object_seektable_template_append_spaced_points_by_samples(
            seek_table_.get(), every, static_cast<FLAC__uint64>(format_.frames)) ||
        !::FLAC__metadata_object_seektable_template_sort(seek_table_.get(), true)) {
      throw std::bad_alloc();
    }
  }

  static FLAC__StreamEncoderWriteStatus on_write(const FLAC__StreamEncoder*, const FLAC__byte from[], std::size_t bytes,
                                                 std::uint32_t, std::uint32_t, void* self) {
    auto& sink = *static_cast<FlacSink*>(self);
    while (bytes > 0) {
      const ssize_t put = ::write(sink.fd_, from, bytes);
      if (put > 0) {
        from += put;
        bytes -= static_cast<std::size_t>(put);
      } else if (put == 0 || errno != EINTR) {
        sink.write_error_ = put == 0 ? ENOSPC : errno;
        return FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR;
      }
    }
    return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
  }

  static FLAC__StreamEncoderSeekStatus on_seek(const FLAC__StreamEncoder*, FLAC__uint64 offset, void* self) {
    auto& sink = *static_cast<FlacSink*>(self);
    if (::lseek(sink.fd_, static_cast<off_t>(offset), SEEK_SET) >= 0) return FLAC__STREAM_ENCODER_SEEK_STATUS_OK;
    sink.write_error_ = errno;
    return FLAC__STREAM_ENCODER_SEEK_STATUS_ERROR;
  }

  static FLAC__StreamEncoderTellStatus on_tell(const FLAC__StreamEncoder*, FLAC__uint64* offset, void* self) {
    auto& sink = *static_cast<FlacSink*>(self);
    const off_t at = ::lseek(sink.fd_, 0, SEEK_CUR);
    if (at < 0) {
      sink.write_error_ = errno;
      return FLAC__STREAM_ENCODER_TELL_STATUS_ERROR;
    }
    *offset = static_cast<FLAC__uint64>(at);
    return FLAC__STREAM_ENCODER_TELL_STATUS_OK;
  }

  // Called at the end with the final STREAMINFO.
  static void on_metadata(const FLAC__StreamEncoder*, const FLAC__StreamMetadata* block, void* self) {
    auto& sink = *static_cast<FlacSink*>(self);
    if (block->type != FLAC__METADATA_TYPE_STREAMINFO) return;
    try {
      sink.pcm_md5 = hex_of(block->data.stream_info.md5sum, sizeof block->data.stream_info.md5sum);
    } catch (...) {
      sink.write_error_ = ENOMEM;
    }
  }

  int fd_;
  std::filesystem::path path_;
  AudioFormat format_;
  FlacBlock comments_;
  FlacBlock seek_table_;
  std::vector<FlacBlock> more_;
  std::unique_ptr<FLAC__StreamEncoder, EncoderDeleter> encoder_;  // after the blocks it points into
  std::vector<FLAC__int32> wide_;
  PcmHash hash_;
  int write_error_ = 0;
};

}  // namespace

std::unique_ptr<FrameSink> make_flac_sink(int fd, const std::filesystem::path& path, const AudioFormat& format,
                                          const Tags& tags, const Metadata& metadata) {
  return std::make_unique<FlacSink>(fd, path, format, tags, metadata);
}

}  // namespace lathe
