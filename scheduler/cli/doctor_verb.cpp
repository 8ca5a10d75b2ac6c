// `lathe doctor`: what this machine has, and what of it Lathe uses.
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "host/codec/codec_programs.h"
#include "kernels/cuda/device.h"
#include "kernels/simd/level.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/core/clock.h"
#include "scheduler/store/open_job_store.h"
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
    const auto store = scheduler::open_sqlite_store((folder / "jobs.sqlite").string(), clock);
    json["findings"] = store->check();
    json["state"] = json["findings"].empty() ? "ok" : "damaged";
    if (!json["findings"].empty()) is_well = false;
  } catch (const std::exception& error) {
    json["state"] = error.what();
    is_well = false;
  }
  return json;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

// "state" is "usable", or why no GPU is.
Json gpu_of(const cuda::CudaStatus& status) {
  Json json{{"state", status.absence.empty() ? "usable" : status.absence},
            {"driver", text_or_null(status.driver)},
            {"cuda_runtime", text_or_null(status.runtime)},
            {"cufft", cuda::describe_cufft()}};
  json["devices"] = Json::array();
  for (const cuda::DeviceInfo& device : status.devices) {
    const bool is_in_use = &device - status.devices.data() == status.device;
    json["devices"].push_back({{"index", device.index},
                               {"name", device.name},
                               {"sm", device.sm},
                               {"memory_gb", static_cast<double>(device.memory_bytes) / 1e9},
                               {"pci_bus", device.pci_bus},
                               {"in_use", is_in_use}});
    if (device.free_bytes >= 0) json["devices"].back()["free_gb"] = static_cast<double>(device.free_bytes) / 1e9;
    if (!device.unusable.empty()) json["devices"].back()["unusable"] = device.unusable;
  }
  return json;
}

// For codec_check: who encodes each, and what decodes them all; null where nothing does.
Json lossy_codecs() {
  const CodecPrograms& programs = CodecPrograms::of_this_machine();
  Json json{{"decoder", text_or_null(programs.decoder())}};
  for (const LossyCodec codec : kLossyCodecs) json[std::string(word_of(codec))] = text_or_null(programs.encoder(codec));
  return json;
}

void print_lossy_codecs() {
  const CodecPrograms& programs = CodecPrograms::of_this_machine();
  for (const LossyCodec codec : kLossyCodecs) {
    const std::string encoder = programs.encoder(codec);
    const bool is_aac = codec == LossyCodec::aac && !encoder.empty();
    std::printf("           %-6s %s%s\n", std::string(word_of(codec)).c_str(),
                encoder.empty() ? ("none: " + programs.absence(codec)).c_str() : encoder.c_str(),
                is_aac ? " (not Apple's encoder)" : "");
  }
}

void print_gpu(const cuda::CudaStatus& status) {
  if (!status.absence.empty()) std::printf("gpu        none: %s\n", status.absence.c_str());
  for (const cuda::DeviceInfo& device : status.devices) {
    std::string line =
        fmt::format("{}, sm_{}, {:.1f} GB", device.name, device.sm, 1e-9 * static_cast<double>(device.memory_bytes));
    if (device.free_bytes >= 0) line += fmt::format(" ({:.1f} free)", 1e-9 * static_cast<double>(device.free_bytes));
    if (!device.unusable.empty()) line += ": " + device.unusable;
    std::printf("gpu        %s\n", line.c_str());
  }
  if (status.runtime.empty()) return;  // a build without CUDA has no more to say
  const std::string driver = status.driver.empty() ? "no driver" : "driver for CUDA " + status.driver;
  std::printf("cuda       %s, runtime %s, cuFFT %s\n", driver.c_str(), status.runtime.c_str(),
              cuda::describe_cufft().c_str());
}

int doctor(const std::string& state_dir, bool as_json) {
  bool is_well = true;
  Json doc{{"schema", "lathe.doctor.v1"}, {"engine", scheduler::engine_name()}};
  doc["processor"] = {{"name", processor_name()},
                      {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
                      {"simd_level", name_of(processor_simd_level())},
                      {"simd_level_in_use", name_of(simd_level())}};
  doc["memory"] = {{"lathe_may_use_gb", static_cast<double>(scheduler::default_memory_bytes()) / 1e9}};
  doc["gpu"] = gpu_of(cuda::cuda_status());
  doc["codecs"] = {
      {"containers", "WAV, RF64, W64, AIFF, CAF, FLAC"}, {"libFLAC", LATHE_FLAC_VERSION}, {"lossy", lossy_codecs()}};
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
  print_gpu(cuda::cuda_status());
  std::printf("codecs     %s (libFLAC %s)\n", doc["codecs"]["containers"].get<std::string>().c_str(),
              LATHE_FLAC_VERSION);
  print_lossy_codecs();
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
