// The program `lathe`: one file a verb.
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <set>
#include <string>

#include "host/audio_file/isolation/decoders.h"
#include "scheduler/cli/verbs.h"

namespace {

// Verbs of the contract that are not there yet: named, so that nobody takes them for a typing mistake.
const std::set<std::string> kUnbuilt{"fleet"};
// Verbs in whose process audio files are opened.
const std::set<std::string> kReading{"master", "audit", "submit", "executor", "verify", "compare", "ab", "signature"};

// Where standard streams are closed, the next files to be opened would have their numbers, and get what is printed. To
// this one nothing can be written.
void fill_standard_streams() {
  int fd = 0;
  do fd = ::open("/dev/null", O_RDONLY);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
}

// Shells give 1,024 descriptors, of which hundreds of tracks at once need more.
void take_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, 65536));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_streams();
  take_descriptors();
  // Before anything else is in this process: what it forks has nothing but what is there now.
  if (argc > 1 && kReading.contains(argv[1])) {
    try {
      lathe::start_decoders();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "lathe: the isolated decoders cannot be started (LATHE_ISOLATION=off: without): %s\n",
                   error.what());
      return lathe::cli::kNothingRead;
    }
  }
  // Tracks come and go by the hundred with buffers of megabytes: kept in the process, their pages are touched once.
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
  CLI::App app{"Lathe masters a label's catalogue: restoration, EQ, dynamics, loudness and limiting in batches",
               "lathe"};
  app.set_version_flag("--version", "lathe " LATHE_VERSION);
  app.require_subcommand(1);
  app.footer("Start with: lathe master FOLDER --out MASTERS      More: lathe master --help");
  lathe::cli::Run run;
  lathe::cli::add_master(app, run);
  lathe::cli::add_audit(app, run);
  lathe::cli::add_signature(app, run);
  lathe::cli::add_verify(app, run);
  lathe::cli::add_compare(app, run);
  lathe::cli::add_ab(app, run);
  lathe::cli::add_profile(app, run);
  lathe::cli::add_recipe(app, run);
  lathe::cli::add_doctor(app, run);
  lathe::cli::add_scheduler(app, run);
  lathe::cli::add_worker(app, run);
  lathe::cli::add_executor(app, run);
  lathe::cli::add_submit(app, run);
  lathe::cli::add_jobs(app, run);
  lathe::cli::add_tasks(app, run);
  lathe::cli::add_workers(app, run);
  lathe::cli::add_store(app, run);
  lathe::cli::add_help(app, run);
  if (argc > 1 && kUnbuilt.contains(argv[1])) {
    std::fprintf(stderr, "lathe: '%s' is not built yet in this version; lathe help lists what there is\n", argv[1]);
    return lathe::cli::kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? lathe::cli::kOk : lathe::cli::kUsage;
  }
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lathe: %s\n", error.what());
    return lathe::cli::kNothingRead;
  }
}
