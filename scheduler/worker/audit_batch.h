// `lathe audit` on one machine: files measured by several threads, handed to the report in the order of the scan.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "host/audit/file_auditor.h"
#include "host/audit/track_stream.h"
#include "scheduler/worker/audit_memory.h"
#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

struct AuditBatch {
  AuditOptions options;
  int jobs = 1;
  Contiguous contiguous = Contiguous::automatic;
  AuditMemory* memory = nullptr;  // null: every file is measured, and nothing kept
  bool verifies_payload = false;  // a known file is read again, and measured if its samples are others

  // Judges a file, and an album with its files; called from one thread at a time.
  std::function<void(FileAudit&)> judge_file;
  std::function<void(AlbumAudit&, const std::vector<const FileAudit*>&)> judge_album;
  // Called as files are handed to the report: files so far, of so many.
  std::function<void(std::int64_t, std::int64_t)> on_progress;
  // Set from a signal handler: what is being measured is let go, what is done is reported.
  const std::atomic<bool>* is_interrupted = nullptr;

  // What the memory knows is not opened. Files come to `report` in the scan's order, its problems among them; an album
  // when its last file has. What waits for its turn is bounded: no more than a few files a thread. Returns the summary,
  // which the report has been given too.
  AuditSummary run(const Scan& scan, AuditWriter& report);
};

// Another file of a catalogue, in its summary.
void count_in(AuditSummary& summary, const FileAudit& file);

}  // namespace lathe::scheduler
