// `lathe master INPUT... --out DIR`: masters files and folders on this machine.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/report/audit_text.h"
#include "kernels/backend.h"
#include "kernels/cuda/device.h"
#include "scheduler/cli/batch_complete.h"
#include "scheduler/cli/batch_report.h"
#include "scheduler/cli/check_summary.h"
#include "scheduler/cli/delivery_bag.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_albums.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/plan_report.h"
#include "scheduler/cli/processors.h"
#include "scheduler/cli/progress.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/store/store_error.h"
#include "scheduler/worker/failpoint.h"
#include "scheduler/worker/local_batch.h"
#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/plan_batch.h"
#include "scheduler/worker/state_folder.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
namespace fs = std::filesystem;

struct MasterOptions {
  MasterInputs inputs;
  std::string out;
  std::string recipe = "streaming";
  std::vector<std::string> sets;
  std::string backend = "auto";
  int jobs = 0;
  std::string memory;
  std::string state_dir;
  std::string dry_run;  // "measure", "quick" or empty
  bool json = false, no_cache = false, overwrite = false, pcm_md5 = false, quiet = false, bag = false;
};

void say_if_empty(const Scan& scan) {
  if (scan.tracks.empty() && scan.problems.empty())
    say("no tracks found: Lathe takes WAV, RF64, W64, AIFF, CAF and FLAC");
}

// What would be made of each track; nothing is written, and the state folder is not touched.
int dry_run(const MasterOptions& options, const Scan& scan, const LocalBatch& as_run) {
  PlanBatch batch;
  batch.out_dir = as_run.out_dir;
  batch.recipe = as_run.recipe;
  batch.backend = as_run.backend;
  batch.jobs = as_run.jobs;
  batch.memory_bytes = as_run.memory_bytes;
  batch.only_headers = options.dry_run == "quick";
  batch.is_interrupted = &watch_interrupts();
  std::vector<TrackPlan> plans;
  {
    Progress progress(options.quiet);
    batch.on_progress = [&progress](const BatchProgress& p) { progress.show(p); };
    plans = batch.run(scan.tracks);
  }
  const PlanTotals totals = totals_of(plans, scan.problems, as_run.jobs);
  if (options.json) {
    std::printf("%s\n",
                plan_report(plans, scan.problems, totals, as_run.recipe->effective().sha256, engine_of(batch.backend))
                    .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                    .c_str());
  } else {
    print_plan(plans, scan.problems, totals);
  }
  const bool report_failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (report_failed) say("the report could not be written whole");
  if (batch.is_interrupted->load()) {
    say(fmt::format("interrupted: {} of {} tracks were looked at", plans.size(), scan.tracks.size()));
    return kCancelled;
  }
  say_if_empty(scan);
  if (nothing_was_read(outcomes_of(plans))) return kNothingRead;
  return totals.failed > 0 || report_failed ? kSomeFailed : kOk;
}

// By a signal, or through the store.
bool was_cancelled(const BatchResult& result) { return result.was_interrupted || result.left > 0; }

void summarise(const BatchResult& result, const Scan& scan, const fs::path& out_dir, int failed) {
  int done = 0, unchanged = 0;
  for (const TrackOutcome& track : result.tracks) {
    done += track.state == TaskState::kDone;
    unchanged += track.state == TaskState::kUnchanged;
  }
  const std::string left = result.left > 0 ? fmt::format(", {} left", result.left) : "";
  std::fprintf(
      stderr, "%d mastered, %d unchanged, %d failed%s: %.0f s of audio in %.1f s (%.0fx realtime). Masters are in %s\n",
      done, unchanged, failed, left.c_str(), result.audio_s, result.wall_s,
      result.wall_s > 0 ? result.audio_s / result.wall_s : 0.0, out_dir.c_str());
  for (const std::string& line : check_summary(result.tracks)) say(line);
  for (const std::string& line : consistency_lines(result)) say(line);
  for (const std::string& warning : scan.warnings) say(warning);
  if (was_cancelled(result)) say("interrupted. The same command goes on where this one stopped");
}

// Whether the build could use a GPU: only then is it news that it does not.
bool has_cuda() { return !cuda::cuda_status().runtime.empty(); }

int master(const MasterOptions& options) {
  LocalBatch batch;
  try {
    batch.backend = choose_backend(options.backend);
  } catch (const BackendAbsent& absent) {
    say(std::string("--backend cuda: ") + absent.what() + "; or use --backend auto or cpu");
    return kUsage;
  }
  const std::optional<RecipeSource> recipe = load_recipe(options.recipe, options.sets);
  if (!recipe) return kUsage;
  const fs::path delivery = output_folder(options.out);
  const fs::path folder = options.bag ? bag_payload(delivery) : delivery;
  Scan scan;
  try {
    refuse_inside_bag(delivery, options.bag);
    scan = scan_for_masters(options.inputs, recipe->effective().recipe, folder);
    batch.memory_bytes = options.memory.empty() ? default_memory_bytes() : parse_memory(options.memory.c_str());
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
  batch.out_dir = folder;
  batch.recipe = &*recipe;
  batch.jobs = options.jobs > 0 ? options.jobs : processors();
  if (!options.dry_run.empty()) return dry_run(options, scan, batch);
  for (const ScanProblem& problem : scan.problems) say(visible_text(problem.path.native()) + ": " + problem.reason);
  const BackendChoice& backend = batch.backend;
  if (options.backend == "auto" && backend.backend == Backend::cpu && !options.quiet && has_cuda())
    say("on the CPU: " + backend.reason);
  batch.state_dir = state_folder(options.state_dir.empty() ? std::nullopt : std::optional(options.state_dir));
  // Until the sentinel is written; of a bag it lies beside data/, which holds nothing but what is delivered.
  std::optional<OutputLock> lock(std::in_place, batch.state_dir, delivery);
  batch.lock = &*lock;
  std::optional<BatchComplete> sentinel;
  try {
    check_manifest(folder);
    sentinel.emplace(delivery);
  } catch (const std::invalid_argument& foreign) {
    say(foreign.what());
    return kUsage;
  } catch (const RefusedInput& damaged) {
    say(damaged.what());
    return kUsage;
  } catch (const std::exception& error) {
    say(error.what());
    return kNothingRead;
  }
  batch.use_cache = !options.no_cache;
  batch.overwrite = options.overwrite;
  batch.pcm_md5 = options.pcm_md5;
  BatchResult result;
  if (!scan.tracks.empty()) {
    std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write, not the end of the program
    batch.is_interrupted = &watch_interrupts();
    Progress progress(options.quiet);
    batch.on_progress = [&progress, &sentinel](const BatchProgress& p) {
      sentinel->begin();
      progress.show(p);
    };
    batch.on_track = [&progress, &scan](const TrackOutcome& t) {
      progress.track(t, static_cast<std::int64_t>(scan.tracks.size()));
    };
    result = batch.run(scan.tracks);
  }
  sentinel->begin();
  failpoint("master.delivered", folder.string());
  const EffectiveRecipe effective = recipe->effective();
  bool manifest_failed = false;
  try {
    write_manifest(folder, result, effective, engine_name());
    if (options.bag && fs::exists(folder)) write_bag(delivery, engine_name());
    if (BatchComplete::is_complete(result, scan.problems.size()))
      sentinel->write(result, folder / "lathe-manifest.json", engine_name());
  } catch (const std::exception& error) {
    say(std::string("the manifest: ") + error.what());
    manifest_failed = true;
  }
  lock.reset();
  for (const std::string& warning : result.warnings) say(warning);
  if (!result.store_failure.empty()) say(result.store_failure);
  if (!result.gpu_failure.empty()) say(result.gpu_failure);
  const int failed = failed_count(result, scan.problems);
  if (options.json) {
    std::printf("%s\n", batch_report(result, scan.problems, effective.sha256, engine_of(backend))
                            .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                            .c_str());
  }
  const bool report_failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (report_failed) say("the report could not be written whole");
  if (!options.quiet) summarise(result, scan, folder, failed);
  if (was_cancelled(result)) return kCancelled;
  if (scan.tracks.empty() || nothing_was_read(result.tracks)) {
    say_if_empty(scan);
    return kNothingRead;
  }
  return failed > 0 || manifest_failed || report_failed ? kSomeFailed : kOk;
}

}  // namespace

void add_master(CLI::App& app, Run& run) {
  const auto options = std::make_shared<MasterOptions>();
  CLI::App* verb = app.add_subcommand("master", "Masters files, folders, manifests and cue sheets on this machine");
  verb->add_option("INPUT", options->inputs.paths,
                   "Audio files, folders with all that lies in them (WAV, RF64, W64, AIFF, CAF, FLAC), CSV or JSON "
                   "manifests, and cue sheets")
      ->required();
  verb->add_option("--out", options->out, "Folder for the masters; it lies in no input folder")->required();
  verb->add_option("--recipe", options->recipe, "A shipped recipe (lathe recipe list) or a YAML file")
      ->capture_default_str();
  verb->add_option("--set", options->sets, "Changes one value of the recipe: PATH=VALUE, as loudness.target_lufs=-16")
      ->allow_extra_args(false);
  add_stem_options(*verb, options->inputs);
  verb->add_option("--backend", options->backend, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  verb->add_option("--jobs", options->jobs, "Tracks at once; left out: one a processor")->check(CLI::Range(1, 1024));
  verb->add_option("--memory", options->memory, "Most memory to use, as 4GiB; left out: 60 % of what is free");
  verb->add_option("--state-dir", options->state_dir, "Where Lathe remembers what it has done (LATHE_STATE_DIR)");
  verb->add_flag("--json", options->json, "One JSON report on stdout");
  verb->add_flag("--dry-run{measure}", options->dry_run,
                 "Measures, and says what would become of each track; writes nothing. --dry-run=quick: by the files' "
                 "headers alone")
      ->check(CLI::IsMember({"measure", "quick"}));
  verb->add_flag("--no-cache", options->no_cache, "Masters anew what is unchanged");
  verb->add_flag("--overwrite", options->overwrite, "Replaces files in the output folder that are not Lathe's own");
  verb->add_flag("--pcm-md5", options->pcm_md5, "Also an MD5 of the samples, for all formats");
  verb->add_flag(
      "--bag", options->bag,
      "Delivers a bag (BagIt, RFC 8493): masters in DIR/data, and beside it the hashes of all that lies there");
  verb->add_flag("-q,--quiet", options->quiet, "Says failures alone: no progress, no summary");
  verb->callback([&run, options] { run = [options] { return master(*options); }; });
}

}  // namespace lathe::cli
