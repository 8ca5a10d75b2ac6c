#include "host/audit/audible_loudness.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "host/audit/spectrum_checks.h"

namespace lathe {
namespace {

constexpr double kStopHz = 21000;
constexpr double kRejectionDb = 85;

// Bessel function I0 by its series.
double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > 1e-17 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

// h[0..half], unity at DC.
std::vector<double> low_pass_taps(double rate_hz) {
  if (!AudibleLoudness::is_for(rate_hz)) throw std::invalid_argument("AudibleLoudness: 42 kHz and below are too low");
  const double beta = 0.1102 * (kRejectionDb - 8.7), cutoff = 0.5 * (kAudibleHz + kStopHz) / rate_hz;
  const double width = 2 * std::numbers::pi * (kStopHz - kAudibleHz) / rate_hz;
  const auto half = static_cast<std::int64_t>(std::ceil((kRejectionDb - 7.95) / (2.285 * width) / 2));
  std::vector<double> taps;
  double sum = 0;
  for (std::int64_t n = 0; n <= half; ++n) {
    const double t = static_cast<double>(n), u = t / static_cast<double>(half + 1);
    const double sinc = n == 0 ? 2 * cutoff : std::sin(2 * std::numbers::pi * cutoff * t) / (std::numbers::pi * t);
    taps.push_back(sinc * bessel_i0(beta * std::sqrt(1 - u * u)) / bessel_i0(beta));
    sum += (n == 0 ? 1 : 2) * taps.back();
  }
  for (double& tap : taps) tap /= sum;
  return taps;
}

}  // namespace

bool AudibleLoudness::is_for(double sample_rate_hz) { return sample_rate_hz > 2 * kStopHz; }

AudibleLoudness::AudibleLoudness(double sample_rate_hz, std::vector<double> weights)
    : low_pass_(low_pass_taps(sample_rate_hz)),
      runner_(low_pass_, low_pass_, false, static_cast<int>(weights.size())),
      meter_({sample_rate_hz, std::move(weights), false, false, 0}) {}

void AudibleLoudness::take(AudioView frames) {
  runner_.take(frames, [&](AudioView filtered) { meter_.take(filtered); });
}

double AudibleLoudness::finish() {
  runner_.finish([&](AudioView filtered) { meter_.take(filtered); });
  meter_.finish();
  return meter_.figures().integrated_lufs;
}

}  // namespace lathe
