// Temporary files and hand-made headers for the tests.
#include "tests/host/audio_file/scratch.h"

#include <fcntl.h>
#include <stdlib.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

#include "host/audio_file/file_descriptor.h"

namespace lathe::testing {

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "lathe-audio-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Bytes noise(const AudioFormat& format, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes pcm(static_cast<std::size_t>(format.frames * frame_bytes(format)));
  for (std::byte& b : pcm) b = static_cast<std::byte>(random());
  const std::size_t samples = static_cast<std::size_t>(format.frames * format.channels);
  for (std::size_t i = 0; i < samples && is_float(format.encoding); ++i) {
    const double value = std::ldexp(static_cast<double>(random() >> 11), -53) * 2.0 - 1.0;
    const auto narrow = static_cast<float>(value);
    if (format.encoding == Encoding::float32) std::memcpy(&pcm[4 * i], &narrow, 4);
    if (format.encoding == Encoding::float64) std::memcpy(&pcm[8 * i], &value, 8);
  }
  return pcm;
}

Bytes music(const AudioFormat& format) {
  std::mt19937_64 random(7);
  Bytes pcm;
  for (std::int64_t t = 0; t < format.frames; ++t) {
    for (int c = 0; c < format.channels; ++c) {
      const double scale = std::ldexp(1.0, bits_per_sample(format.encoding) - 2);
      const double wave = std::sin(0.01 * (c + 1) * static_cast<double>(t)) * scale;
      const auto value = static_cast<std::int32_t>(wave) + static_cast<std::int32_t>(random() % 64);
      for (int b = 0; b < bytes_per_sample(format.encoding); ++b)
        pcm.push_back(static_cast<std::byte>(value >> (8 * b)));
    }
  }
  return pcm;
}

WrittenAudio write_audio(const std::filesystem::path& path, const AudioFormat& format, const Bytes& pcm,
                         const Tags& tags, const Metadata& metadata) {
  const FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.is_open()) throw std::runtime_error("cannot create " + path.string());
  AudioWriter writer(fd.get(), path, format, tags, metadata);
  const std::int64_t half = format.frames / 2;
  writer.write(pcm.data(), half);
  writer.write(pcm.data() + half * frame_bytes(format), format.frames - half);
  return writer.finish();
}

Bytes read_audio(AudioReader& reader, std::int64_t block_frames) {
  const auto frame = static_cast<std::size_t>(frame_bytes(reader.format()));
  Bytes all;
  Bytes block(static_cast<std::size_t>(block_frames) * frame);
  while (const std::int64_t got = reader.read(block.data(), block_frames)) {
    all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(got * frame));
  }
  return all;
}

Metadata rich_metadata() {
  Metadata metadata;
  metadata.pictures = {{3, "image/png", "Vorn", 2, 2, 24, 0, "not quite a picture"}};
  metadata.frames = {{"PRIV", std::string("owner\0data", 10)}};
  const std::string cue = le(1, 4) + le(1, 4) + le(50, 4) + "data" + le(0, 8) + le(50, 4);
  metadata.chunks = {{ChunkFamily::riff, "iXML", "<BWFXML/>", true},
                     {ChunkFamily::riff, "cue ", cue, true},
                     {ChunkFamily::riff, "LIST", "adtl" + riff_chunk("labl", le(1, 4) + "Here" + '\0'), true},
                     {ChunkFamily::riff, "odd ", "123", false}};
  return metadata;
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void spill(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string le(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string be(std::uint64_t value, int bytes) {
  const std::string turned = le(value, bytes);
  return {turned.rbegin(), turned.rend()};
}

std::string riff_chunk(std::string_view id, std::string_view body) {
  return std::string(id) + le(body.size(), 4) + std::string(body) + (body.size() % 2 != 0 ? std::string(1, '\0') : "");
}

std::string riff_file(std::string_view chunks) {
  return "RIFF" + le(chunks.size() + 4, 4) + "WAVE" + std::string(chunks);
}

std::string wave_format(int channels, int rate, int bits) {
  const int frame = channels * ((bits + 7) / 8);
  return riff_chunk("fmt ", le(1, 2) + le(channels, 2) + le(rate, 4) + le(static_cast<std::uint64_t>(rate) * frame, 4) +
                                le(frame, 2) + le(bits, 2));
}

AudioFileError::Fault fault_of(const std::function<void()>& action, std::string* message) {
  try {
    action();
  } catch (const AudioFileError& error) {
    if (message != nullptr) *message = error.what();
    return error.fault();
  }
  ADD_FAILURE() << "no AudioFileError was thrown";
  return {};
}

AudioFileError::Fault fault_of_reading(const std::filesystem::path& path, std::string* message) {
  return fault_of(
      [&] {
        AudioReader reader(path);
        read_audio(reader);
      },
      message);
}

}  // namespace lathe::testing
