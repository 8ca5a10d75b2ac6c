// Which instruction level the lane kernels run at: chosen once from the processor, lowered by LATHE_SIMD for tests.
#pragma once

namespace lathe {

// avx2 stands for x86-64-v3 (with FMA), avx512 for x86-64-v4. avx2 and avx512 give the same bits; sse2 may differ.
enum class SimdLevel { sse2, avx2, avx512 };

// The level in use. The environment variable LATHE_SIMD (sse2, avx2, avx512) lowers it, never raises it past what the
// processor has. Throws std::invalid_argument when LATHE_SIMD holds anything else.
SimdLevel simd_level();

// The highest level this processor has.
SimdLevel processor_simd_level();

// Lowers the level for the whole process: for tests that run one text at every level. Throws std::invalid_argument
// when the processor lacks it. Not to be called while kernels run.
void set_simd_level(SimdLevel level);

const char* name_of(SimdLevel level);

// Picks the table of the level in use: `pick_level(sse2::table, avx2::table, avx512::table)`.
template <class Table>
const Table& pick_level(const Table& sse2, const Table& avx2, const Table& avx512) {
  switch (simd_level()) {
    case SimdLevel::avx512:
      return avx512;
    case SimdLevel::avx2:
      return avx2;
    case SimdLevel::sse2:
      break;
  }
  return sse2;
}

}  // namespace lathe
