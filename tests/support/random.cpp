#include "tests/support/random.h"

#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>

namespace lathe::test {

std::uint64_t Random::bits() {
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

double Random::uniform(double low, double high) {
  return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
}

double Random::log_uniform(double low, double high) { return std::exp(uniform(std::log(low), std::log(high))); }

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform(0, 1)));
  return radius * std::cos(2.0 * std::numbers::pi * uniform(0, 1));
}

std::int64_t Random::integer(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
}

Random seeded(std::uint64_t usual_seed) {
  const char* wish = std::getenv("LATHE_TEST_SEED");
  const std::uint64_t seed = wish == nullptr || *wish == '\0' ? usual_seed : std::strtoull(wish, nullptr, 10);
  std::printf("seed %" PRIu64 " (LATHE_TEST_SEED sets another)\n", seed);
  return Random(seed);
}

}  // namespace lathe::test
