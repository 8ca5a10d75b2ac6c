#include "host/compare/compared_track.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "host/compare/master_check.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace {

constexpr std::int64_t kTrackBlock = 16384;

std::uint32_t little_endian(const std::byte* from, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::to_integer<std::uint32_t>(from[i]) << (8 * i);
  return value;
}

template <Encoding encoding>
double exact_sample(const std::byte* from) {
  if constexpr (encoding == Encoding::pcm_u8) return (std::to_integer<int>(*from) - 128) / 128.0;
  if constexpr (encoding == Encoding::pcm16) return static_cast<std::int16_t>(little_endian(from, 2)) / 32768.0;
  if constexpr (encoding == Encoding::pcm24)
    return (static_cast<std::int32_t>(little_endian(from, 3) << 8) >> 8) / 8388608.0;
  if constexpr (encoding == Encoding::pcm32) return static_cast<std::int32_t>(little_endian(from, 4)) / 2147483648.0;
  if constexpr (encoding == Encoding::float32) return std::bit_cast<float>(little_endian(from, 4));
  double value = 0;
  std::memcpy(&value, from, sizeof(double));
  return value;
}

// Adds `scale` times one channel of interleaved samples to `into`.
template <Encoding encoding>
void add_channel(const std::byte* from, std::int64_t frames, int frame_size, double scale, double* into) {
  for (std::int64_t n = 0; n < frames; ++n) into[n] += scale * exact_sample<encoding>(from + n * frame_size);
}

void add_channel(const std::byte* from, Encoding encoding, std::int64_t frames, int frame_size, double scale,
                 double* into) {
  switch (encoding) {
    case Encoding::pcm_u8:
      return add_channel<Encoding::pcm_u8>(from, frames, frame_size, scale, into);
    case Encoding::pcm16:
      return add_channel<Encoding::pcm16>(from, frames, frame_size, scale, into);
    case Encoding::pcm24:
      return add_channel<Encoding::pcm24>(from, frames, frame_size, scale, into);
    case Encoding::pcm32:
      return add_channel<Encoding::pcm32>(from, frames, frame_size, scale, into);
    case Encoding::float32:
      return add_channel<Encoding::float32>(from, frames, frame_size, scale, into);
    case Encoding::float64:
      return add_channel<Encoding::float64>(from, frames, frame_size, scale, into);
  }
}

}  // namespace

std::int64_t mend(ComparedBlock& block) {
  std::int64_t count = 0;
  for (auto& channel : block.channels) {
    for (std::int64_t n = 0; n < block.frames; ++n) {
      double& x = channel[static_cast<std::size_t>(n)];
      if (std::abs(x) <= static_cast<double>(kLargestSample)) continue;  // false for NaN
      x = 0;
      ++count;
    }
  }
  return count;
}

ComparedTrack::ComparedTrack(const std::filesystem::path& path, const std::atomic<bool>& is_cancelled,
                             const FilePart& part)
    : is_cancelled_(is_cancelled),
      reader_(path),
      part_(part),
      format_(format_of_part(reader_.format(), part, path)),
      bytes_(static_cast<std::size_t>(kTrackBlock * frame_bytes(reader_.format())) + kPcmSlackBytes),
      floats_(static_cast<std::size_t>(kTrackBlock * reader_.format().channels)) {
  start(format().sample_rate_hz, format().channels, false);
}

void ComparedTrack::start(int sample_rate_hz, int channels, bool is_folded) {
  sample_rate_hz_ = sample_rate_hz;
  channels_ = channels;
  is_folded_ = is_folded;
  is_at_end_ = false;
  pending_.assign(static_cast<std::size_t>(this->channels()), {});
  taken_ = 0;
  converter_.reset();
  if (sample_rate_hz != format().sample_rate_hz)
    converter_.emplace(format().sample_rate_hz, sample_rate_hz, this->channels(), format().frames);
  reader_.rewind();
  if (part_.first_frame > 0) reader_.skip(part_.first_frame);
  unread_ = part_.is_whole() ? INT64_MAX : format_.frames;
}

std::int64_t ComparedTrack::frames() const {
  return converted_frames(format().frames, format().sample_rate_hz, sample_rate_hz_);
}

void ComparedTrack::fetch() {
  const auto keep = [this](AudioView converted) {
    for (int c = 0; c < channels(); ++c) {
      auto& pending = pending_[static_cast<std::size_t>(c)];
      pending.insert(pending.end(), converted.channel(c), converted.channel(c) + converted.frames);
    }
  };
  if (is_cancelled_.load(std::memory_order_relaxed)) throw CheckCancelled();
  const std::int64_t wanted = std::min(kTrackBlock, unread_);
  const std::int64_t count = wanted > 0 ? reader_.read(bytes_.data(), wanted) : std::int64_t{0};
  unread_ -= count;
  if (count == 0) {
    is_at_end_ = true;
    if (converter_) converter_->finish(keep);
    return;
  }
  const MutableAudioView floats{floats_.data(), channels(), count, kTrackBlock};
  for (int c = 0; c < channels(); ++c) {
    auto& pending = pending_[static_cast<std::size_t>(c)];
    const std::size_t first = converter_ ? 0 : pending.size();
    auto& samples = converter_ ? converted_ : pending;
    samples.resize(first);
    samples.resize(first + static_cast<std::size_t>(count));  // of zeros
    const int last = is_folded_ ? channels_ - 1 : c;
    for (int each = is_folded_ ? 0 : c; each <= last; ++each) {
      add_channel(bytes_.data() + each * bytes_per_sample(format().encoding), format().encoding, count,
                  frame_bytes(format()), is_folded_ ? 1.0 / channels_ : 1.0, samples.data() + first);
    }
    if (converter_) std::ranges::transform(samples, floats.channel(c), [](double x) { return static_cast<float>(x); });
  }
  if (!converter_) return;
  find_non_finite(floats, true);
  converter_->take(floats, keep);
}

void ComparedTrack::read(ComparedBlock& into, std::int64_t count) {
  const auto wanted = static_cast<std::size_t>(count);
  while (pending_[0].size() - taken_ < wanted && !is_at_end_) {
    for (auto& pending : pending_)
      pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
    fetch();
  }
  const std::size_t got = std::min(wanted, pending_[0].size() - taken_);
  into.channels.resize(pending_.size());
  into.frames = static_cast<std::int64_t>(got);
  for (std::size_t c = 0; c < pending_.size(); ++c) {
    const auto from = pending_[c].begin() + static_cast<std::ptrdiff_t>(taken_);
    into.channels[c].assign(from, from + static_cast<std::ptrdiff_t>(got));
  }
  taken_ += got;
}

void ComparedTrack::skip(std::int64_t count) {
  ComparedBlock block;
  while (count > 0) {
    read(block, std::min(count, kTrackBlock));
    if (block.frames == 0) return;
    count -= block.frames;
  }
}

std::vector<ComparedBlock> collect(ComparedTrack& track, const std::vector<Stretch>& stretches) {
  std::vector<ComparedBlock> found;
  std::int64_t last = 0;
  for (const Stretch& stretch : stretches) {
    const std::vector<double> zeros(static_cast<std::size_t>(stretch.count));
    found.push_back({std::vector(static_cast<std::size_t>(track.channels()), zeros), stretch.count});
    last = std::max(last, stretch.first + stretch.count);
  }
  track.restart();
  ComparedBlock block;
  for (std::int64_t at = 0; at < last; at += block.frames) {
    track.read(block, kTrackBlock);
    if (block.frames == 0) break;
    mend(block);
    for (std::size_t i = 0; i < stretches.size(); ++i) {
      const std::int64_t from = std::max(at, stretches[i].first);
      const std::int64_t to = std::min(at + block.frames, stretches[i].first + stretches[i].count);
      for (std::size_t c = 0; c < block.channels.size() && from < to; ++c) {
        std::copy_n(block.channels[c].begin() + (from - at), to - from,
                    found[i].channels[c].begin() + (from - stretches[i].first));
      }
    }
  }
  return found;
}

}  // namespace lathe
