// Lets an audit measure a file once: what is known of it from earlier runs, and what this one adds to that.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/audit/file_audit.h"
#include "host/audit/file_auditor.h"
#include "scheduler/core/clock.h"
#include "scheduler/store/audit_store.h"

namespace lathe::scheduler {

// Called from several threads. Trouble with the store never is the audit's: it is said once, and from then on nothing
// is known and nothing kept.
class AuditMemory {
 public:
  using Warn = std::function<void(const std::string&)>;

  // Opens `audit.sqlite` in the state folder, or makes it. A damaged one is moved aside and a new one begun. `warn` may
  // be called at any time until the end, by any thread, one at a time.
  AuditMemory(const std::filesystem::path& state_dir, const AuditOptions& options, const Clock& clock, Warn warn);

  enum class Recall {
    unknown,  // a path that was never audited
    changed,  // what lies there now is another file, or not surely the same, or was measured otherwise
    known,    // the very file: all of its audit is there
  };
  // Fills `file` when it is known; the file itself is not touched. `file.path` is set by the caller.
  Recall recall(const std::string& path, const FileStamp& stamp, FileAudit& file);

  // Whether the samples of an identified file were measured before; then the measurement is added to it.
  bool recall_measurement(FileAudit& file);

  // Keeps what a run found out. What could not be read is not kept. The stamp was taken before the file was read, at
  // `stamped_ms` or later; a file written within the grain of a time stamp before that may be written again without a
  // trace: its samples are known from then on, and its path is not trusted.
  void remember(const FileAudit& file, const FileStamp& stamp, std::int64_t stamped_ms);

  // The same for tracks measured end to end, in this order. Precondition: each was measured.
  std::optional<StreamAudit> recall_stream(const std::vector<const FileAudit*>& tracks);
  void remember_stream(const std::vector<const FileAudit*>& tracks, const StreamAudit& stream);

  // Writes what has gathered when that is much or a second old: a kill loses no more.
  void flush_if_due();
  // Writes all, and forgets what nobody used for long.
  void finish();

 private:
  void open();
  // Throws std::filesystem::filesystem_error.
  std::filesystem::path move_aside() const;
  void flush();
  void fail(const std::exception& error);
  std::int64_t today() const;

  std::mutex mutex_;
  const std::filesystem::path file_;
  const AuditOptions options_;
  const std::string setup_;
  const Clock& clock_;
  Warn warn_;
  std::unique_ptr<AuditStore> store_;  // null: it cannot be used
  std::vector<AuditedFile> pending_;
  std::vector<std::string> pending_touches_;
  std::int64_t pending_since_ms_ = 0;
};

}  // namespace lathe::scheduler
