// Checks a format once, picks the sink for its container and counts what goes through.
#include "host/audio_file/audio_writer.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "host/audio_file/frame_sink.h"

namespace lathe {
namespace {

using Fault = AudioFileError::Fault;

constexpr std::int64_t kMaxAiffBytes = (1LL << 32) - (4 << 20);  // the rest up to 2^32 is room for header and tags
constexpr std::int64_t kMaxFlacFrames = (1LL << 36) - 1;
constexpr int kMaxFlacChannels = 8;

std::string flac_reason(const AudioFormat& format) {
  if (is_float(format.encoding)) {
    return fmt::format("FLAC holds no {}-bit float; choose bits: 16 or 24, or format: wav",
                       bits_per_sample(format.encoding));
  }
  if (format.encoding == Encoding::pcm32) {
    return "32-bit FLAC is not written, as few players read it; choose bits: 24, or format: wav";
  }
  if (format.channels > kMaxFlacChannels) {
    return fmt::format("FLAC holds at most {} channels, not {}; choose format: wav", kMaxFlacChannels, format.channels);
  }
  if (format.frames > kMaxFlacFrames) return "FLAC holds at most 2^36 - 1 frames; choose format: wav";
  return "";
}

}  // namespace

std::string unwritable_reason(const AudioFormat& format) {
  if (format.channels < 1 || format.channels > kMaxChannels) {
    return fmt::format("{} channels cannot be written; 1 to {} can", format.channels, kMaxChannels);
  }
  if (format.sample_rate_hz < kMinSampleRateHz || format.sample_rate_hz > kMaxSampleRateHz) {
    return fmt::format("a rate of {} Hz cannot be written; {} to {} Hz can", format.sample_rate_hz, kMinSampleRateHz,
                       kMaxSampleRateHz);
  }
  if (format.frames < 0 || format.frames > (1LL << 52))
    return fmt::format("{} frames cannot be written", format.frames);
  if (format.container == Container::flac) return flac_reason(format);
  if (format.container == Container::aiff && payload_bytes(format) > kMaxAiffBytes) {
    return fmt::format("AIFF holds at most 4 GB, and this is {} bytes; choose format: wav or caf",
                       payload_bytes(format));
  }
  return "";
}

AudioWriter::AudioWriter(int fd, std::filesystem::path path, const AudioFormat& format, const Tags& tags,
                         const Metadata& metadata)
    : fd_(fd), path_(std::move(path)), format_(format) {
  if (const std::string reason = unwritable_reason(format); !reason.empty()) {
    throw AudioFileError(Fault::unsupported, path_, reason);
  }
  sink_ = format.container == Container::flac ? make_flac_sink(fd, path_, format, tags, metadata)
                                              : make_pcm_sink(fd, path_, format, tags, metadata);
}

AudioWriter::~AudioWriter() = default;
AudioWriter::AudioWriter(AudioWriter&&) noexcept = default;
AudioWriter& AudioWriter::operator=(AudioWriter&&) noexcept = default;

void AudioWriter::write(const std::byte* interleaved, std::int64_t frames) {
  if (frames < 0 || frames > format_.frames - written_) {
    throw std::invalid_argument(
        fmt::format("AudioWriter: {} frames after {} are more than the {} promised", frames, written_, format_.frames));
  }
  if (frames == 0) return;
  sink_->write(interleaved, frames);
  written_ += frames;
}

void AudioWriter::set_loudness(const BroadcastLoudness& loudness) { sink_->loudness = loudness; }

WrittenAudio AudioWriter::finish() {
  if (written_ != format_.frames) {
    throw AudioFileError(Fault::write_failed, path_,
                         fmt::format("{} frames were promised, only {} came", format_.frames, written_));
  }
  sink_->finish();
  struct stat status {};
  if (::fstat(fd_, &status) != 0) fail_write(path_, errno, payload_bytes(format_));
  WrittenAudio written;
  written.bytes = status.st_size;
  written.sha256 = sink_->sha256;
  written.payload_xxh3_128 = sink_->payload_xxh3_128;
  written.pcm_md5 = sink_->pcm_md5;
  written.dropped_tags = sink_->dropped_tags;
  sink_.reset();
  return written;
}

void FrameSink::drop(const std::string& name) {
  if (std::find(dropped_tags.begin(), dropped_tags.end(), name) == dropped_tags.end()) dropped_tags.push_back(name);
}

void write_all(int fd, const std::byte* from, std::size_t bytes, const std::filesystem::path& path,
               std::int64_t needed_bytes) {
  while (bytes > 0) {
    const ssize_t put = ::write(fd, from, bytes);
    if (put > 0) {
      from += put;
      bytes -= static_cast<std::size_t>(put);
    } else if (put == 0 || errno != EINTR) {
      fail_write(path, put == 0 ? ENOSPC : errno, needed_bytes);
    }
  }
}

bool is_storage_error(int error_number) {
  switch (error_number) {
    case EIO:
    case EREMOTEIO:
    case ENXIO:
    case ENODEV:
    case ESTALE:
    case ETIMEDOUT:
    case ENOTCONN:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

void fail_write(const std::filesystem::path& path, int error_number, std::int64_t needed_bytes) {
  if (error_number == EFBIG) {
    throw AudioFileError(
        Fault::disk_full, path,
        fmt::format("the file size limit was reached; about {} bytes are needed (see ulimit -f)", needed_bytes));
  }
  if (error_number == ENOSPC || error_number == EDQUOT) {
    struct statvfs space {};
    std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
    std::error_code unknown;
    while (!std::filesystem::exists(folder, unknown) && folder.has_relative_path()) folder = folder.parent_path();
    const bool is_known = ::statvfs(folder.c_str(), &space) == 0;
    const auto available = is_known
                               ? static_cast<std::int64_t>(space.f_bavail) * static_cast<std::int64_t>(space.f_frsize)
                               : std::int64_t{0};
    throw AudioFileError(
        Fault::disk_full, path,
        fmt::format("{}: about {} bytes are needed, {} are left; make room and run again",
                    error_number == EDQUOT ? "the quota is used up" : "the disk is full", needed_bytes, available));
  }
  throw AudioFileError(is_storage_error(error_number) ? Fault::storage_failed : Fault::write_failed, path,
                       fmt::format("cannot be written: {}",
                                   error_number != 0 ? std::strerror(error_number) : "the system gave no reason"));
}

}  // namespace lathe
