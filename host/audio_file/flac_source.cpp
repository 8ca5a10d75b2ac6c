// FLAC through libFLAC itself: every comment, every frame counted and its checksum compared, and the MD5 of the audio
// at the end.
#include <FLAC/stream_decoder.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/flac_channels.h"
#include "host/audio_file/frame_source.h"
#include "host/audio_file/metadata/chunk_files.h"
#include "host/audio_file/metadata/flac_blocks.h"

namespace lathe {
namespace {

using Fault = AudioFileError::Fault;

constexpr std::int64_t kMaxMetadataBytes = 64LL << 20;
constexpr std::int64_t kMaxBlockFrames = 65535;
constexpr std::int64_t kMinFrameBytes = 8;  // a FLAC frame's header, one constant subframe and the footer take more

struct DecoderDeleter {
  void operator()(FLAC__StreamDecoder* decoder) const { ::FLAC__stream_decoder_delete(decoder); }
};

Encoding encoding_for(int bits) {
  return bits <= 8 ? Encoding::pcm_u8 : bits <= 16 ? Encoding::pcm16 : bits <= 24 ? Encoding::pcm24 : Encoding::pcm32;
}

// Interleaves one block of planar samples, shifted left by `shift`, into `Bytes` bytes each.
template <int Bytes>
void interleave(const FLAC__int32* const planes[], int channels, std::size_t frames, int shift, std::byte* out) {
  const std::uint32_t offset = Bytes == 1 ? 0x80 : 0;  // 8 bits are offset binary
  for (int c = 0; c < channels; ++c) {
    std::byte* at = out + c * Bytes;
    for (std::size_t i = 0; i < frames; ++i, at += channels * Bytes) {
      const std::uint32_t value = (static_cast<std::uint32_t>(planes[c][i]) << shift) + offset;
      std::memcpy(at, &value, Bytes);
    }
  }
}

// The same for two channels of `Bits` bits: a frame is one store. Writes up to 2 bytes behind the last.
template <int Bits>
void interleave_pairs(const FLAC__int32* const planes[], std::size_t frames, int shift, std::byte* out) {
  using Word = std::conditional_t<Bits == 16, std::uint32_t, std::uint64_t>;
  constexpr Word kMask = (Word{1} << Bits) - 1;
  const FLAC__int32 *left = planes[0], *right = planes[1];
  for (std::size_t i = 0; i < frames; ++i, out += Bits / 4) {
    const Word word = (static_cast<Word>(static_cast<std::uint32_t>(left[i]) << shift) & kMask) |
                      static_cast<Word>(static_cast<std::uint32_t>(right[i]) << shift) << Bits;
    std::memcpy(out, &word, sizeof word);
  }
}

class FlacSource final : public FlacFrames {
 public:
  FlacSource(const InputFile& file, Md5 md5) : file_(file), md5_(md5), decoder_(::FLAC__stream_decoder_new()) {
    if (!decoder_) throw std::bad_alloc();
    check_metadata_size();
    start();
    if (!stream_info_) file_.fail(Fault::corrupt, "has no STREAMINFO block, or a damaged one");
    blocks_->finish(tags, metadata, notes);
    blocks_.reset();
    if (audio_at_ > 0) take_leading_id3();
    describe();
    // Untouched until a block comes: few are that long, and in a decoder of its own none may ever come here.
    block_ = std::make_unique_for_overwrite<std::byte[]>(
        static_cast<std::size_t>(kMaxBlockFrames * frame_bytes(format)) + sizeof(std::uint64_t));
    if (stream_info_->total_samples == 0) count_frames();
  }

  std::int64_t read(std::byte* interleaved, std::int64_t frames) override {
    const auto frame = static_cast<std::size_t>(frame_bytes(format));
    std::int64_t done = 0;
    while (done < frames && position_ < format.frames) {
      if (block_at_ == block_frames_ && !next_block()) fail_truncated(file_, format.frames, position_);
      const std::int64_t count = std::min({frames - done, block_frames_ - block_at_, format.frames - position_});
      std::memcpy(interleaved + done * frame, block_.get() + block_at_ * frame,
                  static_cast<std::size_t>(count) * frame);
      block_at_ += count;
      position_ += count;
      done += count;
    }
    if (position_ == format.frames && !is_verified_) verify_end();
    return done;
  }

  void rewind() override {
    start();
    position_ = 0;
  }

  void decode_all(BlockOutlet& outlet) override {
    const auto frame = static_cast<std::size_t>(frame_bytes(format));
    outlet_ = &outlet;
    while (position_ < format.frames) {
      if (!next_block()) fail_truncated(file_, format.frames, position_);
      block_at_ = std::min(block_frames_, format.frames - position_);
      position_ += block_at_;
      const std::size_t bytes = static_cast<std::size_t>(block_at_) * frame;
      is_in_outlet_ ? outlet.publish(bytes) : outlet.append(block_.get(), bytes);
    }
    outlet_ = nullptr;
    verify_end();
  }

 private:
  // Puts the decoder at the first frame, with the metadata read.
  void start() {
    ::FLAC__stream_decoder_finish(decoder_.get());
    ::FLAC__stream_decoder_set_md5_checking(decoder_.get(), md5_ == Md5::compared);
    if (blocks_) ::FLAC__stream_decoder_set_metadata_respond_all(decoder_.get());
    file_at_ = audio_at_;
    block_at_ = block_frames_ = 0;
    errors_ = 0;
    is_at_end_ = is_verified_ = false;
    const auto status = ::FLAC__stream_decoder_init_stream(decoder_.get(), on_read, nullptr, nullptr, nullptr, nullptr,
                                                           on_block, on_metadata, on_error, this);
    if (status != FLAC__STREAM_DECODER_INIT_STATUS_OK) {
      file_.fail(Fault::unreadable, fmt::format("libFLAC: {}", FLAC__StreamDecoderInitStatusString[status]));
    }
    if (!::FLAC__stream_decoder_process_until_end_of_metadata(decoder_.get())) {
      rethrow_callback_failure();
      file_.fail(Fault::corrupt, "has damaged FLAC metadata");
    }
    rethrow_callback_failure();
    has_only_lost_sync_ = true;
    errors_ = 0;  // what was skipped to find the metadata; every frame's own errors still count
  }

  void describe() {
    const FLAC__StreamMetadata_StreamInfo& info = *stream_info_;
    check_limits(file_, info.channels, info.sample_rate);
    format.container = Container::flac;
    format.encoding = encoding_for(static_cast<int>(info.bits_per_sample));
    format.valid_bits = static_cast<int>(info.bits_per_sample);
    format.sample_rate_hz = static_cast<int>(info.sample_rate);
    format.channels = static_cast<int>(info.channels);
    format.channel_mask = channel_mask_.value_or(flac_channel_mask(format.channels));
    format.frames = static_cast<std::int64_t>(info.total_samples);
    if (format.frames > (file_.size() / kMinFrameBytes + 1) * kMaxBlockFrames) {
      file_.fail(Fault::truncated,
                 fmt::format("is truncated: its header promises {} frames, more than {} bytes can hold", format.frames,
                             file_.size()));
    }
  }

  // The encoder wrote to a pipe and never knew the length: decode once to learn it.
  void count_frames() {
    while (next_block()) {
      format.frames += block_frames_;
      block_at_ = block_frames_;
    }
    if (format.frames > 0) notes.push_back("the header does not say how long the audio is; it was counted");
    rewind();
  }

  // Decodes the next block into block_; false at the stream's end.
  bool next_block() {
    block_at_ = block_frames_ = 0;
    while (block_frames_ == 0) {
      const bool went_well = ::FLAC__stream_decoder_process_single(decoder_.get());
      rethrow_callback_failure();
      const auto state = ::FLAC__stream_decoder_get_state(decoder_.get());
      // Cut inside a frame: libFLAC asked for more bytes, got none, and only lost its way there.
      if (block_frames_ == 0 && is_at_end_ && errors_ > 0 && has_only_lost_sync_ && !is_inconsistent_) return false;
      if (errors_ > 0 || is_inconsistent_) {
        file_.fail(Fault::corrupt, fmt::format("is damaged after frame {} of {} ({}); the file has to be replaced",
                                               position_, format.frames,
                                               is_inconsistent_ ? "the format changes in the middle"
                                                                : FLAC__StreamDecoderErrorStatusString[last_error_]));
      }
      if (block_frames_ > 0) break;
      if (state == FLAC__STREAM_DECODER_END_OF_STREAM) return false;
      if (!went_well) {
        file_.fail(Fault::corrupt, fmt::format("cannot be decoded after frame {}: {}", position_,
                                               FLAC__StreamDecoderStateString[state]));
      }
    }
    return true;
  }

  // All promised frames were read: nothing may follow but foreign tags, and the MD5 must be right.
  void verify_end() {
    const bool has_more_in_block = block_at_ < block_frames_;
    block_frames_ = 0;
    ::FLAC__stream_decoder_process_single(decoder_.get());
    rethrow_callback_failure();
    if (has_more_in_block || block_frames_ > 0) {
      file_.fail(Fault::corrupt, fmt::format("holds more audio than the {} frames its header promises", format.frames));
    }
    if (!::FLAC__stream_decoder_finish(decoder_.get())) {
      file_.fail(Fault::corrupt,
                 "decodes to other audio than was encoded: its MD5 does not match; it has to be replaced");
    }
    is_verified_ = true;
    block_at_ = block_frames_ = 0;
  }

  // Walks the block headers, so that libFLAC is never asked to hold a monster, and finds the start of the stream behind
  // an ID3 tag.
  void check_metadata_size() {
    std::array<std::byte, 10> head{};
    file_.read_at(0, head.data(), head.size());
    if (head[0] == std::byte{'I'}) {
      audio_at_ = 10;
      for (int i = 6; i < 10; ++i) audio_at_ += static_cast<std::int64_t>(head[i] & std::byte{0x7f}) << (7 * (9 - i));
    }
    std::int64_t at = audio_at_ + 4;
    bool is_last = false;
    while (!is_last && file_.read_at(at, head.data(), 4) == 4) {
      const std::uint32_t word = load_be32(head.data());
      is_last = (word >> 31) != 0;
      at += 4 + (word & 0xffffff);
      if (at > kMaxMetadataBytes) {
        file_.fail(Fault::limits, fmt::format("has more than {} MiB of metadata", kMaxMetadataBytes >> 20));
      }
    }
  }

  // Some taggers put one before the stream, beside the comments.
  void take_leading_id3() {
    std::string tag(static_cast<std::size_t>(std::min(audio_at_, file_.size())), '\0');
    tag.resize(file_.read_at(0, reinterpret_cast<std::byte*>(tag.data()), tag.size()));
    take_id3_tag(tag, tags, metadata, notes);
  }

  void rethrow_callback_failure() {
    if (callback_failure_) std::rethrow_exception(callback_failure_);
  }

  // libFLAC is C: nothing may be thrown through it, so failures are kept and raised once it has returned.
  static FLAC__StreamDecoderReadStatus on_read(const FLAC__StreamDecoder*, FLAC__byte into[], std::size_t* bytes,
                                               void* self) {
    auto& source = *static_cast<FlacSource*>(self);
    try {
      *bytes = source.file_.read_at(source.file_at_, reinterpret_cast<std::byte*>(into), *bytes);
    } catch (...) {
      source.callback_failure_ = std::current_exception();
      return FLAC__STREAM_DECODER_READ_STATUS_ABORT;
    }
    source.file_at_ += static_cast<std::int64_t>(*bytes);
    if (*bytes == 0) source.is_at_end_ = true;
    return *bytes == 0 ? FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM : FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
  }

  static FLAC__StreamDecoderWriteStatus on_block(const FLAC__StreamDecoder*, const FLAC__Frame* frame,
                                                 const FLAC__int32* const planes[], void* self) {
    auto& source = *static_cast<FlacSource*>(self);
    const AudioFormat& format = source.format;
    const std::size_t frames = frame->header.blocksize;
    if (static_cast<int>(frame->header.channels) != format.channels ||
        static_cast<int>(frame->header.bits_per_sample) != format.valid_bits ||
        static_cast<int>(frame->header.sample_rate) != format.sample_rate_hz || frames > kMaxBlockFrames) {
      source.is_inconsistent_ = true;
      return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
    }
    const int shift = bits_per_sample(format.encoding) - format.valid_bits;
    std::byte* out = source.outlet_ == nullptr
                         ? nullptr
                         : source.outlet_->room(frames * static_cast<std::size_t>(frame_bytes(format)));
    source.is_in_outlet_ = out != nullptr;
    if (out == nullptr) out = source.block_.get();
    switch (format.encoding) {
      case Encoding::pcm_u8:
        interleave<1>(planes, format.channels, frames, shift, out);
        break;
      case Encoding::pcm16:
        format.channels == 2 ? interleave_pairs<16>(planes, frames, shift, out)
                             : interleave<2>(planes, format.channels, frames, shift, out);
        break;
      case Encoding::pcm24:
        format.channels == 2 ? interleave_pairs<24>(planes, frames, shift, out)
                             : interleave<3>(planes, format.channels, frames, shift, out);
        break;
      default:
        interleave<4>(planes, format.channels, frames, shift, out);
        break;
    }
    source.block_frames_ = static_cast<std::int64_t>(frames);
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
  }

  static void on_metadata(const FLAC__StreamDecoder*, const FLAC__StreamMetadata* block, void* self) {
    auto& source = *static_cast<FlacSource*>(self);
    try {
      if (block->type == FLAC__METADATA_TYPE_STREAMINFO) source.stream_info_ = block->data.stream_info;
      if (!source.blocks_) return;
      if (block->type == FLAC__METADATA_TYPE_VORBIS_COMMENT) {
        source.take_comments(block->data.vorbis_comment);
      } else {
        source.blocks_->take(*block);
      }
    } catch (...) {
      source.callback_failure_ = std::current_exception();
    }
  }

  static void on_error(const FLAC__StreamDecoder*, FLAC__StreamDecoderErrorStatus status, void* self) {
    auto& source = *static_cast<FlacSource*>(self);
    ++source.errors_;
    source.last_error_ = status;
    if (status != FLAC__STREAM_DECODER_ERROR_STATUS_LOST_SYNC) source.has_only_lost_sync_ = false;
  }

  void take_comments(const FLAC__StreamMetadata_VorbisComment& comments) {
    for (std::uint32_t i = 0; i < comments.num_comments; ++i) {
      const auto& entry = comments.comments[i];
      if (entry.entry == nullptr) continue;
      const std::string_view text(reinterpret_cast<const char*>(entry.entry), entry.length);
      const std::size_t equals = text.find('=');
      if (equals == std::string_view::npos) continue;
      if (text.substr(0, equals) == kFlacChannelMaskField) {
        channel_mask_ = parse_channel_mask(text.substr(equals + 1));
      } else {
        tags.add_raw(text.substr(0, equals), text.substr(equals + 1));
      }
    }
  }

  const InputFile& file_;
  Md5 md5_;
  std::unique_ptr<FLAC__StreamDecoder, DecoderDeleter> decoder_;
  std::optional<FLAC__StreamMetadata_StreamInfo> stream_info_;
  std::optional<std::uint32_t> channel_mask_;
  // Gone once they are read: rewinding meets them again.
  std::unique_ptr<FlacBlockReader> blocks_ = std::make_unique<FlacBlockReader>();
  std::int64_t audio_at_ = 0;           // of "fLaC" in the file
  std::int64_t file_at_ = 0;            // of the next byte libFLAC gets
  std::unique_ptr<std::byte[]> block_;  // the last decoded block, interleaved
  std::int64_t block_frames_ = 0;       // in it
  std::int64_t block_at_ = 0;           // of them handed out
  std::int64_t position_ = 0;           // frames handed out in all
  bool is_verified_ = false;
  bool is_inconsistent_ = false;
  bool is_at_end_ = false;  // libFLAC asked for bytes beyond the file's end
  bool has_only_lost_sync_ = true;
  BlockOutlet* outlet_ = nullptr;  // where blocks go instead of block_
  bool is_in_outlet_ = false;      // the last one does
  int errors_ = 0;
  FLAC__StreamDecoderErrorStatus last_error_ = FLAC__STREAM_DECODER_ERROR_STATUS_LOST_SYNC;
  std::exception_ptr callback_failure_;
};

}  // namespace

std::unique_ptr<FlacFrames> open_flac_source(const InputFile& file, Md5 md5) {
  return std::make_unique<FlacSource>(file, md5);
}

}  // namespace lathe
