#include "host/mastering/reference_goal.h"

#include <stdexcept>

namespace lathe {
namespace {

void settle(GainGoal& goal, ReferenceTones& references, const std::function<void()>& check) {
  if (goal.as_loud_as.empty()) return;
  goal.target_lufs = references.get(goal.as_loud_as, check).integrated_lufs;
}

}  // namespace

TrackJob with_known_targets(TrackJob job, ReferenceTones& references, const std::function<void()>& check) {
  settle(job.chain.goal, references, check);
  for (OutputSpec& output : job.outputs) {
    if (output.goal) settle(*output.goal, references, check);
  }
  return job;
}

}  // namespace lathe
