// The files of a programme, read one after the other as if they were one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "host/audio_file/audio_reader.h"

namespace lathe {

struct TrackJob;

class ProgrammeReader {
 public:
  // Opens what is not open yet; takes the job's readers. Throws AudioFileError, and std::invalid_argument for files of
  // different rates, channels or encodings: they cannot run into each other.
  explicit ProgrammeReader(const TrackJob& job);

  // The first file's, but for the frames: those of all.
  const AudioFormat& format() const { return format_; }

  // As AudioReader::read, across the boundaries.
  std::int64_t read(std::byte* interleaved, std::int64_t frames);
  void rewind();

  const std::vector<AudioReader>& files() const { return files_; }
  // Behind the last frame of each file, counted from the programme's first.
  const std::vector<std::int64_t>& ends() const { return ends_; }
  // Which is being read.
  const std::filesystem::path& path() const;

 private:
  std::vector<AudioReader> files_;
  std::vector<std::int64_t> ends_;
  AudioFormat format_;
  std::size_t at_ = 0;  // the file that is being read
};

}  // namespace lathe
