// What is remembered between jobs: results, hashes of inputs, and which outputs are Lathe's own.
#include "scheduler/store/sql_job_store.h"

namespace lathe::scheduler {
namespace {

// The coarsest time stamps in use are those of FAT and some SMB servers.
constexpr std::int64_t kTimeStampResolutionMs = 2'000;

}  // namespace

std::optional<CachedResult> SqlJobStore::find_result(std::string_view cache_key) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query("SELECT cache_key, result_json FROM cached_result WHERE cache_key = ?1", cache_key);
    return row.step() ? std::optional(CachedResult{row.text(0), row.text(1)}) : std::nullopt;
  });
}

bool SqlJobStore::remember_input(const FileIdentity& file, std::string_view content_hash) {
  check_text("a content hash", content_hash);
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    const std::int64_t now_ms = transaction.now_ms();
    if (now_ms - file.mtime_ns / 1'000'000 < kTimeStampResolutionMs) return false;
    transaction.run(
        "INSERT INTO input_memory (path, size_bytes, mtime_ns, inode, device, content_hash, seen_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (path) DO UPDATE SET size_bytes = excluded.size_bytes, "
        "mtime_ns = excluded.mtime_ns, inode = excluded.inode, device = excluded.device, "
        "content_hash = excluded.content_hash, seen_ms = excluded.seen_ms",
        Bytes{file.path}, file.size_bytes, file.mtime_ns, static_cast<std::int64_t>(file.inode),
        static_cast<std::int64_t>(file.device), content_hash, now_ms);
    return true;
  });
}

std::optional<std::string> SqlJobStore::find_input(const FileIdentity& file) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query(
        "SELECT content_hash FROM input_memory "
        "WHERE path = ?1 AND size_bytes = ?2 AND mtime_ns = ?3 AND inode = ?4 AND device = ?5",
        Bytes{file.path}, file.size_bytes, file.mtime_ns, static_cast<std::int64_t>(file.inode),
        static_cast<std::int64_t>(file.device));
    return row.step() ? std::optional(row.text(0)) : std::nullopt;
  });
}

std::vector<KnownOutput> SqlJobStore::find_outputs(std::string_view path) {
  return ask([&](SqlConnection& connection) {
    std::vector<KnownOutput> outputs;
    Rows row = connection.query(
        "SELECT path, bytes, mtime_ns, sha256, task_id, committed FROM output WHERE path = ?1 "
        "ORDER BY committed DESC, written_ms DESC, sha256, mtime_ns",
        Bytes{path});
    while (row.step()) {
      outputs.push_back(
          {{row.bytes(0), row.integer(1), row.integer(2), row.text(3)}, row.integer(4), row.integer(5) != 0});
    }
    return outputs;
  });
}

}  // namespace lathe::scheduler
