#include "tests/support/backends.h"

#include <algorithm>
#include <cmath>

#include "kernels/backend.h"
#include "kernels/chain/device_first_pass.h"
#include "kernels/dynamics/device_compressor.h"
#include "kernels/dynamics/gain_ride_blocks.h"
#include "kernels/equalizer/device_eq.h"
#include "kernels/gain/gain_blocks.h"
#include "kernels/loudness/device_meter_on.h"
#include "kernels/stereo/device_stereo.h"

namespace lathe::test {
namespace {

// A pass that owns the launcher it runs on.
class BlockFirstPass final : public FirstPass {
 public:
  BlockFirstPass(block::ThreadOrder order, FirstPassSetup setup, AudioSink* out)
      : launcher_(order), pass_(launcher_, kParts, std::move(setup), out) {}
  std::byte* room(std::int64_t& frames) override { return pass_.room(frames); }
  void take(std::int64_t frames) override { pass_.take(frames); }
  FirstPassResult finish() override { return pass_.finish(); }

 private:
  static constexpr DeviceParts<block::CpuLauncher> kParts{
      block_backend::make_linear_phase_eq, block_backend::make_stereo,     block_backend::make_gain,
      block_backend::make_meter,           block_backend::make_compressor, block_backend::make_gain_ride};
  block::CpuLauncher launcher_;
  DeviceFirstPass<block::CpuLauncher> pass_;
};

// Collects what comes out, and fails the test if there is more than went in.
class Collector final : public AudioSink {
 public:
  explicit Collector(FloatTrack& to) : to_(to) {}
  void take(AudioView frames) override {
    ASSERT_LE(filled_ + frames.frames, to_.frames());
    for (int c = 0; c < to_.channels(); ++c)
      std::copy_n(frames.channel(c), frames.frames, to_.view().channel(c) + filled_);
    filled_ += frames.frames;
  }
  void finish() override { ++finished_; }
  void expect_whole() const {
    EXPECT_EQ(filled_, to_.frames());
    EXPECT_EQ(finished_, 1);
  }

 private:
  FloatTrack& to_;
  std::int64_t filled_ = 0;
  int finished_ = 0;
};

FirstPassResult push(FirstPass& pass, const FloatTrack& track, const std::vector<std::int64_t>& cuts) {
  std::int64_t first = 0;
  for (std::int64_t left : cuts) {
    while (left > 0) {
      std::int64_t count = left;
      auto* to = reinterpret_cast<float*>(pass.room(count));
      for (std::int64_t n = 0; n < count; ++n) {
        for (int c = 0; c < track.channels(); ++c)
          to[n * track.channels() + c] = track.channel(c)[static_cast<std::size_t>(first + n)];
      }
      pass.take(count);
      first += count;
      left -= count;
    }
  }
  return pass.finish();
}

}  // namespace

cuda::Accelerator& accelerator() {
  static const std::unique_ptr<cuda::Accelerator> kept = cuda::open_accelerator(true);
  return *kept;
}

std::string name_of(TestBackend backend) {
  switch (backend) {
    case TestBackend::cpu:
      return "cpu";
    case TestBackend::block:
      return "block";
    case TestBackend::block_reversed:
      return "block_reversed";
    case TestBackend::cuda:
      return "cuda";
  }
  return "?";
}

std::string name_of(const BackendAndRate& backend) {
  return name_of(std::get<0>(backend)) + "_" + std::to_string(std::lround(std::get<1>(backend))) + "Hz";
}

std::vector<BackendAndRate> backends_at(const std::vector<double>& rates_hz, const std::vector<double>& of_them_block) {
  std::vector<BackendAndRate> all;
  for (const double rate : rates_hz) all.emplace_back(TestBackend::cpu, rate);
  for (const double rate : of_them_block) all.emplace_back(TestBackend::block, rate);
  for (const double rate : rates_hz) all.emplace_back(TestBackend::cuda, rate);
  return all;
}

void OnBackend::SetUp() {
  if (backend() != TestBackend::cuda) return;
  LATHE_NEEDS_GPU();
  launches_before_ = cuda::kernel_launches();
}

void OnBackend::TearDown() {
  if (backend() != TestBackend::cuda || !needs_kernel_ || IsSkipped() || HasFatalFailure()) return;
  EXPECT_GT(cuda::kernel_launches(), launches_before_) << "the CUDA backend was asked for, and no kernel was launched";
}

std::unique_ptr<FirstPass> make_first_pass(TestBackend backend, FirstPassSetup setup, AudioSink* out) {
  if (backend == TestBackend::cpu) return cpu::make_first_pass(std::move(setup), out);
  if (backend == TestBackend::cuda) return cuda::make_first_pass(accelerator(), std::move(setup), out);
  const auto order = backend == TestBackend::block ? block::ThreadOrder::forward : block::ThreadOrder::reversed;
  return std::make_unique<BlockFirstPass>(order, std::move(setup), out);
}

FirstPassSetup setup_for(const FloatTrack& track, double sample_rate_hz) {
  FirstPassSetup setup;
  setup.encoding = Encoding::float32;
  setup.sample_rate_hz = sample_rate_hz;
  setup.frames = track.frames();
  setup.weights.assign(static_cast<std::size_t>(track.channels()), 1.0);
  return setup;
}

FirstPassResult run_pass(TestBackend backend, FirstPassSetup setup, const FloatTrack& in,
                         const std::vector<std::int64_t>& cuts, FloatTrack* out) {
  if (out == nullptr) return push(*make_first_pass(backend, std::move(setup), nullptr), in, cuts);
  *out = FloatTrack(in.channels(), in.frames());
  Collector collector(*out);
  FirstPassResult result = push(*make_first_pass(backend, std::move(setup), &collector), in, cuts);
  collector.expect_whole();
  return result;
}

FloatTrack run_steps(TestBackend backend, const std::vector<ChainStep>& steps, double sample_rate_hz,
                     const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
  FirstPassSetup setup = setup_for(in, sample_rate_hz);
  setup.steps = steps;
  FloatTrack out(in.channels(), in.frames());
  run_pass(backend, std::move(setup), in, cuts, &out);
  return out;
}

FloatTrack run_steps(TestBackend backend, const std::vector<ChainStep>& steps, double sample_rate_hz,
                     const FloatTrack& in) {
  return run_steps(backend, steps, sample_rate_hz, in, {in.frames()});
}

LoudnessReading measure(TestBackend backend, const FloatTrack& track, double sample_rate_hz,
                        const std::vector<double>& weights, bool trace, const std::vector<std::int64_t>& cuts) {
  FirstPassSetup setup = setup_for(track, sample_rate_hz);
  setup.weights = weights;
  setup.trace = trace;
  return run_pass(backend, std::move(setup), track, cuts).before;
}

LoudnessReading measure(TestBackend backend, const FloatTrack& track, double sample_rate_hz,
                        const std::vector<double>& weights, bool trace) {
  return measure(backend, track, sample_rate_hz, weights, trace, {track.frames()});
}

namespace block_backend {

std::unique_ptr<DeviceStage> make_linear_phase_eq(block::CpuLauncher& launcher,
                                                  std::shared_ptr<const LinearPhaseEqDesign> design, int channels) {
  return std::make_unique<DeviceEq<block::CpuLauncher>>(launcher, std::move(design), channels);
}

std::unique_ptr<DeviceStage> make_stereo(block::CpuLauncher& launcher, std::shared_ptr<const StereoDesign> design,
                                         int channels) {
  return std::make_unique<DeviceStereo<block::CpuLauncher>>(launcher, std::move(design), channels);
}

std::unique_ptr<DeviceStage> make_compressor(block::CpuLauncher& launcher,
                                             std::shared_ptr<const CompressorDesign> design, int channels) {
  return std::make_unique<DeviceCompressor<block::CpuLauncher>>(launcher, std::move(design), channels);
}

std::unique_ptr<DeviceStage> make_gain_ride(block::CpuLauncher& launcher, std::shared_ptr<const GainRide> ride) {
  return std::make_unique<DeviceGainRide<block::CpuLauncher>>(launcher, std::move(ride));
}

std::unique_ptr<DeviceStage> make_gain(block::CpuLauncher& launcher, double gain) {
  return std::make_unique<DeviceGain<block::CpuLauncher>>(launcher, gain);
}

std::unique_ptr<DeviceMeter> make_meter(block::CpuLauncher& launcher, DeviceMeter::Setup setup) {
  return std::make_unique<DeviceMeterOn<block::CpuLauncher>>(launcher, std::move(setup));
}

}  // namespace block_backend
}  // namespace lathe::test
