// What is said while working, and who asked for what.
#include <algorithm>

#include "scheduler/store/sql_job_store.h"
#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

constexpr std::size_t kLinesKept = 500;

}  // namespace

// Two who write of one attempt at once wait for the task's row.
bool SqlJobStore::append_log(const LeaseId& lease, const std::vector<std::string>& lines) {
  return write(Repeat::kNever, [&](SqlTransaction& transaction, bool) {
    if (!held(transaction, lease)) return false;
    std::vector<SaidLine> said;
    for (const std::string& line : lines) said.push_back({line, 0});
    add_log(transaction, lease, said);
    return true;
  });
}

void SqlJobStore::add_log(SqlTransaction& transaction, const LeaseId& lease, const std::vector<SaidLine>& log) {
  if (log.empty()) return;
  std::int64_t next = 0;
  {
    Rows row = transaction.query("SELECT coalesce(max(line) + 1, 0) FROM task_log WHERE task_id = ?1 AND token = ?2",
                                 lease.task_id, lease.token);
    row.step();
    next = row.integer(0);
  }
  for (std::size_t i = log.size() > kLinesKept ? log.size() - kLinesKept : 0; i < log.size(); ++i) {
    transaction.run("INSERT INTO task_log (task_id, token, line, at_ms, text) VALUES (?1, ?2, ?3, ?4, ?5)",
                    lease.task_id, lease.token, next++,
                    transaction.now_ms() - std::max<std::int64_t>(0, log[i].before_ms), storable_text(log[i].text));
  }
  if (next <= static_cast<std::int64_t>(kLinesKept)) return;
  transaction.run("DELETE FROM task_log WHERE task_id = ?1 AND token = ?2 AND line < ?3", lease.task_id, lease.token,
                  next - static_cast<std::int64_t>(kLinesKept));
}

std::vector<LogLine> SqlJobStore::log(TaskId task) {
  return ask([&](SqlConnection& connection) {
    std::vector<LogLine> lines;
    Rows row =
        connection.query("SELECT token, at_ms, text FROM task_log WHERE task_id = ?1 ORDER BY token, line", task);
    while (row.step()) lines.push_back({row.integer(0), row.integer(1), row.text(2)});
    return lines;
  });
}

void SqlJobStore::note_call(const CallRecord& call) {
  CallRecord storable = call;
  for (std::string* text : {&storable.who, &storable.role, &storable.method, &storable.subject, &storable.outcome}) {
    *text = storable_text(*text);
  }
  write(Repeat::kNever, [&](SqlTransaction& transaction, bool) {
    transaction.add_call(storable);
    return true;
  });
}

std::vector<CallRecord> SqlJobStore::calls(std::int64_t after, int limit) {
  return ask([&](SqlConnection& connection) {
    std::vector<CallRecord> calls;
    Rows row = connection.query(
        "SELECT id, at_ms, who, role, method, subject, outcome FROM call_record "
        "WHERE id > ?1" LATHE_BELOW_XMIN("id") "ORDER BY id LIMIT ?2",
        after, std::max(limit, 0));
    while (row.step()) {
      calls.push_back(
          {row.integer(0), row.integer(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6)});
    }
    return calls;
  });
}

}  // namespace lathe::scheduler
