// Owners around SQLite: one connection, its prepared statements, and a transaction. Not thread-safe: one thread at a
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/store/sql_value.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lathe::scheduler {

// One use of a prepared statement. It goes back at the end of the scope: never keep one across a transaction's end.
class Query {
 public:
  Query(sqlite3* connection, const std::string& path, sqlite3_stmt* statement);

  // True: the next row can be read. Throws StoreError.
  bool step();

  // Columns count from 0. Text and blobs read alike; null reads as 0 or "".
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::string_view view(int column) const;  // until the next step, or the end of this use
  std::optional<std::int64_t> optional_integer(int column) const;

  void bind(int index, std::int64_t value);
  void bind(int index, int value) { bind(index, std::int64_t{value}); }
  void bind(int index, bool value) { bind(index, std::int64_t{value}); }
  void bind(int index, double value);
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, const char* value) { bind(index, std::string_view(value)); }
  void bind(int index, Bytes value);
  void bind(int index, std::nullptr_t);
  void bind(int index, const SqlValue& value);
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    value ? bind(index, *value) : bind(index, nullptr);
  }

 private:
  struct PutBack {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* connection_;
  const std::string& path_;
  std::unique_ptr<sqlite3_stmt, PutBack> statement_;
};

class Database {
 public:
  // Opens or makes the file, in WAL mode with synchronous=FULL: what is committed survives a power cut. The folder must
  // exist and, like the file, be writable. Waits up to busy_timeout_ms for other processes. Throws StoreError.
  Database(std::string path, int busy_timeout_ms);

  // A statement with its arguments bound in order; prepared once, then kept.
  template <class... Args>
  Query query(std::string_view sql, const Args&... args) {
    return bound(prepared(sql), args...);
  }

  // Runs a statement to its end and returns how many rows it changed.
  template <class... Args>
  std::int64_t run(std::string_view sql, const Args&... args) {
    {
      Query query = bound(prepared(sql), args...);
      while (query.step()) {
      }
    }
    return changes();
  }

  // The statement, nothing bound yet.
  Query unbound(std::string_view sql) { return bound(prepared(sql)); }
  // Rows that the last statement changed.
  std::int64_t changes() const;

  // Runs several statements without arguments.
  void run_script(const std::string& sql);

  std::int64_t last_insert_id() const;
  bool is_in_transaction() const;
  // The last statement found no space left on the disk.
  bool was_full() const;
  // Moves what the WAL holds into the database, so that the WAL's room is used anew. Otherwise that follows a commit
  // only, and on a full disk there is none. Best effort.
  void reuse_wal() noexcept;
  const std::string& path() const { return path_; }

 private:
  struct CloseConnection {
    void operator()(sqlite3* connection) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };

  template <class... Args>
  Query bound(sqlite3_stmt* statement, const Args&... args) {
    Query query(connection_.get(), path_, statement);
    int index = 0;
    (query.bind(++index, args), ...);
    return query;
  }
  sqlite3_stmt* prepared(std::string_view sql);
  void switch_to_wal();
  static int wait_while_busy(void* patience, int waits_so_far);

  struct Patience {
    std::chrono::milliseconds timeout;
    std::chrono::steady_clock::time_point since;
    bool waits_on(int waits_so_far);  // false: it has waited for long enough
  };

  std::string path_;
  std::unique_ptr<Patience> patience_;  // SQLite keeps its address
  std::unique_ptr<sqlite3, CloseConnection> connection_;
  std::map<std::string, std::unique_ptr<sqlite3_stmt, FinalizeStatement>, std::less<>> statements_;
};

// Everything between the constructor and commit() happens as a whole or not at all.
class Transaction {
 public:
  enum class Kind { kWrite, kRead };  // write: takes the write lock at once, so it can never fail half-way for it
  explicit Transaction(Database& database, Kind kind = Kind::kWrite);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Throws StoreError; then nothing, or after a failing disk possibly all of it, has happened.
  void commit();

 private:
  Database& database_;
};

}  // namespace lathe::scheduler
