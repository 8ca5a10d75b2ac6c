// What SQLite remembers between jobs: results, hashes of inputs, and which outputs are Lathe's own.
#include "scheduler/store/sqlite_job_store.h"

namespace lathe::scheduler {
namespace {

// The coarsest time stamps in use are those of FAT and some SMB servers.
constexpr std::int64_t kTimeStampResolutionMs = 2'000;

}  // namespace

std::optional<CachedResult> SqliteJobStore::find_result(std::string_view cache_key) {
  const std::lock_guard lock(mutex_);
  Query row = database_.query("SELECT cache_key, result_json FROM cached_result WHERE cache_key = ?", cache_key);
  return row.step() ? std::optional(CachedResult{row.text(0), row.text(1)}) : std::nullopt;
}

bool SqliteJobStore::remember_input(const FileIdentity& file, std::string_view content_hash) {
  check_text("a content hash", content_hash);
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ms = clock_.now_ms();
  if (now_ms - file.mtime_ns / 1'000'000 < kTimeStampResolutionMs) return false;
  database_.run(
      "INSERT OR REPLACE INTO input_memory (path, size_bytes, mtime_ns, inode, device, content_hash, seen_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      Bytes{file.path}, file.size_bytes, file.mtime_ns, static_cast<std::int64_t>(file.inode),
      static_cast<std::int64_t>(file.device), content_hash, now_ms);
  return true;
}

std::optional<std::string> SqliteJobStore::find_input(const FileIdentity& file) {
  const std::lock_guard lock(mutex_);
  Query row = database_.query(
      "SELECT content_hash FROM input_memory "
      "WHERE path = ? AND size_bytes = ? AND mtime_ns = ? AND inode = ? AND device = ?",
      Bytes{file.path}, file.size_bytes, file.mtime_ns, static_cast<std::int64_t>(file.inode),
      static_cast<std::int64_t>(file.device));
  return row.step() ? std::optional(row.text(0)) : std::nullopt;
}

std::vector<KnownOutput> SqliteJobStore::find_outputs(std::string_view path) {
  const std::lock_guard lock(mutex_);
  std::vector<KnownOutput> outputs;
  Query row = database_.query(
      "SELECT path, bytes, mtime_ns, sha256, task_id, committed FROM output WHERE path = ? "
      "ORDER BY committed DESC, written_ms DESC, sha256, mtime_ns",
      Bytes{path});
  while (row.step()) {
    outputs.push_back(
        {{row.text(0), row.integer(1), row.integer(2), row.text(3)}, row.integer(4), row.integer(5) != 0});
  }
  return outputs;
}

}  // namespace lathe::scheduler
