// What the job store needs of a database engine: connections, statements with bound arguments, transactions.
//
// Statements are written once for all engines. Arguments are ?1, ?2 ...; what only one engine may see stands in braces:
// "... {sqlite: INDEXED BY task_fresh} ... {postgres: FOR UPDATE SKIP LOCKED}".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/store/sql_value.h"

namespace lathe::scheduler {

// The rows a statement gives, one at a time. Columns count from 0. Null reads as 0 or "".
class SqlCursor {
 public:
  virtual ~SqlCursor() = default;
  virtual bool step() = 0;  // true: the next row can be read
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string text(int column) const = 0;
  virtual std::string bytes(int column) const = 0;
};

// Never keep one beyond the transaction it was made in.
class Rows {
 public:
  explicit Rows(std::unique_ptr<SqlCursor> cursor) : cursor_(std::move(cursor)) {}
  bool step() { return cursor_->step(); }
  bool is_null(int column) const { return cursor_->is_null(column); }
  std::int64_t integer(int column) const { return cursor_->integer(column); }
  int small(int column) const { return static_cast<int>(cursor_->integer(column)); }
  double real(int column) const { return cursor_->real(column); }
  std::string text(int column) const { return cursor_->text(column); }
  std::string bytes(int column) const { return cursor_->bytes(column); }
  std::optional<std::int64_t> optional_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }

 private:
  std::unique_ptr<SqlCursor> cursor_;
};

// The transaction did not take place, through no fault of the statements: do all of it again.
class SqlInterrupted : public std::runtime_error {
 public:
  enum class Kind {
    kConflict,        // with another transaction
    kLost,            // the connection, before the commit
    kUnknownOutcome,  // the connection, while waiting for the commit's answer: it may have taken place
  };
  SqlInterrupted(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

// One thread at a time. All throw StoreError, or SqlInterrupted.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  template <class... Args>
  Rows query(std::string_view sql, const Args&... args) {
    const std::vector<SqlValue> values{SqlValue(args)...};
    return Rows(open(sql, values));
  }
  // Runs a statement to its end and returns how many rows it changed.
  template <class... Args>
  std::int64_t run(std::string_view sql, const Args&... args) {
    const std::vector<SqlValue> values{SqlValue(args)...};
    return run_bound(sql, values);
  }
  virtual std::unique_ptr<SqlCursor> open(std::string_view sql, std::span<const SqlValue> values) = 0;
  virtual std::int64_t run_bound(std::string_view sql, std::span<const SqlValue> values) = 0;

  // Many new rows at once. `columns` as in INSERT: "a, b, c"; `values` hold one row after the other.
  virtual void insert_rows(std::string_view table, std::string_view columns, int width,
                           std::span<const SqlValue> values) = 0;

  enum class Begin { kWrite, kSnapshot };  // snapshot: reads only, and all of it the same state
  virtual void begin(Begin kind) = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;

  virtual bool is_postgres() const = 0;
  // Which shard of the tally this connection counts in: few connections share one.
  virtual int shard() const = 0;
  // The engine's own clock as it was at begin(). Only engines that have one.
  virtual std::int64_t began_ms() const = 0;
  // What the engine itself finds wrong with its storage.
  virtual std::vector<std::string> check_storage() = 0;
};

class SqlEngine {
 public:
  virtual ~SqlEngine() = default;
  using Taken = std::unique_ptr<SqlConnection, std::function<void(SqlConnection*)>>;
  // Waits until one is free.
  virtual Taken take() = 0;
  // For how long a lost connection is tried to be made again.
  virtual std::chrono::milliseconds patience() const = 0;
  // For messages: "the store '...'".
  virtual std::string name() const = 0;
};

// The statement as one engine is to see it.
std::string sql_for(std::string_view sql, bool is_postgres);

// When to do an interrupted transaction again, and when to give up.
class SqlRetry {
 public:
  explicit SqlRetry(const SqlEngine& engine) : engine_(engine) {}
  // Waits, or throws StoreError. `may_repeat`: the work does no harm if it had been done before.
  void after(const SqlInterrupted& interruption, bool may_repeat);
  // True once a commit's answer was lost: the work may have been done already.
  bool may_be_done() const { return may_be_done_; }

 private:
  const SqlEngine& engine_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  int conflicts_ = 0;
  bool may_be_done_ = false;
};

}  // namespace lathe::scheduler
