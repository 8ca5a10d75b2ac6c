// `lathe workers list_workers | drain | restore`, `lathe calls`, `lathe estimate`: the farm as a whole.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/report/track_json.h"
#include "scheduler/cli/farm_json.h"
#include "scheduler/cli/farm_verb.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/text_table.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/client/catalogue.h"
#include "scheduler/client/finish_by.h"
#include "scheduler/core/clock.h"
#include "scheduler/worker/job_request.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
using Json = nlohmann::ordered_json;

struct WorkersOptions {
  FarmFlags farm;
  std::string worker;
  std::vector<std::string> inputs;
  int limit = 1000;
  bool show_gone = false, audit = false;
};

std::vector<v1::Worker> all_workers(FarmConnection& farm, bool show_gone) {
  std::vector<v1::Worker> workers;
  v1::ListWorkersRequest request;
  request.set_page_size(1000);
  request.set_show_gone(show_gone);
  do {
    const v1::ListWorkersResponse page = farm.call(request);
    workers.insert(workers.end(), page.workers().begin(), page.workers().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return workers;
}

void print_workers(const std::vector<v1::Worker>& workers) {
  TextTable table({"name", "state", "host", "engine", ">slots", ">in work", ">done", ">failed", "seen", "reason"});
  for (const v1::Worker& worker : workers) {
    table.add({worker.spec().name(), word(worker.state()), worker.spec().host(), worker.spec().engine(),
               std::to_string(worker.spec().slots()), std::to_string(worker.leases()),
               std::to_string(worker.committed()), std::to_string(worker.failed()), local_time_text(worker.seen_ms()),
               worker.reason()});
  }
  table.print();
}

int list_workers(FarmConnection& farm, const WorkersOptions& options) {
  const std::vector<v1::Worker> workers = all_workers(farm, options.show_gone);
  if (options.farm.json) {
    Json list_workers = Json::array();
    for (const v1::Worker& worker : workers) list_workers.push_back(worker_json(worker));
    print_json(document("lathe.workers.v1", {{"workers", std::move(list_workers)}}));
    return kOk;
  }
  print_workers(workers);
  if (workers.empty()) say("no workers; start some with: lathe worker --scheduler " + options.farm.scheduler);
  return kOk;
}

template <class Request>
int steer_workers(FarmConnection& farm, const WorkersOptions& options) {
  Request request;
  request.set_worker_id(options.worker);
  const v1::Worker worker = farm.call(request).worker();
  options.farm.json ? static_cast<void>(print_json(document("lathe.worker.v1", worker_json(worker))))
                    : print_workers({worker});
  return kOk;
}

int calls(FarmConnection& farm, const WorkersOptions& options) {
  std::vector<v1::ListCallsResponse::Call> all;
  v1::ListCallsRequest request;
  do {
    request.set_page_size(std::min(1000, options.limit - static_cast<int>(all.size())));
    const v1::ListCallsResponse page = farm.call(request);
    all.insert(all.end(), page.calls().begin(), page.calls().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && static_cast<int>(all.size()) < options.limit);
  if (options.farm.json) {
    Json list_workers = Json::array();
    for (const auto& call : all) {
      list_workers.push_back({{"at_ms", call.at_ms()},
                              {"who", call.who()},
                              {"role", call.role()},
                              {"method", call.method()},
                              {"subject", call.subject()},
                              {"outcome", call.outcome()}});
    }
    print_json(document("lathe.calls.v1", {{"calls", std::move(list_workers)}}));
    return kOk;
  }
  TextTable table({"at", "who", "role", "method", "subject", "outcome"});
  for (const auto& call : all)
    table.add({local_time_text(call.at_ms()), call.who(), call.role(), call.method(), call.subject(), call.outcome()});
  table.print();
  if (!request.page_token().empty()) say("there are more: --limit N");
  return kOk;
}

// Slots of the workers that take work.
std::int64_t slots_of(const std::vector<v1::Worker>& workers) {
  std::int64_t slots = 0;
  for (const v1::Worker& worker : workers)
    slots += worker.state() == v1::WORKER_STATE_ACTIVE ? std::max(1, worker.spec().slots()) : 0;
  return slots;
}

// Work that is there already, in seconds on one core.
double queued_cost_s(FarmConnection& farm) {
  double cost_s = 0;
  v1::ListJobsRequest request;
  request.add_states(v1::JOB_STATE_RUNNING);
  request.set_page_size(1000);
  do {
    const v1::ListJobsResponse page = farm.call(request);
    for (const v1::Job& job : page.jobs()) cost_s += job.counts().cost_unfinished_s();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return cost_s;
}

int estimate(FarmConnection& farm, const WorkersOptions& options, const Scan& scan) {
  const v1::JobKind kind = options.audit ? v1::JOB_KIND_AUDIT : v1::JOB_KIND_MASTER;
  double cost_s = 0;
  std::int64_t bytes = 0;
  for (const ScannedTrack& track : scan.tracks) {
    cost_s += predicted_cost_s(track, kind);
    bytes += track.bytes;
  }
  const std::vector<v1::Worker> workers = all_workers(farm, false);
  const std::int64_t slots = slots_of(workers);
  const double queued_s = queued_cost_s(farm);
  const Json expected = slots > 0 ? json_number((queued_s + cost_s) / static_cast<double>(slots)) : Json(nullptr);
  if (options.farm.json) {
    print_json(document("lathe.estimate.v1", {{"kind", word(kind)},
                                              {"tracks", scan.tracks.size()},
                                              {"problems", scan.problems.size()},
                                              {"bytes", bytes},
                                              {"predicted_cost_s", json_number(cost_s)},
                                              {"workers", workers.size()},
                                              {"slots", slots},
                                              {"queued_cost_s", json_number(queued_s)},
                                              {"expected_s", expected}}));
    return kOk;
  }
  std::printf("%zu track(s), %.1f MB: about %s of work on one core; %s of other work waits\n", scan.tracks.size(),
              static_cast<double>(bytes) / 1e6, span_text(cost_s).c_str(), span_text(queued_s).c_str());
  if (expected.is_null()) {
    std::printf("no worker takes work now, so nobody can tell when it would be ready\n");
  } else {
    std::printf(
        "with %lld tracks at once, all of it: about %s, at %s\n", static_cast<long long>(slots),
        span_text(expected.get<double>()).c_str(),
        local_time_text(SystemClock().now_ms() + static_cast<std::int64_t>(expected.get<double>() * 1000)).c_str());
  }
  return kOk;
}

int estimate(const WorkersOptions& options) {
  Scan scan;
  try {
    scan = scan_inputs({options.inputs.begin(), options.inputs.end()}, {}, true);
  } catch (const RecipeErrors& errors) {
    std::fprintf(stderr, "%s\n", errors.what());
    return kUsage;
  }
  for (const ScanProblem& problem : scan.problems) say(problem.path.string() + ": " + problem.reason);
  for (const std::string& warning : scan.warnings) say(warning);
  if (scan.tracks.empty()) {
    say("no tracks found: Lathe takes WAV, RF64, W64, AIFF, CAF and FLAC");
    return kNothingRead;
  }
  return with_farm(options.farm, [&](FarmConnection& farm) { return estimate(farm, options, scan); });
}

}  // namespace

void add_workers(CLI::App& app, Run& run) {
  using Body = int (*)(FarmConnection&, const WorkersOptions&);
  const auto add = [&run](CLI::App& to, const char* name, const char* help, Body body) {
    const auto options = std::make_shared<WorkersOptions>();
    CLI::App* verb = to.add_subcommand(name, help);
    verb->callback([&run, options, body] {
      run = [options, body] {
        return with_farm(options->farm, [&](FarmConnection& farm) { return body(farm, *options); });
      };
    });
    return std::pair(verb, options);
  };
  CLI::App* workers = app.add_subcommand("workers", "The farm's workers: lists, drains and restores them");
  workers->require_subcommand(1);
  auto [verb, options] = add(*workers, "list", "All workers and what they do", list_workers);
  verb->add_flag("--gone", options->show_gone, "Also those that are gone");
  add_farm_options(*verb, options->farm);
  for (const auto& [name, help, body] : {std::tuple{"drain", "Lets a worker end what it holds and then end itself",
                                                    Body(&steer_workers<v1::DrainWorkerRequest>)},
                                         {"restore", "Gives a drained or quarantined worker work again",
                                          Body(&steer_workers<v1::RestoreWorkerRequest>)}}) {
    std::tie(verb, options) = add(*workers, name, help, body);
    verb->add_option("NAME", options->worker, "The worker's name or id")->required();
    add_farm_options(*verb, options->farm);
  }
  std::tie(verb, options) = add(app, "calls", "Who asked the farm for what, oldest first; for admins", calls);
  verb->add_option("--limit", options->limit, "So many at most")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  add_farm_options(*verb, options->farm);

  const auto mine = std::make_shared<WorkersOptions>();
  CLI::App* estimate_app =
      app.add_subcommand("estimate", "What inputs would take on the farm, and when they would be ready");
  estimate_app->add_option("INPUT", mine->inputs, "Audio files, folders, and CSV or JSON manifests")->required();
  estimate_app->add_flag("--audit", mine->audit, "To be audited, not mastered");
  add_farm_options(*estimate_app, mine->farm);
  estimate_app->callback([&run, mine] { run = [mine] { return estimate(*mine); }; });
}

}  // namespace lathe::cli
