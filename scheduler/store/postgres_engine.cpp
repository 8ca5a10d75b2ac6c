#include "scheduler/store/postgres_engine.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "scheduler/store/migrations.h"
#include "scheduler/store/postgres_database.h"
#include "scheduler/store/store_error.h"

namespace lathe::scheduler {
namespace {

// Any number that no other program locks: "lathe" in ASCII.
constexpr std::string_view kMigrationLock = "465759922277";

class PostgresEngine final : public SqlEngine {
 public:
  PostgresEngine(std::string url, const PostgresSetting& setting)
      : url_(std::move(url)), setting_(setting), name_("the store '" + without_password(url_) + "'") {}

  Taken take() override {
    std::unique_ptr<PostgresConnection> connection;
    {
      std::unique_lock lock(mutex_);
      const bool is_free = given_back_.wait_for(lock, setting_.patience,
                                                [&] { return !idle_.empty() || in_use_ < setting_.most_connections; });
      if (!is_free) {
        throw StoreError(StoreError::Kind::kBusy, name_ + ": all connections are in use; try again");
      }
      if (!idle_.empty()) {
        connection = std::move(idle_.back());
        idle_.pop_back();
      }
      ++in_use_;
    }
    try {
      if (!connection) connection = std::make_unique<PostgresConnection>(url_, name_);
    } catch (...) {
      give_back(nullptr);
      throw;
    }
    return Taken(connection.release(), [this](SqlConnection* taken) {
      give_back(std::unique_ptr<PostgresConnection>(static_cast<PostgresConnection*>(taken)));
    });
  }

  std::chrono::milliseconds patience() const override { return setting_.patience; }
  std::string name() const override { return name_; }

 private:
  // One that broke takes the idle ones with it: they are of the same server.
  void give_back(std::unique_ptr<PostgresConnection> connection) {
    std::vector<std::unique_ptr<PostgresConnection>> dropped;
    {
      const std::lock_guard lock(mutex_);
      --in_use_;
      if (connection && !connection->is_broken()) {
        idle_.push_back(std::move(connection));
      } else {
        dropped.swap(idle_);
      }
    }
    given_back_.notify_one();
  }

  const std::string url_;
  const PostgresSetting setting_;
  const std::string name_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  int in_use_ = 0;
};

// Asks the catalogue's rows: to_regclass() answers from a cache that, within a transaction, may not have heard of what
// was committed while this one waited for its lock.
int schema_version(SqlConnection& connection) {
  {
    Rows row = connection.query(
        "SELECT 1 FROM pg_class WHERE relname = 'schema_version' AND relnamespace = current_schema()::regnamespace");
    if (!row.step()) return 0;
  }
  Rows row = connection.query("SELECT coalesce(max(version), 0) FROM schema_version");
  row.step();
  return row.small(0);
}

// One process at a time; the others find it done.
void migrate_postgres(PostgresConnection& connection, const std::string& name) {
  const std::span<const Migration> migrations = postgres_migrations();
  const int known = migrations.back().number;
  const auto refuse_if_newer = [&](int version) {
    if (version <= known) return;
    throw StoreError(StoreError::Kind::kNewer, name + " has schema " + std::to_string(version) +
                                                   " of a newer Lathe, and this one knows up to " +
                                                   std::to_string(known) + "; use the newer Lathe");
  };
  const int before = schema_version(connection);
  refuse_if_newer(before);
  if (before == known) return;
  connection.begin(SqlConnection::Begin::kWrite);
  try {
    connection.run_script("SELECT pg_advisory_xact_lock(" + std::string(kMigrationLock) + ")");
    const int version = schema_version(connection);
    refuse_if_newer(version);
    if (version == 0) {
      connection.run_script(
          "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms BIGINT NOT NULL)");
    }
    for (const Migration& migration : migrations) {
      if (migration.number <= version) continue;
      connection.run_script(std::string(migration.sql));
      connection.run("INSERT INTO schema_version (version, name, applied_ms) VALUES (?1, ?2, ?3)", migration.number,
                     migration.name, connection.began_ms());
    }
    connection.commit();
  } catch (...) {
    connection.rollback();
    throw;
  }
}

}  // namespace

std::string without_password(const std::string& url) {
  std::string shown = url;
  const std::size_t start = url.find("://"), at = url.find('@');
  if (start != std::string::npos && at != std::string::npos) {
    const std::size_t colon = url.find(':', start + 3);
    if (colon < at) shown = url.substr(0, colon) + url.substr(at);
  }
  // libpq also takes it among the parameters: "password", "sslpassword".
  constexpr std::string_view kParameter = "password=";
  for (std::size_t found = shown.find(kParameter); found != std::string::npos;) {
    const std::size_t value = found + kParameter.size();
    shown.erase(value, std::min(shown.find('&', value), shown.size()) - value);
    found = shown.find(kParameter, value);
  }
  return shown;
}

std::unique_ptr<SqlEngine> open_postgres_engine(const std::string& url, const PostgresSetting& setting) {
  auto engine = std::make_unique<PostgresEngine>(url, setting);
  for (SqlRetry retry(*engine);;) {
    try {
      const SqlEngine::Taken connection = engine->take();
      migrate_postgres(static_cast<PostgresConnection&>(*connection), engine->name());
      return engine;
    } catch (const SqlInterrupted& interruption) {
      retry.after(interruption, true);
    }
  }
}

}  // namespace lathe::scheduler
