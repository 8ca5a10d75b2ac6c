#include "scheduler/client/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/manifest/manifest_row_json.h"
#include "host/report/track_json.h"
#include "scheduler/core/plan.h"
#include "scheduler/worker/job_request.h"
#include "scheduler/worker/listed_tracks.h"
#include "scheduler/worker/master_tasks.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

void plan(Catalogue& catalogue) {
  std::vector<TaskCost> costs;
  costs.reserve(catalogue.tasks.size());
  for (const v1::TaskSpec& task : catalogue.tasks) costs.push_back({task.album(), task.predicted_cost_s()});
  const std::vector<std::size_t> order = plan_order(costs);
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    catalogue.tasks[order[rank]].set_plan_rank(static_cast<std::int64_t>(rank));
}

// What was named and cannot be looked at, behind the tracks; then the plan.
Catalogue finished(std::vector<v1::TaskSpec> tasks, const Scan& scan, v1::JobKind kind) {
  Catalogue catalogue;
  catalogue.tasks = std::move(tasks);
  for (const ScanProblem& problem : scan.problems) {
    v1::TaskSpec& task = catalogue.tasks.emplace_back();
    task.set_input(problem.path.native());
    task.set_album(problem.path.parent_path().native());
    if (kind == v1::JOB_KIND_MASTER) task.set_relative(problem.path.stem().native());
    task.set_problem_code("NOT_FOUND");
    task.set_problem(json_text(problem.path) + ": " + json_text(problem.reason));
  }
  for (const v1::TaskSpec& task : catalogue.tasks) {
    catalogue.tracks += track_count(task);
    if (!task.problem().empty()) catalogue.problems += track_count(task);
    catalogue.cost_s += task.predicted_cost_s();
  }
  for (const ScannedTrack& track : scan.tracks) catalogue.bytes += track.bytes;
  plan(catalogue);
  return catalogue;
}

}  // namespace

Catalogue master_catalogue(const Scan& scan, const RecipeSource& recipe, const fs::path& out_dir, int threads) {
  const Grouping grouping =
      group_tracks(scan.tracks, recipe, master_problems(scan.tracks, recipe, out_dir), threads, nullptr);
  Catalogue catalogue = finished(master_tasks(scan.tracks, grouping, restoration_s_a_byte(recipe.effective().recipe)),
                                 scan, v1::JOB_KIND_MASTER);
  catalogue.warnings = grouping.warnings;
  return catalogue;
}

Catalogue audit_catalogue(const Scan& scan) {
  std::vector<v1::TaskSpec> tasks;
  tasks.reserve(scan.tracks.size() + scan.problems.size());
  for (const ScannedTrack& track : scan.tracks) {
    v1::TaskSpec& task = tasks.emplace_back();
    task.set_input(track.input);
    task.set_album(track.album);
    if (track.row != nullptr) task.set_manifest_json(manifest_row_json(*track.manifest, *track.row));
    if (is_missing(track)) {
      task.set_problem_code("NOT_FOUND");
      task.set_problem(missing_text(track));
    } else {
      task.set_predicted_cost_s(predicted_cost_s(track, v1::JOB_KIND_AUDIT));
    }
  }
  return finished(std::move(tasks), scan, v1::JOB_KIND_AUDIT);
}

std::string name_of_inputs(const std::vector<std::string>& inputs) {
  constexpr std::size_t kNamed = 3;
  std::string names;
  for (std::size_t i = 0; i < std::min(kNamed, inputs.size()); ++i) {
    const fs::path path = fs::absolute(inputs[i]).lexically_normal();
    names += (i > 0 ? ", " : "") + (path.has_filename() ? path : path.parent_path()).filename().string();
  }
  return inputs.size() > kNamed ? fmt::format("{} and {} more", names, inputs.size() - kNamed) : names;
}

}  // namespace lathe::scheduler
