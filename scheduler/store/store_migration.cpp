#include "scheduler/store/store_migration.h"

#include <algorithm>
#include <deque>
#include <stdexcept>

#include "scheduler/store/open_job_store.h"
#include "scheduler/store/postgres_engine.h"
#include "scheduler/store/sql_job_store.h"
#include "scheduler/store/sqlite_engine.h"
#include "scheduler/store/store_error.h"

namespace lathe::scheduler {
namespace {

// Every table that holds something of a store. Columns are those of SQLite; PostgreSQL has the same.
constexpr std::string_view kTables[] = {"job",          "task",     "attempt",    "event",  "cached_result",
                                        "input_memory", "output",   "job_tally",  "worker", "worker_name_state",
                                        "album_engine", "task_log", "call_record"};

constexpr std::size_t kRowsAtOnce = 2'000;

struct Column {
  std::string name;
  SqlValue::Type type;
};

std::vector<Column> columns_of(SqlConnection& sqlite, std::string_view table) {
  std::vector<Column> columns;
  Rows row = sqlite.query("SELECT name, type FROM pragma_table_info('" + std::string(table) + "') ORDER BY cid");
  while (row.step()) {
    const std::string type = row.text(1);
    columns.push_back({row.text(0), type == "INTEGER" ? SqlValue::Type::kInteger
                                    : type == "REAL"  ? SqlValue::Type::kReal
                                    : type == "BLOB"  ? SqlValue::Type::kBytes
                                                      : SqlValue::Type::kText});
  }
  return columns;
}

std::int64_t rows_in(SqlConnection& connection, std::string_view table) {
  Rows row = connection.query("SELECT count(*) FROM " + std::string(table));
  row.step();
  return row.integer(0);
}

void refuse_unless_empty(SqlConnection& to, const std::string& name) {
  for (const std::string_view table : kTables) {
    if (rows_in(to, table) == 0) continue;
    throw StoreError(StoreError::Kind::kUnavailable,
                     name + " is not empty: its table " + std::string(table) +
                         " has rows; a store can only be copied into a new database or schema");
  }
}

std::int64_t copy_table(SqlConnection& from, SqlConnection& to, std::string_view table) {
  const std::vector<Column> columns = columns_of(from, table);
  std::string names;
  for (const Column& column : columns) names += (names.empty() ? "" : ", ") + column.name;
  std::int64_t copied = 0;
  std::vector<SqlValue> values;
  std::deque<std::string> texts;  // what the values show
  const auto flush = [&] {
    if (!values.empty()) to.insert_rows(table, names, static_cast<int>(columns.size()), values);
    values.clear();
    texts.clear();
  };
  Rows row = from.query("SELECT " + names + " FROM " + std::string(table));
  while (row.step()) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const int column = static_cast<int>(i);
      const auto of_text = [&] { return std::string_view(texts.emplace_back(row.text(column))); };
      SqlValue value = columns[i].type == SqlValue::Type::kInteger ? SqlValue(row.integer(column))
                       : columns[i].type == SqlValue::Type::kReal  ? SqlValue(row.real(column))
                       : columns[i].type == SqlValue::Type::kBytes ? SqlValue(Bytes{of_text()})
                                                                   : SqlValue(of_text());
      value.is_null = row.is_null(column);
      values.push_back(value);
    }
    ++copied;
    if (static_cast<std::size_t>(copied) % kRowsAtOnce == 0) flush();
  }
  flush();
  return copied;
}

// Ids that SQLite has given out are never given out again, even those of rows that are gone.
void go_on_behind(SqlConnection& from, SqlConnection& to) {
  for (const std::string_view table : {"job", "task"}) {
    std::int64_t last = 0;
    {
      Rows row = from.query("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?1", table);
      if (row.step()) last = row.integer(0);
    }
    {
      Rows row = from.query("SELECT coalesce(max(id), 0) FROM " + std::string(table));
      if (row.step()) last = std::max(last, row.integer(0));
    }
    Rows moved = to.query("SELECT setval(pg_get_serial_sequence(?1, 'id'), ?2, false)", table, last + 1);
    moved.step();
  }
  // Events and calls are numbered by other means; see sql_transaction.h.
  to.run(
      "UPDATE number_base SET base = greatest((SELECT coalesce(max(sequence), 0) FROM event), "
      "(SELECT coalesce(max(id), 0) FROM call_record)) + 1");
}

StoreCopy copy_all(SqlConnection& from, SqlTransaction& target, const std::string& name) {
  SqlConnection& to = target.connection();
  to.run("SET LOCAL statement_timeout = 0");
  to.run("SET LOCAL enable_seqscan = on");
  to.run("LOCK TABLE job IN ACCESS EXCLUSIVE MODE");
  refuse_unless_empty(to, name);
  StoreCopy copy;
  for (const std::string_view table : kTables) copy.rows[std::string(table)] = copy_table(from, to, table);
  go_on_behind(from, to);
  for (const std::string_view table : kTables) {
    // The tables have no statistics yet, and the audit joins them.
    to.run("ANALYZE " + std::string(table));
    if (rows_in(to, table) == copy.rows.at(std::string(table))) continue;
    throw StoreError(StoreError::Kind::kInternal, "not all rows of " + std::string(table) + " arrived in " + name);
  }
  const std::vector<std::string> findings = check_records(target);
  if (!findings.empty()) {
    throw StoreError(StoreError::Kind::kDamaged, "the copy is not sound, so nothing was copied: " + findings.front() +
                                                     " (" + std::to_string(findings.size()) +
                                                     " findings); look at the old store with its check first");
  }
  return copy;
}

}  // namespace

StoreCopy migrate_store(const std::string& from, const std::string& to) {
  if (is_postgres_url(from) || !is_postgres_url(to)) {
    throw std::invalid_argument("a store is copied from SQLite to PostgreSQL, not from '" + without_password(from) +
                                "' to '" + without_password(to) + "'");
  }
  constexpr int kPatience_ms = 30'000;
  const std::unique_ptr<SqlEngine> source = open_sqlite_engine(sqlite_path(from), kPatience_ms, SystemClock().now_ms());
  const std::unique_ptr<SqlEngine> target = open_postgres_engine(to);
  try {
    const SqlEngine::Taken reader = source->take();
    const SystemClock clock;
    SqlTransaction snapshot(*reader, &clock, SqlConnection::Begin::kSnapshot);
    const SqlEngine::Taken writer = target->take();
    SqlTransaction transaction(*writer, nullptr, SqlConnection::Begin::kWrite);
    StoreCopy copy = copy_all(*reader, transaction, target->name());
    transaction.commit();
    return copy;
  } catch (const SqlInterrupted& interruption) {
    const bool is_unknown = interruption.kind() == SqlInterrupted::Kind::kUnknownOutcome;
    throw StoreError(StoreError::Kind::kUnavailable,
                     target->name() + " went away during the copy: " + interruption.what() +
                         (is_unknown ? "; all of it was copied, or nothing" : "; nothing was copied, start again"),
                     is_unknown);
  }
}

std::vector<std::string> check_store(const std::string& url) { return open_job_store(url)->check(); }

}  // namespace lathe::scheduler
