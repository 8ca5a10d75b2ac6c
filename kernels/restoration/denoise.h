// Takes hiss away: stationary noise of a Gaussian kind, learned from the track or given.
//
//   y = x - ISTFT((1 - G) STFT(x)),   G = max(floor, xi / (1 + xi)),   floor = 10^(-reduce_db (0.5 + strength) / 20)
//
// Windows are square roots of Hann's, half overlapping. Where G is 1 nothing is subtracted and a sample keeps its bits.
//
// *Gain* (math/hiss_gain.h): xi is a weighted geometric mean of the powers round about in time, both ways, and in
// frequency; no recursion, so attacks are not smeared by what came before. Fitted for least mean square error.
// *Channels* go in pairs (0 and 1, 2 and 3, ...): both are divided by their noise's amplitude and turned by the angle
// that decorrelates what is not noise, in each band (the Karhunen-Loeve transform; half-way is mid and side).
// Independent noise is as strong in both turned channels, music is not. Both channels get their gains back through the
// same turn: the image does not wander. *Windows* of tier fast: 4096 points at 44.1 kHz. Of tier best: 8192 below 2 kHz
// and 2048 above, joined over an octave. At other rates the nearest power of two to as many seconds.
//
// *Noise* is looked for in bands of 3 to 24 bins over the whole track (noise_survey.h). A band's floor is *bare* where
// the 2, 5 and 20 % quantiles of its powers lie as a gamma distribution has them (noise_floor.h; after minimum
// statistics, Martin 2001, with the whole track for a window). Looked at are both channels and their difference over
// sqrt(2), in which music common to both is gone: there a floor lies bare even under dense music. A line of level over
// octaves is laid under the bare bands from the top down (noise_line.h), followed where they are bare, continued below,
// nowhere above what was measured. Found: at least 1.2 kHz bare up to the top (3 kHz below a coder's low-pass), at rest
// (unrest under 0.6 dB), at most 46 dB below the programme, above -88 dBFS, in a track of 64 frames (6 s) or
// more.
//
// Ephraim and Malah 1984 (a-priori ratio); Martin 2001 (minimum statistics); Wilson and Hilferty 1931 (gamma
// quantiles). Latency: none. Halo: 16 frames of the longest window. Cost per sample and channel: one transform forward
// and one back for each half window, and some 260 operations a bin.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/cuda/accelerator.h"
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
  double reduce_db = 16;  // by how much noise alone gets quieter at strength 0.5; 0 to 60
  NoiseSource noise = {};

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {

// Throws std::invalid_argument where settings or format are out of range.
std::unique_ptr<Restorer> make_denoise(const DenoiseSettings& settings, const RestorationFormat& format);

}  // namespace cpu

namespace cuda {

// The same on a GPU: samples differ in the last bits. `accelerator` is of this thread and outlives the stage. Also
// throws BackendAbsent, and the stage CudaError.
std::unique_ptr<Restorer> make_denoise(Accelerator& accelerator, const DenoiseSettings& settings,
                                       const RestorationFormat& format);

}  // namespace cuda
}  // namespace lathe
