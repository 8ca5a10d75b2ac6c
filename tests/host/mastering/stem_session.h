// A folder of stems as files, and mixes made of them.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/mastering/track_master.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::test {

constexpr int kStemRate = 44100;

// Stereo samples, interleaved.
using StemSamples = std::vector<float>;

// On steps of 2^-20, so that float sums of a few are exact.
StemSamples stem_music(std::uint64_t seed, std::int64_t frames, double level);
// In double, rounded once.
StemSamples sum_of_stems(const std::vector<StemSamples>& all);

class StemSession : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const StemSamples& samples, int rate_hz = kStemRate,
                              int channels = 2);

  // Stems of the files "0.wav", "1.wav" ..., summed into a float file without a bus.
  TrackJob job(std::size_t stems);

  MasteredTrack master(const TrackJob& job) {
    return TrackMaster(designs_).master(job, nullptr, std::atomic<bool>(false));
  }

  // Of an output of float32.
  static StemSamples samples_in(const MasteredTrack& track, std::size_t output = 0);

  // Five seconds of three stems, written as files, and their sum as "mix.wav".
  std::vector<StemSamples> write_three();

  testing::ScratchFolder folder_;
  EqDesigns designs_;
};

}  // namespace lathe::test
