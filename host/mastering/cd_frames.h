// Lengths of tracks against the frames of a CD (IEC 60908: 588 samples of 44.1 kHz, 1/75 s).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/mastering/check_report.h"

namespace lathe {

constexpr int kCdRateHz = 44100;
constexpr std::int64_t kCdFrameSamples = 588;

// Of track `index` of a stream whose tracks end at `ends` (in samples from the first).
CdFrames cd_frames_of(const std::vector<std::int64_t>& ends, std::size_t index);

// For people; empty where all lies on whole frames.
std::string cd_frames_note(const CdFrames& found);

}  // namespace lathe
