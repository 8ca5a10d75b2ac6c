// `lathe scheduler`: the daemon that hands out the work and keeps the record of it.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include "scheduler/cli/daemon.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/service/farm_server.h"
#include "scheduler/store/open_job_store.h"
#include "scheduler/store/store_error.h"
#include "scheduler/worker/state_folder.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
namespace fs = std::filesystem;

struct SchedulerOptions {
  std::vector<std::string> listen{"127.0.0.1:7411"};
  std::string store, state_dir, tls_cert, tls_key, tls_client_ca, tokens;
  std::vector<std::string> roots;
  double lease_s = 30;
  int threads = 8;
};

void log(const std::string& text) { log_line("scheduler", text); }

FarmServerSetting setting_of(const SchedulerOptions& options) {
  FarmServerSetting setting;
  setting.listen = options.listen;
  if (!options.tls_cert.empty() || !options.tls_key.empty()) {
    if (options.tls_cert.empty() || options.tls_key.empty())
      throw std::runtime_error("--tls-cert and --tls-key belong together");
    setting.tls = TlsFiles{options.tls_cert, options.tls_key, options.tls_client_ca};
  } else if (!options.tls_client_ca.empty()) {
    throw std::runtime_error("--tls-client-ca needs --tls-cert and --tls-key");
  }
  if (!options.tokens.empty()) setting.token_file = options.tokens;
  for (const std::string& root : options.roots) setting.roots.push_back(fs::absolute(root).lexically_normal().string());
  for (std::string& root : setting.roots) {
    if (root.size() > 1 && root.ends_with('/')) root.pop_back();
  }
  setting.lease_ms = static_cast<std::int64_t>(options.lease_s * 1000);
  setting.threads = options.threads;
  setting.version = "lathe " LATHE_VERSION;
  return setting;
}

int serve(const SchedulerOptions& options) {
  const std::atomic<int>& ends = termination_requests();
  std::unique_ptr<JobStore> store;
  std::unique_ptr<FarmServer> server;
  try {
    const FarmServerSetting setting = setting_of(options);
    const std::string url =
        !options.store.empty()
            ? options.store
            : "sqlite:" + (state_folder(options.state_dir.empty() ? std::nullopt : std::optional(options.state_dir)) /
                           "farm.sqlite")
                              .string();
    // A database that is just being started, or that a stand-by takes over, is waited for.
    for (int tries = 0;; ++tries) {
      try {
        store = open_job_store(url);
        break;
      } catch (const StoreError& error) {
        const bool passes = error.kind() == StoreError::Kind::kUnavailable || error.kind() == StoreError::Kind::kBusy;
        if (!passes || tries >= 60 || ends > 0 || url.starts_with("sqlite:")) throw;
        log(fmt::format("the store cannot be used yet, trying again: {}", error.what()));
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
    }
    server = std::make_unique<FarmServer>(*store, setting);
  } catch (const CannotListen& error) {
    log(error.what());
    return kUsage;
  } catch (const std::exception& error) {
    log(error.what());
    return kNothingRead;
  }
  for (const std::string& address : server->addresses()) log("listening on " + address);
  while (ends == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  log("going away: calls under way end, others are refused");
  std::jthread impatience([&ends](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (ends > 1) std::_Exit(kCancelled);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  server->drain(10'000);
  server.reset();
  return kOk;
}

}  // namespace

void add_scheduler(CLI::App& app, Run& run) {
  const auto options = std::make_shared<SchedulerOptions>();
  CLI::App* verb = app.add_subcommand("scheduler", "The farm's scheduler: a daemon that hands work to workers");
  verb->add_option("--listen", options->listen,
                   "ADDRESS:PORT or unix:PATH, any number; without TLS only loopback and Unix sockets")
      ->allow_extra_args(false)
      ->capture_default_str();
  verb->add_option("--store", options->store,
                   "sqlite:PATH or postgres://USER@HOST/DATABASE; left out: a file in the state folder");
  verb->add_option("--state-dir", options->state_dir, "Where Lathe keeps what it knows (LATHE_STATE_DIR)");
  verb->add_option("--root", options->roots,
                   "Inputs and outputs must lie below one of these folders; left out: they may lie anywhere")
      ->allow_extra_args(false);
  verb->add_option("--tls-cert", options->tls_cert, "The server's certificate chain, PEM");
  verb->add_option("--tls-key", options->tls_key, "Its private key, PEM");
  verb->add_option("--tls-client-ca", options->tls_client_ca,
                   "Who signs the certificates of workers and people; they name lathe://ROLE/NAME");
  verb->add_option("--tokens", options->tokens, "File of tokens: lines NAME ROLE SHA256 [YYYY-MM-DD]");
  verb->add_option("--lease", options->lease_s, "Seconds a worker may be silent before others get its tracks")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  verb->add_option("--threads", options->threads, "Calls that use the store at once")->check(CLI::Range(1, 256));
  verb->callback([&run, options] { run = [options] { return serve(*options); }; });
}

}  // namespace lathe::cli
