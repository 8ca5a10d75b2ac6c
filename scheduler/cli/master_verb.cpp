// `lathe master INPUT... --out DIR`: masters files and folders on this machine.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/audio_file/audio_reader.h"
#include "host/mastering/recipe_chain.h"
#include "host/report/audit_text.h"
#include "kernels/backend.h"
#include "kernels/cuda/device.h"
#include "scheduler/cli/batch_report.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/processors.h"
#include "scheduler/cli/progress.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/store/store_error.h"
#include "scheduler/worker/local_batch.h"
#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/state_folder.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> inputs;
  std::string out;
  std::string recipe = "streaming";
  std::vector<std::string> sets;
  std::string backend = "auto";
  int jobs = 0;
  std::string memory;
  std::string state_dir;
  bool json = false, dry_run = false, no_cache = false, overwrite = false, pcm_md5 = false, quiet = false;
};

// What would be made of each track; nothing is written, and the state folder is not touched.
int dry_run(const Options& options, const Scan& scan, const RecipeSource& recipe, const fs::path& out_dir) {
  nlohmann::ordered_json doc{
      {"schema", "lathe.plan.v1"}, {"engine", engine_name()}, {"recipe_sha256", recipe.effective().sha256}};
  doc["tracks"] = nlohmann::ordered_json::array();
  int failed = static_cast<int>(scan.problems.size());
  std::int64_t bytes = 0;
  double audio_s = 0;
  bool any_read = false;
  const auto clashes = name_clashes(scan.tracks, recipe, out_dir);
  for (const ScannedTrack& track : scan.tracks) {
    nlohmann::ordered_json one{{"input", track.input}};
    try {
      const AudioReader reader(track.input, Md5::compared, Reading::header);
      any_read = true;
      if (const auto clash = clashes.find(track.input); clash != clashes.end()) throw OutputTaken(clash->second);
      const AudioFormat& format = reader.format();
      audio_s += static_cast<double>(format.frames) / format.sample_rate_hz;
      one["outputs"] = nlohmann::ordered_json::array();
      for (const OutputSpec& output : outputs_of(recipe_for_track(recipe, track.input, reader.tags()).recipe, format,
                                                 reader.tags(), out_dir, track.relative)) {
        const std::int64_t size = format.frames * format.channels * bytes_per_sample(output.encoding);
        bytes += size;
        std::error_code error;
        one["outputs"].push_back(
            {{"path", output.path.string()}, {"bytes_at_most", size}, {"exists", fs::exists(output.path, error)}});
      }
    } catch (const std::exception& error) {
      one["error"] = error.what();
      ++failed;
    }
    if (!options.json) {
      if (one.contains("error")) {
        std::printf("cannot   %s\n", one["error"].get<std::string>().c_str());
      } else {
        for (const auto& output : one["outputs"]) {
          std::printf("%s  %s\n", output["exists"].get<bool>() ? "exists  " : "would be",
                      output["path"].get<std::string>().c_str());
        }
      }
    }
    doc["tracks"].push_back(std::move(one));
  }
  for (const ScanProblem& problem : scan.problems)
    doc["tracks"].push_back({{"input", problem.path.string()}, {"error", problem.reason}});
  doc["summary"] = {{"tracks", scan.tracks.size() + scan.problems.size()},
                    {"failed", failed},
                    {"audio_s", audio_s},
                    {"bytes_at_most", bytes}};
  if (options.json) {
    std::printf("%s\n", doc.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else {
    std::printf("%zu track(s), %.0f s of audio, at most %.1f MB to write; nothing was written\n", scan.tracks.size(),
                audio_s, static_cast<double>(bytes) / 1e6);
  }
  return !any_read ? kNothingRead : failed == 0 ? kOk : kSomeFailed;
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
  for (const std::string& warning : scan.warnings) say(warning);
  if (was_cancelled(result)) say("interrupted. The same command goes on where this one stopped");
}

// Whether the build could use a GPU: only then is it news that it does not.
bool has_cuda() { return !cuda::cuda_status().runtime.empty(); }

int master(const Options& options) {
  LocalBatch batch;
  try {
    batch.backend = choose_backend(options.backend);
  } catch (const BackendAbsent& absent) {
    say(std::string("--backend cuda: ") + absent.what() + "; or use --backend auto or cpu");
    return kUsage;
  }
  const std::optional<RecipeSource> recipe = load_recipe(options.recipe, options.sets);
  if (!recipe) return kUsage;
  const fs::path folder = output_folder(options.out);
  Scan scan;
  try {
    refuse_file_as_folder(folder);
    scan = scan_inputs({options.inputs.begin(), options.inputs.end()}, folder);
    refuse_masters_onto_inputs(scan, recipe->effective().recipe, folder);
    batch.memory_bytes = options.memory.empty() ? default_memory_bytes() : parse_memory(options.memory.c_str());
  } catch (const RefusedInput& refused) {
    say(refused.what());
    return kUsage;
  } catch (const std::invalid_argument& wrong) {
    say(wrong.what());
    return kUsage;
  }
  if (options.dry_run) return dry_run(options, scan, *recipe, folder);
  for (const ScanProblem& problem : scan.problems) say(visible_text(problem.path.native()) + ": " + problem.reason);
  const BackendChoice& backend = batch.backend;
  if (options.backend == "auto" && backend.backend == Backend::cpu && !options.quiet && has_cuda())
    say("on the CPU: " + backend.reason);
  batch.out_dir = folder;
  batch.recipe = &*recipe;
  batch.use_cache = !options.no_cache;
  batch.overwrite = options.overwrite;
  batch.pcm_md5 = options.pcm_md5;
  batch.jobs = options.jobs > 0 ? options.jobs : processors();
  BatchResult result;
  if (!scan.tracks.empty()) {
    batch.state_dir = state_folder(options.state_dir.empty() ? std::nullopt : std::optional(options.state_dir));
    std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write, not the end of the program
    batch.is_interrupted = &watch_interrupts();
    Progress progress(options.quiet);
    batch.on_progress = [&progress](const BatchProgress& p) { progress.show(p); };
    batch.on_track = [&progress, &scan](const TrackOutcome& t) {
      progress.track(t, static_cast<std::int64_t>(scan.tracks.size()));
    };
    result = batch.run(scan.tracks);
  }
  const EffectiveRecipe effective = recipe->effective();
  bool manifest_failed = false;
  try {
    write_manifest(folder, result, effective, engine_name());
  } catch (const std::exception& error) {
    say(std::string("the manifest: ") + error.what());
    manifest_failed = true;
  }
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
    if (scan.tracks.empty() && scan.problems.empty())
      say("no tracks found: Lathe takes WAV, RF64, W64, AIFF, CAF and FLAC");
    return kNothingRead;
  }
  return failed > 0 || manifest_failed || report_failed ? kSomeFailed : kOk;
}

}  // namespace

void add_master(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("master", "Masters files and folders on this machine");
  verb->add_option("INPUT", options->inputs,
                   "Audio files, and folders with all that lies in them (WAV, RF64, W64, AIFF, CAF, FLAC)")
      ->required();
  verb->add_option("--out", options->out, "Folder for the masters; it lies in no input folder")->required();
  verb->add_option("--recipe", options->recipe, "A shipped recipe (lathe recipe list) or a YAML file")
      ->capture_default_str();
  verb->add_option("--set", options->sets, "Changes one value of the recipe: PATH=VALUE, as loudness.target_lufs=-16")
      ->allow_extra_args(false);
  verb->add_option("--backend", options->backend, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  verb->add_option("--jobs", options->jobs, "Tracks at once; left out: one a processor")->check(CLI::Range(1, 1024));
  verb->add_option("--memory", options->memory, "Most memory to use, as 4GiB; left out: 60 % of what is free");
  verb->add_option("--state-dir", options->state_dir, "Where Lathe remembers what it has done (LATHE_STATE_DIR)");
  verb->add_flag("--json", options->json, "One JSON report on stdout");
  verb->add_flag("--dry-run", options->dry_run, "Says what would be made; writes nothing");
  verb->add_flag("--no-cache", options->no_cache, "Masters anew what is unchanged");
  verb->add_flag("--overwrite", options->overwrite, "Replaces files in the output folder that are not Lathe's own");
  verb->add_flag("--pcm-md5", options->pcm_md5, "Also an MD5 of the samples, for all formats");
  verb->add_flag("-q,--quiet", options->quiet, "No progress, no summary");
  verb->callback([&run, options] { run = [options] { return master(*options); }; });
}

}  // namespace lathe::cli
