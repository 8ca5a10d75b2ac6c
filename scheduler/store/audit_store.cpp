#include "scheduler/store/audit_store.h"

#include "scheduler/store/migrations.h"

namespace lathe::scheduler {
namespace {

constexpr int kPatience_ms = 1'000;
// A snapshot that stays keeps other processes from tidying their writes away.
constexpr int kReadsPerSnapshot = 1'000;
constexpr std::int64_t kDaysBetweenPrunes = 7, kDaysKept = 180;

}  // namespace

AuditStore::AuditStore(const std::string& path, std::int64_t now_ms) : database_(path, kPatience_ms) {
  // A power cut may take the last seconds' measurements, which can be made again, and damages nothing (SQLite's WAL).
  database_.run_script("PRAGMA synchronous = NORMAL;");
  migrate(database_, audit_migrations(), now_ms);
}

void AuditStore::read_on() {
  if (snapshot_ && ++reads_ > kReadsPerSnapshot) end_reading();
  if (!snapshot_) snapshot_.emplace(database_, Transaction::Kind::kRead);
}

void AuditStore::end_reading() {
  cursor_.reset();
  if (snapshot_) snapshot_->commit();
  snapshot_.reset();
  reads_ = 0;
}

// A step to the next row costs less than a search from the top. Where paths are known, it nearly always is the one.
bool AuditStore::move_to(std::string_view path) {
  read_on();
  constexpr int kStepsTried = 3;
  for (int step = 0; cursor_ && cursor_->view(0) < path && step < kStepsTried; ++step) {
    if (!cursor_->step()) cursor_.reset();
  }
  if (!cursor_ || cursor_->view(0) != path) {
    cursor_.reset();  // the statement can be used again
    cursor_.emplace(database_.query(
        "SELECT f.path, f.size_bytes, f.mtime_ns, f.ctime_ns, f.inode, f.used_day, f.facts, m.setup, m.record "
        "FROM file f LEFT JOIN measurement m ON m.id = f.measurement_id WHERE f.path >= ? ORDER BY f.path",
        Bytes{path}));
    if (!cursor_->step()) cursor_.reset();
  }
  return cursor_ && cursor_->view(0) == path;
}

KnownFile AuditStore::known_file(const Query& row) {
  return {{row.integer(1), row.integer(2), row.integer(3), row.integer(4)},
          row.view(6),
          row.view(7),
          row.view(8),
          row.integer(5)};
}

std::optional<std::string> AuditStore::find_measurement(std::string_view payload, std::string_view setup) {
  read_on();
  Query row = database_.query("SELECT record FROM measurement WHERE payload = ? AND setup = ?", payload, setup);
  return row.step() ? std::optional(row.text(0)) : std::nullopt;
}

void AuditStore::remember(std::span<const AuditedFile> files, std::int64_t today) {
  end_reading();
  Transaction transaction(database_);
  for (const AuditedFile& file : files) {
    if (file.record.empty()) {
      database_.run("UPDATE measurement SET used_day = ? WHERE payload = ? AND setup = ?", today, file.payload,
                    file.setup);
    } else {
      database_.run(
          "INSERT INTO measurement (payload, setup, record, used_day) VALUES (?, ?, ?, ?) "
          "ON CONFLICT (payload, setup) DO UPDATE SET record = excluded.record, used_day = excluded.used_day",
          file.payload, file.setup, Bytes{file.record}, today);
    }
    const FileStamp& stamp = file.stamp;
    database_.run(
        "INSERT OR REPLACE INTO file (path, size_bytes, mtime_ns, ctime_ns, inode, facts, measurement_id, "
        "used_day) SELECT ?, ?, ?, ?, ?, ?, id, ? FROM measurement WHERE payload = ? AND setup = ?",
        Bytes{file.path}, stamp.size_bytes, stamp.mtime_ns, stamp.ctime_ns, stamp.inode, Bytes{file.facts}, today,
        file.payload, file.setup);
  }
  transaction.commit();
}

void AuditStore::touch(std::span<const std::string> paths, std::int64_t today) {
  end_reading();
  Transaction transaction(database_);
  for (const std::string& path : paths) {
    database_.run("UPDATE file SET used_day = ? WHERE path = ?", today, Bytes{path});
    database_.run("UPDATE measurement SET used_day = ? WHERE id = (SELECT measurement_id FROM file WHERE path = ?)",
                  today, Bytes{path});
  }
  transaction.commit();
}

std::int64_t AuditStore::used_bytes() {
  Query row = database_.query(
      "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, "
      "pragma_page_size");
  row.step();
  return row.integer(0);
}

void AuditStore::prune(std::int64_t today, std::int64_t most_bytes) {
  end_reading();
  {
    Query row = database_.query("SELECT pruned_day FROM upkeep");
    if (row.step() && today < row.integer(0) + kDaysBetweenPrunes && used_bytes() <= most_bytes) return;
  }
  Transaction transaction(database_);
  database_.run("DELETE FROM file WHERE used_day < ?", today - kDaysKept);
  database_.run("DELETE FROM measurement WHERE used_day < ?", today - kDaysKept);
  if (used_bytes() > most_bytes) {
    database_.run(
        "DELETE FROM measurement WHERE id IN (SELECT id FROM measurement ORDER BY used_day, id "
        "LIMIT (SELECT (count(*) + 3) / 4 FROM measurement))");
    database_.run("DELETE FROM file WHERE measurement_id NOT IN (SELECT id FROM measurement)");
  }
  database_.run("UPDATE upkeep SET pruned_day = ?", today);
  transaction.commit();
}

}  // namespace lathe::scheduler
