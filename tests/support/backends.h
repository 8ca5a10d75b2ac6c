// One test text on every backend: what users get on the CPU, block kernels on the CPU launcher, and CUDA.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "kernels/block/cpu_launcher.h"
#include "kernels/chain/first_pass.h"
#include "kernels/device_stage.h"
#include "kernels/loudness/device_meter.h"
#include "tests/support/gpu.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track.h"

namespace lathe::test {

// `block_reversed` runs the threads of every phase backwards: a kernel without a race gives the same bits.
enum class TestBackend { cpu, block, block_reversed, cuda };
std::string name_of(TestBackend backend);

// Skips CUDA's instance aloud where there is no GPU; under LATHE_REQUIRE_GPU=1 that fails. After CUDA's instance: fails
// unless kernels of ours were launched on the GPU meanwhile.
class OnBackend : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  virtual TestBackend backend() const = 0;
  // For what is refused before any kernel could run.
  void needs_no_kernel() { needs_kernel_ = false; }

 private:
  std::int64_t launches_before_ = 0;
  bool needs_kernel_ = true;
};

class BackendTest : public OnBackend, public ::testing::WithParamInterface<TestBackend> {
 protected:
  TestBackend backend() const override { return GetParam(); }
};

// The same at several sample rates.
using BackendAndRate = std::tuple<TestBackend, double>;
class BackendRateTest : public OnBackend, public ::testing::WithParamInterface<BackendAndRate> {
 protected:
  TestBackend backend() const override { return std::get<0>(GetParam()); }
  double rate_hz() const { return std::get<1>(GetParam()); }
};

// These rates on the CPU and on CUDA; block kernels, which take their time, at some of them.
std::vector<BackendAndRate> backends_at(const std::vector<double>& rates_hz, const std::vector<double>& of_them_block);
std::string name_of(const BackendAndRate& backend);  // cuda_44100Hz

// body() at every instruction level of the processor where the backend has levels, else once.
template <class Body>
void for_each_level_of(TestBackend backend, Body&& body) {
  if (backend == TestBackend::cpu) {
    for_each_simd_level(body);
  } else {
    body();
  }
}

// The tests' one, whose device memory holds NaN before use. Throws BackendAbsent.
cuda::Accelerator& accelerator();

// A pass over a track on one backend. CUDA's device memory holds NaN before use.
std::unique_ptr<FirstPass> make_first_pass(TestBackend backend, FirstPassSetup setup, AudioSink* out);

// A pass over this track as 32-bit float, of channels that all weigh 1.
FirstPassSetup setup_for(const FloatTrack& track, double sample_rate_hz);

// Pushes the track in blocks of these sizes. What comes out of the steps goes to `out`, if that is not null: fails the
// test unless it is as long as the track.
FirstPassResult run_pass(TestBackend backend, FirstPassSetup setup, const FloatTrack& in,
                         const std::vector<std::int64_t>& cuts, FloatTrack* out = nullptr);

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
std::unique_ptr<DeviceStage> make_stereo(block::CpuLauncher& launcher, std::shared_ptr<const StereoDesign> design,
                                         int channels);
std::unique_ptr<DeviceStage> make_compressor(block::CpuLauncher& launcher,
                                             std::shared_ptr<const CompressorDesign> design, int channels);
std::unique_ptr<DeviceStage> make_gain_ride(block::CpuLauncher& launcher, std::shared_ptr<const GainRide> ride);
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

// Those of them that are devices: block and cuda.
#define LATHE_INSTANTIATE_DEVICES(suite)                                                                       \
  INSTANTIATE_TEST_SUITE_P(Backends, suite,                                                                    \
                           ::testing::Values(lathe::test::TestBackend::block, lathe::test::TestBackend::cuda), \
                           [](const auto& backend) { return lathe::test::name_of(backend.param); })

// The instances of a suite derived from BackendRateTest.
#define LATHE_INSTANTIATE_BACKENDS_AT(suite, ...)                                                       \
  INSTANTIATE_TEST_SUITE_P(Backends, suite, ::testing::ValuesIn(lathe::test::backends_at(__VA_ARGS__)), \
                           [](const auto& backend) { return lathe::test::name_of(backend.param); })
