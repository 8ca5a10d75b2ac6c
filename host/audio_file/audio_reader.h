// Reads an audio file as the bytes it holds: interleaved, little-endian PCM in the file's own encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

class FrameSource;
class InputFile;

// What a file is opened for. Where isolated decoders run (isolation/), the first two read it through them.
enum class Reading {
  samples,    // all of it
  header,     // its format and tags alone; the samples can still be had
  own_output  // this process wrote it itself a moment ago: read in the process
};

// One reader belongs to one thread at a time; different readers do not know of each other.
class AudioReader {
 public:
  // Opens and checks the file. Throws AudioFileError: not_found, unreadable, not_audio, unsupported, limits, corrupt,
  // and truncated where the header already shows it (all containers but FLAC). With isolated decoders, everything here
  // that reads also throws DecoderDied and IsolationFailed (isolation/decoder_error.h).
  explicit AudioReader(const std::filesystem::path& path, Md5 md5 = Md5::compared, Reading reading = Reading::samples);
  ~AudioReader();
  AudioReader(AudioReader&&) noexcept;
  AudioReader& operator=(AudioReader&&) noexcept;

  // frames is exact, and may be 0. 8-bit audio is always pcm_u8; FLAC of other word lengths is offered in the next
  // whole encoding, left-justified, with the file's own length in valid_bits.
  const AudioFormat& format() const;
  const Tags& tags() const;
  // Pictures and chunks beside the text.
  const Metadata& metadata() const;

  // What the file has that will not come through, in words for the report ("chunks not carried over: bext").
  const std::vector<std::string>& notes() const;

  // Up to `frames` frames of frame_bytes(format()) bytes each into `interleaved`; fewer only at the end, then 0.
  // Throws AudioFileError: unreadable, truncated, corrupt. With the last frame of a FLAC file comes its MD5's turn.
  std::int64_t read(std::byte* interleaved, std::int64_t frames);

  // Passes over so many frames, or to the end. Plain files are not read for it; FLAC is decoded, and throws as read()
  // does.
  void skip(std::int64_t frames);

  // Back to the first frame.
  void rewind();

  // Asks the system to read the whole file ahead, now; returns at once.
  void advise_will_need() const;

  const InputFile& file() const;

 private:
  std::unique_ptr<InputFile> file_;
  std::unique_ptr<FrameSource> source_;
};

}  // namespace lathe
