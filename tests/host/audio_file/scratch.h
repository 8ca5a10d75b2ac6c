// A temporary folder, sample bytes and whole-file shorthands for the audio file tests.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/audio_reader.h"
#include "host/audio_file/audio_writer.h"

namespace lathe::testing {

using Bytes = std::vector<std::byte>;

// A new folder that goes with the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Bytes of every value, the same for the same seed; float formats get finite samples.
Bytes noise(const AudioFormat& format, std::uint64_t seed = 1);

// A slow sine on every channel plus a little noise: what FLAC can compress. Integer encodings of 16 and 24 bits only.
Bytes music(const AudioFormat& format);

WrittenAudio write_audio(const std::filesystem::path& path, const AudioFormat& format, const Bytes& pcm,
                         const Tags& tags = {}, const Metadata& metadata = {});
Bytes read_audio(AudioReader& reader, std::int64_t block_frames = 1000);

// A picture, frames without text, and chunks of RIFF: what a file of any container may be given.
Metadata rich_metadata();

std::string slurp(const std::filesystem::path& path);
void spill(const std::filesystem::path& path, std::string_view bytes);

// Number parts for headers made by hand.
std::string le(std::uint64_t value, int bytes);
std::string be(std::uint64_t value, int bytes);
// id, size, body and the pad byte if the body is odd.
std::string riff_chunk(std::string_view id, std::string_view body);
// A whole RIFF file of these chunks.
std::string riff_file(std::string_view chunks);
// A plain PCM "fmt " chunk.
std::string wave_format(int channels, int rate, int bits);

// The fault `action` throws; fails the test and gives nothing useful if it throws none. `message` gets its what().
AudioFileError::Fault fault_of(const std::function<void()>& action, std::string* message = nullptr);
AudioFileError::Fault fault_of_reading(const std::filesystem::path& path, std::string* message = nullptr);

}  // namespace lathe::testing
