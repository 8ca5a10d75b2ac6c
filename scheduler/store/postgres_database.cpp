#include "scheduler/store/postgres_database.h"

#include <libpq-fe.h>

#include <charconv>
#include <cstdio>

#include "scheduler/store/store_error.h"

namespace lathe::scheduler {
namespace {

// PostgreSQL's ids of the types, fixed in its catalogue.
constexpr Oid kInt8 = 20, kFloat8 = 701, kText = 25, kBytea = 17;

Oid type_of(const SqlValue& value) {
  switch (value.type) {
    case SqlValue::Type::kInteger:
      return kInt8;
    case SqlValue::Type::kReal:
      return kFloat8;
    case SqlValue::Type::kText:
      return kText;
    case SqlValue::Type::kBytes:
      return kBytea;
  }
  return kText;
}

std::string number_text(const SqlValue& value) {
  if (value.type == SqlValue::Type::kInteger) return std::to_string(value.integer);
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value.real);
  return text;
}

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

class PostgresCursor final : public SqlCursor {
 public:
  explicit PostgresCursor(PostgresResult result) : result_(std::move(result)) {}
  bool step() override { return ++row_ < result_.rows(); }
  bool is_null(int column) const override { return result_.is_null(row_, column); }
  std::int64_t integer(int column) const override {
    std::int64_t value = 0;
    const std::string_view text = result_.view(row_, column);
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  double real(int column) const override {
    double value = 0;
    const std::string_view text = result_.view(row_, column);
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  std::string text(int column) const override { return std::string(result_.view(row_, column)); }
  std::string bytes(int column) const override {
    std::string_view hex = result_.view(row_, column);  // "\x00ff"
    std::string bytes;
    for (std::size_t i = 2; i + 1 < hex.size(); i += 2) {
      bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
    }
    return bytes;
  }

 private:
  PostgresResult result_;
  int row_ = -1;
};

// One value in COPY's text format.
void append_copied(std::string& text, const SqlValue& value) {
  constexpr char kHex[] = "0123456789abcdef";
  if (value.is_null) {
    text += "\\N";
  } else if (value.type == SqlValue::Type::kBytes) {
    text += "\\\\x";
    for (const char c : value.text) {
      const auto byte = static_cast<unsigned char>(c);
      text += kHex[byte / 16];
      text += kHex[byte % 16];
    }
  } else if (value.type == SqlValue::Type::kText) {
    for (const char c : value.text) {
      if (c == '\\' || c == '\t' || c == '\n' || c == '\r') text += '\\';
      text += c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c;
    }
  } else {
    text += number_text(value);
  }
}

}  // namespace

void PostgresResult::Clear::operator()(pg_result* result) const { PQclear(result); }
int PostgresResult::rows() const { return PQntuples(result_.get()); }
bool PostgresResult::is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) == 1; }
std::string_view PostgresResult::view(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
std::int64_t PostgresResult::changed() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

void PostgresConnection::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

// What stands before the URI is used where the URI says nothing else.
PostgresConnection::PostgresConnection(const std::string& url, const std::string& store_name)
    : store_name_(store_name) {
  const char* keys[] = {"fallback_application_name",
                        "connect_timeout",
                        "tcp_user_timeout",
                        "keepalives_idle",
                        "client_encoding",
                        "dbname",
                        nullptr};
  const char* values[] = {"lathe", "5", "10000", "10", "UTF8", url.c_str(), nullptr};
  connection_.reset(PQconnectdbParams(keys, values, 1));
  if (connection_ == nullptr) throw std::bad_alloc();
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    const std::string said = PQerrorMessage(connection_.get());
    for (const std::string_view hopeless :
         {"authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied", "invalid"}) {
      if (said.find(hopeless) == std::string::npos) continue;
      throw StoreError(StoreError::Kind::kUnavailable, store_name_ + " lets nobody in: " + said + "; look at the URL");
    }
    throw SqlInterrupted(SqlInterrupted::Kind::kLost, said);
  }
  // No statement, and no transaction, holds others up for long, whatever becomes of this process. What the planner
  // knows of a job that just came in is nothing: without statistics it must still take the index, and go through it
  // in order, for only so are entries dropped that lead to dead rows.
  run_script(
      "SET statement_timeout = '60s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'; "
      "SET default_transaction_isolation = 'read committed'; SET enable_seqscan = off; SET enable_bitmapscan = off; "
      "SET jit = off; "
      "SET client_min_messages = warning; SET bytea_output = 'hex'");
  shard_ = PQbackendPID(connection_.get()) % 16;
}

bool PostgresConnection::is_broken() const { return is_lost_ || PQstatus(connection_.get()) != CONNECTION_OK; }

void PostgresConnection::fail(const pg_result* result) {
  using Kind = StoreError::Kind;
  const char* code = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = code == nullptr ? "" : code;
  const std::string said = result == nullptr ? PQerrorMessage(connection_.get()) : PQresultErrorMessage(result);
  if (state == "40001" || state == "40P01") throw SqlInterrupted(SqlInterrupted::Kind::kConflict, said);
  // 57P: the server is shut down or starts; 25006: it became a standby, and another one is to be found; 25P03: it gave
  // up on an idle transaction.
  const bool is_gone = state.starts_with("57P") || state.starts_with("08") || state == "25006" || state == "25P03" ||
                       PQstatus(connection_.get()) != CONNECTION_OK;
  if (is_gone) {
    is_lost_ = true;
    throw SqlInterrupted(SqlInterrupted::Kind::kLost, said);
  }
  const std::string because = " (PostgreSQL " + state + ": " + said + ")";
  if (state == "55P03" || state == "57014") {
    throw StoreError(Kind::kBusy, store_name_ + " is held up by others for too long" + because + "; try again");
  }
  if (state.starts_with("53")) {
    throw StoreError(state == "53100" ? Kind::kFull : Kind::kUnavailable,
                     store_name_ + " has run out of something" + because + "; look after the server");
  }
  if (state == "42501") {
    throw StoreError(Kind::kUnavailable, store_name_ + " may not be used so" + because + "; grant it to this role");
  }
  if (state.starts_with("XX0")) {
    throw StoreError(Kind::kDamaged, store_name_ + " is damaged" + because + "; put a backup in its place");
  }
  throw StoreError(Kind::kInternal, store_name_ + " refused a statement" + because);
}

PostgresResult PostgresConnection::checked(PostgresResult result) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_COPY_IN) fail(result.get());
  return result;
}

PostgresResult PostgresConnection::run_script(const std::string& sql) {
  return checked(PostgresResult(PQexec(connection_.get(), sql.c_str())));
}

const std::string& PostgresConnection::prepared(std::string_view sql, std::span<const SqlValue> values) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::vector<Oid> types;
    for (const SqlValue& value : values) types.push_back(type_of(value));
    const std::string name = "s" + std::to_string(statements_.size());
    checked(PostgresResult(PQprepare(connection_.get(), name.c_str(), sql_for(sql, true).c_str(),
                                     static_cast<int>(types.size()), types.data())));
    found = statements_.emplace(sql, name).first;
  }
  return found->second;
}

PostgresResult PostgresConnection::execute(std::string_view sql, std::span<const SqlValue> values) {
  const std::string& name = prepared(sql, values);
  std::vector<std::string> texts(values.size());
  std::vector<const char*> starts(values.size());
  std::vector<int> lengths(values.size()), formats(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const SqlValue& value = values[i];
    if (value.is_null) continue;
    const bool is_number = value.type == SqlValue::Type::kInteger || value.type == SqlValue::Type::kReal;
    texts[i] = is_number ? number_text(value) : std::string(value.text);
    starts[i] = texts[i].c_str();
    lengths[i] = static_cast<int>(texts[i].size());
    formats[i] = value.type == SqlValue::Type::kBytes ? 1 : 0;
  }
  return checked(PostgresResult(PQexecPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                                               starts.data(), lengths.data(), formats.data(), 0)));
}

std::unique_ptr<SqlCursor> PostgresConnection::open(std::string_view sql, std::span<const SqlValue> values) {
  return std::make_unique<PostgresCursor>(execute(sql, values));
}

std::int64_t PostgresConnection::run_bound(std::string_view sql, std::span<const SqlValue> values) {
  return execute(sql, values).changed();
}

void PostgresConnection::insert_rows(std::string_view table, std::string_view columns, int width,
                                     std::span<const SqlValue> values) {
  constexpr std::size_t kPiece = 1 << 16;
  run_script("COPY " + std::string(table) + " (" + std::string(columns) + ") FROM STDIN");
  std::string text;
  const auto send = [&] {
    if (PQputCopyData(connection_.get(), text.data(), static_cast<int>(text.size())) != 1) fail(nullptr);
    text.clear();
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    append_copied(text, values[i]);
    text += (i + 1) % static_cast<std::size_t>(width) == 0 ? '\n' : '\t';
    if (text.size() > kPiece) send();
  }
  send();
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) fail(nullptr);
  PostgresResult result = checked(PostgresResult(PQgetResult(connection_.get())));
  while (pg_result* rest = PQgetResult(connection_.get())) PQclear(rest);
}

void PostgresConnection::begin(Begin kind) {
  const std::string begin = kind == Begin::kWrite ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
  const PostgresResult now = run_script(begin + "; SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
  const std::string_view text = now.view(0, 0);
  std::from_chars(text.data(), text.data() + text.size(), began_ms_);
}

void PostgresConnection::commit() {
  try {
    const PostgresResult result = run_script("COMMIT");
    if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return;
  } catch (const SqlInterrupted& interruption) {
    if (interruption.kind() != SqlInterrupted::Kind::kLost) throw;
    throw SqlInterrupted(SqlInterrupted::Kind::kUnknownOutcome, interruption.what());
  }
  throw StoreError(StoreError::Kind::kInternal, store_name_ + " rolled a transaction back instead of committing it");
}

void PostgresConnection::rollback() noexcept {
  const bool is_open = !is_broken() && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
  if (is_open && PostgresResult(PQexec(connection_.get(), "ROLLBACK")).get() == nullptr) is_lost_ = true;
}

std::vector<std::string> PostgresConnection::check_storage() {
  run_script("SET LOCAL statement_timeout = 0; SET LOCAL enable_seqscan = on");  // it reads all there is
  std::vector<std::string> findings;
  const PostgresResult invalid = run_script(
      "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
      "WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace");
  for (int row = 0; row < invalid.rows(); ++row) {
    findings.push_back("storage: the index " + std::string(invalid.view(row, 0)) + " is not valid");
  }
  return findings;
}

}  // namespace lathe::scheduler
