#include "host/mastering/programme_reader.h"

#include <fmt/format.h>

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

}  // namespace

ProgrammeReader::ProgrammeReader(std::vector<AudioReader> files) : files_(std::move(files)) {
  format_ = files_.front().format();
  format_.frames = 0;
  for (const AudioReader& file : files_) {
    ProgrammeTrack track{file.file().path(), file.format(), file.tags(), file.tags().notes, file.metadata()};
    track.notes.insert(track.notes.end(), file.notes().begin(), file.notes().end());
    if (!can_run_on(format_, track.format)) {
      throw std::invalid_argument(fmt::format("{} is {}, and {} is {}: they cannot be one stream",
                                              tracks_.front().path.string(), format_text(tracks_.front().format),
                                              track.path.string(), format_text(track.format)));
    }
    tracks_.push_back(std::move(track));
    format_.frames += file.format().frames;
    ends_.push_back(format_.frames);
  }
}

std::int64_t ProgrammeReader::read(std::byte* interleaved, std::int64_t frames) {
  std::int64_t done = 0;
  while (done < frames) {
    const std::int64_t count = files_[at_].read(interleaved + done * frame_bytes(format_), frames - done);
    done += count;
    if (count > 0) continue;
    if (at_ + 1 == files_.size()) break;
    ++at_;
  }
  return done;
}

void ProgrammeReader::rewind() {
  for (AudioReader& file : files_) file.rewind();
  at_ = 0;
}

AudioReader opened(const std::shared_ptr<AudioReader>& reader, const std::filesystem::path& path) {
  return reader ? std::move(*reader) : AudioReader(path);
}

std::unique_ptr<ProgrammeReader> open_programme(const TrackJob& job) {
  std::vector<AudioReader> files;
  files.reserve(1 + job.joined.size());
  files.push_back(opened(job.reader, job.input));
  for (const JoinedTrack& next : job.joined) files.push_back(opened(next.reader, next.input));
  return std::make_unique<ProgrammeReader>(std::move(files));
}

}  // namespace lathe
