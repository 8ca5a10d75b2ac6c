#include "host/compare/ab_encoding.h"

#include <unistd.h>

#include <chrono>
#include <string>
#include <system_error>

#include "host/audio_file/audio_writer.h"
#include "host/codec/child_process.h"
#include "kernels/aligned.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace {

// An encoder of a minute of audio takes seconds; one that takes longer hangs.
constexpr std::chrono::seconds kLongest{120};
constexpr std::size_t kMostBytes = 1 << 30;

std::vector<std::byte> bytes_of(int fd) {
  const std::string text = contents_of(fd, kMostBytes);
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

// Whether the program could be run and said that all went well.
bool run(const std::vector<std::string>& command, int in, int out) {
  ::lseek(in, 0, SEEK_SET);
  try {
    return ChildProcess(command, {in, out, -1}).wait(kLongest) == 0;
  } catch (const std::system_error&) {
    return false;
  }
}

std::vector<std::byte> opus_of(int wav) {
  const std::vector<std::vector<std::string>> programs = {
      {"opusenc", "--quiet", "--bitrate", "160", "-", "-"},
      {"ffmpeg", "-v", "error", "-i", "pipe:0", "-c:a", "libopus", "-b:a", "160k", "-f", "ogg", "pipe:1"}};
  for (const auto& program : programs) {
    const FileDescriptor out = memory_file("lathe-excerpt");
    if (!run(program, wav, out.get())) continue;
    if (std::vector<std::byte> bytes = bytes_of(out.get()); !bytes.empty()) return bytes;
  }
  throw EncoderFailed("--codec opus needs opusenc (opus-tools) or ffmpeg; install one, or use --codec flac");
}

}  // namespace

std::string_view mime_type(AbCodec codec) {
  return codec == AbCodec::flac ? "audio/flac" : codec == AbCodec::wav ? "audio/wav" : "audio/ogg";
}

std::vector<std::byte> encoded(MutableAudioView audio, int sample_rate_hz, AbCodec codec) {
  AudioFormat format;
  format.container = codec == AbCodec::flac ? Container::flac : Container::wav;
  format.encoding = Encoding::pcm16;
  format.sample_rate_hz = sample_rate_hz;
  format.channels = audio.channels;
  format.frames = audio.frames;
  const auto samples = static_cast<std::size_t>(audio.frames * audio.channels);
  AlignedArray<std::int32_t> steps(samples + 16);
  std::vector<std::byte> bytes(samples * 2 + kPcmSlackBytes);
  Quantizer(Encoding::pcm16, Dither::tpdf, 1).pack(audio, 0, steps.data(), bytes.data());
  const FileDescriptor file = memory_file("lathe-excerpt");
  AudioWriter writer(file.get(), "excerpt", format, {});
  writer.write(bytes.data(), audio.frames);
  writer.finish();
  return codec == AbCodec::opus ? opus_of(file.get()) : bytes_of(file.get());
}

}  // namespace lathe
