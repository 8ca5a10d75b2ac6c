#include "host/compare/ab_encoding.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "host/audio_file/audio_writer.h"
#include "host/audio_file/file_descriptor.h"
#include "kernels/aligned.h"
#include "kernels/pcm/pcm.h"

extern char** environ;

namespace lathe {
namespace {

FileDescriptor memory_file() {
  FileDescriptor file(::memfd_create("lathe-excerpt", MFD_CLOEXEC));
  if (file.get() < 0) throw EncoderFailed("no memory for an excerpt");
  return file;
}

std::vector<std::byte> contents(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::pread(fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (n <= 0) throw EncoderFailed("an excerpt cannot be read back");
    at += static_cast<std::size_t>(n);
  }
  return bytes;
}

// Whether the program could be run and said that all went well.
bool run(std::vector<std::string> command, int in, int out) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::lseek(in, 0, SEEK_SET);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return false;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::vector<std::byte> opus_of(int wav) {
  const std::vector<std::vector<std::string>> programs = {
      {"opusenc", "--quiet", "--bitrate", "160", "-", "-"},
      {"ffmpeg", "-v", "error", "-i", "pipe:0", "-c:a", "libopus", "-b:a", "160k", "-f", "ogg", "pipe:1"}};
  for (const auto& program : programs) {
    const FileDescriptor out = memory_file();
    if (!run(program, wav, out.get())) continue;
    if (std::vector<std::byte> bytes = contents(out.get()); !bytes.empty()) return bytes;
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
  const FileDescriptor file = memory_file();
  AudioWriter writer(file.get(), "excerpt", format, {});
  writer.write(bytes.data(), audio.frames);
  writer.finish();
  return codec == AbCodec::opus ? opus_of(file.get()) : contents(file.get());
}

}  // namespace lathe
