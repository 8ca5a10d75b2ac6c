#include "kernels/tonal_balance/match_eq.h"

#include <algorithm>
#include <cmath>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/fft/real_fft_double.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr std::int64_t kGrid = 1 << 15, kShortest = 1024, kLongest = 8192;  // half the points, at 44.1 or 48 kHz
// The curve itself is an estimate: a tenth of what the equaliser's own bands are held to would only cost length.
constexpr double kEnough_db = 0.05;

double worst_deviation(const std::vector<double>& taps, const std::vector<double>& target, double hz_per_bin,
                       double sample_rate_hz) {
  std::vector<double> padded(target.size(), 0.0);
  std::copy(taps.begin(), taps.end(), padded.begin());
  const std::vector<double> response = even_transform(padded);
  const auto first = static_cast<std::size_t>(std::ceil(20.0 / hz_per_bin));
  const auto last = static_cast<std::size_t>(std::min(20000.0, 0.4535 * sample_rate_hz) / hz_per_bin);
  double worst = 0;
  for (std::size_t k = first; k <= last; ++k) worst = std::max(worst, kernel_error(response[k], target[k]));
  return error_db(worst);
}

EqKernel kernel_of(const std::vector<double>& curve_db, double sample_rate_hz) {
  const std::int64_t factor = rate_factor(sample_rate_hz), points = kGrid * factor;
  const double hz_per_bin = sample_rate_hz / 2 / static_cast<double>(points);
  std::vector<double> target(static_cast<std::size_t>(points) + 1);
  for (std::size_t k = 0; k < target.size(); ++k)
    target[k] = db_to_amplitude(balance_at(curve_db, static_cast<double>(k) * hz_per_bin));
  std::vector<double> impulse = even_transform(target);
  for (double& h : impulse) h /= 2.0 * static_cast<double>(points);
  EqKernel kernel;
  for (std::int64_t half = kShortest * factor; half <= kLongest * factor; half *= 2) {
    kernel.taps = cut_kernel(impulse, half - 1);
    kernel.worst_db = worst_deviation(kernel.taps, target, hz_per_bin, sample_rate_hz);
    if (kernel.worst_db <= kEnough_db) break;
  }
  kernel.pre_ring_db = pre_ring_db(kernel.taps, sample_rate_hz);
  return kernel;
}

}  // namespace

std::shared_ptr<const LinearPhaseEqDesign> design_match(const MatchCurve& curve, double sample_rate_hz) {
  if (curve.db.empty()) return nullptr;
  EqKernel first = kernel_of(curve.db, sample_rate_hz);
  if (curve.side_db.empty()) return std::make_shared<const LinearPhaseEqDesign>(std::move(first));
  return std::make_shared<const LinearPhaseEqDesign>(std::move(first), kernel_of(curve.side_db, sample_rate_hz));
}

std::shared_ptr<const LinearPhaseEqDesign> longest_match(double sample_rate_hz, bool stereo_width) {
  EqKernel kernel;
  kernel.taps.assign(static_cast<std::size_t>(kLongest * rate_factor(sample_rate_hz)), 0.0);
  kernel.taps[0] = 1;
  if (stereo_width) return std::make_shared<const LinearPhaseEqDesign>(kernel, kernel);
  return std::make_shared<const LinearPhaseEqDesign>(std::move(kernel));
}

}  // namespace lathe
