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

ProgrammeReader::ProgrammeReader(const TrackJob& job) {
  files_.reserve(1 + job.joined.size());
  files_.push_back(job.reader ? std::move(*job.reader) : AudioReader(job.input));
  for (const JoinedTrack& next : job.joined)
    files_.push_back(next.reader ? std::move(*next.reader) : AudioReader(next.input));
  format_ = files_.front().format();
  format_.frames = 0;
  for (const AudioReader& file : files_) {
    if (!can_run_on(files_.front().format(), file.format())) {
      throw std::invalid_argument(
          fmt::format("{} is {}, and {} is {}: they cannot be one stream", files_.front().file().path().string(),
                      format_text(files_.front().format()), file.file().path().string(), format_text(file.format())));
    }
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

const std::filesystem::path& ProgrammeReader::path() const { return files_[at_].file().path(); }

}  // namespace lathe
