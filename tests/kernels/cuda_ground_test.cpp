// Whether there is a GPU: one answer in every build and on every machine, and tests that need one say so.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cuda/device.h"
#include "tests/support/gpu.h"

namespace lathe {
namespace {

TEST(CudaGround, EveryThreadGetsTheSameAnswer) {
  std::vector<std::string> answers(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& answer : answers) threads.emplace_back([&answer] { answer = cuda::absence(); });
  }
  for (const std::string& answer : answers) EXPECT_EQ(answer, cuda::cuda_status().absence);
}

TEST(CudaGround, EitherADeviceIsInUseOrOneSentenceSaysWhyNot) {
  const cuda::CudaStatus& status = cuda::cuda_status();
  if (status.absence.empty()) {
    ASSERT_GE(status.device, 0);
    ASSERT_LT(status.device, static_cast<int>(status.devices.size()));
    const cuda::DeviceInfo& device = status.devices[static_cast<std::size_t>(status.device)];
    EXPECT_EQ(device.unusable, "");
    EXPECT_GE(device.sm, 80);
    EXPECT_GT(device.free_bytes, 0);
    EXPECT_LE(device.free_bytes, device.memory_bytes);
    EXPECT_NE(status.driver, "");
    EXPECT_NE(status.cufft, "");
  } else {
    EXPECT_EQ(status.device, -1);
    EXPECT_EQ(status.absence.find('\n'), std::string::npos) << status.absence;
    EXPECT_NE(status.absence.back(), '.') << status.absence;
    EXPECT_NE(status.absence.find(' '), std::string::npos) << "a bare code: " << status.absence;
  }
}

TEST(CudaGround, SelectingADeviceWorksWhereThereIsOneAndElseSaysWhyNot) {
  const std::string absence = cuda::absence();
  if (absence.empty()) {
    EXPECT_NO_THROW(cuda::select_device());
    return;
  }
  try {
    cuda::select_device();
    FAIL() << "there is no device to select";
  } catch (const BackendAbsent& absent) {
    EXPECT_EQ(absent.what(), absence);
  }
}

// What the next test runs in programs of its own.
TEST(CudaGround, ATestThatNeedsAGpuRunsWhereThereIsOne) {
  LATHE_NEEDS_GPU();
  EXPECT_GE(cuda::cuda_status().device, 0);
}

struct Ending {
  int exit_code;
  std::string output;
};

// That test alone, in this program started anew.
Ending run_the_needy_test(const std::string& require) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "LATHE_REQUIRE_GPU=" + require + " '" + program +
                              "' --gtest_filter=CudaGround.ATestThatNeedsAGpuRunsWhereThereIsOne 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::string output;
  std::array<char, 4096> block;
  for (std::size_t n; (n = std::fread(block.data(), 1, block.size(), pipe)) > 0;) output.append(block.data(), n);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

TEST(CudaGround, WithoutAGpuSuchATestIsSkippedAloudAndFailsWhereOneIsRequired) {
  const std::string absence = cuda::absence();
  const Ending wished = run_the_needy_test("0"), required = run_the_needy_test("1");
  EXPECT_EQ(wished.exit_code, 0) << wished.output;
  EXPECT_EQ(required.exit_code == 0, absence.empty()) << required.output;
  EXPECT_EQ(wished.output.find("SKIPPED") != std::string::npos, !absence.empty()) << wished.output;
  EXPECT_NE(wished.output.find(absence), std::string::npos) << wished.output;
  EXPECT_NE(required.output.find(absence), std::string::npos) << required.output;
}

}  // namespace
}  // namespace lathe
