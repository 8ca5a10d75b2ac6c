#include "scheduler/store/sqlite_database.h"

#include <sqlite3.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "scheduler/store/store_error.h"

namespace lathe::scheduler {
namespace {

[[noreturn]] void throw_store_error(const std::string& path, int code, const std::string& detail) {
  using Kind = StoreError::Kind;
  const std::string store = "the store '" + path + "' ";
  const std::string because = " (SQLite: " + detail + ")";
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw StoreError(Kind::kBusy,
                       store + "is held by another process" + because + "; try again when that one is done");
    case SQLITE_NOTADB:
      throw StoreError(Kind::kDamaged,
                       store + "is not an SQLite database" + because +
                           "; move that file away and a new store is made, or choose another state folder");
    case SQLITE_CORRUPT:
      throw StoreError(Kind::kDamaged,
                       store + "is damaged" + because +
                           "; move it away with its -wal and -shm files and a new store is made (no audio "
                           "file is touched), or put a backup in its place");
    case SQLITE_CANTOPEN:
      throw StoreError(Kind::kUnavailable,
                       store + "cannot be opened" + because +
                           "; its folder must exist and be writable, or choose another state folder");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw StoreError(Kind::kUnavailable,
                       store + "cannot be written" + because +
                           "; make the file and its folder writable, or choose another state folder");
    case SQLITE_FULL:
      throw StoreError(Kind::kFull, store + "has no space left on its disk" + because + "; free some and start again");
    case SQLITE_IOERR:
      throw StoreError(Kind::kUnavailable, store + "cannot be read or written" + because + "; look after its disk");
    default:
      throw StoreError(Kind::kInternal, store + "refused a statement" + because);
  }
}

[[noreturn]] void throw_store_error(const std::string& path, sqlite3* connection) {
  throw_store_error(path, sqlite3_extended_errcode(connection), sqlite3_errmsg(connection));
}

void check_bound(int code) {
  if (code != SQLITE_OK) throw std::invalid_argument(std::string("a value cannot be stored: ") + sqlite3_errstr(code));
}

}  // namespace

Query::Query(sqlite3* connection, const std::string& path, sqlite3_stmt* statement)
    : connection_(connection), path_(path), statement_(statement) {}

// Without the reset a statement left half-way would keep its snapshot of the database open.
void Query::PutBack::operator()(sqlite3_stmt* statement) const {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
}

bool Query::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  throw_store_error(path_, connection_);
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
double Query::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string_view Query::view(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}
std::string Query::text(int column) const { return std::string(view(column)); }

std::optional<std::int64_t> Query::optional_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}

void Query::bind(int index, std::int64_t value) { check_bound(sqlite3_bind_int64(statement_.get(), index, value)); }
void Query::bind(int index, double value) { check_bound(sqlite3_bind_double(statement_.get(), index, value)); }
void Query::bind(int index, std::nullptr_t) { check_bound(sqlite3_bind_null(statement_.get(), index)); }

void Query::bind(int index, const SqlValue& value) {
  if (value.is_null) return bind(index, nullptr);
  switch (value.type) {
    case SqlValue::Type::kInteger:
      return bind(index, value.integer);
    case SqlValue::Type::kReal:
      return bind(index, value.real);
    case SqlValue::Type::kText:
      return bind(index, value.text);
    case SqlValue::Type::kBytes:
      return bind(index, Bytes{value.text});
  }
}

// An empty view may have no address at all, and SQLite would take that for null.
void Query::bind(int index, std::string_view value) {
  const char* data = value.empty() ? "" : value.data();
  check_bound(sqlite3_bind_text64(statement_.get(), index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}
void Query::bind(int index, Bytes value) {
  const char* data = value.value.empty() ? "" : value.value.data();
  check_bound(sqlite3_bind_blob64(statement_.get(), index, data, value.value.size(), SQLITE_TRANSIENT));
}

void Database::CloseConnection::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
void Database::FinalizeStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

// SQLite's own handler soon sleeps 100 ms at a time, and a process that commits without pause then keeps the others
// out.
bool Database::Patience::waits_on(int waits_so_far) {
  const auto now = std::chrono::steady_clock::now();
  if (waits_so_far == 0) since = now;
  if (now - since >= timeout) return false;
  std::this_thread::sleep_for(std::chrono::microseconds(waits_so_far < 10 ? 200 : 1'000));
  return true;
}

int Database::wait_while_busy(void* patience, int waits_so_far) {
  return static_cast<Patience*>(patience)->waits_on(waits_so_far) ? 1 : 0;
}

Database::Database(std::string path, int busy_timeout_ms)
    : path_(std::move(path)),
      patience_(std::make_unique<Patience>(Patience{std::chrono::milliseconds(busy_timeout_ms), {}})) {
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path_.c_str(), &connection, flags, nullptr);
  connection_.reset(connection);  // SQLite wants it closed even if it could not be opened
  if (connection == nullptr) throw std::bad_alloc();
  if (code != SQLITE_OK) throw_store_error(path_, connection);
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_handler(connection, wait_while_busy, patience_.get());
  // SQLite falls back to reading only without a word.
  if (sqlite3_db_readonly(connection, "main") == 1)
    throw_store_error(path_, SQLITE_READONLY, "opened for reading only");
  switch_to_wal();
  // The size limit is what a checkpoint cuts the WAL file back to: 64 MiB.
  run_script("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;");
}

// When two processes open a new file at once, the switch may report "busy" without having waited.
void Database::switch_to_wal() {
  for (int waits = 0;; ++waits) {
    try {
      Query query = this->query("PRAGMA journal_mode = WAL");
      if (query.step() && query.text(0) == "wal") return;
      throw StoreError(StoreError::Kind::kUnavailable,
                       "the store '" + path_ +
                           "' lies on a file system without shared memory, which its WAL "
                           "needs; choose a state folder on a local disk");
    } catch (const StoreError& error) {
      if (error.kind() != StoreError::Kind::kBusy || !patience_->waits_on(waits)) throw;
    }
  }
}

sqlite3_stmt* Database::prepared(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) throw_store_error(path_, connection_.get());
    found = statements_.emplace(sql, statement).first;
  }
  if (sqlite3_stmt_busy(found->second.get()) != 0) throw std::logic_error("a statement is used within itself");
  return found->second.get();
}

void Database::run_script(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw_store_error(path_, connection_.get());
  }
}

std::int64_t Database::changes() const { return sqlite3_changes64(connection_.get()); }
std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(connection_.get()); }
bool Database::is_in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

bool Database::was_full() const { return (sqlite3_extended_errcode(connection_.get()) & 0xff) == SQLITE_FULL; }

void Database::reuse_wal() noexcept {
  sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  database_.run(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!database_.is_in_transaction()) return;
  try {
    database_.run("ROLLBACK");
  } catch (const std::exception&) {
    // The failure that led here is already on its way; SQLite rolls back by itself when the connection closes.
  }
}

void Transaction::commit() { database_.run("COMMIT"); }

}  // namespace lathe::scheduler
