// The broadcast extension of WAV (EBU Tech 3285 v2): what a master says in it.
#pragma once

#include <limits>
#include <string>

#include "host/audio_file/audio_file.h"

namespace lathe {

// As measured; NaN and infinite values are stored as "unused".
struct BroadcastLoudness {
  double integrated_lufs = std::numeric_limits<double>::quiet_NaN();
  double loudness_range_lu = std::numeric_limits<double>::quiet_NaN();
  double true_peak_dbtp = std::numeric_limits<double>::quiet_NaN();
  double max_momentary_lufs = std::numeric_limits<double>::quiet_NaN();
  double max_short_term_lufs = std::numeric_limits<double>::quiet_NaN();
};

// Where the five loudness values stand in a "bext" chunk's body: 16 bits each, hundredths.
constexpr std::size_t kBextLoudnessAt = 412, kBextLoudnessBytes = 10;
std::string bext_loudness(const BroadcastLoudness& loudness);

// The body of a file made from that of another: version 2, with the loudness unused, the time reference at the new rate
// and one line more of coding history (EBU R 98): "A=PCM,F=44100,W=24,M=stereo,T=Lathe 0.1.0". Shorter bodies than the
// standard's are filled with zeros, and one of odd length gets one more.
std::string bext_of_master(const std::string& body, const AudioFormat& from, const AudioFormat& to);

}  // namespace lathe
