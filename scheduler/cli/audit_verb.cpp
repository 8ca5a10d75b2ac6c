// `lathe audit INPUT...`: measures a catalogue's loudness and holds it against delivery profiles.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>

#include "host/audio_file/audio_file.h"
#include "host/audit/delivery_profile.h"
#include "host/audit/verdict.h"
#include "host/recipe/recipe_problem.h"
#include "scheduler/cli/audit_report.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/processors.h"
#include "scheduler/cli/report_file.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/client/catalogue.h"
#include "scheduler/worker/audit_batch.h"
#include "scheduler/worker/audit_memory.h"
#include "scheduler/worker/state_folder.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
namespace fs = std::filesystem;

struct AuditCommand {
  std::vector<std::string> inputs;
  std::vector<std::string> profiles;
  std::string format;  // left out: by the extension of `out`, else a table
  std::string out;
  AuditOptions audit;
  std::string checks = "default";
  std::string contiguous = "auto";
  int jobs = 0;
  std::string state_dir;
  bool no_cache = false, verify_payload = false, quiet = false;
};

// An input, or something that would be taken for one by the next run.
bool is_precious(const fs::path& out, const AuditCommand& options, const Scan& scan) {
  std::error_code ignored;
  if (is_accepted_extension(out.extension().string())) return true;
  const auto is_it = [&](const fs::path& path) { return fs::equivalent(path, out, ignored); };
  const auto size = fs::file_size(out, ignored);
  if (ignored) return false;  // nothing is there
  return std::ranges::any_of(options.inputs, is_it) || std::ranges::any_of(options.profiles, is_it) ||
         std::ranges::any_of(scan.tracks, [&](const ScannedTrack& track) {
           return static_cast<std::uintmax_t>(track.bytes) == size && is_it(track.input);
         });
}

// Null where there is none: that was asked for, or said.
std::unique_ptr<AuditMemory> open_memory(const AuditCommand& options, const AuditOptions& audit) {
  static const SystemClock clock;
  if (options.no_cache) return nullptr;
  try {
    const fs::path folder = state_folder(options.state_dir.empty() ? std::nullopt : std::optional(options.state_dir));
    return std::make_unique<AuditMemory>(folder, audit, clock, say);
  } catch (const std::runtime_error& error) {
    say(std::string("going on without the audit's memory: ") + error.what());
    return nullptr;
  }
}

int audit(const AuditCommand& options) {
  if (std::ranges::find(options.inputs, "") != options.inputs.end()) {
    say("an input is an empty text; is there a variable that is not set?");
    return kUsage;
  }
  const std::optional<std::vector<DeliveryProfile>> profiles = load_profiles(options.profiles);
  if (!profiles) return kUsage;
  Scan scan;
  try {
    scan = scan_inputs({options.inputs.begin(), options.inputs.end()}, {}, true);
  } catch (const RecipeErrors& errors) {
    std::fprintf(stderr, "%s\n", errors.what());
    return kUsage;
  }
  if (scan.tracks.empty() && scan.problems.empty()) {
    for (const std::string& warning : scan.warnings) say(warning);
    say("no files found: Lathe takes WAV, RF64, W64, AIFF, CAF and FLAC");
    return kNothingRead;
  }
  if (!options.out.empty() && is_precious(options.out, options, scan)) {
    say("--out " + options.out + ": is an input or an audio file's name; the report would replace it");
    return kUsage;
  }
  AuditBatch batch;
  batch.options = options.audit;
  batch.options.checks = options.checks == "none"  ? AuditChecks::none
                         : options.checks == "all" ? AuditChecks::all
                                                   : AuditChecks::standard;
  batch.options.series = options.audit.series || report_format(options.format, options.out) == "html";
  const std::unique_ptr<AuditMemory> memory = open_memory(options, batch.options);
  batch.memory = memory.get();
  batch.contiguous = options.contiguous == "always"  ? Contiguous::always
                     : options.contiguous == "never" ? Contiguous::never
                                                     : Contiguous::automatic;
  batch.verifies_payload = options.verify_payload;
  batch.jobs = options.jobs > 0 ? options.jobs : processors();
  batch.judge_file = [&profiles](FileAudit& file) {
    for (const DeliveryProfile& profile : *profiles) file.profiles.push_back(judge(profile, file));
  };
  batch.judge_album = [&profiles](AlbumAudit& album, const std::vector<const FileAudit*>& files) {
    for (const DeliveryProfile& profile : *profiles) album.profiles.push_back(judge(profile, album, files));
  };
  batch.is_interrupted = &watch_interrupts();
  // Not between the lines of a report on the same terminal.
  const bool prints_to_terminal = options.out.empty() && ::isatty(STDOUT_FILENO) == 1;
  const bool shows_progress = !options.quiet && !prints_to_terminal && ::isatty(STDERR_FILENO) == 1;
  if (shows_progress)
    batch.on_progress = [](std::int64_t done, std::int64_t of) {
      std::fprintf(stderr, "\r%lld of %lld files\033[K", static_cast<long long>(done), static_cast<long long>(of));
    };
  std::optional<ReportFile> file;
  if (!options.out.empty()) {
    try {
      file.emplace(fs::absolute(options.out));
    } catch (const std::runtime_error& error) {
      say(error.what());
      return kUsage;
    }
  }
  const std::unique_ptr<AuditWriter> report =
      audit_writer(report_format(options.format, options.out), file ? file->stream() : std::cout, options.out.empty(),
                   audit_head(name_of_inputs(options.inputs), *profiles));
  const AuditSummary summary = batch.run(scan, *report);
  if (shows_progress) std::fputs("\r\033[K", stderr);
  if (file) file->publish();
  for (const std::string& warning : scan.warnings) say(warning);
  if (summary.was_interrupted) say("interrupted: the report ends with what was measured");
  return audit_exit_code(summary);
}

}  // namespace

void add_audit(CLI::App& app, Run& run) {
  const auto options = std::make_shared<AuditCommand>();
  CLI::App* verb = app.add_subcommand("audit", "Measures loudness and holds it against delivery profiles");
  verb->add_option("INPUT", options->inputs,
                   "Audio files, folders with all that lies in them, and CSV or JSON manifests")
      ->required();
  verb->add_option("--profile", options->profiles, "A profile (lathe profile list) or a YAML file; any number")
      ->allow_extra_args(false);
  CLI::Option* format = verb->add_option("--format", options->format,
                                         "table, json, csv or html; left out: by the name that --out has, else a table")
                            ->check(CLI::IsMember({"table", "json", "csv", "html"}));
  verb->add_flag_callback(
          "--json", [options] { options->format = "json"; }, "Short for --format json")
      ->excludes(format);
  verb->add_option("--out", options->out, "Writes the report to this file instead of printing it");
  verb->add_flag("--series", options->audit.series, "Momentary and short-term loudness every 100 ms, in JSON");
  verb->add_option(
          "--checks", options->checks,
          "What is looked at beside loudness: none, default, or all (loudness below 20 kHz by a filter, FLAC's MD5)")
      ->check(CLI::IsMember({"none", "default", "all"}))
      ->capture_default_str();
  verb->add_option(
          "--contiguous", options->contiguous,
          "When an album's tracks are measured as one stream: auto (where one runs into the next), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  verb->add_flag("--dual-mono", options->audit.dual_mono, "Mono files are heard from two loudspeakers: +3.01 LU");
  verb->add_option("--jobs", options->jobs, "Files at once; left out: one a processor")->check(CLI::Range(1, 1024));
  verb->add_option("--state-dir", options->state_dir, "Where Lathe remembers what it has measured (LATHE_STATE_DIR)");
  verb->add_flag("--no-cache", options->no_cache, "Measures everything, and neither reads nor writes that memory");
  verb->add_flag("--verify-payload", options->verify_payload,
                 "Reads known files again and compares their samples' hash; else size, times and inode tell");
  verb->add_flag("-q,--quiet", options->quiet, "No progress");
  verb->callback([&run, options] { run = [options] { return audit(*options); }; });
}

}  // namespace lathe::cli
