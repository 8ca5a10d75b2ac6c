// One test text on every backend: what users get on the CPU, block kernels on the CPU launcher, and CUDA.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "kernels/block/cpu_launcher.h"
#include "kernels/chain/first_pass.h"
#include "kernels/device_stage.h"
#include "kernels/loudness/device_meter.h"
#include "tests/support/gpu.h"
#include "tests/support/track.h"

namespace lathe::test {

// `block_reversed` runs the threads of every phase backwards: a kernel without a race gives the same bits.
enum class TestBackend { cpu, block, block_reversed, cuda };
std::string name_of(TestBackend backend);

// Skips CUDA's instance aloud where there is no GPU; under LATHE_REQUIRE_GPU=1 that fails. After CUDA's instance: fails
// unless kernels of ours were launched on the GPU meanwhile.
class BackendTest : public ::testing::TestWithParam<TestBackend> {
 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  std::int64_t launches_before_ = 0;
};

// A pass over a track on one backend. CUDA's device memory holds NaN before use.
std::unique_ptr<FirstPass> make_first_pass(TestBackend backend, FirstPassSetup setup, AudioSink* out);

// What the steps make of a track, pushed in blocks of these sizes, or at once.
FloatTrack run_steps(TestBackend backend, const std::vector<ChainStep>& steps, double sample_rate_hz,
                     const FloatTrack& in, const std::vector<std::int64_t>& cuts);
FloatTrack run_steps(TestBackend backend, const std::vector<ChainStep>& steps, double sample_rate_hz,
                     const FloatTrack& in);

// The reading of a track.
LoudnessReading measure(TestBackend backend, const FloatTrack& track, double sample_rate_hz,
                        const std::vector<double>& weights, bool trace = false);
LoudnessReading measure(TestBackend backend, const FloatTrack& track, double sample_rate_hz,
                        const std::vector<double>& weights, bool trace, const std::vector<std::int64_t>& cuts);

// Stages and meters of the block kernels on the CPU launcher.
namespace block_backend {
std::unique_ptr<DeviceStage> make_linear_phase_eq(block::CpuLauncher& launcher,
                                                  std::shared_ptr<const LinearPhaseEqDesign> design, int channels);
std::unique_ptr<DeviceStage> make_gain(block::CpuLauncher& launcher, double gain);
std::unique_ptr<DeviceMeter> make_meter(block::CpuLauncher& launcher, DeviceMeter::Setup setup);
}  // namespace block_backend

}  // namespace lathe::test

// The instances of a suite derived from BackendTest: cpu, block and cuda.
#define LATHE_INSTANTIATE_BACKENDS(suite)                                                                    \
  INSTANTIATE_TEST_SUITE_P(Backends, suite,                                                                  \
                           ::testing::Values(lathe::test::TestBackend::cpu, lathe::test::TestBackend::block, \
                                             lathe::test::TestBackend::cuda),                                \
                           [](const auto& backend) { return lathe::test::name_of(backend.param); })
