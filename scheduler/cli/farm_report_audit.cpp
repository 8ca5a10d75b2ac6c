#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <optional>

#include "host/audit/file_auditor.h"
#include "host/audit/identifiers.h"
#include "host/audit/verdict.h"
#include "host/manifest/manifest_findings.h"
#include "host/manifest/manifest_row_json.h"
#include "host/report/audit_file_json.h"
#include "scheduler/cli/audit_report.h"
#include "scheduler/cli/farm_report.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/report_file.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/worker/audit_batch.h"
#include "scheduler/worker/open_albums.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;

// The job's tracks as a scan, for the albums to know how many files are theirs. A first pass without results is small.
Scan scan_of(FarmConnection& farm, std::int64_t job_id) {
  Scan scan;
  v1::ListTasksRequest request;
  request.set_job_id(job_id);
  request.set_page_size(1000);
  do {
    const v1::ListTasksResponse page = farm.call(request);
    for (const v1::Task& task : page.tasks()) {
      ScannedTrack track;
      track.input = task.spec().input();
      track.album = task.spec().album();
      if (!task.spec().manifest_json().empty()) {
        const NamedRow named = manifest_row_from_json(task.spec().manifest_json());
        auto manifest = std::make_shared<Manifest>(named.manifest);
        manifest->rows = {named.row};
        track.row = &manifest->rows.front();
        track.manifest = manifest.get();
        scan.manifests.push_back(std::move(manifest));
      }
      scan.tracks.push_back(std::move(track));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return scan;
}

// As this machine's audit has a file of the manifest: the row's tags stand instead of its own, which nobody judges
// then.
void apply_row(const ScannedTrack& track, FileAudit& file) {
  if (track.row == nullptr) return;
  for (const AuditFinding& own : check_identifiers(file.tags))
    std::erase_if(file.findings, [&](const AuditFinding& f) { return f.code == own.code && f.message == own.message; });
  apply_manifest(*track.manifest, *track.row, file);
  if (file.state == AuditState::unreadable) return;
  for (AuditFinding& finding : check_identifiers(file.tags)) file.findings.push_back(std::move(finding));
}

// A result that cannot be read is no mistake of the user's.
FileAudit result_of(const v1::Task& task) {
  try {
    return audit_file_from_json(task.result_json());
  } catch (const std::invalid_argument& wrong) {
    throw FarmError(FarmFault::other, fmt::format("task {}: its result cannot be read, the worker may be of another "
                                                  "version: {}",
                                                  task.task_id(), wrong.what()));
  }
}

class AuditReport {
 public:
  AuditReport(const std::vector<DeliveryProfile>& profiles, Scan scan, AuditWriter& writer, bool with_joins)
      : profiles_(profiles), scan_(std::move(scan)), albums_(scan_), writer_(writer), with_joins_(with_joins) {}

  void add(const v1::Task& task) {
    const bool has_ended = task.state() == v1::TASK_STATE_DONE || task.state() == v1::TASK_STATE_UNCHANGED ||
                           task.state() == v1::TASK_STATE_FAILED || task.state() == v1::TASK_STATE_QUARANTINED;
    const auto index = static_cast<std::size_t>(task.position());
    if (!has_ended || index >= scan_.tracks.size()) {
      ++left_;
      return;
    }
    const ScannedTrack& track = scan_.tracks[index];
    FileAudit file;
    if (!task.result_json().empty()) {
      file = result_of(task);
      file.is_remembered = file.is_remembered || task.state() == v1::TASK_STATE_UNCHANGED;
    } else {
      file.reason_code = task.reason_code();
      file.reason = task.message();
      for (const DeliveryProfile& profile : profiles_) file.profiles.push_back(judge(profile, file));
    }
    file.path = track.input;
    file.album = track.album;
    apply_row(track, file);
    count_in(summary_, file);
    writer_.file(file);
    if (auto album = albums_.add(file, track)) add_album(std::move(*album));
  }

  const AuditSummary& finish(const v1::Job& job) {
    for (OpenAlbum& album : albums_.take_rest()) add_album(std::move(album));
    for (const AlbumAudit& album : finished_) writer_.album(album);
    const std::int64_t until_ms = job.finished_ms() != 0 ? job.finished_ms() : std::time(nullptr) * 1000;
    summary_.wall_s = static_cast<double>(until_ms - job.created_ms()) / 1000;
    summary_.was_interrupted = left_ > 0;
    writer_.finish(summary_);
    if (joined_ > 0 && !with_joins_)
      say(
          fmt::format("{} album(s) have tracks that run into each other and are measured track by track here; without "
                      "--no-joins they are read as one, as `lathe audit` does",
                      joined_));
    return summary_;
  }

 private:
  void add_album(OpenAlbum open) {
    open.put_in_order();
    bool is_joined = false;
    for (std::size_t i = 0; i + 1 < open.tracks.size(); ++i)
      is_joined = is_joined || runs_on(open.tracks[i].file, open.tracks[i + 1].file, Contiguous::automatic);
    joined_ += is_joined;
    std::vector<AlbumStream> streams;
    if (with_joins_) streams = streams_of(open, Contiguous::automatic, {}, nullptr, watch_interrupts());
    std::vector<const FileAudit*> files;
    for (const AlbumTrack& track : open.tracks) files.push_back(&track.file);
    AlbumAudit album = album_of(open.path, files, streams);
    put_paths(open, album.ladder);
    for (const DeliveryProfile& profile : profiles_) album.profiles.push_back(judge(profile, album, files));
    finished_.push_back(std::move(album));
  }

  const std::vector<DeliveryProfile>& profiles_;
  Scan scan_;
  OpenAlbums albums_;
  AuditWriter& writer_;
  bool with_joins_;
  AuditSummary summary_;
  std::vector<AlbumAudit> finished_;
  std::int64_t left_ = 0, joined_ = 0;
};

// Reports into nothing: for the exit code alone.
class NoReport final : public AuditWriter {
 public:
  void file(const FileAudit&) override {}
  void album(const AlbumAudit&) override {}
  void finish(const AuditSummary&) override {}
};

}  // namespace

int report_audit(FarmConnection& farm, const v1::Job& job, const ReportChoice& choice) {
  const auto& asked = job.spec().audit().profiles();
  const auto profiles = load_profiles({asked.begin(), asked.end()});
  if (!profiles) return kUsage;
  AuditHead head = audit_head(job.spec().name(), *profiles);
  if (job.finished_ms() != 0)
    head.date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(job.finished_ms() / 1000)));
  std::optional<ReportFile> file;
  if (!choice.out.empty()) file.emplace(std::filesystem::absolute(choice.out));
  const std::unique_ptr<AuditWriter> writer =
      choice.is_silent ? std::make_unique<NoReport>()
                       : audit_writer(report_format(choice.format, choice.out), file ? file->stream() : std::cout,
                                      choice.out.empty(), head);
  AuditReport report(*profiles, scan_of(farm, job.job_id()), *writer, choice.with_joins);
  const v1::Job now = farm.report(job.job_id(), [&report](const v1::Task& task) { report.add(task); });
  const AuditSummary& summary = report.finish(now);
  if (file) file->publish();
  if (now.state() == v1::JOB_STATE_CANCELLED || now.state() == v1::JOB_STATE_CANCELLING) return kCancelled;
  AuditSummary judged = summary;
  judged.was_interrupted = false;  // a job that goes on is not cancelled
  if (judged.files == 0 && !is_over(now.state())) return kOk;
  const int code = audit_exit_code(judged);
  return code == kOk && is_late(now) ? static_cast<int>(kDeadline) : code;
}

}  // namespace lathe::cli
