// What the checks of one output found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lathe {

// Against one delivery profile, as `lathe audit --profile` judges a file.
struct ProfileCheck {
  std::string profile, version;
  std::string verdict;  // "PASS", "FAIL", "UNMEASURABLE"
  std::vector<std::string> reasons, notes;
};

enum class CodecState { holds, over, unavailable };

// One lossy codec's round trip.
struct CodecCheck {
  std::string codec;             // "aac-256"
  std::string encoder, decoder;  // "ffmpeg 5.1.9 aac"; empty: none is there
  CodecState state = CodecState::unavailable;
  std::string reason;  // why it was not tried
  int sample_rate_hz = 0;
  // Of what was decoded; of no meaning when it was not tried.
  double true_peak_dbtp = 0, integrated_lufs = 0;
  double ceiling_dbtp = 0;  // asked for; 0 without a limiter

  double over_db() const { return true_peak_dbtp - ceiling_dbtp; }
};

// What a track's end or its joint with the next is to the frames of a CD, 588 samples at 44.1 kHz.
struct CdFrames {
  std::int64_t frames = 0;             // whole ones
  std::int64_t remainder_samples = 0;  // behind the last whole one
  // Of a track that runs into the next: where the joint lies, counted from the first track of the stream.
  struct Joint {
    std::int64_t at_sample = 0;
    std::int64_t remainder_samples = 0;  // behind the last whole frame of the stream
    std::int64_t shift_samples = 0;      // that would bring it to the nearest frame; below 0: earlier
  };
  std::optional<Joint> joint;

  bool is_aligned() const { return remainder_samples == 0; }
};

}  // namespace lathe
