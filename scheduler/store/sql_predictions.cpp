// Predictions: how long work takes that is like the work done last, and how much of it comes first.
#include <algorithm>

#include "scheduler/store/sql_job_store.h"

namespace lathe::scheduler {
namespace {

// Enough to even out single tracks, few enough to follow a change of machines; and a bound on the price of asking.
constexpr int kSamples = 200, kJobs = 20, kFewestSamples = 5;

struct Sum {
  double took_s = 0, predicted_s = 0;
  int samples = 0;
};

// UNCHANGED tasks took no work and count for nothing.
Sum sum_of_last(SqlConnection& connection, std::string_view column, std::string_view value) {
  std::vector<JobId> jobs;
  {
    Rows row = connection.query("SELECT id FROM job WHERE " + std::string(column) + " = ?1 ORDER BY id DESC LIMIT ?2",
                                value, kJobs);
    while (row.step()) jobs.push_back(row.integer(0));
  }
  Sum sum;
  for (const JobId job : jobs) {
    if (sum.samples >= kSamples) break;
    Rows row = connection.query(
        "SELECT predicted_cost, ended_ms - started_ms FROM task {sqlite: INDEXED BY task_done} "
        "JOIN attempt ON attempt.task_id = task.id AND attempt.token = task.token "
        "WHERE job_id = ?1 AND state = 'DONE' ORDER BY changed_ms DESC LIMIT ?2",
        job, kSamples - sum.samples);
    while (row.step()) {
      if (row.real(0) <= 0) continue;
      sum.predicted_s += row.real(0);
      sum.took_s += static_cast<double>(row.integer(1)) / 1'000;
      ++sum.samples;
    }
  }
  return sum;
}

}  // namespace

std::optional<double> SqlJobStore::measured_cost_ratio(std::string_view kind, std::string_view recipe_sha256) {
  return ask([&](SqlConnection& connection) -> std::optional<double> {
    Sum sum = sum_of_last(connection, "recipe_sha256", recipe_sha256);
    if (sum.samples < kFewestSamples) sum = sum_of_last(connection, "kind", kind);
    if (sum.samples < kFewestSamples) return std::nullopt;
    return sum.took_s / sum.predicted_s;
  });
}

double SqlJobStore::cost_ahead(int priority, std::optional<std::int64_t> finish_by_ms) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query(
        "SELECT sum(cost) FROM job {sqlite: INDEXED BY job_active} JOIN job_tally ON job_id = job.id "
        "WHERE job.state = 'RUNNING' AND job_tally.state IN ('PENDING', 'LEASED', 'RETRYING') "
        "AND (priority > ?1 OR (priority = ?1 AND coalesce(finish_by_ms, ?3) <= ?2))",
        priority, finish_by_ms.value_or(INT64_MAX), INT64_MAX);
    row.step();
    return std::max(row.real(0), 0.0);
  });
}

}  // namespace lathe::scheduler
