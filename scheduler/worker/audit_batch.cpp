#include "scheduler/worker/audit_batch.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace lathe::scheduler {
namespace {

// Albums in the order of the scan: a folder's files stand together in it but for folders between them, so each album
// knows how many of its files are still to come.
class OpenAlbums {
 public:
  explicit OpenAlbums(const Scan& scan) {
    for (const ScannedTrack& track : scan.tracks) ++left_[track.album];
  }

  // The files of the album, when this is its last one.
  std::optional<std::vector<FileAudit>> add(FileAudit file) {
    const std::string album = file.album;
    file.series.reset();  // the album asks for its powers and figures alone
    files_[album].push_back(std::move(file));
    if (--left_[album] > 0) return std::nullopt;
    std::vector<FileAudit> whole = std::move(files_[album]);
    files_.erase(album);
    return whole;
  }

  // What is there of the albums that will not be finished.
  std::map<std::string, std::vector<FileAudit>> take_rest() { return std::move(files_); }

 private:
  std::map<std::string, std::int64_t> left_;
  std::map<std::string, std::vector<FileAudit>> files_;
};

class Run {
 public:
  Run(AuditBatch& batch, const Scan& scan, AuditWriter& report)
      : batch_(batch), scan_(scan), report_(report), albums_(scan) {}

  AuditSummary run() {
    const auto began = std::chrono::steady_clock::now();
    for (const ScanProblem& problem : scan_.problems) report_problem(problem);
    {
      std::vector<std::jthread> workers;
      for (int i = 0; i < batch_.jobs; ++i) workers.emplace_back([this] { guarded(); });
      hand_over();
    }
    if (failure_) std::rethrow_exception(failure_);
    for (const auto& [path, files] : albums_.take_rest()) report_album(path, files);
    for (const AlbumAudit& album : finished_) report_.album(album);
    summary_.was_interrupted = is_interrupted();
    summary_.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    report_.finish(summary_);
    return summary_;
  }

 private:
  // Files that may be measured ahead of the one whose turn it is to be reported.
  static constexpr std::int64_t kAheadPerJob = 8;

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

  void work() {
    FileAuditor auditor;
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopped_ || next_ < reported_ + kAheadPerJob * batch_.jobs; });
      if (stopped_ || is_interrupted() || next_ == count()) return;
      const std::int64_t mine = next_++;
      lock.unlock();
      const ScannedTrack& track = scan_.tracks[static_cast<std::size_t>(mine)];
      std::optional<FileAudit> file;
      try {
        file = auditor.audit(track.input, batch_.options, stopped_or_interrupted());
      } catch (const AuditCancelled&) {
        return;
      }
      file->album = track.album;
      lock.lock();
      waiting_.emplace(mine, std::move(*file));
      lock.unlock();
      changed_.notify_all();
    }
  }

  const std::atomic<bool>& stopped_or_interrupted() const {
    static const std::atomic<bool> kNever{false};
    return batch_.is_interrupted != nullptr ? *batch_.is_interrupted : kNever;
  }

  // The calling thread reports what is ready, in order, until all is or nothing more comes.
  void hand_over() {
    while (reported_ < count()) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(100),
                        [this] { return stopped_ || waiting_.contains(reported_); });
      const auto found = waiting_.find(reported_);
      if (found == waiting_.end()) {
        if (stopped_ || is_interrupted()) break;
        continue;
      }
      FileAudit file = std::move(found->second);
      waiting_.erase(found);
      lock.unlock();
      try {
        report_file(std::move(file));
      } catch (...) {
        const std::lock_guard guard(mutex_);
        if (!failure_) failure_ = std::current_exception();
        break;
      }
      lock.lock();
      ++reported_;
      lock.unlock();
      changed_.notify_all();
      if (batch_.on_progress) batch_.on_progress(reported_, count());
    }
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

  std::int64_t count() const { return static_cast<std::int64_t>(scan_.tracks.size()); }

  void report_file(FileAudit file) {
    if (batch_.judge_file) batch_.judge_file(file);
    count_in(file);
    report_.file(file);
    if (auto album = albums_.add(std::move(file))) report_album(album->front().album, *album);
  }

  // Something that was named and cannot be looked at is a file that cannot be read.
  void report_problem(const ScanProblem& problem) {
    FileAudit file;
    file.path = problem.path;
    file.reason_code = "NOT_FOUND";
    file.reason = problem.reason;
    if (batch_.judge_file) batch_.judge_file(file);
    count_in(file);
    report_.file(file);
  }

  void report_album(const std::string& path, const std::vector<FileAudit>& files) {
    std::vector<const FileAudit*> pointers;
    for (const FileAudit& file : files) pointers.push_back(&file);
    AlbumAudit album = album_of(path, pointers);
    if (batch_.judge_album) batch_.judge_album(album, pointers);
    finished_.push_back(std::move(album));
  }

  void count_in(const FileAudit& file) {
    ++summary_.files;
    summary_.measured += file.state == AuditState::measured;
    summary_.unmeasurable += file.state == AuditState::unmeasurable;
    summary_.unreadable += file.state == AuditState::unreadable;
    summary_.remembered += file.is_remembered;
    summary_.audio_s += file.duration_s();
    for (const Finding& finding : file.findings) ++summary_.findings_by_code[finding.code];
    for (const ProfileResult& result : file.profiles)
      summary_.failed_by_profile[result.name] += result.verdict == Verdict::fail;
  }

  AuditBatch& batch_;
  const Scan& scan_;
  AuditWriter& report_;
  OpenAlbums albums_;
  std::vector<AlbumAudit> finished_;
  AuditSummary summary_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, FileAudit> waiting_;  // measured, not yet reported
  std::int64_t next_ = 0, reported_ = 0;
  bool stopped_ = false;
  std::exception_ptr failure_;
};

}  // namespace

AuditSummary AuditBatch::run(const Scan& scan, AuditWriter& report) { return Run(*this, scan, report).run(); }

}  // namespace lathe::scheduler
