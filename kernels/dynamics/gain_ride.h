// Level riding: a slow gain over a whole track that brings its loud and its quiet sections nearer to each other.
//
// From the energies of hops of 10 ms (math/gating.h), on a grid of 0.1 s: short-term loudness L (3 s, centred; EBU Tech
// 3341), the programme's level C (integrated loudness), and where there is no programme (under -70 LUFS, or 20 LU under
// the mean: the gates of EBU Tech 3342) L is drawn straight from what lies on either side. Then
//   asked    a = factor (C - L)
//   smooth   s = raised-cosine mean of a over window_s
//   ridden   g = s held to kMostSlope dB a second: the mean of the lowest such curve above and the highest below it
// and the gain is g in dB at knots 0.1 s apart, linear between them. `factor` is found so that the loudness range (EBU
// Tech 3342) of what comes out is the one asked for. Where smoothing leaves too much of the edges between sections,
// what is left of L + g is asked for again, up to kMostRounds times, and the window is halved with each. A louder intro
// comes down as a louder chorus does; a gain is never steeper than kMostSlope, so that a spectrum stays.
//
// Latency: none. Halo: none. Cost: 2 operations a sample, and finding the ride once a track.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "kernels/device_stage.h"
#include "kernels/math/gating.h"
#include "kernels/stage.h"

namespace lathe {

struct RideSettings {
  double range_lu = 3;   // loudness range asked for; 0 to 30
  double window_s = 12;  // 0.4 to 120
  // Throws std::invalid_argument that names the field.
  void check() const;
};

// A gain over time. Immutable: one serves all threads.
class GainRide {
 public:
  static constexpr double kMostSlope = 1.0;  // dB a second

  // Knots in dB, spacing_frames() apart from frame 0 on; the last holds for what comes after it. At least one.
  GainRide(double sample_rate_hz, const std::vector<double>& knots_db);

  // A tenth of a second, to a multiple of 16 frames.
  static std::int64_t spacing_frames(double sample_rate_hz);
  std::int64_t spacing() const { return spacing_; }
  // Linear; two of the last one, so that knots()[i + 1] is there for every i.
  const std::vector<float>& knots() const { return knots_; }
  const std::vector<double>& knots_db() const { return knots_db_; }

 private:
  std::int64_t spacing_;
  std::vector<double> knots_db_;
  std::vector<float> knots_;
};

// What riding comes to.
struct RideReading {
  double range_before_lu = 0, range_after_lu = 0;
  double factor = 0;
  double most_up_db = 0, most_down_db = 0;  // both at least 0
  double steepest_db_s = 0;
  std::string_view reason;  // why the range was not reached; empty where it was
};

struct FoundRide {
  std::shared_ptr<const GainRide> ride;  // null: nothing is to be changed
  RideReading reading;
};

// Throws std::invalid_argument as check() does.
FoundRide find_ride(const HopEnergies& hops, const RideSettings& settings);

namespace cpu {

// Throws std::invalid_argument without channels.
std::unique_ptr<Stage> make_gain_ride(std::shared_ptr<const GainRide> ride, int channels);

}  // namespace cpu

namespace cuda {

class Launcher;

// The same on a GPU.
std::unique_ptr<DeviceStage> make_gain_ride(Launcher& launcher, std::shared_ptr<const GainRide> ride);

}  // namespace cuda
}  // namespace lathe
