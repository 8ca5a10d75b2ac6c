// A track's spectrogram as a PNG, for docs/restoration.md.
#pragma once

#include <filesystem>
#include <vector>

namespace lathe::bench {

// The first channel, 4096-point Hann frames, log frequency from 30 Hz up, -110 to -20 dB a bin as dark blue to yellow.
// Throws std::runtime_error when the file cannot be written.
void write_spectrogram(const std::vector<double>& samples, double sample_rate_hz, const std::filesystem::path& png);

}  // namespace lathe::bench
