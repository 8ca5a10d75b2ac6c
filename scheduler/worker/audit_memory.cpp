#include "scheduler/worker/audit_memory.h"

#include <system_error>

#include "host/audit/loudness_series.h"
#include "host/audit/measurement_record.h"
#include "scheduler/store/store_error.h"
#include "scheduler/worker/digest.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesPerWrite = 500;
constexpr std::int64_t kLongestUnwritten_ms = 1'000;
// While another process writes, what gathers waits for the next turn; so much of it and it is too much.
constexpr std::size_t kMostUnwritten = 20'000;
// The coarsest time stamps in use are those of FAT and some SMB servers: whole seconds, even ones alone. Finer ones
// move with the kernel's tick of 1 to 10 ms, or by 10 ms on exFAT.
constexpr std::int64_t kCoarseGrain_ms = 2'000, kFineGrain_ms = 100;
// Four minutes of music take about 20 kB: some 400,000 tracks.
constexpr std::int64_t kMostBytes = std::int64_t{8} << 30;
// A use is noted once in a while: an audit of what is known writes nothing.
constexpr std::int64_t kDaysBetweenTouches = 30;
constexpr std::int64_t kDay_ms = 86'400'000;

bool is_young(const FileStamp& stamp, std::int64_t stamped_ms) {
  const auto is_whole = [](std::int64_t ns) { return ns % 1'000'000'000 == 0; };
  const std::int64_t grain_ms = is_whole(stamp.mtime_ns) || is_whole(stamp.ctime_ns) ? kCoarseGrain_ms : kFineGrain_ms;
  return stamped_ms - std::max(stamp.mtime_ns, stamp.ctime_ns) / 1'000'000 < grain_ms;
}

void finish_recall(const AuditOptions& options, FileAudit& file) {
  file.is_remembered = true;
  if (options.series && file.state == AuditState::measured) file.series = series_of(file.powers);
}

// Names the tracks' samples in this order. No path begins like it.
std::string stream_key(const std::vector<const FileAudit*>& tracks) {
  std::string text = "stream";
  for (const FileAudit* track : tracks) text += " " + payload_key(*track);
  return text.size() < 200 ? text : "stream " + sha256_hex(text);
}

// A stream is kept as a measurement with its figures and powers alone.
FileAudit as_measurement(const StreamAudit& stream) {
  FileAudit file;
  file.state = AuditState::measured;
  file.figures.max_momentary_lufs = stream.max_momentary_lufs;
  file.figures.max_short_term_lufs = stream.max_short_term_lufs;
  file.figures.true_peak_dbtp = stream.true_peak_dbtp;
  file.powers = stream.powers;
  return file;
}

}  // namespace

AuditMemory::AuditMemory(const fs::path& state_dir, const AuditOptions& options, const Clock& clock, Warn warn)
    : file_(state_dir / "audit.sqlite"),
      options_(options),
      setup_(setup_key(options)),
      clock_(clock),
      warn_(std::move(warn)) {
  try {
    try {
      open();
    } catch (const StoreError& error) {
      if (error.kind() != StoreError::Kind::kDamaged) throw;
      warn_("the audit's memory was damaged: it is now " + move_aside().string() + ", and a new one is begun");
      open();
    }
  } catch (const std::exception& error) {
    fail(error);
  }
}

void AuditMemory::open() { store_ = std::make_unique<AuditStore>(file_.string(), clock_.now_ms()); }

fs::path AuditMemory::move_aside() const {
  const fs::path aside = file_.string() + ".damaged";
  fs::rename(file_, aside);
  for (const char* part : {"-wal", "-shm"}) fs::remove(file_.string() + part);
  return aside;
}

// A damaged one is out of the next run's way too.
void AuditMemory::fail(const std::exception& error) {
  store_.reset();
  pending_.clear();
  pending_touches_.clear();
  std::string text = std::string("going on without the audit's memory: ") + error.what();
  const auto* of_store = dynamic_cast<const StoreError*>(&error);
  if (of_store != nullptr && of_store->kind() == StoreError::Kind::kDamaged) {
    try {
      text += "; it is now " + move_aside().string();
    } catch (const fs::filesystem_error&) {
      // It stays where it is, and the message above says what to do.
    }
  }
  warn_(text);
}

std::int64_t AuditMemory::today() const { return clock_.now_ms() / kDay_ms; }

AuditMemory::Recall AuditMemory::recall(const std::string& path, const FileStamp& stamp, FileAudit& file) {
  const std::lock_guard lock(mutex_);
  if (!store_) return Recall::unknown;
  try {
    Recall recall = Recall::changed;
    std::int64_t used_day = 0;
    const bool is_there = store_->find_file(path, [&](const KnownFile& known) {
      if (known.stamp != stamp || !unpack_facts(known.facts, file)) return;
      used_day = known.used_day;
      if (known.setup == setup_ && unpack_measurement(known.record, file)) recall = Recall::known;
    });
    if (!is_there) return Recall::unknown;
    if (recall != Recall::known && used_day != 0) {
      // The very file, last measured with other options; perhaps with these before. Whether a FLAC file's own MD5 is
      // that of its samples only a reading tells, and only `all` asks for it.
      if (options_.checks == AuditChecks::all && file.container == "FLAC") return recall;
      const auto record = store_->find_measurement(payload_key(file), setup_);
      if (record && unpack_measurement(*record, file)) recall = Recall::known;
    }
    if (recall != Recall::known) return recall;
    finish_recall(options_, file);
    if (today() - used_day >= kDaysBetweenTouches) pending_touches_.push_back(path);
    return recall;
  } catch (const std::exception& error) {
    fail(error);
    return Recall::unknown;
  }
}

bool AuditMemory::recall_measurement(FileAudit& file) {
  if (file.payload_hash.empty()) return false;
  const std::string payload = payload_key(file);
  const std::lock_guard lock(mutex_);
  if (!store_) return false;
  try {
    const auto record = store_->find_measurement(payload, setup_);
    FileAudit whole = file;
    if (!record || !unpack_measurement(*record, whole)) return false;
    file = std::move(whole);
    finish_recall(options_, file);
    return true;
  } catch (const std::exception& error) {
    fail(error);
    return false;
  }
}

void AuditMemory::remember(const FileAudit& file, const FileStamp& stamp, std::int64_t stamped_ms) {
  if (file.state == AuditState::unreadable || file.payload_hash.empty() || stamp == FileStamp{}) return;
  AuditedFile known{file.path.string(), stamp, pack_facts(file), payload_key(file), setup_, {}};
  if (!file.is_remembered) known.record = pack_measurement(file);
  if (is_young(stamp, stamped_ms)) known.stamp = {};
  const std::lock_guard lock(mutex_);
  if (!store_) return;
  if (pending_.empty()) pending_since_ms_ = clock_.now_ms();
  pending_.push_back(std::move(known));
}

std::optional<StreamAudit> AuditMemory::recall_stream(const std::vector<const FileAudit*>& tracks) {
  const std::string payload = stream_key(tracks);
  const std::lock_guard lock(mutex_);
  if (!store_) return std::nullopt;
  try {
    const auto record = store_->find_measurement(payload, setup_);
    FileAudit file;
    if (!record || !unpack_measurement(*record, file)) return std::nullopt;
    return StreamAudit{std::move(file.powers), file.figures.max_momentary_lufs, file.figures.max_short_term_lufs,
                       file.figures.true_peak_dbtp};
  } catch (const std::exception& error) {
    fail(error);
    return std::nullopt;
  }
}

void AuditMemory::remember_stream(const std::vector<const FileAudit*>& tracks, const StreamAudit& stream) {
  const std::string payload = stream_key(tracks);
  AuditedFile known{payload, {}, {}, payload, setup_, pack_measurement(as_measurement(stream))};
  const std::lock_guard lock(mutex_);
  if (!store_) return;
  if (pending_.empty()) pending_since_ms_ = clock_.now_ms();
  pending_.push_back(std::move(known));
}

void AuditMemory::flush_if_due() {
  const std::lock_guard lock(mutex_);
  if (pending_.empty()) return;
  if (pending_.size() < kFilesPerWrite && clock_.now_ms() - pending_since_ms_ < kLongestUnwritten_ms) return;
  flush();
}

void AuditMemory::flush() {
  if (!store_) return;
  try {
    store_->remember(pending_, today());
    if (!pending_touches_.empty()) store_->touch(pending_touches_, today());
    pending_.clear();
    pending_touches_.clear();
  } catch (const StoreError& error) {
    pending_since_ms_ = clock_.now_ms();
    if (error.kind() != StoreError::Kind::kBusy || pending_.size() > kMostUnwritten) fail(error);
  } catch (const std::exception& error) {
    fail(error);
  }
}

void AuditMemory::finish() {
  const std::lock_guard lock(mutex_);
  if (!pending_.empty() || !pending_touches_.empty()) flush();
  if (!store_) return;
  try {
    store_->prune(today(), kMostBytes);
  } catch (const StoreError& error) {
    if (error.kind() != StoreError::Kind::kBusy) fail(error);
  } catch (const std::exception& error) {
    fail(error);
  }
}

}  // namespace lathe::scheduler
