// Where the samples of a programme come from: its files, read one after the other as if they were one, or what is made
// of several (stem_mix.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/file_part.h"

namespace lathe {

struct TrackJob;

// One track of a programme: what its outputs and its report are of.
struct ProgrammeTrack {
  std::filesystem::path path;
  AudioFormat format;  // its frames are the track's, where that is a part of the file
  Tags tags;
  std::vector<std::string> notes;  // the file's, and its tags'
  Metadata metadata = {};
};

// A file of a programme, or a part of one that is a track.
struct ProgrammeFile {
  AudioReader reader;
  FilePart part = {};
  std::optional<Tags> tags = {};  // what the track is called; none: as the file says
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
  // Parts of one file that follow each other are read as one, the file once.
  explicit ProgrammeReader(std::vector<ProgrammeFile> files);

  std::int64_t read(std::byte* interleaved, std::int64_t frames) override;
  void rewind() override;
  const std::filesystem::path& path() const override;

 private:
  // Frames that one file gives without a gap.
  struct Stretch {
    AudioReader reader;
    std::int64_t first_frame = 0;
    std::int64_t end_frame = 0;  // 0: the file's end, with what is checked there
    std::int64_t at_frame = 0;   // the next
  };
  void add(ProgrammeFile file);

  std::vector<Stretch> stretches_;
  std::size_t at_ = 0;  // the one that is being read
};

// The reader, if it is there, else of the file. Throws AudioFileError.
AudioReader opened(const std::shared_ptr<AudioReader>& reader, const std::filesystem::path& path);

// The files of the job, opened as far as they are not yet; takes the job's readers. Throws as the constructor above,
// and AudioFileError.
std::unique_ptr<ProgrammeReader> open_programme(const TrackJob& job);

}  // namespace lathe
