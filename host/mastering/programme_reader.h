// Where the samples of a programme come from: its files, read one after the other as if they were one, or what is made
// of several (stem_mix.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/audio_file/audio_reader.h"

namespace lathe {

struct TrackJob;

// One track of a programme: what its outputs and its report are of.
struct ProgrammeTrack {
  std::filesystem::path path;
  AudioFormat format;
  Tags tags;
  std::vector<std::string> notes;  // the file's, and its tags'
  Metadata metadata = {};
};

class ProgrammeSource {
 public:
  ProgrammeSource() = default;
  virtual ~ProgrammeSource() = default;
  ProgrammeSource(const ProgrammeSource&) = delete;
  ProgrammeSource& operator=(const ProgrammeSource&) = delete;

  // As AudioReader's.
  virtual std::int64_t read(std::byte* interleaved, std::int64_t frames) = 0;
  virtual void rewind() = 0;
  // The file that is being read.
  virtual const std::filesystem::path& path() const = 0;

  // Of the programme; its frames are those of all tracks.
  const AudioFormat& format() const { return format_; }
  // At least one, in order.
  const std::vector<ProgrammeTrack>& tracks() const { return tracks_; }
  // Behind the last frame of each track, counted from the programme's first.
  const std::vector<std::int64_t>& ends() const { return ends_; }

 protected:
  AudioFormat format_;
  std::vector<ProgrammeTrack> tracks_;
  std::vector<std::int64_t> ends_;
};

class ProgrammeReader final : public ProgrammeSource {
 public:
  // Throws std::invalid_argument for files of different rates, channels or encodings: they cannot run into each other.
  explicit ProgrammeReader(std::vector<AudioReader> files);

  std::int64_t read(std::byte* interleaved, std::int64_t frames) override;
  void rewind() override;
  const std::filesystem::path& path() const override { return tracks_[at_].path; }

 private:
  std::vector<AudioReader> files_;
  std::size_t at_ = 0;  // the file that is being read
};

// The reader, if it is there, else of the file. Throws AudioFileError.
AudioReader opened(const std::shared_ptr<AudioReader>& reader, const std::filesystem::path& path);

// The files of the job, opened as far as they are not yet; takes the job's readers. Throws as the constructor above,
// and AudioFileError.
std::unique_ptr<ProgrammeReader> open_programme(const TrackJob& job);

}  // namespace lathe
