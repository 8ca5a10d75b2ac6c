#include "host/mastering/gain_solver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/aligned.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr double kCloseLu = 0.003;       // the model's root
constexpr double kMeasuredLu = 0.01;     // the limited track, measured
constexpr int kMeasurements = 5;
constexpr double kMostDriveDb = 24;      // beyond the gain that would do without limiting: nothing gets louder there
// Dither and rounding add up to 1.5 steps of 16 bits, times what interpolation can make of them; see interpolation.h.
constexpr double kCeilingMargin = 0.9995;  // 0.004 dB

class Solver {
 public:
  Solver(FrameStore& store, TrackBefore before, const GainGoal& goal, const LimitGoal& limit)
      : store_(store), before_(std::move(before)), goal_(goal), limit_(limit),
        ceiling_(db_to_amplitude(limit.ceiling_dbtp) * kCeilingMargin), power_(std::move(before_.trace.power)),
        map_(store, std::move(before_.trace.sample_peak)),
        curve_({before_.sample_rate_hz, ceiling_, limit.release_ms}, static_cast<std::int64_t>(power_.size())) {}

  GainPlan solve() {
    GainPlan plan;
    const double loudness = integrated_loudness(before_.hops);
    double gain_db = 0;
    if (goal_.target_lufs && std::isfinite(loudness)) {
      gain_db = solve_target(loudness, plan);
    } else {
      shape(0);
      trimmed_ += trim(0);
    }
    plan.gain = db_to_amplitude(gain_db);
    plan.max_gain_reduction_db = -amplitude_to_db(1 - curve_.max_reduction());
    plan.trimmed_groups = trimmed_;
    plan.limited_share = limited_share();
    plan.curve = std::move(curve_);
    return plan;
  }

 private:
  double solve_target(double loudness, GainPlan& plan) {
    const double target = *goal_.target_lufs;
    const double plain_db = target - loudness;  // right if nothing is limited
    shape(plain_db);
    double most_db = plain_db + kMostDriveDb;
    bool capped = false;
    if (limit_.max_gain_reduction_db && goal_.on_conflict != OnConflict::exceed_limit && !curve_.spans().empty()) {
      const double peak_db = amplitude_to_db(map_.max_peak());
      const double cap_db = limit_.ceiling_dbtp - peak_db + *limit_.max_gain_reduction_db;
      if (cap_db < most_db) {
        most_db = cap_db;
        capped = true;
      }
    }
    double bias = 0;  // measured loudness less the model's
    double gain_db = plain_db, reached = 0;
    bool at_most = false;
    for (int round = 0; round < kMeasurements; ++round) {
      gain_db = root(target - bias, std::min(gain_db, most_db), most_db, at_most);
      trimmed_ += trim(gain_db);
      if (curve_.spans().empty()) return gain_db;  // energies scale exactly: nothing to measure
      const double model = model_loudness(gain_db);
      reached = measured_loudness(gain_db);
      bias = reached - model;
      if (at_most || std::abs(reached - target) <= kMeasuredLu) break;
    }
    if (at_most && reached < target - kMeasuredLu) give_reason(plan, target, reached, capped);
    return gain_db;
  }

  void give_reason(GainPlan& plan, double target, double reached, bool capped) const {
    plan.reason = capped ? fmt::format("target {:.1f} LUFS, reached {:.2f}: the limiter's max_gain_reduction_db of {:.1f} dB stopped it",
                                       target, reached, *limit_.max_gain_reduction_db)
                         : fmt::format("target {:.1f} LUFS, reached {:.2f}: under the ceiling of {:.1f} dBTP the track gets no louder",
                                       target, reached, limit_.ceiling_dbtp);
    if (goal_.on_conflict == OnConflict::fail) throw TargetOutOfReach(plan.reason + " (on_conflict: fail)");
  }

  // The gain in dB at which the model reads `target`, not above most_db.
  double root(double target, double start_db, double most_db, bool& at_most) {
    double low = start_db, low_error = model_at(low) - target;
    double gain_db = low;
    at_most = false;
    for (int step = 0; step < 40 && std::abs(low_error) > kCloseLu; ++step) {
      // Limiting eats a part of each dB; the part seen in the last step predicts the next.
      const double next = std::min(gain_db - low_error / slope_, most_db);
      if (next == gain_db) {
        at_most = low_error < 0;
        break;
      }
      const double error = model_at(next) - target;
      const double slope = (error - low_error) / (next - gain_db);
      if (slope > 0.02 && slope <= 1.5) slope_ = slope;
      gain_db = next;
      low_error = error;
    }
    if (gain_db >= most_db && low_error < -kCloseLu) at_most = true;
    return gain_db;
  }

  double model_at(double gain_db) {
    shape(gain_db);
    return model_loudness(gain_db);
  }

  void shape(double gain_db) {
    const double gain = db_to_amplitude(gain_db);
    map_.cover(gain, ceiling_);
    curve_.shape(map_.peaks(), gain);
  }

  std::int64_t trim(double gain_db) {
    const double gain = db_to_amplitude(gain_db);
    std::int64_t total = 0;
    for (int round = 0; round < 12; ++round) {
      const std::int64_t over = map_.raise_overs(curve_, gain, ceiling_, round > 0);
      if (over == 0) break;
      total += over;
      curve_.shape(map_.peaks(), gain);
    }
    return total;
  }

  double model_loudness(double gain_db) const {
    HopEnergies hops = before_.hops;
    const std::span<const float> k = curve_.reduction();
    const auto groups = static_cast<std::int64_t>(power_.size());
    const auto hop_count = static_cast<std::int64_t>(hops.energy.size());
    for (const GroupSpan& span : curve_.spans()) {
      std::int64_t hop = span.first * kPeakGroup * 100 / static_cast<std::int64_t>(before_.sample_rate_hz);
      std::int64_t g = span.first;
      while (hop < hop_count && g < std::min(span.end, groups)) {
        const std::int64_t from = std::max<std::int64_t>(hop_start(hop, before_.sample_rate_hz) / kPeakGroup, 0);
        const std::int64_t to = std::min(hop_start(hop + 1, before_.sample_rate_hz) / kPeakGroup, groups);
        double all = 0, left = 0;
        for (std::int64_t i = from; i < to; ++i) {
          const double a = 1.0 - 0.5 * (k[static_cast<std::size_t>(i)] + k[static_cast<std::size_t>(i + 1)]);
          all += power_[static_cast<std::size_t>(i)];
          left += a * a * power_[static_cast<std::size_t>(i)];
        }
        // A hop that two spans share is only scaled once: the second time it starts from the same energies.
        if (all > 0) hops.energy[static_cast<std::size_t>(hop)] = before_.hops.energy[static_cast<std::size_t>(hop)] * (left / all);
        g = to;
        ++hop;
      }
    }
    return integrated_scaled(hops, db_to_power(gain_db));
  }

  static double integrated_scaled(HopEnergies& hops, double power) {
    for (double& e : hops.energy) e *= power;
    return integrated_loudness(hops);
  }

  double measured_loudness(double gain_db) {
    constexpr std::int64_t kStep = 16384;
    LoudnessMeter meter({before_.sample_rate_hz, before_.weights, false, false});
    AlignedArray<float> limited(static_cast<std::size_t>(kStep * store_.channels()));
    const double gain = db_to_amplitude(gain_db);
    for (std::int64_t first = 0; first < store_.frames(); first += kStep) {
      const std::int64_t count = std::min(kStep, store_.frames() - first);
      const AudioView in = store_.read(first, count);
      for (int c = 0; c < in.channels; ++c) {
        apply_limited_gain(in.channel(c), count, gain, curve_.reduction().data() + first / kPeakGroup, limited.data() + c * kStep);
      }
      meter.take(AudioView{limited.data(), in.channels, count, kStep});
    }
    meter.finish();
    return integrated_loudness(meter.hops());
  }

  double limited_share() const {
    constexpr float kAudible = 0.01144F;  // 0.1 dB
    std::int64_t count = 0;
    for (const GroupSpan& span : curve_.spans()) {
      for (std::int64_t g = span.first; g < span.end; ++g) count += curve_.reduction()[static_cast<std::size_t>(g)] >= kAudible;
    }
    return power_.empty() ? 0.0 : static_cast<double>(count) / static_cast<double>(power_.size());
  }

  FrameStore& store_;
  TrackBefore before_;
  const GainGoal& goal_;
  const LimitGoal& limit_;
  double ceiling_;
  std::vector<float> power_;
  PeakMap map_;
  LimiterCurve curve_;
  double slope_ = 1;
  std::int64_t trimmed_ = 0;
};

GainPlan solve_without_limiter(const TrackBefore& before, const GainGoal& goal) {
  GainPlan plan;
  const double loudness = integrated_loudness(before.hops);
  if (!goal.target_lufs || !std::isfinite(loudness)) return plan;
  double gain_db = *goal.target_lufs - loudness;
  const double room_db = -amplitude_to_db(before.true_peak);
  if (gain_db > room_db && goal.on_conflict != OnConflict::exceed_limit) {
    plan.reason = fmt::format("target {:.1f} LUFS, reached {:.2f}: the true peak would pass 0 dBTP and the recipe has no limit stage",
                              *goal.target_lufs, loudness + room_db);
    if (goal.on_conflict == OnConflict::fail) throw TargetOutOfReach(plan.reason + " (on_conflict: fail)");
    gain_db = room_db;
  }
  plan.gain = db_to_amplitude(gain_db);
  return plan;
}

}  // namespace

GainPlan solve_gain(FrameStore& store, TrackBefore before, const GainGoal& goal) {
  GainPlan plan;
  if (goal.limit) {
    Solver solver(store, std::move(before), goal, *goal.limit);
    plan = solver.solve();
  } else {
    plan = solve_without_limiter(before, goal);
  }
  return plan;
}

}  // namespace lathe
