#include "scheduler/store/migrations.h"

#include <string>

#include "scheduler/store/store_error.h"

namespace lathe::scheduler {
namespace {

// 0 for a database with no tables at all.
int schema_version(Database& database) {
  bool has_tables = false, is_ours = false;
  {
    Query tables = database.query("SELECT name FROM sqlite_schema WHERE type = 'table'");
    while (tables.step()) {
      has_tables = true;
      is_ours = is_ours || tables.text(0) == "schema_version";
    }
  }
  if (!has_tables) return 0;
  if (!is_ours) {
    throw StoreError(StoreError::Kind::kDamaged,
                     "the database '" + database.path() + "' belongs to another program; choose another state folder");
  }
  Query newest = database.query("SELECT coalesce(max(version), 0) FROM schema_version");
  newest.step();
  return static_cast<int>(newest.integer(0));
}

void refuse_if_newer(const Database& database, int version, int known) {
  if (version <= known) return;
  throw StoreError(StoreError::Kind::kNewer,
                   "the store '" + database.path() + "' has schema " + std::to_string(version) +
                       " of a newer Lathe, and this one knows up to " + std::to_string(known) +
                       "; use the newer Lathe, or choose another state folder");
}

// A table that others refer to is replaced by a new one under its name: while the keys are watched, dropping the old
// one would take with it all that refers to it. SQLite can switch this outside of a transaction only.
class UnwatchedKeys {
 public:
  explicit UnwatchedKeys(Database& database) : database_(database) { database.run_script("PRAGMA foreign_keys = OFF"); }
  ~UnwatchedKeys() {
    try {
      database_.run_script("PRAGMA foreign_keys = ON");
    } catch (const std::exception&) {
      // The failure that led here is on its way, and the connection ends with it.
    }
  }
  UnwatchedKeys(const UnwatchedKeys&) = delete;
  UnwatchedKeys& operator=(const UnwatchedKeys&) = delete;

 private:
  Database& database_;
};

void refuse_loose_keys(Database& database) {
  Query loose = database.query("PRAGMA foreign_key_check");
  if (!loose.step()) return;
  throw StoreError(StoreError::Kind::kDamaged, "the store '" + database.path() + "' has rows in " + loose.text(0) +
                                                   " that belong to nothing; put a backup in its place");
}

}  // namespace

void migrate(Database& database, std::span<const Migration> migrations, std::int64_t now_ms) {
  const int known = migrations.empty() ? 0 : migrations.back().number;
  const int before = schema_version(database);
  refuse_if_newer(database, before, known);
  if (before == known) return;

  const UnwatchedKeys unwatched(database);
  Transaction transaction(database);
  const int version = schema_version(database);  // again: another process may have been first
  refuse_if_newer(database, version, known);
  if (version == 0) {
    database.run_script(
        "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
        "applied_ms INTEGER NOT NULL) STRICT");
  }
  for (const Migration& migration : migrations) {
    if (migration.number <= version) continue;
    database.run_script(std::string(migration.sql));
    database.run("INSERT INTO schema_version (version, name, applied_ms) VALUES (?, ?, ?)", migration.number,
                 migration.name, now_ms);
  }
  refuse_loose_keys(database);
  transaction.commit();
}

}  // namespace lathe::scheduler
