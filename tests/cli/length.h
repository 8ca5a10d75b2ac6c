// How long a test runs: ctest sets LATHE_LONG_TESTS for the long forms (label slow).
#pragma once

#include <cstdlib>

namespace lathe::test {

inline bool is_long() { return std::getenv("LATHE_LONG_TESTS") != nullptr; }
inline int length(int fast, int slow) { return is_long() ? slow : fast; }

}  // namespace lathe::test
