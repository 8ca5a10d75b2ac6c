// `lathe logs TASK | logs --job JOB | explain TASK | report JOB`: what became of a track, and of a job.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "host/report/audit_text.h"
#include "host/report/track_json.h"
#include "scheduler/cli/farm_json.h"
#include "scheduler/cli/farm_report.h"
#include "scheduler/cli/farm_verb.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/text_table.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/client/finish_by.h"
#include "scheduler/worker/master_tasks.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
using Json = nlohmann::ordered_json;

struct TasksOptions {
  FarmFlags farm;
  std::string task, job;
  bool only_failed = false;
  ReportChoice report;
  bool latest = false;
};

v1::GetTaskLogResponse log_of(FarmConnection& farm, std::int64_t task_id) {
  v1::GetTaskLogRequest request;
  request.set_task_id(task_id);
  return farm.call(request);
}

Json lines_json(const v1::GetTaskLogResponse& log) {
  Json lines = Json::array();
  for (const auto& line : log.lines())
    lines.push_back({{"token", line.token()}, {"at_ms", line.at_ms()}, {"text", line.text()}});
  return lines;
}

void print_lines(const v1::GetTaskLogResponse& log) {
  std::int64_t attempt = -1;
  for (const auto& line : log.lines()) {
    if (line.token() != attempt) std::printf("-- attempt %lld\n", static_cast<long long>(line.token()));
    attempt = line.token();
    std::printf("%s  %s\n", local_time_text(line.at_ms()).c_str(), visible_text(line.text()).c_str());
  }
}

// Of each track of the job about which something was said.
int logs_of_job(FarmConnection& farm, const TasksOptions& options) {
  v1::ListTasksRequest request;
  request.set_job_id(job_of(farm, options.job));
  request.set_page_size(1000);
  if (options.only_failed) {
    request.add_states(v1::TASK_STATE_FAILED);
    request.add_states(v1::TASK_STATE_QUARANTINED);
  }
  Json tracks = Json::array();
  bool was_said = false;
  do {
    const v1::ListTasksResponse page = farm.call(request);
    for (const v1::Task& task : page.tasks()) {
      const v1::GetTaskLogResponse log = log_of(farm, task.task_id());
      if (log.lines().empty()) continue;
      was_said = true;
      if (options.farm.json) {
        tracks.push_back({{"task_id", task.task_id()},
                          {"input", json_text(task.spec().input())},
                          {"state", word(task.state())},
                          {"lines", lines_json(log)}});
        continue;
      }
      std::printf("task %lld  %s  %s\n", static_cast<long long>(task.task_id()), word(task.state()).c_str(),
                  visible_text(task_text(task.spec())).c_str());
      print_lines(log);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (options.farm.json)
    print_json(document("lathe.logs.v1", {{"job_id", request.job_id()}, {"tracks", std::move(tracks)}}));
  else if (!was_said)
    say("nothing was said so far");
  return kOk;
}

int logs(FarmConnection& farm, const TasksOptions& options) {
  if (options.task.empty() == options.job.empty()) {
    say("which track? Give its number, or --job JOB for all tracks of a job");
    return kUsage;
  }
  if (!options.job.empty()) return logs_of_job(farm, options);
  const std::int64_t task_id = number_of("TASK", options.task);
  const v1::GetTaskLogResponse log = log_of(farm, task_id);
  if (options.farm.json) {
    print_json(document("lathe.log.v1", {{"task_id", task_id}, {"lines", lines_json(log)}}));
    return kOk;
  }
  print_lines(log);
  if (log.lines().empty()) say("nothing was said so far");
  return kOk;
}

int explain(FarmConnection& farm, const TasksOptions& options) {
  v1::ExplainTaskRequest request;
  request.set_task_id(number_of("TASK", options.task));
  const v1::ExplainTaskResponse why = farm.call(request);
  if (options.farm.json) {
    Json doc = document("lathe.task.v1", task_json(why.task()));
    doc["sentences"] = Json::array();
    for (const std::string& sentence : why.sentences()) doc["sentences"].push_back(sentence);
    doc["attempt_list"] = Json::array();
    for (const v1::Attempt& attempt : why.attempts()) doc["attempt_list"].push_back(attempt_json(attempt));
    print_json(doc);
    return kOk;
  }
  std::printf("task %lld of job %lld  %s  %s\n", static_cast<long long>(why.task().task_id()),
              static_cast<long long>(why.task().job_id()), word(why.task().state()).c_str(),
              visible_text(task_text(why.task().spec())).c_str());
  for (const std::string& sentence : why.sentences()) std::printf("  %s\n", visible_text(sentence).c_str());
  TextTable table({">attempt", "worker", "from", "to", "outcome", "reason"});
  for (const v1::Attempt& attempt : why.attempts()) {
    table.add({std::to_string(attempt.token()), attempt.worker_id(), local_time_text(attempt.started_ms()),
               local_time_text(attempt.ended_ms()), word(attempt.outcome()), attempt.message()});
  }
  table.print();
  return kOk;
}

int report(const TasksOptions& options) {
  if (options.latest && !options.job.empty() && options.job != "latest") {
    say("either JOB or --latest");
    return kUsage;
  }
  if (!options.latest && options.job.empty()) {
    say("which job? Give its number, or --latest");
    return kUsage;
  }
  ReportChoice choice = options.report;
  if (options.farm.json) {
    if (!choice.format.empty() && choice.format != "json") {
      say("--json and --format " + choice.format + ": choose one");
      return kUsage;
    }
    choice.format = "json";
  }
  return with_farm(
      options.farm, [&](FarmConnection& farm) { return report_job(farm, job_of(farm, options.job), choice); },
      choice.with_joins ? &watch_interrupts() : nullptr);
}

}  // namespace

void add_tasks(CLI::App& app, Run& run) {
  const auto add = [&](const char* name, const char* help, int (*body)(FarmConnection&, const TasksOptions&)) {
    const auto options = std::make_shared<TasksOptions>();
    CLI::App* verb = app.add_subcommand(name, help);
    CLI::Option* task =
        verb->add_option("TASK", options->task, "The track's number, as lathe status and lathe watch --json name it");
    if (body == logs) {
      verb->add_option("--job", options->job, "Of all tracks of this job: its number, or latest")->type_name("JOB");
      verb->add_flag("--failed", options->only_failed, "Of a job: only of tracks that failed");
    } else {
      task->required();
    }
    add_farm_options(*verb, options->farm);
    verb->callback([&run, options, body] {
      run = [options, body] {
        return with_farm(options->farm, [&](FarmConnection& farm) { return body(farm, *options); });
      };
    });
  };
  add("logs", "What was said during the attempts of a track, or of a job's tracks", logs);
  add("explain", "Why a track waits, where it is, and what was tried", explain);

  const auto options = std::make_shared<TasksOptions>();
  CLI::App* verb = app.add_subcommand(
      "report", "The report of a job, as lathe master and lathe audit give it; exit codes as theirs");
  verb->add_option("JOB", options->job, "The job's number, or latest");
  verb->add_flag("--latest", options->latest, "The newest job");
  add_farm_options(*verb, options->farm, "As --format json");
  verb->add_option("--format", options->report.format,
                   "table, json, csv or html; left out: by the name that --out has, else a table")
      ->check(CLI::IsMember({"table", "json", "csv", "html"}));
  verb->add_option("--out", options->report.out, "Writes the report to this file instead of printing it")
      ->type_name("FILE");
  verb->add_flag("--manifest", options->report.writes_manifest,
                 "Also writes lathe-manifest.json beside the masters, as submit --wait does");
  verb->add_flag("--joins,!--no-joins", options->report.with_joins,
                 "Of an audit: reads tracks that run into each other once more, as the one stream they are, where the "
                 "files are within reach");
  verb->callback([&run, options] { run = [options] { return report(*options); }; });
}

}  // namespace lathe::cli
