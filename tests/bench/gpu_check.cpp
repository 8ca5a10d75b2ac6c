// Checks the CUDA backend on this machine's GPU, part by part; scripts/gpu_check runs all of them and makes the page.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cuda/device.h"
#include "tests/bench/gpu_check_cuda.h"
#include "tests/bench/gpu_check_parity.h"
#include "tests/bench/gpu_check_twice.h"

namespace {

using namespace lathe::bench;

// Figures need some seconds: short-term loudness has 3, its range needs more than one of it.
constexpr double kSeconds = 12;
// Under a sanitizer a kernel takes a hundred times as long: just more than two segments at 44.1 kHz.
constexpr double kSanitizedSeconds = 3.2;

void name_device(Findings& findings) {
  const lathe::cuda::CudaStatus& status = lathe::cuda::cuda_status();
  const lathe::cuda::DeviceInfo& device = status.devices[static_cast<std::size_t>(status.device)];
  findings.device({device.name, "sm_" + std::to_string(device.sm), "driver " + status.driver,
                   "runtime " + status.runtime, "cuFFT " + status.cufft});
}

void measure_speed(Findings& findings) {
  CopyShape large;
  large.sizes = {large.sizes.back()};
  const double copy_bytes_s = on_gpu::measure_copies(large).front().within;
  const SpeedShape batch, single{1, 180};
  on_gpu::Speeds all = on_gpu::measure_speeds(batch);
  const on_gpu::Speeds one = on_gpu::measure_speeds(single);
  all.stages.insert(all.stages.end(), one.stages.begin(), one.stages.end());
  all.steps.insert(all.steps.end(), one.steps.begin(), one.steps.end());
  for (const int threads : {1, 2, 4, 8}) all.stages.push_back(time_passes(on_gpu::passes(), 180, threads, 5));
  print_speeds(findings, all.stages, copy_bytes_s);
  print_steps(findings, all.steps);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Checks and measures the CUDA backend on this machine's GPU. Exit code: 0 all is well, 1 something "
      "failed, 2 wrong usage, 3 there is no GPU",
      "gpu_check"};
  app.require_subcommand(1);
  Findings findings(std::cout);
  std::function<void()> part;
  const auto offer = [&](const char* name, const char* about, std::function<void()> does) {
    CLI::App* command = app.add_subcommand(name, about);
    command->callback([&part, does = std::move(does)] { part = does; });
    return command;
  };
  std::vector<std::filesystem::path> music;
  offer("device", "Which GPU it is", [&] { name_device(findings); });
  offer("parity", "The first pass beside the CPU's, on made-up tracks and on music",
        [&] {
          check_parity(findings, made_up_jobs(kSeconds), on_gpu::poisoned_passes()());
          if (!music.empty()) check_parity(findings, jobs_of_music(music), on_gpu::poisoned_passes()());
        })
      ->add_option("--music", music, "Audio files, or folders of them")
      ->expected(1, -1);
  offer("batch", "Many tracks at once beside each alone", [&] { on_gpu::check_batch(findings, {}); });
  offer("twice", "The same work again, on another stream, in two threads",
        [&] { check_twice(findings, made_up_jobs(kSeconds), on_gpu::poisoned_passes()); });
  offer("sanitize", "A short run of all kernels of ours, for compute-sanitizer",
        [&] { check_parity(findings, made_up_jobs(kSanitizedSeconds), on_gpu::passes_without_libraries()()); });
  offer("bandwidth", "How fast copies are", [&] { print_copies(findings, on_gpu::measure_copies({})); });
  offer("speed", "How fast the stages are, and what share of the copies' speed they reach",
        [&] { measure_speed(findings); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const std::string absence = lathe::cuda::absence();
  if (!absence.empty()) {
    std::fprintf(stderr, "%s\n", absence.c_str());
    return 3;
  }
  try {
    part();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_check: %s\n", error.what());
    return 1;
  }
  return findings.has_failed() ? 1 : 0;
}
