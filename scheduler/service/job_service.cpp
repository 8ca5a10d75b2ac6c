#include "scheduler/service/job_service.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cmath>

#include "scheduler/service/record_messages.h"
#include "scheduler/service/watch_desk.h"
#include "scheduler/store/utf8.h"
#include "scheduler/worker/job_request.h"

namespace lathe::scheduler {
namespace {

using grpc::Status, grpc::StatusCode;

constexpr std::size_t kMaxRecipeBytes = 1 << 20;

Status no_such_job(JobId job) {
  return {StatusCode::NOT_FOUND, job == 0 ? "there is no job yet" : fmt::format("there is no job {}", job)};
}

Status not_theirs(const Caller& caller, const JobRecord& job) {
  return {StatusCode::PERMISSION_DENIED,
          fmt::format("job {} was submitted by {}; {} may steer its own jobs, an operator all", job.id,
                      storable_text(job.header.submitted_by), caller.who)};
}

std::string job_subject(JobId job) { return "job " + std::to_string(job); }

std::optional<JobRecord> find_job(JobStore& store, JobId id) {
  if (id != 0) return store.job(id);
  auto newest = store.jobs({}, INT64_MAX, 1);
  return newest.empty() ? std::nullopt : std::optional(newest.front());
}

void check_text_field(const char* name, const std::string& text, std::size_t max_bytes) {
  if (!is_storable_text(text)) throw std::invalid_argument(std::string(name) + " is not UTF-8 text");
  if (text.size() > max_bytes) throw std::invalid_argument(fmt::format("{} is longer than {} bytes", name, max_bytes));
}

// Sums and ratios of what submitters say may be any number.
std::int64_t ms_of(double seconds) {
  return seconds > 0 ? static_cast<std::int64_t>(std::min(seconds, kGreatestCostS) * 1000) : 0;
}

}  // namespace

void fill_job(v1::Job& message, JobStore& store, const JobRecord& job, bool with_recipe) {
  message.set_job_id(job.id);
  *message.mutable_spec() = job_spec_message(job.header, with_recipe);
  message.set_kind(job.header.kind == "audit" ? v1::JOB_KIND_AUDIT : v1::JOB_KIND_MASTER);
  message.set_state(to_message(job.state));
  message.set_task_count(job.task_count);
  const TaskCounts counts = store.counts(job.id);
  fill(*message.mutable_counts(), counts);
  message.set_created_ms(job.created_ms);
  message.set_finished_ms(job.finished_ms.value_or(0));
  message.set_recipe_sha256(job.header.recipe_sha256);
  message.set_submitted_by(job.header.submitted_by);
  // From what was done in how long; the beginning, when it still waited for others, is in it, so it is no promise.
  if (job.state == JobState::kRunning && counts.cost_ended > 0) {
    const std::int64_t now = store.now_ms();
    const auto so_far = static_cast<double>(now - job.created_ms);
    message.set_expected_end_ms(now + ms_of(so_far / 1000 * counts.cost_unfinished / counts.cost_ended));
  }
}

JobService::JobService(FarmContext& farm) : farm_(farm), watches_(std::make_unique<WatchDesk>(farm)) {}
JobService::~JobService() = default;
void JobService::stop() { watches_->stop(); }

std::vector<std::string> JobService::deadline_warnings(const JobHeader& header, double cost_s) {
  std::vector<std::string> warnings;
  std::int64_t slots = 0;
  for (const WorkerRecord& worker : farm_.store.workers("", 1000, false)) {
    if (worker.state == WorkerState::kActive) slots += worker.spec.slots;
  }
  if (slots == 0) warnings.push_back("no worker is there to do it; it waits until one comes");
  if (!header.finish_by_ms) return warnings;
  const double ahead_s = farm_.store.cost_ahead(header.priority, header.finish_by_ms);
  const auto ratio = farm_.store.measured_cost_ratio(header.kind, header.recipe_sha256);
  const double work_s = (ahead_s + cost_s) * ratio.value_or(1.0);
  const double span_s = work_s / static_cast<double>(std::max<std::int64_t>(slots, 1));
  const std::int64_t now = farm_.store.now_ms();
  const std::int64_t end_ms = now + ms_of(span_s);
  if (end_ms <= *header.finish_by_ms && slots > 0) return warnings;
  const auto clock = [](std::int64_t ms) {
    return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
  };
  if (slots == 0) {
    warnings.push_back(fmt::format("cannot be ready by {}: there is no worker", clock(*header.finish_by_ms)));
  } else {
    warnings.push_back(fmt::format(
        "cannot be ready by {}: {:.1f} h of work ({:.1f} h of it before its turn) on {} slots, {}, is done about {}",
        clock(*header.finish_by_ms), work_s / 3600, ahead_s * ratio.value_or(1.0) / 3600, slots,
        ratio ? "at the speed of the last jobs" : "at a guessed speed, for none was measured yet", clock(end_ms)));
  }
  return warnings;
}

grpc::Status JobService::create(const v1::CreateJobRequest& request, v1::CreateJobResponse& response,
                                const Caller& caller) {
  const v1::JobSpec& spec = request.spec();
  JobHeader header;
  header.request_id = request.request_id();
  if (header.request_id.empty() && !request.validate_only())
    throw std::invalid_argument(
        "a request_id is needed: make one at random, and send the same one again when repeating");
  check_text_field("request_id", header.request_id, 200);
  check_text_field("name", spec.name(), 1000);
  check_text_field("space", spec.space(), 200);
  if (spec.priority() < -1000 || spec.priority() > 1000)
    throw std::invalid_argument("priority lies between -1000 and 1000");
  if (spec.finish_by_ms() < 0) throw std::invalid_argument("finish_by_ms is negative");
  if (!is_cost(request.predicted_cost_s()))
    throw std::invalid_argument("predicted_cost_s is negative, not finite, or more than a thousand years");
  header.space = spec.space().empty() ? "main" : spec.space();
  header.name = spec.name();
  header.priority = spec.priority();
  if (spec.finish_by_ms() > 0) header.finish_by_ms = spec.finish_by_ms();
  header.submitted_by = caller.who;
  v1::JobSpec kept = spec;
  if (spec.has_master()) {
    header.kind = "master";
    header.out_dir = spec.master().out_dir();
    if (!is_plain_absolute(header.out_dir))
      throw std::invalid_argument("the output folder '" + storable_text(header.out_dir) +
                                  "' is not an absolute path without '.' and '..' parts");
    if (!lies_below(header.out_dir, farm_.roots))
      return {StatusCode::PERMISSION_DENIED, "the output folder " + storable_text(header.out_dir) +
                                                 " lies outside of the folders this farm works on (--root)"};
    if (spec.master().recipe().size() > kMaxRecipeBytes) throw std::invalid_argument("the recipe is longer than 1 MiB");
    const FarmContext::Recipe recipe = farm_.check_recipe(spec.master().recipe());
    header.recipe_json = recipe.canonical_json;
    header.recipe_sha256 = recipe.sha256;
    kept.mutable_master()->clear_recipe();
  } else if (spec.has_audit()) {
    header.kind = "audit";
    for (const std::string& profile : spec.audit().profiles()) farm_.check_profile(profile);
    const std::string& checks = spec.audit().checks();
    if (!checks.empty() && checks != "none" && checks != "default" && checks != "all")
      throw std::invalid_argument("checks is none, default or all");
  } else {
    throw std::invalid_argument("say what is to be done: master or audit");
  }
  header.settings_json = to_json(kept);
  for (std::string& warning : deadline_warnings(header, request.predicted_cost_s()))
    response.add_warnings(std::move(warning));
  if (request.validate_only()) {
    *response.mutable_job()->mutable_spec() = job_spec_message(header, false);
    response.mutable_job()->set_kind(spec.has_audit() ? v1::JOB_KIND_AUDIT : v1::JOB_KIND_MASTER);
    response.mutable_job()->set_recipe_sha256(header.recipe_sha256);
    return Status::OK;
  }
  const SubmitResult made = farm_.store.create_job(header);
  if (made.outcome == SubmitOutcome::kConflict) {
    return {StatusCode::ALREADY_EXISTS,
            fmt::format("this request_id stands for job {}, which differs: {}", made.job_id, made.difference)};
  }
  response.set_existed(made.outcome == SubmitOutcome::kExists);
  const auto job = farm_.store.job(made.job_id);
  if (!job) return no_such_job(made.job_id);
  fill_job(*response.mutable_job(), farm_.store, *job, false);
  return Status::OK;
}

grpc::ServerUnaryReactor* JobService::CreateJob(Context* context, const v1::CreateJobRequest* request,
                                                v1::CreateJobResponse* response) {
  const CallKind kind{"CreateJob", Role::kSubmitter, !request->validate_only()};
  return farm_.gate.answer(context, kind, "request " + storable_text(request->request_id().substr(0, 200)),
                           [=, this](const Caller& caller) { return create(*request, *response, caller); });
}

grpc::ServerUnaryReactor* JobService::SealJob(Context* context, const v1::SealJobRequest* request,
                                              v1::SealJobResponse* response) {
  return farm_.gate.answer(
      context, {"SealJob", Role::kSubmitter, true}, job_subject(request->job_id()), [=, this](const Caller& caller) {
        const auto before = farm_.store.job(request->job_id());
        if (!before) return no_such_job(request->job_id());
        if (!may_steer(caller, before->header.submitted_by)) return not_theirs(caller, *before);
        if (!farm_.store.seal_job(request->job_id(), request->task_count())) {
          return Status(StatusCode::FAILED_PRECONDITION,
                        fmt::format("job {} has {} tracks, not {}, or it was cancelled", request->job_id(),
                                    farm_.store.job(request->job_id())->task_count, request->task_count()));
        }
        farm_.signal.raise();
        fill_job(*response->mutable_job(), farm_.store, *farm_.store.job(request->job_id()), false);
        if (before->state == JobState::kAccepting) {
          // Its own cost is in what is ahead by now.
          for (std::string& warning : deadline_warnings(before->header, 0)) response->add_warnings(std::move(warning));
        }
        return Status::OK;
      });
}

grpc::ServerUnaryReactor* JobService::GetJob(Context* context, const v1::GetJobRequest* request,
                                             v1::GetJobResponse* response) {
  return farm_.gate.answer(context, {"GetJob", Role::kViewer}, "", [=, this](const Caller&) {
    const auto job = find_job(farm_.store, request->job_id());
    if (!job) return no_such_job(request->job_id());
    fill_job(*response->mutable_job(), farm_.store, *job, true);
    return Status::OK;
  });
}

grpc::ServerUnaryReactor* JobService::ListJobs(Context* context, const v1::ListJobsRequest* request,
                                               v1::ListJobsResponse* response) {
  return farm_.gate.answer(context, {"ListJobs", Role::kViewer}, "", [=, this](const Caller&) {
    JobFilter filter;
    if (!request->space().empty()) filter.space = request->space();
    for (const int state : request->states()) filter.states.push_back(job_state_of(static_cast<v1::JobState>(state)));
    keep_once(filter.states);
    const int size = page_size(request->page_size(), 50);
    const auto jobs = farm_.store.jobs(filter, page_position(request->page_token(), INT64_MAX), size);
    for (const JobRecord& job : jobs) fill_job(*response->add_jobs(), farm_.store, job, false);
    if (std::ssize(jobs) == size) response->set_next_page_token(page_token(jobs.back().id));
    return Status::OK;
  });
}

// Cancel, pause, resume, update: a change that the store takes or not, and the job as it is then.
namespace {

template <class Response, class Change>
Status changed(FarmContext& farm, const Caller& caller, JobId id, Response& response, Change&& change,
               const char* refusal) {
  const auto before = farm.store.job(id);
  if (!before) return no_such_job(id);
  if (!may_steer(caller, before->header.submitted_by)) return not_theirs(caller, *before);
  const bool was_done = change();
  const auto job = farm.store.job(id);
  if (!job) return no_such_job(id);
  fill_job(*response.mutable_job(), farm.store, *job, false);
  farm.signal.raise();
  if (was_done) return Status::OK;
  return {StatusCode::FAILED_PRECONDITION, fmt::format("job {} {}: it is {}", id, refusal, to_string(job->state))};
}

}  // namespace

grpc::ServerUnaryReactor* JobService::CancelJob(Context* context, const v1::CancelJobRequest* request,
                                                v1::CancelJobResponse* response) {
  return farm_.gate.answer(context, {"CancelJob", Role::kSubmitter, true}, job_subject(request->job_id()),
                           [=, this](const Caller& caller) {
                             return changed(
                                 farm_, caller, request->job_id(), *response,
                                 [&] {
                                   // Repeated after a lost answer, it is as if sent once.
                                   return farm_.store.cancel(request->job_id()) ||
                                          farm_.store.job(request->job_id())->state == JobState::kCancelled;
                                 },
                                 "cannot be cancelled any more");
                           });
}

grpc::ServerUnaryReactor* JobService::PauseJob(Context* context, const v1::PauseJobRequest* request,
                                               v1::PauseJobResponse* response) {
  return farm_.gate.answer(context, {"PauseJob", Role::kSubmitter, true}, job_subject(request->job_id()),
                           [=, this](const Caller& caller) {
                             return changed(
                                 farm_, caller, request->job_id(), *response,
                                 [&] {
                                   return farm_.store.pause(request->job_id()) ||
                                          farm_.store.job(request->job_id())->state == JobState::kPaused;
                                 },
                                 "cannot be paused");
                           });
}

grpc::ServerUnaryReactor* JobService::ResumeJob(Context* context, const v1::ResumeJobRequest* request,
                                                v1::ResumeJobResponse* response) {
  return farm_.gate.answer(context, {"ResumeJob", Role::kSubmitter, true}, job_subject(request->job_id()),
                           [=, this](const Caller& caller) {
                             return changed(
                                 farm_, caller, request->job_id(), *response,
                                 [&] {
                                   return farm_.store.resume(request->job_id()) ||
                                          farm_.store.job(request->job_id())->state == JobState::kRunning;
                                 },
                                 "cannot be resumed");
                           });
}

grpc::ServerUnaryReactor* JobService::UpdateJob(Context* context, const v1::UpdateJobRequest* request,
                                                v1::UpdateJobResponse* response) {
  return farm_.gate.answer(
      context, {"UpdateJob", Role::kOperator, true}, job_subject(request->job_id()), [=, this](const Caller& caller) {
        const bool in_range = request->priority() >= -1000 && request->priority() <= 1000;
        if (request->has_priority() && !in_range) throw std::invalid_argument("priority lies between -1000 and 1000");
        if (request->finish_by_ms() < 0) throw std::invalid_argument("finish_by_ms is negative");
        return changed(
            farm_, caller, request->job_id(), *response,
            [&] {
              bool done = true;
              if (request->has_priority()) done = farm_.store.set_priority(request->job_id(), request->priority());
              if (done && request->has_finish_by_ms()) {
                done = farm_.store.set_deadline(request->job_id(), request->finish_by_ms() > 0
                                                                       ? std::optional(request->finish_by_ms())
                                                                       : std::nullopt);
              }
              return done;
            },
            "cannot be changed any more");
      });
}

grpc::ServerUnaryReactor* JobService::RetryJob(Context* context, const v1::RetryJobRequest* request,
                                               v1::RetryJobResponse* response) {
  return farm_.gate.answer(
      context, {"RetryJob", Role::kSubmitter, true}, job_subject(request->job_id()), [=, this](const Caller& caller) {
        const auto before = farm_.store.job(request->job_id());
        if (!before) return no_such_job(request->job_id());
        if (!may_steer(caller, before->header.submitted_by)) return not_theirs(caller, *before);
        const bool can = before->state != JobState::kCancelled && before->state != JobState::kCancelling &&
                         before->state != JobState::kAccepting;
        if (can) response->set_retried(farm_.store.retry_failed(request->job_id()));
        return changed(
            farm_, caller, request->job_id(), *response, [&] { return can; }, "cannot be tried again");
      });
}

grpc::ServerWriteReactor<v1::WatchJobResponse>* JobService::WatchJob(Context* context,
                                                                     const v1::WatchJobRequest* request) {
  return watches_->watch(*context, *request);
}

}  // namespace lathe::scheduler
