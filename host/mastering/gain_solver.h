// The gain that brings a track to its loudness through its limiter, and the limiter's curve at that gain.
//
// Loudness after limiting rises with the drive, so the gain is a root: secant steps on a model (each 10 ms hop's energy
// times the mean squared gain the limiter leaves of its 8-frame groups), then the true loudness of the limited track,
// measured, corrects the model until both agree. True peak is checked at 16x after every shaping and trimmed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/mastering/frame_store.h"
#include "host/mastering/peak_map.h"
#include "kernels/limiter/limiter.h"
#include "kernels/loudness/loudness_meter.h"

namespace lathe {

enum class OnConflict { stop_at_limit, fail, exceed_limit };

struct LimitGoal {
  double ceiling_dbtp = -1;
  double release_ms = 0;                         // 0 is auto
  std::optional<double> max_gain_reduction_db;   // none: no limit
};

struct GainGoal {
  std::optional<double> target_lufs;
  OnConflict on_conflict = OnConflict::stop_at_limit;
  std::optional<LimitGoal> limit;  // none: the gain stops where the true peak would pass 0 dBTP
};

// What is known of the track before its gain.
struct TrackBefore {
  double sample_rate_hz = 0;
  std::vector<double> weights;
  HopEnergies hops;
  GroupTrace trace;      // with a limit
  double true_peak = 0;  // linear; used without a limit
};

struct GainPlan {
  double gain = 1;                    // linear
  std::optional<LimiterCurve> curve;  // with a limit
  double max_gain_reduction_db = 0;
  double limited_share = 0;           // of the track's time with a gain reduction of 0.1 dB or more
  std::int64_t trimmed_groups = 0;    // groups lowered after the 16x check
  std::string reason;                 // why the target is not met; empty when it is
};

// The target could not be met and on_conflict is `fail`: what() says by what.
class TargetOutOfReach : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

GainPlan solve_gain(FrameStore& store, TrackBefore before, const GainGoal& goal);

}  // namespace lathe
