#include "scheduler/store/sqlite_engine.h"

#include <map>
#include <mutex>

#include "scheduler/store/migrations.h"
#include "scheduler/store/sqlite_database.h"

namespace lathe::scheduler {
namespace {

class SqliteCursor final : public SqlCursor {
 public:
  explicit SqliteCursor(Query query) : query_(std::move(query)) {}
  bool step() override { return query_.step(); }
  bool is_null(int column) const override { return query_.is_null(column); }
  std::int64_t integer(int column) const override { return query_.integer(column); }
  double real(int column) const override { return query_.real(column); }
  std::string text(int column) const override { return query_.text(column); }
  std::string bytes(int column) const override { return query_.text(column); }

 private:
  Query query_;
};

class SqliteConnection final : public SqlConnection {
 public:
  SqliteConnection(std::string path, int busy_timeout_ms) : database_(std::move(path), busy_timeout_ms) {}

  std::unique_ptr<SqlCursor> open(std::string_view sql, std::span<const SqlValue> values) override {
    return std::make_unique<SqliteCursor>(bound(sql, values));
  }
  std::int64_t run_bound(std::string_view sql, std::span<const SqlValue> values) override {
    Query query = bound(sql, values);
    while (query.step()) {
    }
    return database_.changes();
  }
  void insert_rows(std::string_view table, std::string_view columns, int width,
                   std::span<const SqlValue> values) override {
    std::string sql = "INSERT INTO " + std::string(table) + " (" + std::string(columns) + ") VALUES (?1";
    for (int i = 2; i <= width; ++i) sql += ", ?" + std::to_string(i);
    sql += ")";
    const auto columns_a_row = static_cast<std::size_t>(width);
    for (; values.size() >= columns_a_row; values = values.subspan(columns_a_row)) {
      run_bound(sql, values.first(columns_a_row));
    }
  }

  void begin(Begin kind) override { database_.run(kind == Begin::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"); }
  void commit() override { database_.run("COMMIT"); }
  void rollback() noexcept override {
    const bool was_full = database_.was_full();
    try {
      if (database_.is_in_transaction()) database_.run("ROLLBACK");
    } catch (const std::exception&) {
      // The failure that led here is already on its way; SQLite rolls back by itself when the connection closes.
    }
    if (was_full) database_.reuse_wal();
  }

  bool is_postgres() const override { return false; }
  int shard() const override { return 0; }
  std::int64_t began_ms() const override { return 0; }

  std::vector<std::string> check_storage() override {
    std::vector<std::string> findings;
    {
      Query row = database_.query("PRAGMA integrity_check(20)");
      while (row.step()) {
        if (row.text(0) != "ok") findings.push_back("storage: " + row.text(0));
      }
    }
    Query row = database_.query("PRAGMA foreign_key_check");
    while (row.step()) {
      findings.push_back("storage: row " + row.text(1) + " of " + row.text(0) + " belongs to nothing in " +
                         row.text(2));
    }
    return findings;
  }

  Database& database() { return database_; }

 private:
  Query bound(std::string_view sql, std::span<const SqlValue> values) {
    auto found = texts_.find(sql);
    if (found == texts_.end()) found = texts_.emplace(sql, sql_for(sql, false)).first;
    Query query = database_.unbound(found->second);
    int index = 0;
    for (const SqlValue& value : values) query.bind(++index, value);
    return query;
  }

  Database database_;
  std::map<std::string, std::string, std::less<>> texts_;  // as SQLite sees them
};

class SqliteEngine final : public SqlEngine {
 public:
  SqliteEngine(std::string path, int busy_timeout_ms, std::int64_t now_ms)
      : path_(path), connection_(path, busy_timeout_ms) {
    migrate(connection_.database(), schema_migrations(), now_ms);
  }
  Taken take() override {
    mutex_.lock();
    return Taken(&connection_, [this](SqlConnection*) { mutex_.unlock(); });
  }
  std::chrono::milliseconds patience() const override { return std::chrono::milliseconds(0); }
  std::string name() const override { return "the store '" + path_ + "'"; }

 private:
  std::string path_;
  std::mutex mutex_;
  SqliteConnection connection_;
};

}  // namespace

std::unique_ptr<SqlEngine> open_sqlite_engine(std::string path, int busy_timeout_ms, std::int64_t now_ms) {
  return std::make_unique<SqliteEngine>(std::move(path), busy_timeout_ms, now_ms);
}

}  // namespace lathe::scheduler
