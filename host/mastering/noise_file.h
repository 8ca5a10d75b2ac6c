// A file of noise alone, for the denoiser's profile.
#pragma once

#include <filesystem>
#include <vector>

#include "kernels/restoration/restorer.h"

namespace lathe {

// The file's channels, planar: as many as the track has, or one that serves all of them. What lies beyond the first two
// minutes is left. Throws std::invalid_argument when it cannot be read, is shorter than a quarter of a second, has
// another rate than the track or another number of channels, or holds samples that are no number.
std::vector<std::vector<float>> read_noise_file(const std::filesystem::path& path, const RestorationFormat& track);

}  // namespace lathe
