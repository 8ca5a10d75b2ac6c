// WAV, RF64, W64, AIFF and CAF: a finished header, then the samples as they come, then the chunks behind them. Nothing
// is gone back to but the loudness in a broadcast extension, which stands before the samples it is measured on.
#include <algorithm>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/frame_sink.h"
#include "host/audio_file/pcm_header.h"
#include "host/audio_file/proven_writer.h"

namespace lathe {
namespace {

constexpr std::int64_t kTurnBytes = 256 << 10;  // of samples turned round at a time: stays in the second-level cache

class PcmSink final : public FrameSink {
 public:
  PcmSink(int fd, const std::filesystem::path& path, const AudioFormat& format, const Tags& tags,
          const Metadata& metadata)
      : format_(format), file_(fd, path, payload_bytes(format)) {
    PcmHeader header = make_pcm_header(format, tags, metadata);
    trailer_ = std::move(header.trailer);
    bext_at_ = header.bext_at;
    for (const std::string& name : header.dropped) drop(name);
    file_.put(reinterpret_cast<const std::byte*>(header.bytes.data()), header.bytes.size());
  }

  void write(const std::byte* interleaved, std::int64_t frames) override {
    const std::int64_t bytes = frames * frame_bytes(format_);
    if (!is_stored_big_endian(format_) && !is_stored_signed_8(format_)) {
      return file_.put(interleaved, static_cast<std::size_t>(bytes));
    }
    const int sample = bytes_per_sample(format_.encoding);
    const std::int64_t step = kTurnBytes - kTurnBytes % sample;
    for (std::int64_t at = 0; at < bytes; at += step) {
      const std::int64_t count = std::min(step, bytes - at);
      turned_.assign(interleaved + at, interleaved + at + count);
      if (is_stored_big_endian(format_)) {
        reverse_samples(turned_.data(), static_cast<std::size_t>(count / sample), sample);
      } else {
        flip_sign_bits(turned_.data(), turned_.size());
      }
      file_.put(turned_.data(), turned_.size());
    }
  }

  void finish() override {
    const std::byte zero{};
    file_.put(&zero, static_cast<std::size_t>(pcm_padding(format_)));
    file_.put(reinterpret_cast<const std::byte*>(trailer_.data()), trailer_.size());
    if (bext_at_ >= 0 && loudness)
      file_.put_over(bext_at_ + static_cast<std::int64_t>(kBextLoudnessAt), bext_loudness(*loudness));
    sha256 = file_.sha256();
  }

 private:
  AudioFormat format_;
  ProvenWriter file_;
  std::string trailer_;
  std::int64_t bext_at_ = -1;
  std::vector<std::byte> turned_;
};

}  // namespace

std::unique_ptr<FrameSink> make_pcm_sink(int fd, const std::filesystem::path& path, const AudioFormat& format,
                                         const Tags& tags, const Metadata& metadata) {
  return std::make_unique<PcmSink>(fd, path, format, tags, metadata);
}

}  // namespace lathe
