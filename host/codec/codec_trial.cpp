#include "host/codec/codec_trial.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/codec/program_pipe.h"
#include "kernels/aligned.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace {

constexpr std::int64_t kBlock = 16384;  // frames
// A codec adds silence at the ends and may take a little: less than this share of a second is no loss.
constexpr double kMostMissing_s = 0.1;
// Encoding takes a hundredth of a track's time; what takes longer than the track hangs.
constexpr std::int64_t kLeastCpu_s = 120;

// The file's samples, interleaved as an encoder takes them.
class Samples {
 public:
  Samples(AudioReader& reader, bool as_float)
      : reader_(reader),
        format_(reader.format()),
        quantizer_(as_float ? Encoding::float32 : Encoding::pcm24, Dither::none, 0),
        bytes_(static_cast<std::size_t>(kBlock * format_.channels * 8) + kPcmSlackBytes),
        planes_(static_cast<std::size_t>(kBlock * format_.channels)),
        steps_(static_cast<std::size_t>(kBlock * format_.channels) + 16) {}

  std::span<const std::byte> next() {
    const std::int64_t frames = reader_.read(bytes_.data(), kBlock);
    if (frames == 0) return {};
    const MutableAudioView view{planes_.data(), format_.channels, frames, kBlock};
    unpack_pcm(bytes_.data(), format_.encoding, view);
    quantizer_.pack(view, at_, steps_.data(), bytes_.data());
    at_ += frames;
    return {bytes_.data(),
            static_cast<std::size_t>(frames * format_.channels * bytes_per_sample(quantizer_.encoding()))};
  }

 private:
  AudioReader& reader_;
  const AudioFormat format_;
  Quantizer quantizer_;
  std::vector<std::byte> bytes_;
  AlignedArray<float> planes_;
  AlignedArray<std::int32_t> steps_;
  std::int64_t at_ = 0;
};

// Measures raw float32 that comes in pieces of any length.
class DecodedMeter {
 public:
  DecodedMeter(const AudioFormat& format, int rate_hz)
      : channels_(format.channels),
        frame_bytes_(static_cast<std::size_t>(format.channels) * sizeof(float)),
        held_(static_cast<std::size_t>(kBlock) * frame_bytes_ + kPcmSlackBytes),
        planes_(static_cast<std::size_t>(kBlock * format.channels)),
        meter_({static_cast<double>(rate_hz), channel_weights(format.channels, format.channel_mask, format.speakers)}) {
  }

  void take(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const std::size_t room = static_cast<std::size_t>(kBlock) * frame_bytes_ - held_bytes_;
      const std::size_t part = std::min(room, bytes.size());
      std::memcpy(held_.data() + held_bytes_, bytes.data(), part);
      held_bytes_ += part;
      bytes = bytes.subspan(part);
      if (part == room) measure();
    }
  }

  LoudnessFigures finish() {
    measure();
    meter_.finish();
    return meter_.figures();
  }

  std::int64_t frames() const { return frames_; }
  bool is_sound() const { return is_sound_; }

 private:
  void measure() {
    const auto frames = static_cast<std::int64_t>(held_bytes_ / frame_bytes_);
    held_bytes_ = 0;
    if (frames == 0) return;
    const MutableAudioView view{planes_.data(), channels_, frames, kBlock};
    unpack_pcm(held_.data(), Encoding::float32, view);
    if (find_non_finite(view, true).count > 0) is_sound_ = false;
    meter_.take(view);
    frames_ += frames;
  }

  const int channels_;
  const std::size_t frame_bytes_;
  std::vector<std::byte> held_;
  std::size_t held_bytes_ = 0;
  AlignedArray<float> planes_;
  LoudnessMeter meter_;
  std::int64_t frames_ = 0;
  bool is_sound_ = true;
};

std::string cannot_hold(LossyCodec codec, const AudioFormat& format) {
  if (format.frames == 0) return "the file has no samples";
  if (codec == LossyCodec::mp3 && format.channels > 2)
    return fmt::format("MP3 holds one or two channels, and this has {}", format.channels);
  return {};
}

}  // namespace

CodecTrial try_codec(const CodecPrograms& programs, const CodecAtRate& codec, const std::filesystem::path& file,
                     const std::function<void()>& check) {
  AudioReader reader(file, Md5::left_alone, Reading::own_output);
  const AudioFormat& format = reader.format();
  CodecTrial trial;
  trial.stream_rate_hz = CodecPrograms::stream_rate_hz(codec.codec, format.sample_rate_hz);
  trial.why_not = programs.absence(codec.codec);
  if (trial.why_not.empty()) trial.why_not = cannot_hold(codec.codec, format);
  if (!trial.why_not.empty()) return trial;
  const CodecInput input{format.sample_rate_hz, format.channels};
  const EncodeCommand encode = programs.encode_command(codec, input);
  trial.encoder = encode.encoder;
  trial.decoder = programs.decoder();
  Samples samples(reader, encode.takes_float);
  DecodedMeter meter(format, trial.stream_rate_hz);
  ProgramPipe pipe;
  pipe.first = encode.words;
  pipe.second = programs.decode_command(codec.codec, input);
  pipe.limits.cpu_s = kLeastCpu_s + format.frames / format.sample_rate_hz;
  pipe.source = [&] { return samples.next(); };
  pipe.sink = [&](std::span<const std::byte> bytes) { meter.take(bytes); };
  pipe.check = check;
  try {
    pipe.run();
  } catch (const ProgramFailed& failed) {
    trial.why_not = failed.what();
    return trial;
  }
  trial.figures = meter.finish();
  // What was not decoded to the end says nothing of its peaks.
  const double fed_s = static_cast<double>(format.frames) / format.sample_rate_hz;
  const double decoded_s = static_cast<double>(meter.frames()) / trial.stream_rate_hz;
  if (decoded_s < fed_s - kMostMissing_s) {
    trial.why_not = fmt::format("of {:.2f} s only {:.2f} s were decoded", fed_s, decoded_s);
  } else if (!meter.is_sound()) {
    trial.why_not = "what was decoded holds samples that are no numbers";
  } else {
    trial.was_tried = true;
  }
  return trial;
}

}  // namespace lathe
