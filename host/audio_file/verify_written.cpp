// Opens the finished file as any reader would; what was not proven while it was written (FLAC) is decoded and compared.
#include "host/audio_file/verify_written.h"

#include <fmt/format.h>

#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/input_file.h"
#include "host/audio_file/message_digest.h"
#include "host/audio_file/pcm_hash.h"

namespace lathe {
namespace {

using Fault = AudioFileError::Fault;

constexpr std::size_t kReadBytes = 512 << 10;
constexpr std::int64_t kDecodeFrames = 16384;

std::string file_sha256(const InputFile& file) {
  MessageDigest sha256(MessageDigest::Kind::sha256);
  std::vector<std::byte> block(kReadBytes);
  std::int64_t at = 0;
  while (const std::size_t got = file.read_at(at, block.data(), block.size())) {
    sha256.update(block.data(), got);
    at += static_cast<std::int64_t>(got);
  }
  return sha256.hex();
}

std::string decoded_hash(AudioReader& reader) {
  PcmHash hash;
  const auto frame = static_cast<std::size_t>(frame_bytes(reader.format()));
  std::vector<std::byte> block(kDecodeFrames * frame);
  while (const std::int64_t got = reader.read(block.data(), kDecodeFrames)) {
    hash.update(block.data(), static_cast<std::size_t>(got) * frame);
  }
  return hash.hex();
}

void check_format(const std::filesystem::path& path, const AudioFormat& meant, const AudioFormat& found) {
  if (meant.encoding != found.encoding || meant.sample_rate_hz != found.sample_rate_hz ||
      meant.channels != found.channels || meant.frames != found.frames) {
    throw AudioFileError(
        Fault::write_failed, path,
        fmt::format("reads back as {} frames, {} channels, {} Hz, {} bits; {}, {}, {} and {} were written",
                    found.frames, found.channels, found.sample_rate_hz, bits_per_sample(found.encoding), meant.frames,
                    meant.channels, meant.sample_rate_hz, bits_per_sample(meant.encoding)));
  }
}

}  // namespace

std::string verify_written(const std::filesystem::path& path, const AudioFormat& format, const WrittenAudio& written) {
  AudioReader reader(path, Md5::compared, Reading::own_output);
  check_format(path, format, reader.format());
  if (reader.file().size() != written.bytes) {
    throw AudioFileError(
        Fault::write_failed, path,
        fmt::format("is {} bytes long, {} were written; run again", reader.file().size(), written.bytes));
  }
  if (!written.sha256.empty()) return written.sha256;
  const std::string found = decoded_hash(reader);
  if (found != written.payload_xxh3_128) {
    throw AudioFileError(Fault::write_failed, path,
                         fmt::format("does not read back as written (XXH3 {}, not {}): check the disk and run again",
                                     found, written.payload_xxh3_128));
  }
  return file_sha256(reader.file());
}

}  // namespace lathe
