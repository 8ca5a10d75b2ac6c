// Takes hiss away: stationary noise of a Gaussian kind, learned from the track or given.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/restoration/restorer.h"

namespace lathe {

// Where the noise alone can be heard. Nothing set: it is found in the track.
struct NoiseSource {
  std::optional<std::pair<double, double>> span_s;  // from, to
  // Planar channels of noise alone, at the track's rate, already read and resampled by the caller; empty: none. One
  // channel serves all.
  std::vector<std::vector<float>> file;
};

struct DenoiseSettings {
  RestorationSettings common;
  double reduce_db = 12;  // by how much noise alone gets quieter at strength 0.5; 0 to 60
  NoiseSource noise = {};

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {

// Throws std::invalid_argument where settings or format are out of range.
std::unique_ptr<Restorer> make_denoise(const DenoiseSettings& settings, const RestorationFormat& format);

}  // namespace cpu
}  // namespace lathe
