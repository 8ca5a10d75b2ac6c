#include "tests/support/true_peak_oracle.h"

#include <algorithm>
#include <cmath>

#include "tests/support/low_pass.h"

namespace lathe::test {
namespace {

constexpr double kBeta = 12.0;  // about -118 dB outside a transition of 0.008 of the rate

double dot(const double* a, const double* b, int count) {
  double lane[8] = {};
  for (int k = 0; k < count; k += 8) {
    for (int i = 0; i < 8; ++i) lane[i] += a[k + i] * b[k + i];
  }
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

}  // namespace

TruePeakOracle::TruePeakOracle(int phases, int taps)
    : phases_(phases), taps_(taps), coefficients_(static_cast<std::size_t>(phases * taps)) {
  for (int p = 0; p < phases; ++p) {
    for (int k = 0; k < taps; ++k) {
      const double distance = static_cast<double>(p) / phases - (k - taps / 2 + 1);
      coefficients_[static_cast<std::size_t>(p * taps + k)] = sinc(distance) * kaiser(distance / (taps / 2), kBeta);
    }
  }
}

std::vector<double> TruePeakOracle::frame_peaks(std::span<const double> x, std::int64_t first, std::int64_t end) const {
  const std::int64_t before = taps_ / 2 - 1 - std::min<std::int64_t>(first, 0);
  std::vector<double> padded(
      x.size() + static_cast<std::size_t>(before + taps_ +
                                          std::max<std::int64_t>(0, end - static_cast<std::int64_t>(x.size()))),
      0.0);
  std::copy(x.begin(), x.end(), padded.begin() + before);
  std::vector<double> peaks;
  for (std::int64_t n = first; n < end; ++n) {
    double peak = 0;
    for (int p = 0; p < phases_; ++p) {
      peak = std::max(
          peak, std::abs(dot(coefficients_.data() + p * taps_, padded.data() + before + n - taps_ / 2 + 1, taps_)));
    }
    peaks.push_back(peak);
  }
  return peaks;
}

double TruePeakOracle::peak(std::span<const double> x) const {
  const std::vector<double> peaks = frame_peaks(x, -taps_ / 2, static_cast<std::int64_t>(x.size()) + taps_ / 2);
  return *std::max_element(peaks.begin(), peaks.end());
}

std::vector<double> TruePeakOracle::group_peaks(std::span<const double> x, std::int64_t group) const {
  const auto frames = static_cast<std::int64_t>(x.size());
  const std::vector<double> peaks = frame_peaks(x, 0, frames);
  std::vector<double> groups(static_cast<std::size_t>((frames + group - 1) / group), 0.0);
  for (std::int64_t n = 0; n < frames; ++n) {
    double& g = groups[static_cast<std::size_t>(n / group)];
    g = std::max(g, peaks[static_cast<std::size_t>(n)]);
  }
  return groups;
}

}  // namespace lathe::test
