// The frames of a file that are one track of it, as a cue sheet says it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/audio_file/audio_file.h"

namespace lathe {

struct FilePart {
  std::int64_t first_frame = 0;
  std::int64_t end_frame = 0;  // behind its last; 0: the file's end
  bool is_whole() const { return first_frame == 0 && end_frame == 0; }
  bool operator==(const FilePart&) const = default;
};

// The file's format, with the frames of the part. Throws AudioFileError (truncated) for a part that the file does not
// hold.
inline AudioFormat format_of_part(AudioFormat file, const FilePart& part, const std::filesystem::path& path) {
  if (part.is_whole()) return file;
  const std::int64_t end = part.end_frame == 0 ? file.frames : part.end_frame;
  if (part.first_frame < 0 || end <= part.first_frame || end > file.frames) {
    throw AudioFileError(AudioFileError::Fault::truncated, path,
                         "has " + std::to_string(file.frames) + " frames, and the track is to be those from " +
                             std::to_string(part.first_frame) + " to " + std::to_string(end) +
                             ": the cue sheet is of another file, or the file is not whole");
  }
  file.frames = end - part.first_frame;
  return file;
}

}  // namespace lathe
