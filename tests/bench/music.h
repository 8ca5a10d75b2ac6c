// The track that the stages are run on: a real one from a file, or one made up when there is none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/audio.h"

namespace lathe::bench {

// Stereo at 44.1 kHz, as float and as the bytes of 24-bit PCM.
struct Music {
  std::string name;
  std::int64_t frames = 0;
  AlignedArray<float> samples;  // two rows, with silence before and behind for kernels that look around
  std::int64_t stride = 0;
  std::vector<std::byte> pcm24;  // kPcmSlackBytes more than the samples take

  AudioView view() const;
  std::int64_t sample_count() const { return 2 * frames; }
};

constexpr int kSampleRateHz = 44100;

// `seconds` of a 44.1 kHz stereo file, from its start again where it is shorter. Throws AudioFileError,
// std::invalid_argument for another format.
Music read_music(const std::filesystem::path& path, double seconds);

// Two beating tones, a pulse every half second and noise: always the same.
Music made_up_music(double seconds);

}  // namespace lathe::bench
