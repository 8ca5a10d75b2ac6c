#include "host/mastering/gain_verdict.h"

#include <cmath>

namespace lathe {
namespace {

constexpr double kCorrectLu = 0.02;  // further from the target, the finished file's loudness corrects the gain

}  // namespace

bool needs_correction(const GainSolver* solver, const GainGoal& goal, const Measurement& after) {
  if (solver == nullptr || !goal.limit || !goal.target_lufs || !after.is_measurable) return false;
  return solver->plan().stopped_by == StoppedBy::nothing &&
         std::abs(after.figures.integrated_lufs - *goal.target_lufs) > kCorrectLu;
}

std::string reason_for(const GainGoal& goal, const GainPlan& plan, const Measurement& after) {
  if (!goal.target_lufs)
    return plan.stopped_by == StoppedBy::nothing ? std::string() : reason_text(goal, plan.stopped_by, 0);
  if (!after.is_measurable) return "no loudness to bring to the target: " + after.reason + "; the gain is 0 dB";
  const double reached_lufs = after.figures.integrated_lufs;
  if (plan.stopped_by != StoppedBy::nothing || std::abs(reached_lufs - *goal.target_lufs) > kPromisedLu)
    return reason_text(goal, plan.stopped_by, reached_lufs);
  return {};
}

}  // namespace lathe
