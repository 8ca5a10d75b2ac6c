#include "tests/support/fourier_oracle.h"

#include <numbers>

namespace lathe::test {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

}  // namespace

Complex dft_bin(std::span<const Complex> x, std::int64_t k) {
  const auto count = static_cast<std::int64_t>(x.size());
  std::vector<Complex> turn(x.size());
  for (std::int64_t n = 0; n < count; ++n) {
    turn[static_cast<std::size_t>(n)] = std::polar(1.0, -kTwoPi * static_cast<double>(n) / static_cast<double>(count));
  }
  Complex sum = 0;
  for (std::int64_t n = 0; n < count; ++n)
    sum += x[static_cast<std::size_t>(n)] * turn[static_cast<std::size_t>(k * n % count)];
  return sum;
}

Complex response_at(std::span<const double> x, double cycles_per_sample, std::int64_t origin) {
  // The turning pointer is set anew every so often, so that its rounding does not add up.
  constexpr std::size_t kRenew = 1024;
  const Complex step = std::polar(1.0, -kTwoPi * cycles_per_sample);
  Complex sum = 0, turn = 1;
  for (std::size_t n = 0; n < x.size(); ++n) {
    if (n % kRenew == 0)
      turn = std::polar(1.0, -kTwoPi * cycles_per_sample * static_cast<double>(static_cast<std::int64_t>(n) - origin));
    sum += x[n] * turn;
    turn = {turn.real() * step.real() - turn.imag() * step.imag(),
            turn.real() * step.imag() + turn.imag() * step.real()};
  }
  return sum;
}

}  // namespace lathe::test
