#include "scheduler/cli/farm_report.h"

#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "host/recipe/recipe.h"
#include "scheduler/cli/audit_report.h"
#include "scheduler/cli/batch_complete.h"
#include "scheduler/cli/batch_report.h"
#include "scheduler/cli/farm_json.h"
#include "scheduler/cli/master_pages.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/report_file.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/worker/master_tasks.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {

using namespace lathe::scheduler;

namespace {

using Json = nlohmann::ordered_json;

// How the results came about, as those who made them say in each.
struct Making {
  std::set<std::string> engines, backends, devices;
  BusySeconds busy;

  void note(const Json& result) {
    for (const auto& [key, into] : {std::pair{"engine", &engines}, {"backend", &backends}, {"device", &devices}}) {
      const auto found = result.find(key);
      if (found != result.end() && found->is_string() && !found->get<std::string>().empty())
        into->insert(found->get<std::string>());
    }
    if (const auto found = result.find("busy"); found != result.end()) {
      busy.decode += found->value("decode", 0.0);
      busy.kernels += found->value("kernels", 0.0);
      busy.limiter += found->value("limiter", 0.0);
      busy.encode += found->value("encode", 0.0);
      busy.io += found->value("io", 0.0);
    }
    // Workers that say nothing of it: the stages do.
    for (const Json& stage : result.value("stages", Json::array())) {
      if (backends.empty()) stage_backends_.insert(stage.value("backend", std::string()));
    }
  }

  BatchEngine engine() const {
    BatchEngine engine;
    engine.engine = engines.empty() ? engine_name() : fmt::format("{}", fmt::join(engines, ", "));
    engine.backend = fmt::format("{}", fmt::join(backends.empty() ? stage_backends_ : backends, ", "));
    engine.backend_reason = "chosen by each worker";
    engine.device = fmt::format("{}", fmt::join(devices, ", "));
    return engine;
  }

 private:
  std::set<std::string> stage_backends_;
};

TaskState state_of(v1::TaskState state) {
  switch (state) {
    case v1::TASK_STATE_DONE:
      return TaskState::kDone;
    case v1::TASK_STATE_UNCHANGED:
      return TaskState::kUnchanged;
    case v1::TASK_STATE_FAILED:
      return TaskState::kFailed;
    case v1::TASK_STATE_QUARANTINED:
      return TaskState::kQuarantined;
    default:
      return TaskState::kPending;  // has not ended, or never will: left
  }
}

void add_task(const v1::Task& task, BatchResult& result, Making& making) {
  TrackOutcome outcome;
  outcome.state = state_of(task.state());
  if (outcome.state == TaskState::kPending) {
    result.left += track_count(task.spec());
    return;
  }
  outcome.input = task.spec().input();
  outcome.reason_code = task.reason_code();
  outcome.reason = task.message();
  outcome.result_json = task.result_json();
  outcome.album = task.spec().album();
  if (const Json album = album_of(task.result_json()); !album.is_null()) result.albums.push_back(album.dump());
  for (TrackOutcome& track : outcomes_of(task.spec(), outcome)) {
    if (!track.result_json.empty()) {
      const Json json = Json::parse(track.result_json);
      making.note(json);
      result.audio_s += json.value("duration_s", 0.0);
    }
    result.tracks.push_back(std::move(track));
  }
}

void print_report(const Json& doc, const ReportChoice& choice) {
  std::optional<ReportFile> file;
  if (!choice.out.empty()) file.emplace(std::filesystem::absolute(choice.out));
  std::ostream& out = file ? file->stream() : std::cout;
  const std::string format = report_format(choice.format, choice.out);
  if (format == "json") {
    out << doc.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else if (format == "csv") {
    write_master_csv(out, doc);
  } else if (format == "html") {
    write_master_page(out, doc);
  } else {
    write_master_table(out, doc);
  }
  out.flush();
  if (file) file->publish();
}

// The last that was made for the same output folder: the job itself, or a later one.
std::int64_t newest_job_into_folder_of(FarmConnection& farm, const v1::Job& job) {
  v1::ListJobsRequest request;
  request.set_page_size(1000);
  do {
    const v1::ListJobsResponse page = farm.call(request);
    for (const v1::Job& other : page.jobs()) {
      if (other.job_id() <= job.job_id()) return job.job_id();
      if (other.spec().has_master() && other.spec().master().out_dir() == job.spec().master().out_dir())
        return other.job_id();
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return job.job_id();
}

// Manifest and sentinel of the job's folder. Where a later job has been there, files may be its own: of this job the
// manifest then names what still lies there as this job wrote it, and whether the folder is complete is not its to say.
void write_delivery(std::int64_t newest_job, const v1::Job& job, BatchResult result, const EffectiveRecipe& recipe,
                    const std::string& engine) {
  const std::filesystem::path out_dir = job.spec().master().out_dir();
  const std::filesystem::path manifest = out_dir / "lathe-manifest.json";
  if (newest_job == job.job_id()) {
    BatchComplete sentinel(out_dir);
    sentinel.begin();
    write_manifest(out_dir, result, recipe, engine);
    if (BatchComplete::is_complete(result, 0)) sentinel.write(result, manifest, engine);
    return;
  }
  const auto gone = std::erase_if(result.tracks,
                                  [](const TrackOutcome& track) { return !masters_lie_there(track, Likeness::bytes); });
  say(
      fmt::format("job {} came later into {}: the manifest names what lies there as job {} wrote it{}; "
                  "BatchComplete.json is for `lathe report {} --manifest` to write",
                  newest_job, out_dir.string(), job.job_id(),
                  gone > 0 ? fmt::format(" (not so of {} of its tracks)", gone) : "", newest_job));
  write_manifest(out_dir, result, recipe, engine);
  BatchComplete::remove_unless_of(out_dir, manifest);
}

}  // namespace

bool is_late(const v1::Job& job) {
  const std::int64_t by_ms = job.spec().finish_by_ms();
  return by_ms != 0 && job.finished_ms() > by_ms;
}

int report_master(FarmConnection& farm, const v1::Job& asked, const ReportChoice& choice) {
  BatchResult result;
  Making making;
  const v1::Job job = farm.report(asked.job_id(), [&](const v1::Task& task) { add_task(task, result, making); });
  const std::int64_t until_ms = job.finished_ms() != 0 ? job.finished_ms() : std::int64_t{std::time(nullptr)} * 1000;
  result.wall_s = static_cast<double>(until_ms - job.created_ms()) / 1000;
  result.busy = making.busy;
  const EffectiveRecipe recipe = RecipeSource::parse(job.spec().master().recipe(), "the job's recipe").effective();
  const BatchEngine engine = making.engine();
  bool manifest_failed = false;
  if (choice.writes_manifest) {
    const std::int64_t newest_job = newest_job_into_folder_of(farm, job);
    try {
      write_delivery(newest_job, job, result, recipe, engine.engine);
    } catch (const std::exception& error) {
      say(std::string("the manifest: ") + error.what());
      manifest_failed = true;
    }
  }
  if (!choice.is_silent) print_report(batch_report(result, {}, recipe.sha256, engine), choice);
  if (job.state() == v1::JOB_STATE_CANCELLED || job.state() == v1::JOB_STATE_CANCELLING) return kCancelled;
  if (!result.tracks.empty() && result.left == 0 && nothing_was_read(result.tracks)) return kNothingRead;
  if (failed_count(result, {}) > 0 || manifest_failed) return kSomeFailed;
  return is_late(job) ? kDeadline : kOk;
}

int report_job(FarmConnection& farm, std::int64_t job_id, const ReportChoice& choice) {
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  const v1::Job job = farm.call(request).job();
  return job.kind() == v1::JOB_KIND_AUDIT ? report_audit(farm, job, choice) : report_master(farm, job, choice);
}

}  // namespace lathe::cli
