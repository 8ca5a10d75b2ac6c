// The owners of CUDA things: what they refuse on any machine, and what they do on a GPU.
#include <gtest/gtest.h>

#include <complex>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/cufft_api.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/device_buffer.h"
#include "kernels/cuda/event.h"
#include "kernels/cuda/fft_plan.h"
#include "kernels/cuda/pinned_buffer.h"
#include "tests/support/comparison.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/gpu.h"
#include "tests/support/random.h"

namespace lathe::cuda {
namespace {

constexpr double kFftLimitDb = -120;

// Runs `call` and gives what it threw, as a kind and a text.
template <class Call>
std::pair<CudaError::Kind, std::string> error_of(Call&& call) {
  try {
    call();
  } catch (const CudaError& error) {
    return {error.kind(), error.what()};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(CudaErrors, SayWhatWasTriedWhatCudaCallsItAndWhatToDo) {
  EXPECT_NO_THROW(check(cudaSuccess, "breathe"));
  const auto [kind, text] = error_of([] { check(cudaErrorInvalidValue, "copy to the device"); });
  EXPECT_EQ(kind, CudaError::Kind::call);
  EXPECT_TRUE(holds(text, "copy to the device") && holds(text, "cudaErrorInvalidValue")) << text;
  const auto [short_kind, short_text] = error_of([] { check(cudaErrorMemoryAllocation, "take device memory"); });
  EXPECT_EQ(short_kind, CudaError::Kind::out_of_memory);
  EXPECT_TRUE(holds(short_text, "nvidia-smi") && holds(short_text, "--backend cpu")) << short_text;
  const auto [lost_kind, lost_text] = error_of([] { check(cudaErrorIllegalAddress, "wait for a stream"); });
  EXPECT_EQ(lost_kind, CudaError::Kind::context_lost);
  EXPECT_TRUE(holds(lost_text, "run the command again")) << lost_text;
}

TEST(CudaErrors, OfCufftAreToldApartFromThoseOfTheRuntime) {
  EXPECT_NO_THROW(check(CUFFT_SUCCESS, "transform"));
  const auto [kind, text] = error_of([] { check(CUFFT_ALLOC_FAILED, "plan transforms"); });
  EXPECT_EQ(kind, CudaError::Kind::out_of_memory);
  EXPECT_TRUE(holds(text, "plan transforms") && holds(text, "CUFFT_ALLOC_FAILED")) << text;
}

TEST(CudaOwners, RefuseSizesThatAreNone) {
  constexpr std::int64_t kTooMany = std::numeric_limits<std::int64_t>::max() / 2;
  EXPECT_THROW(DeviceBuffer<float>(-1), std::invalid_argument);
  EXPECT_THROW(DeviceBuffer<float>{kTooMany}, std::invalid_argument);
  EXPECT_THROW(PinnedBuffer<float>(-1), std::invalid_argument);
  EXPECT_THROW(PinnedBuffer<float>{kTooMany}, std::invalid_argument);
  EXPECT_EQ(DeviceBuffer<float>(0).data(), nullptr);
  EXPECT_EQ(PinnedBuffer<float>(0).data(), nullptr);
}

TEST(CudaOwners, ThrowOnAMachineWithoutAGpuAndSayWhatTheyTried) {
  if (absence().empty()) GTEST_SKIP() << "there is a GPU";
  EXPECT_TRUE(holds(error_of([] { Stream(); }).second, "make a stream"));
  EXPECT_TRUE(holds(error_of([] { Event(); }).second, "make an event"));
  EXPECT_TRUE(holds(error_of([] { DeviceBuffer<float>(1); }).second, "take device memory"));
  EXPECT_TRUE(holds(error_of([] { PinnedBuffer<float>(1); }).second, "pin host memory"));
}

class CudaOnAGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    LATHE_NEEDS_GPU();
    select_device();
  }
};

TEST_F(CudaOnAGpu, BuffersGiveBackWhatTheyWereGiven) {
  const Stream stream;
  for (const std::int64_t size : {1, 31, 32, 33, 100'003}) {
    PinnedBuffer<float> there(size), back(size);
    std::iota(there.data(), there.data() + size, 1.0f);
    DeviceBuffer<float> buffer(size);
    buffer.upload(there.data(), size, stream);
    buffer.download(back.data(), size, stream);
    stream.synchronize();
    EXPECT_EQ(std::memcmp(there.data(), back.data(), static_cast<std::size_t>(size) * sizeof(float)), 0) << size;
  }
}

TEST_F(CudaOnAGpu, ACopyMovesItsOwnPartAndNothingElse) {
  const Stream stream;
  DeviceBuffer<std::uint8_t> buffer(6);
  buffer.fill(0xff, stream);
  const std::vector<std::uint8_t> part{1, 2, 3};
  buffer.upload(part.data(), 3, stream, 2);
  std::vector<std::uint8_t> all(6), middle(2);
  buffer.download(all.data(), 6, stream);
  buffer.download(middle.data(), 2, stream, 3);
  stream.synchronize();
  EXPECT_EQ(all, (std::vector<std::uint8_t>{0xff, 0xff, 1, 2, 3, 0xff}));
  EXPECT_EQ(middle, (std::vector<std::uint8_t>{2, 3}));
  EXPECT_THROW(buffer.upload(part.data(), 3, stream, 4), std::out_of_range);
  EXPECT_THROW(buffer.download(all.data(), 7, stream), std::out_of_range);
  EXPECT_THROW(buffer.download(all.data(), 1, stream, -1), std::out_of_range);
}

TEST_F(CudaOnAGpu, MovingHandsOverAndLeavesNothing) {
  DeviceBuffer<float> first(16);
  float* const place = first.data();
  DeviceBuffer<float> second(std::move(first));
  EXPECT_EQ(second.data(), place);
  EXPECT_EQ(first.data(), nullptr);  // NOLINT: what is left behind is what is tested
  EXPECT_EQ(first.size(), 0);
  first = std::move(second);
  EXPECT_EQ(first.data(), place);
  Stream stream;
  const cudaStream_t handle = stream.get();
  const Stream other(std::move(stream));
  EXPECT_EQ(other.get(), handle);
  EXPECT_EQ(stream.get(), nullptr);  // NOLINT
}

TEST_F(CudaOnAGpu, MoreMemoryThanThereIsIsAnErrorAndTheDeviceWorksOn) {
  const DeviceInfo& device = cuda_status().devices[static_cast<std::size_t>(cuda_status().device)];
  const auto [kind, text] = error_of([&] { DeviceBuffer<std::byte>(2 * device.memory_bytes); });
  EXPECT_EQ(kind, CudaError::Kind::out_of_memory) << text;
  EXPECT_NO_THROW(check_launch("after the error"));
  const Stream stream;
  DeviceBuffer<int> buffer(1);
  buffer.fill(0, stream);
  EXPECT_NO_THROW(stream.synchronize());
}

TEST_F(CudaOnAGpu, TimeBetweenEventsIsThatOfTheWorkBetweenThem) {
  const Stream stream, other;
  DeviceBuffer<std::byte> buffer(std::int64_t{1} << 26);
  Event before, after, late;
  before.record(stream);
  for (int i = 0; i < 16; ++i) buffer.fill(0, stream);
  after.record(stream);
  after.hold_back(other);
  late.record(other);
  late.wait();
  EXPECT_GT(after.seconds_since(before), 1e-6);  // a gibibyte of memory in no time would be 1000 TB/s
  EXPECT_GE(late.seconds_since(after), 0);
}

TEST_F(CudaOnAGpu, TransformsAreThoseOfTheDefinitionInEveryPlaceOfTheBatch) {
  test::Random random = test::seeded(501);
  const Stream stream;
  for (const std::int64_t points : {2, 1024, 32768}) {
    constexpr std::int64_t kBatch = 3;
    const std::int64_t count = points * kBatch;
    PinnedBuffer<cufftComplex> x(count), spectrum(count), back(count);
    for (std::int64_t i = 0; i < count; ++i)
      x.data()[i] = {static_cast<float>(random.uniform(-1, 1)), static_cast<float>(random.uniform(-1, 1))};
    DeviceBuffer<cufftComplex> data(count);
    FftPlan plan(points, kBatch, stream);
    data.upload(x.data(), count, stream);
    plan.forward(data.data());
    data.download(spectrum.data(), count, stream);
    plan.inverse(data.data());
    data.download(back.data(), count, stream);
    stream.synchronize();
    std::vector<double> got, want, returned, sent;
    for (std::int64_t b = 0; b < kBatch; ++b) {
      std::vector<test::Complex> sequence;
      for (std::int64_t i = b * points; i < (b + 1) * points; ++i) sequence.emplace_back(x.data()[i].x, x.data()[i].y);
      for (int probe = 0; probe < 32; ++probe) {
        const std::int64_t k = random.integer(0, points - 1);
        const test::Complex bin = test::dft_bin(sequence, k);
        const cufftComplex& there = spectrum.data()[b * points + k];
        got.insert(got.end(), {there.x, there.y});
        want.insert(want.end(), {bin.real(), bin.imag()});
      }
    }
    for (std::int64_t i = 0; i < count; ++i) {
      returned.insert(returned.end(), {back.data()[i].x, back.data()[i].y});
      sent.insert(sent.end(),
                  {x.data()[i].x * static_cast<double>(points), x.data()[i].y * static_cast<double>(points)});
    }
    EXPECT_LT(test::residual_db(got, want), kFftLimitDb) << points;
    EXPECT_LT(test::residual_db(returned, sent), kFftLimitDb) << points;
  }
  EXPECT_THROW(FftPlan(0, 1, stream), std::invalid_argument);
  EXPECT_THROW(FftPlan(16, 0, stream), std::invalid_argument);
}

TEST_F(CudaOnAGpu, APlanMovesWithItsWorkArea) {
  const Stream stream;
  FftPlan first(4096, 2, stream);
  const std::int64_t work = first.work_bytes();
  FftPlan second(std::move(first));
  EXPECT_EQ(second.work_bytes(), work);
  EXPECT_EQ(second.points(), 4096);
  EXPECT_EQ(second.batch(), 2);
  DeviceBuffer<cufftComplex> data(2 * 4096);
  data.fill(0, stream);
  second.forward(data.data());
  stream.synchronize();
}

}  // namespace
}  // namespace lathe::cuda
