// Hashing bytes, and files written, verified and read through host/audio_file. All of it is integer work.
#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/audio_writer.h"
#include "host/audio_file/message_digest.h"
#include "host/audio_file/pcm_hash.h"
#include "host/audio_file/staged_file.h"
#include "tests/bench/stage_table.h"

namespace lathe::bench {
namespace {

constexpr std::int64_t kBlock = 16384;  // frames
constexpr std::int64_t kFrameBytes = 6;

struct WrittenFile {
  StagedFile file;
  AudioFormat format;
  WrittenAudio written;
};

WrittenFile write(const Music& music, const std::filesystem::path& folder, Container container) {
  AudioFormat format;
  format.container = container;
  format.encoding = Encoding::pcm24;
  format.sample_rate_hz = kSampleRateHz;
  format.channels = 2;
  format.frames = music.frames;
  StagedFile file(folder, folder / ("bench" + std::string(extension_for(container))));
  AudioWriter writer(file.fd(), file.path(), format, Tags{});
  for (std::int64_t first = 0; first < music.frames; first += kBlock) {
    writer.write(music.pcm24.data() + first * kFrameBytes, std::min(kBlock, music.frames - first));
  }
  WrittenAudio written = writer.finish();
  return {std::move(file), format, std::move(written)};
}

void read(const WrittenFile& source) {
  AudioReader reader(source.file.path());
  std::vector<std::byte> block(static_cast<std::size_t>(kBlock * kFrameBytes));
  std::int64_t frames = 0;
  while (const std::int64_t got = reader.read(block.data(), kBlock)) frames += got;
  if (frames != source.format.frames) throw std::runtime_error("the benchmark's own file reads back short");
}

void time_hashes(StageTable& table) {
  const Music& music = table.music();
  const auto bytes = static_cast<std::size_t>(music.frames * kFrameBytes);
  constexpr auto kStep = static_cast<std::size_t>(kBlock * kFrameBytes);
  table.time("XXH3-128", {0, 0, 3}, [&] {
    PcmHash hash;
    for (std::size_t at = 0; at < bytes; at += kStep) hash.update(music.pcm24.data() + at, std::min(kStep, bytes - at));
    if (hash.hex().empty()) throw std::runtime_error("no XXH3");
  });
  table.time("SHA-256", {0, 0, 3}, [&] {
    MessageDigest sha256(MessageDigest::Kind::sha256);
    for (std::size_t at = 0; at < bytes; at += kStep)
      sha256.update(music.pcm24.data() + at, std::min(kStep, bytes - at));
    if (sha256.hex().empty()) throw std::runtime_error("no SHA-256");
  });
}

}  // namespace

void time_files(StageTable& table, const std::filesystem::path& folder) {
  time_hashes(table);
  const Music& music = table.music();
  std::optional<WrittenFile> wav, flac;
  table.time("WAV write, compared, with SHA-256", {0, 0, 3 + 3},
             [&] { wav.emplace(write(music, folder, Container::wav)); });
  table.time("WAV read", {0, 0, 3 + 3}, [&] { read(*wav); });
  wav.reset();

  // How far a track can be compressed is the track's own: the bytes of a sample are known once the file is there.
  const double encode_s = best_time_s(table.repeats(), [&] { flac.emplace(write(music, folder, Container::flac)); });
  const double packed = static_cast<double>(flac->written.bytes) / static_cast<double>(music.sample_count());
  table.add("FLAC encode, level 5, with MD5", {0, 0, 3 + packed}, encode_s);
  table.time("FLAC decode, with MD5", {0, 0, 3 + packed}, [&] { read(*flac); });
}

}  // namespace lathe::bench
