#include "tests/support/convolution_oracle.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace lathe::test {

double convolved_at(std::span<const double> x, std::span<const double> taps, std::int64_t n) {
  const auto frames = static_cast<std::int64_t>(x.size()), half = static_cast<std::int64_t>(taps.size()) - 1;
  double sum = 0;
  for (std::int64_t k = std::max(-half, n - frames + 1); k <= std::min(half, n); ++k) {
    sum += taps[static_cast<std::size_t>(std::abs(k))] * x[static_cast<std::size_t>(n - k)];
  }
  return sum;
}

Signal circularly_convolved(std::span<const double> x, std::span<const double> taps) {
  const auto frames = static_cast<std::int64_t>(x.size()), half = static_cast<std::int64_t>(taps.size()) - 1;
  Signal y(x.size(), 0.0);
  for (std::int64_t n = 0; n < frames; ++n) {
    for (std::int64_t k = -half; k <= half; ++k) {
      y[static_cast<std::size_t>(n)] +=
          taps[static_cast<std::size_t>(std::abs(k))] * x[static_cast<std::size_t>((n - k + frames) % frames)];
    }
  }
  return y;
}

}  // namespace lathe::test
