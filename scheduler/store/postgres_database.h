// Owners around libpq: one connection with its prepared statements, and the result of one statement.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "scheduler/store/sql_engine.h"

struct pg_conn;
struct pg_result;

namespace lathe::scheduler {

// What the server answered to one statement.
class PostgresResult {
 public:
  explicit PostgresResult(pg_result* result) : result_(result) {}
  pg_result* get() const { return result_.get(); }
  int rows() const;
  bool is_null(int row, int column) const;
  std::string_view view(int row, int column) const;  // as text
  std::int64_t changed() const;                      // rows that the statement changed

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

// A connection to PostgreSQL. Whoever meets an error after which it cannot be used, leaves it broken.
class PostgresConnection final : public SqlConnection {
 public:
  // Connects as the URI says ("postgresql://..."). Throws SqlInterrupted (kLost) if nobody answers there now, and
  // StoreError if waiting will not help.
  PostgresConnection(const std::string& url, const std::string& store_name);

  std::unique_ptr<SqlCursor> open(std::string_view sql, std::span<const SqlValue> values) override;
  std::int64_t run_bound(std::string_view sql, std::span<const SqlValue> values) override;
  void insert_rows(std::string_view table, std::string_view columns, int width,
                   std::span<const SqlValue> values) override;  // by COPY
  void begin(Begin kind) override;
  void commit() override;
  void rollback() noexcept override;
  bool is_postgres() const override { return true; }
  int shard() const override { return shard_; }
  std::int64_t began_ms() const override { return began_ms_; }
  std::vector<std::string> check_storage() override;

  // Runs several statements without arguments; the answer is the last one's.
  PostgresResult run_script(const std::string& sql);
  bool is_broken() const;

 private:
  PostgresResult execute(std::string_view sql, std::span<const SqlValue> values);
  const std::string& prepared(std::string_view sql, std::span<const SqlValue> values);
  // Throws what the failure means, unless there is none.
  PostgresResult checked(PostgresResult result);
  [[noreturn]] void fail(const pg_result* result);

  struct Close {
    void operator()(pg_conn* connection) const;
  };
  std::string store_name_;
  std::unique_ptr<pg_conn, Close> connection_;
  std::map<std::string, std::string, std::less<>> statements_;  // name by text
  int shard_ = 0;
  std::int64_t began_ms_ = 0;
  bool is_lost_ = false;
};

}  // namespace lathe::scheduler
