// What an audio file is to Lathe: its container, its format, and the one error all of this folder throws.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kernels/pcm/encoding.h"

namespace lathe {

enum class Container { wav, rf64, w64, aiff, caf, flac };

// "WAV", "RF64", "W64", "AIFF", "CAF", "FLAC".
std::string_view container_name(Container container);

// The extension a new file gets, with its dot: ".wav" for wav and rf64, ".w64", ".aiff", ".caf", ".flac".
std::string_view extension_for(Container container);

// Whether a folder scan takes a file of this extension (with its dot, any case): .wav .wave .rf64 .w64 .aif .aiff .aifc
// .caf .flac. What the file really is, only AudioReader knows.
bool is_accepted_extension(std::string_view extension);

struct AudioFormat {
  Container container = Container::wav;
  Encoding encoding = Encoding::pcm24;
  int sample_rate_hz = 44100;      // 8000 to 384000
  int channels = 2;                // 1 to 24
  std::int64_t frames = 0;         // one sample of every channel each
  std::uint32_t channel_mask = 0;  // speaker positions as WAVE_FORMAT_EXTENSIBLE has them; 0 = none said
  int valid_bits = 0;              // significant bits of a sample, left-justified; 0 = all the encoding has
  std::string speakers = {};       // their names in the channels' order, where no mask can say it (CAF, AIFF): "L C R"
};

constexpr int kMinSampleRateHz = 8000;
constexpr int kMaxSampleRateHz = 384000;
constexpr int kMaxChannels = 24;

constexpr int frame_bytes(const AudioFormat& format) { return bytes_per_sample(format.encoding) * format.channels; }

// Anything that can be wrong with one audio file. It concerns that file only; the batch goes on.
class AudioFileError : public std::runtime_error {
 public:
  enum class Fault {
    not_found,       // no such file
    unreadable,      // there, but the system refuses to read it (permission, a folder, an I/O error)
    not_audio,       // not an audio file at all
    unsupported,     // audio, but a container, codec or format Lathe does not take or cannot write
    truncated,       // ends before what its header promises
    corrupt,         // contradicts itself, or fails its own checksum
    limits,          // beyond the limits on channels, rate or metadata
    disk_full,       // no space (or quota, or file size limit) for what is to be written
    write_failed,    // any other failure to write, publish or verify
    storage_failed,  // the disk or file server below failed while something was written: it may be well again later
  };

  // what() is "PATH: REASON".
  AudioFileError(Fault fault, std::filesystem::path path, const std::string& reason)
      : std::runtime_error(path.string() + ": " + reason), fault_(fault), path_(std::move(path)), reason_(reason) {}

  Fault fault() const { return fault_; }
  const std::filesystem::path& path() const { return path_; }
  const std::string& reason() const { return reason_; }

 private:
  Fault fault_;
  std::filesystem::path path_;
  std::string reason_;
};

// Whether the audio of a FLAC file is held against its MD5 at the end. The checksum of each of its frames always is;
// the MD5 takes a quarter of the time that decoding does.
enum class Md5 { compared, left_alone };

// The stable code of a fault: its enumerator's name, as "not_audio".
std::string_view fault_name(AudioFileError::Fault fault);

}  // namespace lathe
