// `lathe store check URL | migrate FROM TO`: the farm's store itself, without a scheduler.
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "scheduler/cli/farm_json.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/store/open_job_store.h"
#include "scheduler/store/postgres_engine.h"
#include "scheduler/store/store_error.h"
#include "scheduler/store/store_migration.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;
using Json = nlohmann::ordered_json;

struct StoreOptions {
  std::string url, to;
  bool json = false;
};

// Opening a store makes it where there is none: a name that was mistyped must not.
void refuse_absent(const std::string& url) {
  if (is_postgres_url(url)) return;
  if (!std::filesystem::is_regular_file(sqlite_path(url)))
    throw std::invalid_argument("there is no store " + sqlite_path(url));
}

// A password is nobody's business.
std::string shown(const std::string& url) { return is_postgres_url(url) ? without_password(url) : url; }

int check(const StoreOptions& options) {
  refuse_absent(options.url);
  const std::vector<std::string> findings = check_store(options.url);
  if (options.json) {
    print_json(document("lathe.store_check.v1", {{"store", shown(options.url)}, {"findings", findings}}));
  } else {
    for (const std::string& finding : findings) std::printf("%s\n", finding.c_str());
    if (findings.empty()) std::printf("%s is well\n", shown(options.url).c_str());
  }
  return findings.empty() ? kOk : kSomeFailed;
}

int migrate(const StoreOptions& options) {
  refuse_absent(options.url);
  const StoreCopy copy = migrate_store(options.url, options.to);
  if (options.json) {
    print_json(document("lathe.store_migration.v1",
                        {{"from", shown(options.url)}, {"to", shown(options.to)}, {"rows", copy.rows}}));
    return kOk;
  }
  for (const auto& [table, rows] : copy.rows) std::printf("%10lld  %s\n", static_cast<long long>(rows), table.c_str());
  std::printf("all of it is in %s; start the scheduler with --store there\n", shown(options.to).c_str());
  return kOk;
}

int guarded(const StoreOptions& options, int (*body)(const StoreOptions&)) {
  try {
    return body(options);
  } catch (const std::invalid_argument& wrong) {
    say(wrong.what());
    return kUsage;
  } catch (const StoreError& error) {
    say(error.what());
    return kNothingRead;
  }
}

}  // namespace

void add_store(CLI::App& app, Run& run) {
  CLI::App* store = app.add_subcommand("store", "The farm's store itself: looks whether it is well, moves it");
  store->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*body)(const StoreOptions&)) {
    const auto options = std::make_shared<StoreOptions>();
    CLI::App* verb = store->add_subcommand(name, help);
    verb->add_flag("--json", options->json, "One JSON document on stdout");
    verb->callback([&run, options, body] { run = [options, body] { return guarded(*options, body); }; });
    return std::pair(verb, options);
  };
  auto [verb, options] = add("check", "Looks for anything that must never be; exit code 1 if there is", check);
  verb->add_option("URL", options->url, "sqlite:PATH or postgres://…")->required();
  std::tie(verb, options) = add("migrate", "Copies all of a store on SQLite into an empty one on PostgreSQL", migrate);
  verb->add_option("FROM", options->url, "sqlite:PATH; no scheduler may run on it meanwhile")->required();
  verb->add_option("TO", options->to, "postgres://…")->required();
}

}  // namespace lathe::cli
