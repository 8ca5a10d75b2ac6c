// One of two files that are compared: its frames as double, in order, at the rate and with the channels asked for.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/file_part.h"
#include "host/audio_file/sample_rate_converter.h"
#include "kernels/aligned.h"

namespace lathe {

// Planar frames of which the first `frames` are valid.
struct ComparedBlock {
  std::vector<std::vector<double>> channels;
  std::int64_t frames = 0;
};

// Puts 0 where a sample is NaN, infinite or beyond kLargestSample; returns how many those were.
std::int64_t mend(ComparedBlock& block);

class ComparedTrack {
 public:
  // Of a file, or of the part of one. Throws what AudioReader and format_of_part() throw; all that read do, too, and
  // CheckCancelled (master_check.h) when `is_cancelled` becomes true.
  ComparedTrack(const std::filesystem::path& path, const std::atomic<bool>& is_cancelled, const FilePart& part = {});

  const AudioFormat& format() const { return format_; }
  const Tags& tags() const { return reader_.tags(); }

  // How it is read from now on: at a rate that is at most the file's, and as its first `channels` channels, or as their
  // mean where `is_folded` (then it is one channel). Begins anew.
  void start(int sample_rate_hz, int channels, bool is_folded);
  void restart() { start(sample_rate_hz_, channels_, is_folded_); }

  int sample_rate_hz() const { return sample_rate_hz_; }
  int channels() const { return is_folded_ ? 1 : channels_; }
  std::int64_t frames() const;  // at that rate

  // The next frames, up to `count`, exactly as the file holds them where its rate is kept (every encoding fits into a
  // double); else rounded to float and converted. Fewer only at the end.
  void read(ComparedBlock& into, std::int64_t count);
  void skip(std::int64_t count);

 private:
  void fetch();  // one block of the file, to the end of pending_

  const std::atomic<bool>& is_cancelled_;
  AudioReader reader_;
  FilePart part_;
  AudioFormat format_;       // with the part's frames
  std::int64_t unread_ = 0;  // frames of the part
  int sample_rate_hz_ = 0, channels_ = 0;
  bool is_folded_ = false, is_at_end_ = false;
  std::optional<SampleRateConverter> converter_;
  AlignedArray<std::byte> bytes_;
  AlignedArray<float> floats_;
  std::vector<double> converted_;             // work space: a channel that is to be converted
  std::vector<std::vector<double>> pending_;  // one list a channel
  std::size_t taken_ = 0;                     // of each of them
};

// Of several stretches of a track, each [first, first + count) and in any order, what they hold; zeros outside it.
struct Stretch {
  std::int64_t first = 0, count = 0;
};
std::vector<ComparedBlock> collect(ComparedTrack& track, const std::vector<Stretch>& stretches);

}  // namespace lathe
