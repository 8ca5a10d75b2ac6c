#include "scheduler/worker/audit_batch.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "host/audit/identifiers.h"
#include "host/manifest/manifest_findings.h"
#include "scheduler/worker/open_albums.h"

namespace lathe::scheduler {
namespace {

class AuditRun {
 public:
  AuditRun(AuditBatch& batch, const Scan& scan, AuditWriter& report)
      : batch_(batch), scan_(scan), report_(report), albums_(scan) {}

  AuditSummary run() {
    const auto began = std::chrono::steady_clock::now();
    for (const ScanProblem& problem : scan_.problems) report_problem(problem);
    {
      std::vector<std::jthread> workers;
      for (int i = 0; i < batch_.jobs; ++i) workers.emplace_back([this] { guarded(); });
      hand_over();
    }
    if (batch_.memory) batch_.memory->finish();
    if (failure_) std::rethrow_exception(failure_);
    for (OpenAlbum& album : albums_.take_rest()) report_album(std::move(album));
    for (const AlbumAudit& album : finished_) report_.album(album);
    summary_.was_interrupted = is_interrupted();
    summary_.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    report_.finish(summary_);
    return summary_;
  }

 private:
  // Files that may be measured ahead of the one whose turn it is to be reported.
  static constexpr std::int64_t kAheadPerJob = 8;

  struct ToMeasure {
    std::int64_t index = 0;
    bool may_be_known = false;  // its samples, under another identity
  };

  bool is_interrupted() const { return batch_.is_interrupted != nullptr && batch_.is_interrupted->load(); }

  void guarded() {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stopped_ = true;
    }
    changed_.notify_all();
  }

  // Measures what is to be measured until nothing more comes.
  void work() {
    FileAuditor auditor;
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopped_ || !to_measure_.empty(); });
      if (stopped_ || is_interrupted()) return;
      const ToMeasure mine = to_measure_.front();
      to_measure_.pop_front();
      lock.unlock();
      std::optional<FileAudit> file;
      try {
        file = measured(auditor, mine);
      } catch (const AuditCancelled&) {
        return;
      }
      lock.lock();
      waiting_.emplace(mine.index, std::move(*file));
      lock.unlock();
      changed_.notify_all();
    }
  }

  FileAudit measured(FileAuditor& auditor, const ToMeasure& what) {
    const ScannedTrack& track = track_at(what.index);
    std::optional<FileAudit> file;
    if (what.may_be_known) {
      FileAudit identified = auditor.identify(track.input, batch_.options, stopped_or_interrupted());
      if (batch_.memory->recall_measurement(identified)) file = std::move(identified);
    }
    if (!file) file = auditor.audit(track.input, batch_.options, stopped_or_interrupted());
    if (batch_.memory) batch_.memory->remember(*file, track.stamp, scan_.began_ms);
    return std::move(*file);
  }

  // Of the files whose turn is near: the known ones are ready at once, the others are the workers'.
  void look_ahead() {
    std::vector<ToMeasure> unknown;
    const std::int64_t end = std::min(count(), reported_ + kAheadPerJob * batch_.jobs);
    for (; looked_up_ < end; ++looked_up_) {
      const ScannedTrack& track = track_at(looked_up_);
      AuditMemory::Recall recall = AuditMemory::Recall::unknown;
      const bool is_next = looked_up_ == reported_;
      FileAudit later;
      FileAudit& file = is_next ? next_.emplace() : later;
      if (batch_.memory) recall = batch_.memory->recall(track.input, track.stamp, file);
      if (recall == AuditMemory::Recall::known && !batch_.verifies_payload) {
        file.path = track.input;
        if (is_next) {  // no need to wait anywhere
          ++looked_up_;
          break;
        }
        const std::lock_guard lock(mutex_);
        waiting_.emplace(looked_up_, std::move(file));
      } else {
        if (is_next) next_.reset();
        unknown.push_back({looked_up_, recall != AuditMemory::Recall::unknown});
      }
    }
    if (unknown.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      to_measure_.insert(to_measure_.end(), unknown.begin(), unknown.end());
    }
    changed_.notify_all();
  }

  const std::atomic<bool>& stopped_or_interrupted() const {
    static const std::atomic<bool> kNever{false};
    return batch_.is_interrupted != nullptr ? *batch_.is_interrupted : kNever;
  }

  // The calling thread reports what is ready, in order, until all is or nothing more comes.
  void hand_over() {
    try {
      while (reported_ < count() && !is_interrupted()) {
        look_ahead();
        if (!next_ && !wait_for_next()) break;
        FileAudit& file = *next_;
        const ScannedTrack& track = track_at(reported_);
        file.album = track.album;
        if (track.row != nullptr) apply_manifest(*track.manifest, *track.row, file);
        report_file(file, track);
        next_.reset();
        ++reported_;
        if (batch_.memory) batch_.memory->flush_if_due();
        if (batch_.on_progress) batch_.on_progress(reported_, count());
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

  // False when it will not come.
  bool wait_for_next() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(100),
                        [this] { return stopped_ || waiting_.contains(reported_); });
      if (const auto found = waiting_.find(reported_); found != waiting_.end()) {
        next_ = std::move(found->second);
        waiting_.erase(found);
        return true;
      }
      if (stopped_ || is_interrupted()) return false;
      lock.unlock();
      if (batch_.memory) batch_.memory->flush_if_due();
    }
  }

  const ScannedTrack& track_at(std::int64_t index) const { return scan_.tracks[static_cast<std::size_t>(index)]; }
  std::int64_t count() const { return static_cast<std::int64_t>(scan_.tracks.size()); }

  void report_file(FileAudit& file, const ScannedTrack& track) {
    if (batch_.options.checks != AuditChecks::none && file.state != AuditState::unreadable) {
      for (AuditFinding& finding : check_identifiers(file.tags)) file.findings.push_back(std::move(finding));
    }
    if (batch_.judge_file) batch_.judge_file(file);
    count_in(summary_, file);
    report_.file(file);
    if (auto album = albums_.add(file, track)) report_album(std::move(*album));
  }

  // Something that was named and cannot be looked at is a file that cannot be read.
  void report_problem(const ScanProblem& problem) {
    FileAudit file;
    file.path = problem.path;
    file.reason_code = "NOT_FOUND";
    file.reason = problem.reason;
    if (batch_.judge_file) batch_.judge_file(file);
    count_in(summary_, file);
    report_.file(file);
  }

  void report_album(OpenAlbum open) {
    open.put_in_order();
    std::vector<AlbumStream> streams;
    try {
      streams = streams_of(open, batch_.contiguous, batch_.options, batch_.memory, stopped_or_interrupted());
    } catch (const AuditCancelled&) {
      // What is there of the album is reported, as after any interrupt.
    }
    std::vector<const FileAudit*> files;
    for (const AlbumTrack& track : open.tracks) files.push_back(&track.file);
    AlbumAudit album = album_of(open.path, files, streams);
    put_paths(open, album.ladder);
    if (batch_.judge_album) batch_.judge_album(album, files);
    finished_.push_back(std::move(album));
  }

  AuditBatch& batch_;
  const Scan& scan_;
  AuditWriter& report_;
  OpenAlbums albums_;
  std::vector<AlbumAudit> finished_;
  AuditSummary summary_;

  // Of the calling thread.
  std::int64_t looked_up_ = 0, reported_ = 0;  // files so far; those in between wait or are being measured
  std::optional<FileAudit> next_;              // the one whose turn it is

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ToMeasure> to_measure_;
  std::map<std::int64_t, FileAudit> waiting_;  // ready before their turn
  bool stopped_ = false;
  std::exception_ptr failure_;
};

}  // namespace

void count_in(AuditSummary& summary, const FileAudit& file) {
  ++summary.files;
  summary.measured += file.state == AuditState::measured;
  summary.unmeasurable += file.state == AuditState::unmeasurable;
  summary.unreadable += file.state == AuditState::unreadable;
  summary.remembered += file.is_remembered;
  summary.audio_s += file.duration_s();
  for (const AuditFinding& finding : file.findings) ++summary.findings_by_code[finding.code];
  for (const ProfileResult& result : file.profiles)
    summary.failed_by_profile[result.name] += result.verdict == Verdict::fail;
}

AuditSummary AuditBatch::run(const Scan& scan, AuditWriter& report) { return AuditRun(*this, scan, report).run(); }

}  // namespace lathe::scheduler
