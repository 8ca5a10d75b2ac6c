// Audio files by libsndfile, so that Lathe's own reader and writer are not their own judges.
#pragma once

#include <sndfile.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

struct Sound {
  int sample_rate_hz = 44100;
  std::vector<Signal> channels;
  std::int64_t frames() const { return channels.empty() ? 0 : static_cast<std::int64_t>(channels[0].size()); }
};

// How a file is stored: libsndfile's SF_FORMAT_ container and encoding.
struct Stored {
  int container;
  int encoding;
  bool operator==(const Stored&) const = default;
};

inline constexpr Stored kWav8{SF_FORMAT_WAV, SF_FORMAT_PCM_U8}, kWav16{SF_FORMAT_WAV, SF_FORMAT_PCM_16},
    kWav24{SF_FORMAT_WAV, SF_FORMAT_PCM_24}, kWav32{SF_FORMAT_WAV, SF_FORMAT_PCM_32},
    kWavFloat{SF_FORMAT_WAV, SF_FORMAT_FLOAT}, kFlac16{SF_FORMAT_FLAC, SF_FORMAT_PCM_16},
    kFlac24{SF_FORMAT_FLAC, SF_FORMAT_PCM_24}, kAiff16{SF_FORMAT_AIFF, SF_FORMAT_PCM_16},
    kAiff24{SF_FORMAT_AIFF, SF_FORMAT_PCM_24};
inline constexpr int kRate = 44100;

// Keys are libsndfile's SF_STR_.
using SoundTags = std::map<int, std::string>;

// Rounded to the encoding, no dither, clipped at full scale. Throws std::runtime_error.
void write_sound(const std::filesystem::path& path, const Sound& sound, Stored stored, const SoundTags& tags = {});

Sound read_sound(const std::filesystem::path& path);
// WAVE_FORMAT_EXTENSIBLE counts as WAV.
Stored stored_of(const std::filesystem::path& path);
SoundTags tags_of(const std::filesystem::path& path);

// The samples as they are stored, interleaved: integers left-justified in 32 bits, floats as their bits.
std::vector<std::int32_t> stored_samples(const std::filesystem::path& path);
// Writes such samples; low bits that the encoding does not have are dropped.
void write_samples(const std::filesystem::path& path, const std::vector<std::int32_t>& samples, int sample_rate_hz,
                   int channels, Stored stored);

// Independent measurements: libebur128, and libsoxr oversampling 16 times (VHQ). Minus infinity for silence.
double integrated_lufs(const Sound& sound);
double true_peak_dbtp(const Sound& sound);

}  // namespace lathe::test
