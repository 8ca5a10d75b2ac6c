// How far what was made of a goal is from it, and what to say of that.
#pragma once

#include <string>

#include "host/mastering/gain_solver.h"
#include "host/mastering/track_report.h"

namespace lathe {

// How often the finished files may correct the gain.
constexpr int kGainCorrections = 3;
constexpr double kPromisedLu = 0.05;  // off by more than this, a report says why

// Whether the gain is to be solved again, for what it made is `after`.
bool needs_correction(const GainSolver* solver, const GainGoal& goal, const Measurement& after);

// Why a goal was not reached by what is `after` the plan; empty when it was.
std::string reason_for(const GainGoal& goal, const GainPlan& plan, const Measurement& after);

}  // namespace lathe
