// For tests that need a GPU: where there is none they are skipped aloud, or fail where one must be.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/backend.h"

namespace lathe::test {

// LATHE_REQUIRE_GPU=1 says that this machine has a GPU: a test that finds none has found a fault.
inline bool gpu_is_required() {
  const char* wish = std::getenv("LATHE_REQUIRE_GPU");
  return wish != nullptr && std::string_view(wish) == "1";
}

}  // namespace lathe::test

// The first line of such a test, or of its SetUp().
#define LATHE_NEEDS_GPU()                                                               \
  do {                                                                                  \
    const std::string why_not = ::lathe::cuda::absence();                               \
    if (why_not.empty()) break;                                                         \
    if (::lathe::test::gpu_is_required()) FAIL() << "LATHE_REQUIRE_GPU=1: " << why_not; \
    GTEST_SKIP() << why_not;                                                            \
  } while (false)
