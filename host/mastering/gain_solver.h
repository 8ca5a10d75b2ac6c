// The gain that brings a track to its loudness through its limiter, and the limiter's curve at that gain.
//
// Loudness after limiting rises with the drive, so the gain is a root, found by secant steps on a model: each 10 ms
// hop's energy times the mean squared gain that the limiter leaves of its 8-frame groups, weighted by their power. On
// 20 real tracks the model is within 0.006 LU of the limited track, at up to 6 dB of reduction; what is still missing
// shows when the finished file is measured, and correct() takes it in. True peak is checked at 16x after the shaping
// and trimmed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/mastering/frame_store.h"
#include "host/mastering/peak_map.h"
#include "kernels/limiter/limiter.h"
#include "kernels/loudness/loudness_meter.h"

namespace lathe {

enum class OnConflict { stop_at_limit, fail, exceed_limit };

// What one gain is found for: each programme by itself, an album as a whole, an album by its loudest track (AES TD1008
// and AES77), a side of a record as a whole.
enum class LoudnessScope { track, album, loudest_track, side };

struct LimitGoal {
  double ceiling_dbtp = -1;
  double release_ms = 0;                        // 0 is auto
  std::optional<double> max_gain_reduction_db;  // none: no limit
  bool operator==(const LimitGoal&) const = default;
};

struct GainGoal {
  std::optional<double> target_lufs;
  double gain_db = 0;  // without a target
  OnConflict on_conflict = OnConflict::stop_at_limit;
  std::optional<LimitGoal> limit;  // none: the gain stops where the true peak would pass 0 dBTP
  LoudnessScope scope = LoudnessScope::track;
  // Until target_lufs is known: it is to be the loudness of this reference. Else empty.
  std::filesystem::path as_loud_as = {};
  bool operator==(const GainGoal&) const = default;
};

// What is known of the track before its gain.
struct TrackBefore {
  double sample_rate_hz = 0;
  std::vector<double> weights;
  HopEnergies hops;
  GroupTrace trace;      // with a limit
  double true_peak = 0;  // linear; used without a limit
  // Where the tracks of a programme end, in frames; none: it is one track.
  std::vector<std::int64_t> track_ends = {};
};

// A programme that shares its gain with others.
struct GainPart {
  FrameStore* store = nullptr;
  TrackBefore before;
};

// What kept the gain from the target.
enum class StoppedBy { nothing, max_gain_reduction, ceiling, missing_limiter };

struct GainPlan {
  double gain = 1;  // linear
  double max_gain_reduction_db = 0;
  double limited_share = 0;         // of the track's time with a gain reduction of 0.1 dB or more
  std::int64_t trimmed_groups = 0;  // groups lowered after the 16x check
  StoppedBy stopped_by = StoppedBy::nothing;
  double expected_lufs = 0;  // by the model; minus infinity for silence
};

// The target could not be met and on_conflict is `fail`: what() says by what.
class TargetOutOfReach : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Why a track is not at its target, for the report: "target -14.0 LUFS, reached -14.19: ...".
std::string reason_text(const GainGoal& goal, StoppedBy stopped_by, double reached_lufs);

// The hops of a programme, and where its tracks end (in frames; none: it is one).
struct HopsOfTracks {
  const HopEnergies* hops = nullptr;
  std::span<const std::int64_t> track_ends;
};

// The loudness of several programmes that a scope asks for: gated over the blocks of all (BS.1770-5), or the loudest
// track's. Blocks do not reach from one programme into the next.
double shared_loudness(std::span<const HopsOfTracks> parts, LoudnessScope scope);

// The gain of one programme, or of several that share it. Stores and `goal` outlive it.
class GainSolver {
 public:
  GainSolver(FrameStore& store, TrackBefore before, const GainGoal& goal);
  // The loudness is that of all parts together (BS.1770-5 over the blocks of all), or, with a scope of loudest_track,
  // that of the loudest track in any of them. At least one part.
  GainSolver(std::vector<GainPart> parts, const GainGoal& goal);
  ~GainSolver();
  GainSolver(GainSolver&&) noexcept;
  GainSolver& operator=(GainSolver&&) noexcept;

  // Throws TargetOutOfReach when the goal says so.
  const GainPlan& solve();

  // Solves again, now that what the plan made has been measured: the loudness that expected_lufs foretold.
  const GainPlan& correct(double measured_lufs);

  // From the next solve() or correct() on, one part is limited to this ceiling instead of the goal's.
  void set_ceiling(std::size_t part, double ceiling_dbtp);

  // Of all parts together.
  const GainPlan& plan() const;
  // What the limiter does to one part; the rest is as in plan().
  GainPlan plan_of(std::size_t part) const;
  // Of the track made by the plan, linear; not known where the limiter had to look at no peak.
  std::optional<double> expected_true_peak(std::size_t part = 0) const;
  // Null without a limit.
  const LimiterCurve* curve(std::size_t part = 0) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lathe
