// `lathe submit INPUT... --out DIR`: a catalogue on its way to the farm.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "host/report/track_json.h"
#include "scheduler/cli/audit_report.h"
#include "scheduler/cli/batch_complete.h"
#include "scheduler/cli/batch_report.h"
#include "scheduler/cli/delivery_bag.h"
#include "scheduler/cli/farm_json.h"
#include "scheduler/cli/farm_report.h"
#include "scheduler/cli/farm_verb.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/job_watch.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/processors.h"
#include "scheduler/cli/text_table.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/client/catalogue.h"
#include "scheduler/client/finish_by.h"
#include "scheduler/core/clock.h"
#include "scheduler/worker/memory_budget.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
namespace fs = std::filesystem;

struct SubmitOptions {
  FarmFlags farm;
  MasterInputs inputs;
  std::string out;
  std::string recipe = "streaming";
  std::vector<std::string> sets;
  std::vector<std::string> profiles;
  std::string checks = "default";
  std::string name, space, finish_by, request_id, memory;
  int priority = 0;
  bool audit = false, overwrite = false, no_cache = false, pcm_md5 = false, wait = false, dry_run = false,
       quiet = false;
};

struct Submission {
  v1::JobSpec spec;
  Catalogue catalogue;
};

// Nobody else makes the same, and it is no secret.
std::string random_id() {
  std::random_device random;
  return fmt::format("submit-{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

// What the arguments say wrongly about each other.
void check_options(const SubmitOptions& options) {
  if (std::ranges::find(options.inputs.paths, "") != options.inputs.paths.end())
    throw std::invalid_argument("an input is an empty text; is there a variable that is not set?");
  if (options.audit) {
    if (options.inputs.stems || !options.inputs.mixdown.empty())
      throw std::invalid_argument("--stems makes masters: leave --audit out");
    if (!options.out.empty() || !options.sets.empty() || options.overwrite || options.pcm_md5)
      throw std::invalid_argument("--audit writes no masters: leave --out, --set, --overwrite and --pcm-md5 out");
  } else if (options.out.empty()) {
    throw std::invalid_argument("--out DIR is missing: the folder for the masters (or --audit, to measure alone)");
  } else if (!options.profiles.empty()) {
    throw std::invalid_argument("--profile belongs to --audit; a recipe has its own `checks`");
  }
}

// Null when it makes no sense, which is said.
std::optional<Submission> master_submission(const SubmitOptions& options, Scan& scan) {
  const std::optional<RecipeSource> recipe = load_recipe(options.recipe, options.sets);
  if (!recipe) return std::nullopt;
  const fs::path folder = output_folder(options.out);
  refuse_inside_bag(folder, false);
  check_manifest(folder);
  scan = scan_for_masters(options.inputs, recipe->effective().recipe, folder);
  Submission submission{{}, master_catalogue(scan, *recipe, folder, processors())};
  v1::MasterSetting& master = *submission.spec.mutable_master();
  master.set_out_dir(folder.native());
  master.set_recipe(recipe->effective().canonical_json);
  master.set_overwrite(options.overwrite);
  master.set_pcm_md5(options.pcm_md5);
  master.set_no_cache(options.no_cache);
  return submission;
}

std::optional<Submission> audit_submission(const SubmitOptions& options, Scan& scan) {
  const auto profiles = load_profiles(options.profiles);
  if (!profiles) return std::nullopt;
  for (std::size_t i = 0; i < profiles->size(); ++i) {
    if ((*profiles)[i].name != options.profiles[i])
      throw std::invalid_argument(
          fmt::format("--profile {}: a farm's workers know the shipped profiles by their names "
                      "alone (lathe profile list); judge by a file with `lathe audit`",
                      options.profiles[i]));
  }
  scan = scan_inputs({options.inputs.paths.begin(), options.inputs.paths.end()}, {}, true);
  Submission submission{{}, audit_catalogue(scan)};
  v1::AuditSetting& audit = *submission.spec.mutable_audit();
  for (const std::string& profile : options.profiles) audit.add_profiles(profile);
  audit.set_checks(options.checks);
  audit.set_no_cache(options.no_cache);
  return submission;
}

void say_all(const google::protobuf::RepeatedPtrField<std::string>& warnings, std::vector<std::string>& kept) {
  for (const std::string& warning : warnings) {
    if (std::ranges::find(kept, warning) != kept.end()) continue;  // at the job's making, and again with its tracks
    say(warning);
    kept.push_back(warning);
  }
}

nlohmann::ordered_json answer_json(const v1::Job& job, const Submission& submission, const SubmitOptions& options,
                                   const std::string& request_id, const std::vector<std::string>& warnings) {
  const Catalogue& catalogue = submission.catalogue;
  const nlohmann::ordered_json job_id =
      job.job_id() == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(job.job_id());
  nlohmann::ordered_json json{{"job_id", job_id},
                              {"state", options.dry_run ? std::string("NOT_SUBMITTED") : word(job.state())},
                              {"dry_run", options.dry_run},
                              {"name", submission.spec.name()},
                              {"request_id", request_id},
                              {"tasks", catalogue.tasks.size()},
                              {"tracks", catalogue.tracks},
                              {"problems", catalogue.problems},
                              {"bytes", catalogue.bytes},
                              {"predicted_cost_s", json_number(catalogue.cost_s)},
                              {"recipe_sha256", job.recipe_sha256()},
                              {"warnings", warnings}};
  return document("lathe.submit.v1", json);
}

// The tracks the job does not have yet, and the seal.
v1::Job send_tracks(FarmConnection& farm, const v1::Job& job, const Submission& submission,
                    const SubmitOptions& options, std::vector<std::string>& warnings) {
  const auto total = static_cast<std::int64_t>(submission.catalogue.tasks.size());
  if (job.state() != v1::JOB_STATE_ACCEPTING) return job;
  farm.add_tasks(job.job_id(), submission.catalogue.tasks, job.task_count(), [&](std::int64_t sent) {
    if (!options.quiet && total > 5000 && sent % 10000 < 1000)
      std::fprintf(stderr, "lathe: sent %lld of %lld tracks\n", static_cast<long long>(sent),
                   static_cast<long long>(total));
  });
  v1::SealJobRequest seal;
  seal.set_job_id(job.job_id());
  seal.set_task_count(total);
  const v1::SealJobResponse sealed = farm.call(seal);
  say_all(sealed.warnings(), warnings);
  return sealed.job();
}

int send(FarmConnection& farm, const SubmitOptions& options, const Submission& submission) {
  const std::string request_id = options.request_id.empty() ? random_id() : options.request_id;
  v1::CreateJobRequest create;
  create.set_request_id(request_id);
  *create.mutable_spec() = submission.spec;
  create.set_validate_only(options.dry_run);
  create.set_predicted_cost_s(submission.catalogue.cost_s);
  const v1::CreateJobResponse created = farm.call(create);
  std::vector<std::string> warnings;
  say_all(created.warnings(), warnings);
  if (options.dry_run) {
    if (options.farm.json) {
      print_json(answer_json(created.job(), submission, options, request_id, warnings));
    } else {
      std::printf(
          "would submit %zu track(s), %lld of which cannot be worked on, about %s of work on one core; nothing "
          "was sent\n",
          static_cast<std::size_t>(submission.catalogue.tracks), static_cast<long long>(submission.catalogue.problems),
          span_text(submission.catalogue.cost_s).c_str());
    }
    return kOk;
  }
  const std::int64_t job_id = created.job().job_id();
  const std::string at = scheduler_option(options.farm);
  if (!options.audit && !is_over(created.job().state())) BatchComplete::remove_from(output_folder(options.out));
  if (created.existed() && !options.request_id.empty()) {
    const auto total = static_cast<std::int64_t>(submission.catalogue.tasks.size());
    say(fmt::format("this request is job {} already, {}", job_id, word(created.job().state())));
    if (created.job().state() != v1::JOB_STATE_ACCEPTING && created.job().task_count() != total)
      say(fmt::format("it has {} tracks, where these inputs are {}: another --request-id submits them",
                      created.job().task_count(), total));
  }
  v1::Job job;
  try {
    job = send_tracks(farm, created.job(), submission, options, warnings);
  } catch (const FarmError& error) {
    say(
        fmt::format("job {0} may not have all its tracks, and does not run before it has. The same command with "
                    "--request-id {1} goes on; "
                    "lathe cancel {0}{2} drops it",
                    job_id, request_id, at));
    throw;
  }
  if (!options.wait) {
    if (options.farm.json) {
      print_json(answer_json(job, submission, options, request_id, warnings));
    } else {
      std::printf("job %lld: %zu tracks, %s\nwatch it with: lathe watch %lld%s\n", static_cast<long long>(job_id),
                  static_cast<std::size_t>(submission.catalogue.tracks), word(job.state()).c_str(),
                  static_cast<long long>(job_id), at.c_str());
    }
    return kOk;
  }
  if (!options.quiet) say(fmt::format("job {}: {} tracks", job_id, submission.catalogue.tracks));
  const WatchEnd end = watch_job(farm, job_id, options.farm, false, options.quiet, WatchFrom::start);
  if (!end.job) return end.exit_code;
  ReportChoice choice;
  choice.format = options.farm.json ? "json" : "table";
  choice.is_silent = !options.farm.json;
  choice.writes_manifest = !options.audit;
  const int code = report_job(farm, job_id, choice);
  if (is_late(*end.job)) say(fmt::format("it was to be ready by {}", local_time_text(end.job->spec().finish_by_ms())));
  if (!options.farm.json && !options.quiet) say(fmt::format("its report: lathe report {}{}", job_id, at));
  return code;
}

int submit(const SubmitOptions& options) {
  Scan scan;
  std::optional<Submission> submission;
  try {
    check_options(options);
    submission = options.audit ? audit_submission(options, scan) : master_submission(options, scan);
    if (!submission) return kUsage;
    v1::JobSpec& spec = submission->spec;
    spec.set_name(json_text(options.name.empty() ? name_of_inputs(options.inputs.paths) : options.name));
    spec.set_space(json_text(options.space));
    spec.set_priority(options.priority);
    if (!options.memory.empty()) {
      const std::int64_t memory_bytes = parse_memory(options.memory.c_str());
      for (v1::TaskSpec& task : submission->catalogue.tasks) task.set_memory_bytes(memory_bytes);
    }
    if (!options.finish_by.empty()) spec.set_finish_by_ms(parse_finish_by(options.finish_by, SystemClock().now_ms()));
  } catch (const RecipeErrors& errors) {
    std::fprintf(stderr, "%s\n", errors.what());
    return kUsage;
  } catch (const RefusedInput& refused) {
    say(refused.what());
    return kUsage;
  } catch (const std::invalid_argument& wrong) {
    say(wrong.what());
    return kUsage;
  }
  for (const ScanProblem& problem : scan.problems) say(problem.path.string() + ": " + problem.reason);
  for (const std::string& warning : scan.warnings) say(warning);
  for (const std::string& warning : submission->catalogue.warnings) say(warning);
  if (scan.tracks.empty()) {
    say("no tracks found, nothing was sent: Lathe takes WAV, RF64, W64, AIFF, CAF and FLAC");
    return kNothingRead;
  }
  if (const std::int64_t left_out = submission->catalogue.problems - static_cast<std::int64_t>(scan.problems.size());
      left_out > 0)
    say(fmt::format(
        "{} track(s) cannot be worked on (no such file, or another has its master's name): the job's report "
        "will say each",
        left_out));
  return with_farm(
      options.farm, [&](FarmConnection& farm) { return send(farm, options, *submission); }, &watch_interrupts());
}

}  // namespace

void add_submit(CLI::App& app, Run& run) {
  const auto options = std::make_shared<SubmitOptions>();
  CLI::App* verb =
      app.add_subcommand("submit", "Sends files, folders and manifests to a farm, to be mastered or audited");
  verb->add_option(
          "INPUT", options->inputs.paths,
          "Audio files, folders with all that lies in them, CSV or JSON manifests and cue sheets, as the workers reach "
          "them")
      ->required();
  add_farm_options(*verb, options->farm, "One JSON document on stdout; with --wait the report");
  verb->add_option("--out", options->out, "Folder for the masters, as the workers reach it; it lies in no input folder")
      ->type_name("DIR");
  verb->add_option("--recipe", options->recipe, "A shipped recipe (lathe recipe list) or a YAML file")
      ->type_name("NAME|FILE")
      ->capture_default_str();
  verb->add_option("--set", options->sets, "Changes one value of the recipe: PATH=VALUE, as loudness.target_lufs=-16")
      ->allow_extra_args(false)
      ->type_name("PATH=VALUE");
  add_stem_options(*verb, options->inputs);
  verb->add_flag("--overwrite", options->overwrite, "Replaces files in the output folder that are not Lathe's own");
  verb->add_flag("--no-cache", options->no_cache, "Does anew what is unchanged");
  verb->add_flag("--pcm-md5", options->pcm_md5, "Also an MD5 of the samples, for all formats");
  verb->add_flag("--audit", options->audit, "Measures instead of mastering, as lathe audit does");
  verb->add_option("--profile", options->profiles, "With --audit: a shipped profile (lathe profile list); any number")
      ->allow_extra_args(false)
      ->type_name("NAME");
  verb->add_option("--checks", options->checks, "With --audit: what is looked at beside loudness: none, default or all")
      ->check(CLI::IsMember({"none", "default", "all"}))
      ->capture_default_str();
  verb->add_flag("--wait", options->wait, "Watches the job to its end and gives its exit code; Ctrl-C detaches");
  verb->add_flag("--dry-run", options->dry_run, "Says what would be submitted; makes no job");
  verb->add_option("--name", options->name, "What the job is called; left out: by its inputs")->type_name("TEXT");
  verb->add_option("--space", options->space, "Whose work it is: spaces share the workers fairly")->type_name("NAME");
  verb->add_option("--priority", options->priority, "-1000 to 1000, higher goes first")
      ->check(CLI::Range(-1000, 1000))
      ->capture_default_str();
  verb->add_option("--memory", options->memory, "The least memory of a worker that gets these tracks, as 4GiB")
      ->type_name("SIZE");
  verb->add_option("--finish-by", options->finish_by, "When it must be ready: 06:00, or 2026-11-29T06:00")
      ->type_name("TIME");
  verb->add_option("--request-id", options->request_id,
                   "Names this request: repeated with the same inputs it is the same job, and goes on where it stopped")
      ->type_name("ID");
  verb->add_flag("-q,--quiet", options->quiet, "No progress; failures are said");
  verb->callback([&run, options] { run = [options] { return submit(*options); }; });
}

}  // namespace lathe::cli
