// `lathe compare A B`: an aligned null test of two files, or of two folders file by file.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/audit/file_auditor.h"
#include "host/compare/compare_report.h"
#include "host/compare/master_check.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/processors.h"
#include "scheduler/cli/side_by_side.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {
namespace {

namespace fs = std::filesystem;

struct CompareOptions {
  std::string a, b;
  int jobs = 0;
  bool json = false;
};

int exit_code(const ComparisonReport& report) {
  const std::size_t unreadable = report.count(PairState::unreadable);
  if (unreadable == report.pairs.size()) return kNothingRead;
  const bool is_same = report.count(PairState::same) == report.pairs.size();
  const bool is_all = report.only_a.empty() && report.only_b.empty() && report.unlisted.empty();
  return is_same && is_all ? kOk : kSomeFailed;
}

int compare(const CompareOptions& options) {
  const fs::path a = output_folder(options.a), b = output_folder(options.b);
  std::error_code error;
  const bool is_folder = fs::is_directory(a, error);
  if (is_folder != fs::is_directory(b, error)) {
    say("one is a folder and the other is not; name two files, or two folders");
    return fs::exists(a, error) && fs::exists(b, error) ? kUsage : kNothingRead;
  }
  ComparisonReport report;
  report.engine = scheduler::engine_name();
  std::vector<FilePair> pairs{{a, b}};
  if (is_folder) {
    FolderPairs found = pair_up(a, b);
    pairs = std::move(found.pairs);
    report.only_a = std::move(found.only_a);
    report.only_b = std::move(found.only_b);
    report.unlisted = std::move(found.unlisted);
    if (pairs.empty()) {
      for (const UnlistedFolder& folder : report.unlisted) say(folder.path.string() + ": " + folder.reason);
      say("no audio files of the same name lie in both folders");
      return kNothingRead;
    }
  }
  const std::atomic<bool>& is_interrupted = watch_interrupts();
  report.pairs.resize(pairs.size());
  try {
    side_by_side(pairs.size(), options.jobs > 0 ? options.jobs : processors(),
                 [&](std::size_t i) { report.pairs[i] = compare_files(pairs[i].a, pairs[i].b, is_interrupted); });
  } catch (const CheckCancelled&) {
    say("interrupted");
    return kCancelled;
  } catch (const AuditCancelled&) {
    say("interrupted");
    return kCancelled;
  }
  if (options.json) {
    std::cout << compare_json(report).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  } else {
    write_compare_text(std::cout, report);
  }
  if (!std::cout.flush()) {
    say("the report could not be written whole");
    return kSomeFailed;
  }
  return exit_code(report);
}

}  // namespace

void add_compare(CLI::App& app, Run& run) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* verb =
      app.add_subcommand("compare", "Says what lies between two files: delay, gain, polarity, what is left");
  verb->add_option("A", options->a, "A file, or a folder whose files are compared with those of the same names in B")
      ->required();
  verb->add_option("B", options->b, "The other file or folder")->required();
  verb->add_flag("--json", options->json, "One JSON report on stdout");
  verb->add_option("--jobs", options->jobs, "Files at once; left out: one a processor")->check(CLI::Range(1, 1024));
  verb->callback([&run, options] { run = [options] { return compare(*options); }; });
}

}  // namespace lathe::cli
