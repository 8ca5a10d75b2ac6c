// `lathe logs TASK | explain TASK | report JOB`: what became of a track, and of a job.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "host/report/audit_text.h"
#include "scheduler/cli/farm_json.h"
#include "scheduler/cli/farm_report.h"
#include "scheduler/cli/farm_verb.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/text_table.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/client/finish_by.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
using Json = nlohmann::ordered_json;

struct Options {
  FarmFlags farm;
  std::string task, job;
  ReportChoice report;
  bool latest = false;
};

int logs(FarmConnection& farm, const Options& options) {
  v1::GetTaskLogRequest request;
  request.set_task_id(number_of("TASK", options.task));
  const v1::GetTaskLogResponse log = farm.call(request);
  if (options.farm.json) {
    Json lines = Json::array();
    for (const auto& line : log.lines())
      lines.push_back({{"token", line.token()}, {"at_ms", line.at_ms()}, {"text", line.text()}});
    print_json(document("lathe.log.v1", {{"task_id", request.task_id()}, {"lines", std::move(lines)}}));
    return kOk;
  }
  std::int64_t attempt = -1;
  for (const auto& line : log.lines()) {
    if (line.token() != attempt) std::printf("-- attempt %lld\n", static_cast<long long>(line.token()));
    attempt = line.token();
    std::printf("%s  %s\n", local_time_text(line.at_ms()).c_str(), visible_text(line.text()).c_str());
  }
  if (log.lines().empty()) say("nothing was said so far");
  return kOk;
}

int explain(FarmConnection& farm, const Options& options) {
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
              visible_text(why.task().spec().input()).c_str());
  for (const std::string& sentence : why.sentences()) std::printf("  %s\n", visible_text(sentence).c_str());
  TextTable table({">attempt", "worker", "from", "to", "outcome", "reason"});
  for (const v1::Attempt& attempt : why.attempts()) {
    table.add({std::to_string(attempt.token()), attempt.worker_id(), local_time_text(attempt.started_ms()),
               local_time_text(attempt.ended_ms()), word(attempt.outcome()), attempt.message()});
  }
  table.print();
  return kOk;
}

int report(const Options& options) {
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
  const auto add = [&](const char* name, const char* help, int (*body)(FarmConnection&, const Options&)) {
    const auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand(name, help);
    verb->add_option("TASK", options->task, "The track's number, as lathe status and lathe watch --json name it")
        ->required();
    add_farm_options(*verb, options->farm);
    verb->callback([&run, options, body] {
      run = [options, body] {
        return with_farm(options->farm, [&](FarmConnection& farm) { return body(farm, *options); });
      };
    });
  };
  add("logs", "What was said during a track's attempts", logs);
  add("explain", "Why a track waits, where it is, and what was tried", explain);

  const auto options = std::make_shared<Options>();
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
