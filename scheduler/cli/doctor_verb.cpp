// `lathe doctor`: what this machine has, and what of it Lathe uses.
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "kernels/backend.h"
#include "kernels/simd/level.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/core/clock.h"
#include "scheduler/store/sqlite_job_store.h"
#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/state_folder.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string processor_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

Json disk_of(const std::filesystem::path& path) {
  struct statvfs s {};
  if (::statvfs(path.c_str(), &s) != 0) return {{"path", path.string()}, {"free_gb", nullptr}};
  return {{"path", path.string()},
          {"free_gb", static_cast<double>(s.f_bavail) * static_cast<double>(s.f_frsize) / 1e9}};
}

// Opens the store of the state folder, makes it if need be, and asks it for contradictions.
Json store_of(const std::string& state_dir, bool& is_well) {
  Json json;
  try {
    const auto folder = scheduler::state_folder(state_dir.empty() ? std::nullopt : std::optional(state_dir));
    json = disk_of(folder);
    const scheduler::SystemClock clock;
    scheduler::SqliteJobStore store((folder / "jobs.sqlite").string(), clock);
    json["findings"] = store.check();
    json["state"] = json["findings"].empty() ? "ok" : "damaged";
    if (!json["findings"].empty()) is_well = false;
  } catch (const std::exception& error) {
    json["state"] = error.what();
    is_well = false;
  }
  return json;
}

int doctor(const std::string& state_dir, bool as_json) {
  bool is_well = true;
  Json doc{{"schema", "lathe.doctor.v1"}, {"engine", scheduler::engine_name()}};
  doc["processor"] = {{"name", processor_name()},
                      {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
                      {"simd_level", name_of(processor_simd_level())},
                      {"simd_level_in_use", name_of(simd_level())}};
  doc["memory"] = {{"lathe_may_use_gb", static_cast<double>(scheduler::default_memory_bytes()) / 1e9}};
  doc["gpu"] = {{"state", cuda::absence()}};
  doc["codecs"] = {{"containers", "WAV, RF64, W64, AIFF, CAF, FLAC"}, {"libFLAC", LATHE_FLAC_VERSION}};
  doc["store"] = store_of(state_dir, is_well);
  doc["store"]["sqlite"] = LATHE_SQLITE_VERSION;
  if (as_json) {
    std::printf("%s\n", doc.dump(2).c_str());
    return is_well ? kOk : kSomeFailed;
  }
  std::printf("%s\n", scheduler::engine_name().c_str());
  std::printf("processor  %s, %ld core(s), SIMD %s (in use: %s)\n", processor_name().c_str(),
              ::sysconf(_SC_NPROCESSORS_ONLN), name_of(processor_simd_level()), name_of(simd_level()));
  std::printf("memory     Lathe may use %.1f GB\n", static_cast<double>(scheduler::default_memory_bytes()) / 1e9);
  std::printf("gpu        %s\n", doc["gpu"]["state"].get<std::string>().c_str());
  std::printf("codecs     %s (libFLAC %s)\n", doc["codecs"]["containers"].get<std::string>().c_str(),
              LATHE_FLAC_VERSION);
  std::printf("store      %s: %s (SQLite %s)\n", doc["store"].value("path", "-").c_str(),
              doc["store"]["state"].get<std::string>().c_str(), LATHE_SQLITE_VERSION);
  return is_well ? kOk : kSomeFailed;
}

}  // namespace

void add_doctor(CLI::App& app, Run& run) {
  struct Options {
    std::string state_dir;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("doctor", "Says what this machine has and whether Lathe is well");
  verb->add_option("--state-dir", options->state_dir, "Where Lathe remembers what it has done (LATHE_STATE_DIR)");
  verb->add_flag("--json", options->json, "As JSON");
  verb->callback([&run, options] { run = [options] { return doctor(options->state_dir, options->json); }; });
}

}  // namespace lathe::cli
