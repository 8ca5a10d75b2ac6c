// Random numbers that are the same in every run, unless LATHE_TEST_SEED says otherwise.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace lathe::test {

// SplitMix64 (Steele, Lea and Flood 2014): spelled out, because the distributions of the standard library differ
// between libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits();
  double uniform(double low, double high);
  // Uniform in the logarithm; both above 0.
  double log_uniform(double low, double high);
  // Mean 0, variance 1 (Box and Muller 1958).
  double normal();
  // low to high, both included.
  std::int64_t integer(std::int64_t low, std::int64_t high);

  template <class T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[integer(0, static_cast<std::int64_t>(values.size()) - 1)];
  }

 private:
  std::uint64_t state_;
};

// A generator with the test's usual seed, or with LATHE_TEST_SEED where that is set; prints the seed it took.
Random seeded(std::uint64_t usual_seed);

}  // namespace lathe::test
