// What a dry run says: a table for people, or one JSON document.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "scheduler/cli/batch_report.h"
#include "scheduler/worker/plan_batch.h"

namespace lathe::cli {

struct PlanTotals {
  std::size_t tracks = 0;
  int failed = 0;
  double audio_s = 0;
  std::int64_t bytes = 0;  // at most
  double estimated_s = 0;  // of the whole run by `jobs` tracks at once; 0: not measured
  int jobs = 1;
};

// The scan's problems are failed tracks.
PlanTotals totals_of(const std::vector<scheduler::TrackPlan>& plans,
                     const std::vector<scheduler::ScanProblem>& problems, int jobs);

// `lathe.plan.v1`: tracks[] as `lathe master --json` has them, PLANNED, with what is expected in place of what was
// measured.
nlohmann::ordered_json plan_report(const std::vector<scheduler::TrackPlan>& plans,
                                   const std::vector<scheduler::ScanProblem>& problems, const PlanTotals& totals,
                                   const std::string& recipe_sha256, const BatchEngine& engine);

// To stdout: a row for each output, what would not be as asked, what would fail, and the totals.
void print_plan(const std::vector<scheduler::TrackPlan>& plans, const std::vector<scheduler::ScanProblem>& problems,
                const PlanTotals& totals);

// What a batch that ended so would have come to: its exit code is the same.
std::vector<scheduler::TrackOutcome> outcomes_of(const std::vector<scheduler::TrackPlan>& plans);

}  // namespace lathe::cli
