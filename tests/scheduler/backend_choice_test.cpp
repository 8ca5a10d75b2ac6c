// What a backend is called in reports and in cache keys, and which words choose one.
#include "scheduler/worker/backend_choice.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "kernels/simd/level.h"

namespace lathe::scheduler {
namespace {

TEST(BackendChoice, TakesNoOtherWord) {
  for (const char* word : {"", "gpu", "CUDA", "cpu "})
    EXPECT_THROW(choose_backend(word), std::invalid_argument) << word;
}

TEST(BackendChoice, AutoTakesCudaWhereItCanBeHadAndElseTheCpuWithTheReason) {
  const BackendChoice choice = choose_backend("auto");
  if (cuda::absence().empty()) {
    EXPECT_EQ(choice.backend, Backend::cuda);
    EXPECT_NE(device_name(choice), "");
    EXPECT_EQ(choose_backend("cuda").backend, Backend::cuda);
  } else {
    EXPECT_EQ(choice.backend, Backend::cpu);
    EXPECT_EQ(choice.reason, cuda::absence());
    EXPECT_THROW(choose_backend("cuda"), BackendAbsent);
  }
}

TEST(BackendChoice, LevelsWithTheSameBitsShareResultsAndOthersDoNot) {
  const BackendChoice cpu = choose_backend("cpu");
  const SimdLevel usual = simd_level();
  if (processor_simd_level() < SimdLevel::avx512) GTEST_SKIP() << "this processor has no AVX-512";
  set_simd_level(SimdLevel::sse2);
  const std::string sse2 = bit_class(cpu), sse2_name = backend_name(cpu);
  set_simd_level(SimdLevel::avx2);
  const std::string avx2 = bit_class(cpu), avx2_name = backend_name(cpu);
  set_simd_level(SimdLevel::avx512);
  const std::string avx512 = bit_class(cpu), avx512_name = backend_name(cpu);
  set_simd_level(usual);
  EXPECT_NE(sse2, avx2);
  EXPECT_EQ(avx2, avx512);
  EXPECT_EQ(sse2_name, "cpu/sse2");
  EXPECT_EQ(avx2_name, "cpu/avx2");
  EXPECT_EQ(avx512_name, "cpu/avx512");
  EXPECT_EQ(device_name(cpu), "");
  const BackendChoice best = choose_backend("auto");
  if (best.backend == Backend::cuda) {
    EXPECT_NE(bit_class(best), avx512);
  }
}

}  // namespace
}  // namespace lathe::scheduler
