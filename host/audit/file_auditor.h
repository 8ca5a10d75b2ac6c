// Audits one file: reads it once, measures it, looks at it with the checks that were asked for.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/audit/file_audit.h"
#include "host/audit/track_stream.h"

namespace lathe {

// How much of a file is looked at beside its loudness.
enum class AuditChecks {
  none,
  standard,  // all findings; the loudness below 20 kHz is measured where the spectrum says that it differs
  all,       // and it is measured everywhere: a second reading and a filter for what is sampled at 44.1 kHz or more
};

struct AuditOptions {
  AuditChecks checks = AuditChecks::standard;
  bool series = false;     // keep LoudnessSeries
  bool dual_mono = false;  // a mono file is heard from two loudspeakers: +3.01 LU (EBU Tech 3341, 2.8)
};

// Thrown from within when `is_cancelled` becomes true.
class AuditCancelled : public std::runtime_error {
 public:
  AuditCancelled() : std::runtime_error("cancelled") {}
};

// One a worker thread: it keeps its buffers from file to file.
class FileAuditor {
 public:
  FileAuditor();
  ~FileAuditor();

  // Never throws for what is wrong with the file: that is its state and reason. `profiles` and `album` are left empty,
  // and identifiers in the tags unchecked. Throws AuditCancelled, std::bad_alloc.
  FileAudit audit(const std::filesystem::path& path, const AuditOptions& options,
                  const std::atomic<bool>& is_cancelled);

  // Reads the whole file to know its format, tags and payload hash, and measures nothing. Where something is wrong
  // with it, that is its reason, and the payload hash is empty. Throws as audit() does.
  FileAudit identify(const std::filesystem::path& path, const AuditOptions& options,
                     const std::atomic<bool>& is_cancelled);

 private:
  template <class Work>
  FileAudit on_file(const std::filesystem::path& path, const AuditOptions& options, Work work);

  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

// What albums pool of a track with these hops.
PooledPowers pooled_powers(const HopEnergies& hops);

// What an album reads: gated over the blocks of all its measured tracks together, never a mean of their figures
// (BS.1770-5 Annex 1 on what was pooled; the range likewise); the highest of their maxima and peaks.
// Tracks that run into each other count as `streams` has them, one after the other in the order of `files`.
AlbumAudit album_of(const std::string& path, const std::vector<const FileAudit*>& files,
                    const std::vector<AlbumStream>& streams = {});

}  // namespace lathe
