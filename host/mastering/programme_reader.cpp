#include "host/mastering/programme_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "host/audio_file/input_file.h"
#include "host/mastering/track_master.h"

namespace lathe {
namespace {

bool can_run_on(const AudioFormat& a, const AudioFormat& b) {
  return a.sample_rate_hz == b.sample_rate_hz && a.channels == b.channels && a.encoding == b.encoding &&
         a.channel_mask == b.channel_mask && a.speakers == b.speakers;
}

// Cue points and the like count from the file's beginning: a part of it keeps the pictures alone.
Metadata metadata_of_part(const Metadata& file, const FilePart& part) {
  if (part.is_whole()) return file;
  Metadata pictures;
  pictures.pictures = file.pictures;
  return pictures;
}

}  // namespace

ProgrammeReader::ProgrammeReader(std::vector<ProgrammeFile> files) {
  format_ = files.front().reader.format();
  format_.frames = 0;
  for (ProgrammeFile& file : files) add(std::move(file));
}

void ProgrammeReader::add(ProgrammeFile file) {
  const AudioReader& reader = file.reader;
  const std::filesystem::path path = reader.file().path();
  const AudioFormat whole = reader.format();
  ProgrammeTrack track{path,
                       format_of_part(whole, file.part, path),
                       file.tags ? *file.tags : reader.tags(),
                       {},
                       metadata_of_part(reader.metadata(), file.part)};
  track.notes = track.tags.notes;
  track.notes.insert(track.notes.end(), reader.notes().begin(), reader.notes().end());
  if (!can_run_on(format_, track.format)) {
    throw std::invalid_argument(fmt::format("{} is {}, and {} is {}: they cannot be one stream",
                                            tracks_.front().path.string(), format_text(tracks_.front().format),
                                            path.string(), format_text(track.format)));
  }
  format_.frames += track.format.frames;
  ends_.push_back(format_.frames);
  tracks_.push_back(std::move(track));
  const std::int64_t end = file.part.end_frame == whole.frames ? 0 : file.part.end_frame;
  const bool goes_on = !stretches_.empty() && file.part.first_frame > 0 &&
                       stretches_.back().end_frame == file.part.first_frame &&
                       stretches_.back().reader.file().path() == path;
  if (goes_on) {
    stretches_.back().end_frame = end;
  } else {
    stretches_.push_back({std::move(file.reader), file.part.first_frame, end, 0});
  }
}

std::int64_t ProgrammeReader::read(std::byte* interleaved, std::int64_t frames) {
  std::int64_t done = 0;
  while (done < frames) {
    Stretch& stretch = stretches_[at_];
    if (stretch.at_frame < stretch.first_frame) {
      stretch.reader.skip(stretch.first_frame - stretch.at_frame);
      stretch.at_frame = stretch.first_frame;
    }
    std::int64_t wanted = frames - done;
    if (stretch.end_frame > 0) wanted = std::min(wanted, stretch.end_frame - stretch.at_frame);
    const std::int64_t count =
        wanted > 0 ? stretch.reader.read(interleaved + done * frame_bytes(format_), wanted) : std::int64_t{0};
    done += count;
    stretch.at_frame += count;
    if (count > 0) continue;
    if (at_ + 1 == stretches_.size()) break;
    ++at_;
  }
  return done;
}

void ProgrammeReader::rewind() {
  for (Stretch& stretch : stretches_) {
    stretch.reader.rewind();
    stretch.at_frame = 0;
  }
  at_ = 0;
}

const std::filesystem::path& ProgrammeReader::path() const { return stretches_[at_].reader.file().path(); }

AudioReader opened(const std::shared_ptr<AudioReader>& reader, const std::filesystem::path& path) {
  return reader ? std::move(*reader) : AudioReader(path);
}

std::unique_ptr<ProgrammeReader> open_programme(const TrackJob& job) {
  std::vector<ProgrammeFile> files;
  files.reserve(1 + job.joined.size());
  files.push_back({opened(job.reader, job.input), job.part, job.tags});
  for (const JoinedTrack& next : job.joined) files.push_back({opened(next.reader, next.input), next.part, next.tags});
  return std::make_unique<ProgrammeReader>(std::move(files));
}

}  // namespace lathe
