// `lathe verify DIR`: masters against the manifest that was left beside them.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/compare/verify_report.h"
#include "scheduler/cli/interrupt.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/named_masters.h"
#include "scheduler/cli/processors.h"
#include "scheduler/cli/side_by_side.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {
namespace {

struct VerifyOptions {
  std::string folder;
  int jobs = 0;
  bool json = false, no_measure = false, strict = false, quiet = false;
};

// A master that lies in the folder under another name is half found.
void say_where_missing_are(FolderCheck& check, const std::atomic<bool>& is_cancelled) {
  for (std::size_t i = 0; i < check.checks.size(); ++i) {
    if (check.checks[i].state != MasterState::missing) continue;
    if (const auto path = moved_to(*check.folder->masters[i].entry, *check.manifest, *check.folder, is_cancelled))
      check.checks[i].findings.push_back({"MOVED", "its bytes lie in " + path->string()});
  }
}

// What was hashed as a master is not hashed again for the bag.
std::map<std::string, std::string> known_hashes(const FolderCheck& check, const std::filesystem::path& bag) {
  std::map<std::string, std::string> hashes;
  for (std::size_t i = 0; i < check.checks.size(); ++i) {
    const NamedMaster& master = check.folder->masters[i];
    if (master.path && check.checks[i].sha256)
      hashes[master.path->lexically_relative(bag).string()] = *check.checks[i].sha256;
  }
  return hashes;
}

int verify(const VerifyOptions& options) {
  namespace fs = std::filesystem;
  const fs::path path = output_folder(options.folder);
  NamedMasters masters;
  const bool is_bag = is_bag_folder(path);
  std::error_code ignored;
  if (is_bag && !fs::exists(path / "data" / kMasterManifestName, ignored)) {
    masters.manifest.folder = path / "data";  // somebody else's: it is looked at as a bag alone
  } else {
    read_masters(is_bag ? path / "data" : path, masters);
  }
  if (masters.exit_code != kOk) return masters.exit_code;
  const MasterManifest& manifest = masters.manifest;
  MasterFolder& folder = masters.folder;
  if (folder.masters.empty() && !is_bag) {
    say(path.string() + ": its manifest names no masters");
    return kNothingRead;
  }
  const std::atomic<bool>& is_interrupted = watch_interrupts();
  const KnownHashes known(manifest);
  const bool shows_progress = !options.quiet && ::isatty(STDERR_FILENO) == 1;
  FolderCheck check{scheduler::engine_name(), &manifest, &folder, {}, options.strict, {}};
  check.checks.resize(folder.masters.size());
  std::atomic<std::size_t> done{0};
  try {
    side_by_side(folder.masters.size(), options.jobs > 0 ? options.jobs : processors(), [&](std::size_t i) {
      check.checks[i] = check_named(folder.masters[i], known, {!options.no_measure}, is_interrupted);
      ++done;
      if (shows_progress) std::fprintf(stderr, "\r%zu of %zu files\033[K", done.load(), folder.masters.size());
    });
    say_where_missing_are(check, is_interrupted);
    if (is_bag) check.bag = check_bag(path, known_hashes(check, path), is_interrupted);
  } catch (const CheckCancelled&) {
    if (shows_progress) std::fputs("\r\033[K", stderr);
    say("interrupted: " + std::to_string(done) + " of " + std::to_string(folder.masters.size()) +
        " files were checked");
    return kCancelled;
  }
  if (shows_progress) std::fputs("\r\033[K", stderr);
  if (options.json) {
    std::cout << verify_json(check).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  } else {
    write_verify_text(std::cout, check);
  }
  const bool was_told = static_cast<bool>(std::cout.flush());
  if (!was_told) say("the report could not be written whole");
  return check.is_well() && was_told ? kOk : kSomeFailed;
}

}  // namespace

void add_verify(CLI::App& app, Run& run) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App* verb = app.add_subcommand("verify", "Checks masters against the manifest that was left beside them");
  verb->add_option("DIR", options->folder, "The folder that lathe master wrote into (--out), or any bag (BagIt)")
      ->required();
  verb->add_flag("--json", options->json, "One JSON report on stdout");
  verb->add_option("--jobs", options->jobs, "Files at once; left out: one a processor")->check(CLI::Range(1, 1024));
  verb->add_flag("--no-measure", options->no_measure,
                 "Leaves out loudness and true peak: bytes, hashes, decoding alone");
  verb->add_flag("--strict", options->strict, "Audio files that the manifest does not name are a failure, too");
  verb->add_flag("-q,--quiet", options->quiet, "No progress");
  verb->callback([&run, options] { run = [options] { return verify(*options); }; });
}

}  // namespace lathe::cli
