// `lathe status | list | watch | cancel | pause | resume | retry | priority`: jobs, as people see and steer them.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "host/report/audit_text.h"
#include "host/report/track_json.h"
#include "scheduler/cli/batch_complete.h"
#include "scheduler/cli/farm_json.h"
#include "scheduler/cli/farm_verb.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/job_display.h"
#include "scheduler/cli/job_watch.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/text_table.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/client/finish_by.h"
#include "scheduler/worker/master_tasks.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
using Json = nlohmann::ordered_json;

struct JobsOptions {
  FarmFlags farm;
  std::string job;
  std::string space;
  int priority = 0, limit = 50;
  bool all = false, is_active = false, failed = false, quiet = false;
};

// Failed tracks that `status` names.
constexpr int kNamed = 20;

v1::Job get_job(FarmConnection& farm, std::int64_t job_id) {
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  return farm.call(request).job();
}

void print_job(const v1::Job& job) {
  const v1::TaskCounts& counts = job.counts();
  std::printf("job %lld  %s  %s  %s\n", static_cast<long long>(job.job_id()), word(job.kind()).c_str(),
              word(job.state()).c_str(), visible_text(job.spec().name()).c_str());
  std::printf(
      "  %lld tracks: %lld done, %lld unchanged, %lld failed, %lld in work, %lld waiting, %lld cancelled (%.0f %%)\n",
      static_cast<long long>(job.task_count()), static_cast<long long>(counts.done()),
      static_cast<long long>(counts.unchanged()), static_cast<long long>(failed_count(counts)),
      static_cast<long long>(counts.leased()), static_cast<long long>(counts.pending() + counts.retrying()),
      static_cast<long long>(counts.cancelled()), 100 * share_done(job));
  std::printf("  submitted %s%s%s", local_time_text(job.created_ms()).c_str(), job.submitted_by().empty() ? "" : " by ",
              visible_text(job.submitted_by()).c_str());
  if (job.finished_ms() != 0) std::printf(", ended %s", local_time_text(job.finished_ms()).c_str());
  if (job.finished_ms() == 0 && job.expected_end_ms() != 0)
    std::printf(", ends about %s", local_time_text(job.expected_end_ms()).c_str());
  if (job.spec().finish_by_ms() != 0) std::printf(", due %s", local_time_text(job.spec().finish_by_ms()).c_str());
  std::printf(", priority %d\n", job.spec().priority());
  if (job.spec().has_master()) std::printf("  masters in %s\n", visible_text(job.spec().master().out_dir()).c_str());
}

int answer(const v1::Job& job, const JobsOptions& options, const Json& more = Json::object()) {
  if (!options.farm.json) {
    print_job(job);
    return kOk;
  }
  Json doc = document("lathe.job.v1", job_json(job));
  doc.update(more);
  print_json(doc);
  return kOk;
}

int status(FarmConnection& farm, const JobsOptions& options) {
  const v1::Job job = get_job(farm, options.job.empty() ? 0 : job_of(farm, options.job));
  v1::ListTasksRequest request;
  request.set_job_id(job.job_id());
  request.add_states(v1::TASK_STATE_FAILED);
  request.add_states(v1::TASK_STATE_QUARANTINED);
  request.set_page_size(kNamed);
  v1::ListTasksResponse failed;
  if (failed_count(job.counts()) > 0) failed = farm.call(request);
  Json tracks = Json::array();
  for (const v1::Task& task : failed.tasks()) tracks.push_back(task_json(task));
  answer(job, options, {{"failed_tasks", std::move(tracks)}});
  if (options.farm.json) return kOk;
  TextTable table({">task", "state", "track", "reason"});
  for (const v1::Task& task : failed.tasks())
    table.add({std::to_string(task.task_id()), word(task.state()), task_text(task.spec()), task.message()});
  table.print();
  if (const std::int64_t more = failed_count(job.counts()) - failed.tasks_size(); more > 0)
    std::printf("and %lld more: lathe report %lld\n", static_cast<long long>(more),
                static_cast<long long>(job.job_id()));
  return kOk;
}

int list_jobs(FarmConnection& farm, const JobsOptions& options) {
  v1::ListJobsRequest request;
  request.set_space(options.space);
  if (options.is_active) {
    for (const auto state :
         {v1::JOB_STATE_ACCEPTING, v1::JOB_STATE_RUNNING, v1::JOB_STATE_PAUSED, v1::JOB_STATE_CANCELLING})
      request.add_states(state);
  }
  std::vector<v1::Job> jobs;
  do {
    request.set_page_size(options.all ? 1000 : std::min(1000, options.limit - static_cast<int>(jobs.size())));
    const v1::ListJobsResponse page = farm.call(request);
    jobs.insert(jobs.end(), page.jobs().begin(), page.jobs().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && (options.all || static_cast<int>(jobs.size()) < options.limit));
  if (options.farm.json) {
    Json list = Json::array();
    for (const v1::Job& job : jobs) list.push_back(job_json(job));
    print_json(document("lathe.jobs.v1", {{"jobs", std::move(list)}}));
    return kOk;
  }
  TextTable table({">job", "kind", "state", ">tracks", ">ended", ">failed", "submitted", "due", "ends about", "name"});
  for (const v1::Job& job : jobs) {
    table.add({std::to_string(job.job_id()), word(job.kind()), word(job.state()), std::to_string(job.task_count()),
               std::to_string(ended_count(job.counts())), std::to_string(failed_count(job.counts())),
               local_time_text(job.created_ms()), local_time_text(job.spec().finish_by_ms()),
               local_time_text(job.finished_ms() != 0 ? job.finished_ms() : job.expected_end_ms()), job.spec().name()});
  }
  table.print();
  if (jobs.empty()) say("no jobs");
  if (!request.page_token().empty()) say("there are more: --all, or --limit N");
  return kOk;
}

// What a script asks next: how did it end.
int exit_code_of_job(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_CANCELLED) return kCancelled;
  return job.state() == v1::JOB_STATE_SUCCEEDED_WITH_FAILURES ? kSomeFailed : kOk;
}

int watch(FarmConnection& farm, const JobsOptions& options) {
  const WatchEnd end =
      watch_job(farm, job_of(farm, options.job), options.farm, options.farm.json, options.quiet, WatchFrom::now);
  if (!end.job) return end.exit_code;
  if (!options.farm.json) print_job(*end.job);
  return exit_code_of_job(*end.job);
}

// Changes a job. A repeated call meets its own work: where the job is as it shall be, all is well.
template <class Request>
int steer_jobs(FarmConnection& farm, const JobsOptions& options, std::initializer_list<v1::JobState> wanted) {
  Request request;
  request.set_job_id(job_of(farm, options.job));
  try {
    return answer(farm.call(request).job(), options);
  } catch (const FarmError& error) {
    if (error.fault() != FarmFault::conflict) throw;
    const v1::Job job = get_job(farm, request.job_id());
    if (std::find(wanted.begin(), wanted.end(), job.state()) == wanted.end()) throw;
    say(fmt::format("job {} is {} already", job.job_id(), word(job.state())));
    return answer(job, options);
  }
}

int retry(FarmConnection& farm, const JobsOptions& options) {
  v1::RetryJobRequest request;
  request.set_job_id(job_of(farm, options.job));
  const v1::RetryJobResponse response = farm.call(request);
  // A later job into the same folder may have been complete.
  if (response.retried() > 0 && response.job().spec().has_master())
    BatchComplete::remove_from(response.job().spec().master().out_dir());
  if (!options.farm.json)
    std::printf("%lld track(s) will be tried again\n", static_cast<long long>(response.retried()));
  return answer(response.job(), options, {{"retried", response.retried()}});
}

int set_priority(FarmConnection& farm, const JobsOptions& options) {
  v1::UpdateJobRequest request;
  request.set_job_id(job_of(farm, options.job));
  request.set_priority(options.priority);
  return answer(farm.call(request).job(), options);
}

using Body = int (*)(FarmConnection&, const JobsOptions&);

CLI::App* add(CLI::App& app, Run& run, const std::shared_ptr<JobsOptions>& options, const char* name, const char* help,
              Body body, const std::atomic<bool>* (*interrupts)() = nullptr) {
  CLI::App* verb = app.add_subcommand(name, help);
  verb->callback([&run, options, body, interrupts] {
    run = [options, body, interrupts] {
      return with_farm(
          options->farm, [&](FarmConnection& farm) { return body(farm, *options); },
          interrupts != nullptr ? interrupts() : nullptr);
    };
  });
  return verb;
}

void add_job(CLI::App& verb, JobsOptions& options, bool is_required = true) {
  verb.add_option("JOB", options.job,
                  is_required ? "The job's number, or latest" : "The job's number; left out: the newest")
      ->required(is_required);
  add_farm_options(verb, options.farm);
}

}  // namespace

void add_jobs(CLI::App& app, Run& run) {
  const auto fresh = [] { return std::make_shared<JobsOptions>(); };
  auto options = fresh();
  add_job(*add(app, run, options, "status", "How a farm's job goes, and which of its tracks failed", status), *options,
          false);

  options = fresh();
  CLI::App* verb = add(app, run, options, "list", "The farm's jobs, newest first", list_jobs);
  add_farm_options(*verb, options->farm);
  verb->add_option("--space", options->space, "Of this space alone")->type_name("NAME");
  verb->add_flag("--active", options->is_active, "Only jobs that have not ended");
  verb->add_flag("--all", options->all, "All of them");
  verb->add_option("--limit", options->limit, "So many at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();

  options = fresh();
  verb = add(app, run, options, "watch", "Follows a job to its end; Ctrl-C detaches, the job goes on", watch,
             [] { return &watch_interrupts(); });
  verb->add_option("JOB", options->job, "The job's number, or latest")->required();
  add_farm_options(*verb, options->farm, "One JSON object a line on stdout, as things happen");
  verb->add_flag("-q,--quiet", options->quiet, "Only failures, and how it ended");

  options = fresh();
  add_job(*add(app, run, options, "cancel", "Ends a job; what is done stays",
               [](FarmConnection& farm, const JobsOptions& o) {
                 return steer_jobs<v1::CancelJobRequest>(farm, o, {v1::JOB_STATE_CANCELLED, v1::JOB_STATE_CANCELLING});
               }),
          *options);
  options = fresh();
  add_job(*add(app, run, options, "pause", "Starts nothing more of a job; what runs goes on",
               [](FarmConnection& farm, const JobsOptions& o) {
                 return steer_jobs<v1::PauseJobRequest>(farm, o, {v1::JOB_STATE_PAUSED});
               }),
          *options);
  options = fresh();
  add_job(*add(app, run, options, "resume", "Lets a paused job go on",
               [](FarmConnection& farm, const JobsOptions& o) {
                 return steer_jobs<v1::ResumeJobRequest>(farm, o, {v1::JOB_STATE_RUNNING});
               }),
          *options);
  options = fresh();
  verb = add(app, run, options, "retry", "Tries a job's failed tracks again, also of one that has ended", retry);
  add_job(*verb, *options);
  verb->add_flag("--failed", options->failed, "Failed and quarantined tracks: what it does anyway");
  options = fresh();
  verb = add(app, run, options, "priority", "Changes a job's priority", set_priority);
  add_job(*verb, *options);
  verb->add_option("N", options->priority, "-1000 to 1000, higher goes first")
      ->required()
      ->check(CLI::Range(-1000, 1000));
}

}  // namespace lathe::cli
