// One transaction of the job store: a connection, the time, and what the tally and the record of events have to learn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "scheduler/core/clock.h"
#include "scheduler/core/task_state.h"
#include "scheduler/store/job_records.h"
#include "scheduler/store/sql_engine.h"

namespace lathe::scheduler {

// Undone unless committed. Locks are taken in the order task, album, worker, job, tally, so that no two transactions
// wait for each other.
class SqlTransaction {
 public:
  // `clock`: the store's; none: the engine's own.
  SqlTransaction(SqlConnection& connection, const Clock* clock, SqlConnection::Begin kind);
  ~SqlTransaction();
  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;

  template <class... Args>
  Rows query(std::string_view sql, const Args&... args) {
    return connection_.query(sql, args...);
  }
  template <class... Args>
  std::int64_t run(std::string_view sql, const Args&... args) {
    return connection_.run(sql, args...);
  }
  SqlConnection& connection() { return connection_; }
  std::int64_t now_ms() const { return now_ms_; }

  // Tasks of a job stepped from one state to another (none: they are new). Written by commit().
  void count(JobId job, std::optional<TaskState> from, TaskState to, double cost, std::int64_t tasks = 1);
  // Writes what count() has noted so far.
  void flush_tally();

  // A number for a record that others read on from: see below. At most kNumbersATransaction.
  void add_event(JobId job, std::optional<TaskId> task, std::string_view state, std::string_view reason_code = {});
  void add_call(const CallRecord& call);

  // Throws StoreError or SqlInterrupted; see StoreError::is_outcome_unknown().
  void commit();

 private:
  std::int64_t next_number();

  SqlConnection& connection_;
  std::int64_t now_ms_ = 0;
  bool is_open_ = true;
  std::int64_t numbers_ = 0;
  std::map<std::pair<JobId, TaskState>, std::pair<std::int64_t, double>> tally_;
};

// How PostgreSQL numbers events and calls. A sequence's numbers become visible in another order than they are given
// out, so a reader that goes on behind the last one seen would miss those committed late. Instead a record's number is
// (id of its transaction) * 2^14 + (its place in that transaction) + base, and a reader sees only those of transactions
// below xmin, the oldest one still running in its snapshot. Every transaction below xmin has ended, and its records are
// all visible or never will be; every record that becomes visible later belongs to a transaction at or above xmin, so
// its number is greater than all that were shown. Numbers rise within a job and nothing is missed. `base` (in
// number_base) lifts them above those of a store that was copied in from elsewhere.
inline constexpr std::int64_t kNumbersATransaction = 1 << 14;
#define LATHE_BELOW_XMIN(column) \
  " {postgres: AND " column      \
  " < (SELECT base FROM number_base) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint * 16384} "

}  // namespace lathe::scheduler
