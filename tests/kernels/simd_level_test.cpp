// Choosing the instruction level.
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels/simd/level.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

TEST(SimdLevel, EveryLevelOfTheProcessorCanBeSetAndPicksItsTable) {
  const SimdLevel before = simd_level();
  int seen = 0;
  test::for_each_simd_level([&] {
    ++seen;
    EXPECT_EQ(name_of(static_cast<SimdLevel>(pick_level(0, 1, 2))), std::string(name_of(simd_level())));
  });
  EXPECT_EQ(seen, static_cast<int>(processor_simd_level()) + 1);
  EXPECT_EQ(simd_level(), before);
}

TEST(SimdLevel, ALevelTheProcessorLacksIsRefused) {
  if (processor_simd_level() == SimdLevel::avx512) GTEST_SKIP() << "this processor has every level";
  EXPECT_THROW(set_simd_level(SimdLevel::avx512), std::invalid_argument);
}

// The variable is read once in a process, so each value gets a process of its own.
int level_under(const char* wish) {
  setenv("LATHE_SIMD", wish, 1);
  try {
    return static_cast<int>(simd_level());
  } catch (const std::invalid_argument&) {
    return 9;
  }
}

TEST(SimdLevelDeathTest, TheEnvironmentLowersTheLevelAndIsCheckedForSense) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::_Exit(level_under("sse2")), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(std::_Exit(level_under("mmx")), ::testing::ExitedWithCode(9), "");
  EXPECT_EXIT(std::_Exit(level_under("avx512")), ::testing::ExitedWithCode(static_cast<int>(processor_simd_level())),
              "");
}

}  // namespace
}  // namespace lathe
