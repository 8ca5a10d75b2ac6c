// Picks the source for a container and passes calls on.
#include "host/audio_file/audio_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/audio_file/container_probe.h"
#include "host/audio_file/frame_source.h"
#include "host/audio_file/isolation/decoders.h"
#include "host/audio_file/isolation/isolated_source.h"

namespace lathe {

using Fault = AudioFileError::Fault;

AudioReader::AudioReader(const std::filesystem::path& path, Md5 md5, Reading reading)
    : file_(std::make_unique<InputFile>(path)) {
  const Container container = probe_container(*file_);
  if (Decoders* decoders = running_decoders(); decoders != nullptr && reading != Reading::own_output) {
    source_ = open_isolated_source(*decoders, *file_, container, md5, reading);
    return;
  }
  source_ = container == Container::flac ? open_flac_source(*file_, md5) : open_pcm_source(*file_, container);
}

AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&& other) noexcept {
  source_ = std::move(other.source_);  // first: it borrows the file
  file_ = std::move(other.file_);
  return *this;
}

const AudioFormat& AudioReader::format() const { return source_->format; }
const Tags& AudioReader::tags() const { return source_->tags; }
const Metadata& AudioReader::metadata() const { return source_->metadata; }
const std::vector<std::string>& AudioReader::notes() const { return source_->notes; }
std::int64_t AudioReader::read(std::byte* interleaved, std::int64_t frames) {
  return source_->read(interleaved, frames);
}
void AudioReader::skip(std::int64_t frames) { source_->skip(frames); }
void AudioReader::rewind() { source_->rewind(); }
void AudioReader::advise_will_need() const { file_->advise_will_need(); }
const InputFile& AudioReader::file() const { return *file_; }

void FrameSource::skip(std::int64_t frames) {
  constexpr std::int64_t kFrames = 16384;
  std::vector<std::byte> passed(static_cast<std::size_t>(std::min(frames, kFrames) * frame_bytes(format)));
  while (frames > 0) {
    const std::int64_t count = read(passed.data(), std::min(frames, kFrames));
    if (count == 0) return;
    frames -= count;
  }
}

void check_limits(const InputFile& file, std::int64_t channels, std::int64_t sample_rate_hz) {
  if (channels < 1 || channels > kMaxChannels) {
    file.fail(Fault::limits, fmt::format("says it has {} channels; 1 to {} are read", channels, kMaxChannels));
  }
  if (sample_rate_hz < kMinSampleRateHz || sample_rate_hz > kMaxSampleRateHz) {
    file.fail(Fault::limits, fmt::format("says its rate is {} Hz; {} to {} Hz are read", sample_rate_hz,
                                         kMinSampleRateHz, kMaxSampleRateHz));
  }
}

void fail_truncated(const InputFile& file, std::int64_t promised, std::int64_t held) {
  file.fail(Fault::truncated,
            fmt::format("is truncated: its header promises {} frames, the file holds {}; fetch or transfer it again",
                        promised, held));
}

}  // namespace lathe
