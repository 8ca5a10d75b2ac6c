#include "host/mastering/gain_solver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/loudness/interpolation.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr double kCloseLu = 0.002;          // the root is found when the model is as close as this
constexpr double kMostDriveDb = 24;         // beyond the gain that would do without limiting: nothing gets louder there
constexpr double kReductionSlackDb = 0.04;  // 0.05 dB is promised; what the trimming adds is mostly less
constexpr int kMostLowerings = 4;           // one did on all that was tried
// Dither and rounding add up to 1.5 steps of 16 bits, times what interpolation can make of them; see interpolation.h.
constexpr double kCeilingMargin = 0.9995;        // 0.004 dB
constexpr int kBlockHops = 40, kBlockStep = 10;  // blocks of 400 ms every 100 ms

// The whole hops between two frames.
HopEnergies hops_between(const HopEnergies& hops, std::int64_t first, std::int64_t end) {
  const auto count = static_cast<std::int64_t>(hops.energy.size());
  const std::int64_t from = std::min(first_hop_from(first, hops.sample_rate_hz), count);
  std::int64_t to = std::min(first_hop_from(end, hops.sample_rate_hz), count);
  if (to > from && hop_start(to, hops.sample_rate_hz) > end) --to;
  return {hops.sample_rate_hz, {hops.energy.begin() + from, hops.energy.begin() + to}};
}

// One programme under the gain, with the limiter's curve over it.
struct Part {
  Part(GainPart given, const std::optional<LimitGoal>& limit) : store(*given.store), before(std::move(given.before)) {
    if (!limit) return;
    map.emplace(store, std::move(before.trace.sample_peak), std::move(before.trace.bend));
    limit_to(limit->ceiling_dbtp, limit->release_ms);
  }

  void limit_to(double dbtp, double release_ms) {
    ceiling_dbtp = dbtp;
    ceiling = db_to_amplitude(dbtp) * kCeilingMargin;
    curve.emplace(LimiterSettings{before.sample_rate_hz, ceiling, release_ms}, groups(),
                  before.trace.power.get_allocator());
  }

  void shape(double gain) {
    map->cover(gain, ceiling);
    curve->shape(map->peaks(), gain);
  }

  void trim(double gain) {
    for (int round = 0; round < 12; ++round) {
      const std::int64_t over = map->raise_overs(*curve, gain, ceiling, round > 0);
      if (over == 0) return;
      trimmed_groups += over;
      curve->shape(map->peaks(), gain);
    }
  }

  // By the model, at a gain of `power`.
  HopEnergies limited_hops(double power) const {
    HopEnergies hops = before.hops;
    if (curve) limit_hops(hops);
    for (double& e : hops.energy) e *= power;
    return hops;
  }

  double reduction_db() const {
    return curve && curve->max_reduction() > 0 ? -amplitude_to_db(1 - curve->max_reduction()) : 0.0;
  }

  std::int64_t groups() const { return static_cast<std::int64_t>(before.trace.power.size()); }

  std::int64_t limited_groups() const {
    constexpr float kAudible = 0.01144F;  // 0.1 dB
    std::int64_t count = 0;
    for (const GroupSpan& span : curve->spans()) {
      // A span may end with the knot behind the last group.
      for (std::int64_t g = span.first; g < std::min(span.end, groups()); ++g)
        count += curve->reduction()[static_cast<std::size_t>(g)] >= kAudible;
    }
    return count;
  }

  FrameStore& store;
  TrackBefore before;
  double ceiling_dbtp = 0, ceiling = 1;
  std::optional<PeakMap> map;
  std::optional<LimiterCurve> curve;
  std::int64_t trimmed_groups = 0;

 private:
  void limit_hops(HopEnergies& hops) const {
    const std::span<const float> k = curve->reduction();
    const auto hop_count = static_cast<std::int64_t>(hops.energy.size());
    for (const GroupSpan& span : curve->spans()) {
      std::int64_t hop = span.first * kPeakGroup * 100 / static_cast<std::int64_t>(before.sample_rate_hz);
      std::int64_t g = span.first;
      while (hop < hop_count && g < std::min(span.end, groups())) {
        const std::int64_t from = std::max<std::int64_t>(hop_start(hop, before.sample_rate_hz) / kPeakGroup, 0);
        const std::int64_t to = std::min(hop_start(hop + 1, before.sample_rate_hz) / kPeakGroup, groups());
        double all = 0, left = 0;
        for (std::int64_t i = from; i < to; ++i) {
          const double a = 1.0 - 0.5 * (k[static_cast<std::size_t>(i)] + k[static_cast<std::size_t>(i + 1)]);
          all += before.trace.power[static_cast<std::size_t>(i)];
          left += a * a * before.trace.power[static_cast<std::size_t>(i)];
        }
        // A hop that two spans share is only scaled once: the second time it starts from the same energies.
        if (all > 0)
          hops.energy[static_cast<std::size_t>(hop)] = before.hops.energy[static_cast<std::size_t>(hop)] * (left / all);
        g = to;
        ++hop;
      }
    }
  }
};

}  // namespace

double shared_loudness(std::span<const HopsOfTracks> parts, LoudnessScope scope) {
  if (scope != LoudnessScope::loudest_track) {
    std::vector<double> blocks;
    for (const HopsOfTracks& part : parts) {
      const std::vector<double> more = window_powers(*part.hops, kBlockHops, kBlockStep);
      blocks.insert(blocks.end(), more.begin(), more.end());
    }
    return gated_loudness(blocks);
  }
  double loudest = -std::numeric_limits<double>::infinity();
  for (const HopsOfTracks& part : parts) {
    std::int64_t first = 0;
    for (const std::int64_t end : part.track_ends) {
      loudest = std::max(loudest, integrated_loudness(hops_between(*part.hops, first, end)));
      first = end;
    }
    if (part.track_ends.empty()) loudest = std::max(loudest, integrated_loudness(*part.hops));
  }
  return loudest;
}

struct GainSolver::State {
  State(std::vector<GainPart> given, const GainGoal& goal_) : goal(goal_) {
    if (given.empty()) throw std::invalid_argument("a gain is solved for at least one programme");
    parts.reserve(given.size());
    for (GainPart& part : given) parts.emplace_back(std::move(part), goal.limit);
    std::vector<HopsOfTracks> hops;
    for (const Part& part : parts) hops.push_back({&part.before.hops, part.before.track_ends});
    loudness = shared_loudness(hops, goal.scope);
    plan.expected_lufs = loudness;
  }

  void solve() {
    const bool has_target = goal.target_lufs && std::isfinite(loudness);
    double gain_db = goal.target_lufs ? 0 : goal.gain_db;
    if (!goal.limit) {
      if (has_target) gain_db = without_limiter();
    } else {
      if (has_target) {
        gain_db = through_limiter();
      } else {
        shape(gain_db);
        gain_db = within_reduction(gain_db);
      }
      trim(gain_db);
      gain_db = within_reduction_trimmed(gain_db);
      plan.expected_lufs = model_loudness(gain_db) + bias;
      plan.max_gain_reduction_db = reduction_db();
      plan.limited_share = limited_share();
      plan.trimmed_groups = 0;
      for (const Part& part : parts) plan.trimmed_groups += part.trimmed_groups;
    }
    plan.gain = db_to_amplitude(gain_db);
    if (plan.stopped_by != StoppedBy::nothing && goal.on_conflict == OnConflict::fail) {
      throw TargetOutOfReach(reason_text(goal, plan.stopped_by, plan.expected_lufs) + " (on_conflict: fail)");
    }
  }

  double without_limiter() {
    double gain_db = *goal.target_lufs - loudness;
    double true_peak = 0;
    for (const Part& part : parts) true_peak = std::max(true_peak, part.before.true_peak);
    const double room_db = -amplitude_to_db(true_peak);
    if (gain_db > room_db && goal.on_conflict != OnConflict::exceed_limit) {
      plan.stopped_by = StoppedBy::missing_limiter;
      gain_db = room_db;
    }
    plan.expected_lufs = loudness + gain_db;
    return gain_db;
  }

  // The gain at which the limiter takes all that it may.
  double most_allowed_db() const {
    double room_db = std::numeric_limits<double>::infinity();
    for (const Part& part : parts)
      room_db = std::min(room_db, part.ceiling_dbtp - amplitude_to_db(part.map->max_peak()));
    return room_db + *goal.limit->max_gain_reduction_db;
  }

  // Without a target too, the limiter takes no more than it may: the gain goes down instead.
  double within_reduction(double gain_db) {
    plan.stopped_by = StoppedBy::nothing;
    if (!goal.limit->max_gain_reduction_db || !is_limited()) return gain_db;
    const double cap_db = most_allowed_db();
    if (cap_db >= gain_db) return gain_db;
    plan.stopped_by = StoppedBy::max_gain_reduction;
    shape(cap_db);
    return cap_db;
  }

  // Trimming raises peaks, and so what the limiter takes. Where that has become more than it may, the gain gives the
  // excess up: the peaks stay raised, so one lowering does, but for what the trimming after it adds.
  double within_reduction_trimmed(double gain_db) {
    const std::optional<double> most_db = goal.limit->max_gain_reduction_db;
    if (!most_db || (goal.target_lufs && goal.on_conflict == OnConflict::exceed_limit)) return gain_db;
    for (int round = 0; round < kMostLowerings && reduction_db() > *most_db + kReductionSlackDb; ++round) {
      gain_db -= reduction_db() - *most_db;
      plan.stopped_by = StoppedBy::max_gain_reduction;
      shape(gain_db);
      trim(gain_db);
    }
    return gain_db;
  }

  double through_limiter() {
    plan.stopped_by = StoppedBy::nothing;
    const double plain_db = *goal.target_lufs - loudness;  // right if nothing is limited
    shape(plain_db);
    if (!is_limited()) return plain_db;
    double most_db = plain_db + kMostDriveDb;
    StoppedBy stop = StoppedBy::ceiling;
    if (goal.limit->max_gain_reduction_db && goal.on_conflict != OnConflict::exceed_limit) {
      const double cap_db = most_allowed_db();
      if (cap_db < most_db) {
        most_db = cap_db;
        stop = StoppedBy::max_gain_reduction;
      }
    }
    return root(*goal.target_lufs - bias, std::min(plain_db, most_db), most_db, stop);
  }

  // The gain in dB at which the model reads `target`, not above most_db.
  double root(double target, double start_db, double most_db, StoppedBy stop) {
    double gain_db = start_db, error = model_at(start_db) - target;
    for (int step = 0; step < 40 && std::abs(error) > kCloseLu; ++step) {
      // Limiting eats a part of each dB; the part seen in the last step predicts the next.
      const double next = std::min(gain_db - error / slope, most_db);
      if (next == gain_db) break;
      const double next_error = model_at(next) - target;
      const double seen = (next_error - error) / (next - gain_db);
      if (seen > 0.02 && seen <= 1.5) slope = seen;
      gain_db = next;
      error = next_error;
    }
    if (gain_db >= most_db && error < -kCloseLu) plan.stopped_by = stop;
    return gain_db;
  }

  double model_at(double gain_db) {
    if (gain_db != shaped_db) shape(gain_db);
    return model_loudness(gain_db);
  }

  void shape(double gain_db) {
    for (Part& part : parts) part.shape(db_to_amplitude(gain_db));
    shaped_db = gain_db;
  }

  void trim(double gain_db) {
    for (Part& part : parts) part.trim(db_to_amplitude(gain_db));
  }

  double model_loudness(double gain_db) const {
    std::vector<HopEnergies> limited;
    for (const Part& part : parts) limited.push_back(part.limited_hops(db_to_power(gain_db)));
    std::vector<HopsOfTracks> hops;
    for (std::size_t i = 0; i < parts.size(); ++i) hops.push_back({&limited[i], parts[i].before.track_ends});
    return shared_loudness(hops, goal.scope);
  }

  bool is_limited() const {
    return std::any_of(parts.begin(), parts.end(), [](const Part& part) { return !part.curve->spans().empty(); });
  }

  double reduction_db() const {
    double most = 0;
    for (const Part& part : parts) most = std::max(most, part.reduction_db());
    return most;
  }

  double limited_share() const {
    std::int64_t limited = 0, all = 0;
    for (const Part& part : parts) {
      limited += part.limited_groups();
      all += part.groups();
    }
    return all == 0 ? 0.0 : static_cast<double>(limited) / static_cast<double>(all);
  }

  const GainGoal& goal;
  std::vector<Part> parts;
  double loudness = 0;  // of what is before the gain
  double slope = 0.85;  // of loudness over drive, where last seen; to begin with, what music shows
  double bias = 0;      // measured loudness less the model's
  double shaped_db = std::numeric_limits<double>::quiet_NaN();
  GainPlan plan;
};

GainSolver::GainSolver(std::vector<GainPart> parts, const GainGoal& goal)
    : state_(std::make_unique<State>(std::move(parts), goal)) {}
GainSolver::GainSolver(FrameStore& store, TrackBefore before, const GainGoal& goal) {
  std::vector<GainPart> parts;
  parts.push_back({&store, std::move(before)});
  state_ = std::make_unique<State>(std::move(parts), goal);
}
GainSolver::~GainSolver() = default;
GainSolver::GainSolver(GainSolver&&) noexcept = default;
GainSolver& GainSolver::operator=(GainSolver&&) noexcept = default;

const GainPlan& GainSolver::solve() {
  state_->solve();
  return state_->plan;
}

const GainPlan& GainSolver::correct(double measured_lufs) {
  state_->bias += measured_lufs - state_->plan.expected_lufs;
  return solve();
}

void GainSolver::set_ceiling(std::size_t part, double ceiling_dbtp) {
  if (!state_->goal.limit) throw std::invalid_argument("a gain without a limiter has no ceiling");
  state_->parts.at(part).limit_to(ceiling_dbtp, state_->goal.limit->release_ms);
  state_->shaped_db = std::numeric_limits<double>::quiet_NaN();
}

const GainPlan& GainSolver::plan() const { return state_->plan; }

GainPlan GainSolver::plan_of(std::size_t part) const {
  GainPlan plan = state_->plan;
  const Part& of = state_->parts.at(part);
  if (!of.curve || state_->parts.size() == 1) return plan;
  plan.max_gain_reduction_db = of.reduction_db();
  plan.limited_share =
      of.groups() == 0 ? 0.0 : static_cast<double>(of.limited_groups()) / static_cast<double>(of.groups());
  plan.trimmed_groups = of.trimmed_groups;
  return plan;
}

std::optional<double> GainSolver::expected_true_peak(std::size_t part) const {
  const Part& of = state_->parts.at(part);
  if (!of.curve) return of.before.true_peak * state_->plan.gain;
  if (!of.curve->spans().empty()) return of.ceiling;
  return std::nullopt;
}

const LimiterCurve* GainSolver::curve(std::size_t part) const {
  const Part& of = state_->parts.at(part);
  return of.curve ? &*of.curve : nullptr;
}

std::string reason_text(const GainGoal& goal, StoppedBy stopped_by, double reached_lufs) {
  if (!goal.target_lufs && goal.limit && goal.limit->max_gain_reduction_db) {
    return fmt::format("the gain was lowered: the limiter may take no more than max_gain_reduction_db of {:.1f} dB",
                       *goal.limit->max_gain_reduction_db);
  }
  const std::string head =
      fmt::format("target {:.1f} LUFS, reached {:.2f}: ", goal.target_lufs.value_or(0), reached_lufs);
  switch (stopped_by) {
    case StoppedBy::max_gain_reduction:
      return head + fmt::format("the limiter's max_gain_reduction_db of {:.1f} dB stopped it",
                                *goal.limit->max_gain_reduction_db);
    case StoppedBy::ceiling:
      return head + fmt::format("under the ceiling of {:.1f} dBTP the track gets no louder", goal.limit->ceiling_dbtp);
    case StoppedBy::missing_limiter:
      return head + "the true peak would pass 0 dBTP and the recipe has no limit stage";
    case StoppedBy::nothing:
      break;
  }
  return head + "the gain did not settle closer";
}

}  // namespace lathe
