// The workers' register.
#include <algorithm>
#include <stdexcept>

#include "scheduler/store/sql_job_store.h"
#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

// Columns of read_worker, in its order.
#define LATHE_WORKER_COLUMNS                                                                                       \
  "id, name, engine, version, slots, memory_bytes, info_json, state, reason, registered_ms, seen_ms, "             \
  "failure_streak, (SELECT count(*) FROM task WHERE task.state = 'LEASED' AND worker_id = worker.id), committed, " \
  "failed, status_json"

WorkerRecord read_worker(const Rows& row) {
  WorkerRecord worker;
  worker.spec = {row.text(0), row.text(1), row.text(2), row.text(3), row.small(4), row.integer(5), row.text(6)};
  worker.state = worker_state_named(row.text(7));
  worker.reason = row.text(8);
  worker.registered_ms = row.integer(9);
  worker.seen_ms = row.integer(10);
  worker.failure_streak = row.small(11);
  worker.leases = row.integer(12);
  worker.committed = row.integer(13);
  worker.failed = row.integer(14);
  worker.status_json = row.text(15);
  return worker;
}

void check_worker(const WorkerSpec& worker) {
  if (worker.id.empty()) throw std::invalid_argument("a worker needs an id");
  check_text("a worker's id", worker.id);
  check_text("a worker's name", worker.name);
  check_text("a worker's engine", worker.engine);
  check_text("a worker's version", worker.version);
  check_text("a worker's description", worker.info_json);
}

}  // namespace

std::string_view to_string(WorkerState state) {
  switch (state) {
    case WorkerState::kActive:
      return "ACTIVE";
    case WorkerState::kDraining:
      return "DRAINING";
    case WorkerState::kQuarantined:
      return "QUARANTINED";
    case WorkerState::kGone:
      return "GONE";
  }
  throw std::invalid_argument("no such worker state");
}

WorkerState worker_state_named(std::string_view name) {
  for (const WorkerState state :
       {WorkerState::kActive, WorkerState::kDraining, WorkerState::kQuarantined, WorkerState::kGone}) {
    if (to_string(state) == name) return state;
  }
  throw std::invalid_argument("no worker state is called '" + std::string(name) + "'");
}

WorkerState SqlJobStore::register_worker(const WorkerSpec& worker) {
  check_worker(worker);
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    transaction.run(
        "INSERT INTO worker (id, name, engine, version, slots, memory_bytes, info_json, state, reason, registered_ms, "
        "seen_ms) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, "
        "CASE WHEN EXISTS (SELECT 1 FROM worker_name_state WHERE name = ?2) THEN 'QUARANTINED' ELSE 'ACTIVE' END, "
        "coalesce((SELECT reason FROM worker_name_state WHERE name = ?2), ''), ?8, ?8 WHERE true "
        "ON CONFLICT (id) DO UPDATE SET seen_ms = excluded.seen_ms",
        worker.id, worker.name, worker.engine, worker.version, worker.slots, worker.memory_bytes, worker.info_json,
        transaction.now_ms());
    Rows row = transaction.query("SELECT state FROM worker WHERE id = ?1", worker.id);
    row.step();
    return worker_state_named(row.text(0));
  });
}

bool SqlJobStore::set_worker_state(std::string_view worker_id, WorkerState state, std::string_view reason) {
  const std::string text = storable_text(reason);
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    std::string name;
    {
      Rows row = transaction.query(
          "UPDATE worker SET state = CASE WHEN state = 'GONE' THEN state ELSE ?2 END, "
          "reason = CASE WHEN state = 'GONE' THEN reason WHEN ?2 = 'ACTIVE' THEN '' ELSE ?3 END, "
          "failure_streak = CASE WHEN ?2 = 'ACTIVE' THEN 0 ELSE failure_streak END WHERE id = ?1 RETURNING name",
          worker_id, to_string(state), text);
      if (!row.step()) return false;
      name = row.text(0);
      while (row.step()) {
      }
    }
    if (state == WorkerState::kQuarantined) {
      transaction.run(
          "INSERT INTO worker_name_state (name, reason, at_ms) VALUES (?1, ?2, ?3) "
          "ON CONFLICT (name) DO UPDATE SET reason = excluded.reason",
          name, text, transaction.now_ms());
    }
    if (state == WorkerState::kActive) transaction.run("DELETE FROM worker_name_state WHERE name = ?1", name);
    return true;
  });
}

std::vector<std::string> SqlJobStore::retire_silent_workers(std::int64_t seen_before_ms) {
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    std::vector<std::string> retired;
    Rows row = transaction.query(
        "UPDATE worker SET state = 'GONE', reason = 'not heard of' WHERE state <> 'GONE' AND seen_ms < ?1 RETURNING id",
        seen_before_ms);
    while (row.step()) retired.push_back(row.text(0));
    std::sort(retired.begin(), retired.end());
    return retired;
  });
}

std::optional<WorkerRecord> SqlJobStore::worker(std::string_view worker_id) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query("SELECT " LATHE_WORKER_COLUMNS " FROM worker WHERE id = ?1", worker_id);
    return row.step() ? std::optional(read_worker(row)) : std::nullopt;
  });
}

std::vector<WorkerRecord> SqlJobStore::workers(std::string_view after, int limit, bool gone_too) {
  return ask([&](SqlConnection& connection) {
    std::vector<WorkerRecord> workers;
    Rows row = connection.query("SELECT " LATHE_WORKER_COLUMNS
                                " FROM worker WHERE id > ?1 AND (?2 = 1 OR state <> 'GONE') ORDER BY id LIMIT ?3",
                                after, gone_too, std::max(limit, 0));
    while (row.step()) workers.push_back(read_worker(row));
    return workers;
  });
}

}  // namespace lathe::scheduler
