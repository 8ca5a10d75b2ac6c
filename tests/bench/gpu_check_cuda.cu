// gpu_check's templates on the CUDA launcher.
#include "kernels/cuda/launcher.cuh"
#include "kernels/gain/gain.h"
#include "kernels/loudness/loudness_levels_cuda.cuh"
#include "tests/bench/gpu_check_cuda.h"

namespace lathe::bench::on_gpu {
namespace {

using cuda::Launcher;

const DeviceParts<Launcher> kParts{cuda::make_linear_phase_eq, cuda::make_stereo, cuda::make_gain, cuda::make_meter};

OpenBackend open_passes(bool poison) {
  return [poison]() -> MakePass {
    const std::shared_ptr<cuda::Accelerator> accelerator = cuda::open_accelerator(poison);
    return [accelerator](FirstPassSetup setup, AudioSink* out) {
      return cuda::make_first_pass(*accelerator, std::move(setup), out);
    };
  };
}

// A pass that owns what it runs on.
class PassWithoutLibraries final : public FirstPass {
  using Over = HostFftLauncher<Launcher>;

 public:
  PassWithoutLibraries(FirstPassSetup setup, AudioSink* out)
      : launcher_(false), over_(launcher_), pass_(over_, parts_on<Over>(), std::move(setup), out) {}
  std::byte* room(std::int64_t& frames) override { return pass_.room(frames); }
  void take(std::int64_t frames) override { pass_.take(frames); }
  FirstPassResult finish() override { return pass_.finish(); }

 private:
  Launcher launcher_;
  Over over_;
  DeviceFirstPass<Over> pass_;
};

}  // namespace

OpenBackend poisoned_passes() { return open_passes(true); }
OpenBackend passes() { return open_passes(false); }

OpenBackend passes_without_libraries() {
  return []() -> MakePass {
    return [](FirstPassSetup setup, AudioSink* out) -> std::unique_ptr<FirstPass> {
      return std::make_unique<PassWithoutLibraries>(std::move(setup), out);
    };
  };
}

void check_batch(Findings& findings, const BatchShape& shape) {
  Launcher launcher(true);
  BatchOnDevice<Launcher>(launcher, kParts, shape).check(findings);
}

std::vector<CopySpeed> measure_copies(const CopyShape& shape) {
  Launcher launcher(false);
  return bench::measure_copies(launcher, shape, [&](const std::byte* from, std::byte* to, std::int64_t bytes) {
    cuda::check(
        cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToDevice, launcher.stream().get()),
        "copy within the device");
  });
}

Speeds measure_speeds(const SpeedShape& shape) {
  Launcher launcher(false);
  StagesOnDevice<Launcher> stages(launcher, shape);
  Speeds speeds;
  speeds.stages = stages.time(kParts);
  speeds.steps = stages.time_steps();
  return speeds;
}

}  // namespace lathe::bench::on_gpu
