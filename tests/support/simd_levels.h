// One test text at every instruction level of the processor it runs on.
#pragma once

#include <gtest/gtest.h>

#include "kernels/simd/level.h"

namespace lathe::test {

// Sets the level and puts the old one back.
class ScopedSimdLevel {
 public:
  explicit ScopedSimdLevel(SimdLevel level) : before_(simd_level()) { set_simd_level(level); }
  ~ScopedSimdLevel() { set_simd_level(before_); }
  ScopedSimdLevel(const ScopedSimdLevel&) = delete;
  ScopedSimdLevel& operator=(const ScopedSimdLevel&) = delete;

 private:
  SimdLevel before_;
};

// body() at sse2, avx2 and avx512, as far as the processor goes; failures name the level.
template <class Body>
void for_each_simd_level(Body&& body) {
  for (const SimdLevel level : {SimdLevel::sse2, SimdLevel::avx2, SimdLevel::avx512}) {
    if (level > processor_simd_level()) continue;
    const ScopedSimdLevel scope(level);
    SCOPED_TRACE(name_of(level));
    body();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

template <class Body>
auto at_level(SimdLevel level, Body&& body) {
  const ScopedSimdLevel scope(level);
  return body();
}

}  // namespace lathe::test

// Leaves a test that compares avx2 with avx512, aloud, where the processor has only one of them.
#define LATHE_NEEDS_AVX512()                                                      \
  if (lathe::processor_simd_level() < lathe::SimdLevel::avx512) {                 \
    GTEST_SKIP() << "this processor has no avx512: nothing to compare avx2 with"; \
  }
