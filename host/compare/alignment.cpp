#include "host/compare/alignment.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "kernels/fft/real_fft_double.h"

namespace lathe {
namespace {

using Spectrum = std::vector<std::complex<double>>;

constexpr std::size_t kWindows = 8;
constexpr double kWindow_s = 0.35;
// Under this nothing but chance or a common key is behind a correlation. Masters of one recording have 0.8 and more.
constexpr double kLeastCorrelation = 0.3;
// From here on no other delay is tried: the likeliest come first, and bars that repeat to the sample tie at best.
constexpr double kSureCorrelation = 0.999;

std::vector<Stretch> loudest_windows(const std::vector<double>& levels, std::int64_t level_frames,
                                     std::int64_t frames) {
  std::vector<Stretch> windows;
  const std::size_t count = std::min(kWindows, levels.size());
  for (std::size_t w = 0; w < count; ++w) {
    const auto first = levels.begin() + static_cast<std::ptrdiff_t>(w * levels.size() / count);
    const auto last = levels.begin() + static_cast<std::ptrdiff_t>((w + 1) * levels.size() / count);
    const auto loudest = std::max_element(first, last);
    if (*loudest > 0) windows.push_back({(loudest - levels.begin()) * level_frames, frames});
  }
  return windows;
}

// Cross-spectra of one delay, summed over the windows.
class Candidate {
 public:
  Candidate(std::size_t points, std::size_t channels) : points_(points), channels_(channels) {
    straight_.assign(channels, Spectrum(points));
    if (channels == 2) crossed_.assign(2, Spectrum(points));
  }

  void add(const std::vector<Spectrum>& a, const ComparedBlock& b, double share) {
    std::vector<Spectrum> spectra;
    for (const auto& channel : b.channels) {
      spectra.push_back(transform(channel, points_));
      for (const double x : channel) energy_ += share * x * x;
    }
    for (std::size_t c = 0; c < channels_; ++c) {
      multiply(a[c], spectra[c], straight_[c]);
      if (channels_ == 2) multiply(a[c], spectra[1 - c], crossed_[c]);
    }
  }

  static Spectrum transform(const std::vector<double>& samples, std::size_t points) {
    Spectrum spectrum(samples.begin(), samples.end());
    spectrum.resize(points);
    fft_double(spectrum);
    return spectrum;
  }

  struct Best {
    double score = 0;  // normalised
    std::size_t lag = 0;
    bool is_swapped = false;
    std::vector<double> signs;
  };

  // Over lags 0 .. most; `energy_a` is that of A's windows.
  Best best(std::size_t most, double energy_a) const {
    Best best;
    for (const bool is_swapped : {false, true}) {
      const auto& pairs = is_swapped ? crossed_ : straight_;
      if (pairs.empty()) continue;
      std::vector<Spectrum> correlations;
      for (const Spectrum& pair : pairs) correlations.push_back(inverse(pair));
      for (std::size_t lag = 0; lag <= most; ++lag) {
        double sum = 0;
        for (const Spectrum& correlation : correlations) sum += std::abs(correlation[lag].real());
        // The straight way has the benefit of a doubt: of mono in two channels both are as good.
        const double score = sum / std::sqrt(std::max(energy_a * energy_, 1e-300)) / static_cast<double>(points_);
        if (score <= best.score * (is_swapped ? 1.02 : 1.0)) continue;
        best = {score, lag, is_swapped, {}};
        for (const Spectrum& correlation : correlations) best.signs.push_back(correlation[lag].real() < 0 ? -1 : 1);
      }
    }
    return best;
  }

  // How much later than `best.lag`, in frames, the phases say.
  double fraction(const Best& best) const {
    Spectrum sum(points_);
    const auto& pairs = best.is_swapped ? crossed_ : straight_;
    for (std::size_t c = 0; c < pairs.size(); ++c) {
      for (std::size_t k = 0; k < points_; ++k) sum[k] += best.signs[c] * pairs[c][k];
    }
    double above = 0, below = 0;
    const double step = 2 * std::numbers::pi / static_cast<double>(points_);
    for (std::size_t k = 1; k < points_ / 2; ++k) {
      const double w = step * static_cast<double>(k);
      const std::complex<double> turned = sum[k] * std::polar(1.0, w * static_cast<double>(best.lag));
      const double weight = std::abs(turned);
      above -= weight * w * std::arg(turned);
      below += weight * w * w;
    }
    return below > 0 ? above / below : 0.0;
  }

 private:
  static void multiply(const Spectrum& a, const Spectrum& b, Spectrum& sum) {
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += std::conj(a[k]) * b[k];
  }

  static Spectrum inverse(Spectrum spectrum) {
    for (auto& x : spectrum) x = std::conj(x);
    fft_double(spectrum);
    return spectrum;
  }

  std::size_t points_, channels_;
  std::vector<Spectrum> straight_, crossed_;
  double energy_ = 0;
};

}  // namespace

Alignment align(ComparedTrack& a, ComparedTrack& b, const std::vector<double>& levels, std::int64_t level_frames,
                const std::vector<std::int64_t>& delays, std::int64_t margin) {
  Alignment found;
  const auto channels = static_cast<std::size_t>(a.channels());
  found.is_inverted.assign(channels, false);
  const auto frames = static_cast<std::int64_t>(kWindow_s * a.sample_rate_hz());
  const std::vector<Stretch> windows = loudest_windows(levels, level_frames, frames);
  if (windows.empty()) return found;
  std::size_t points = 1;
  while (static_cast<std::int64_t>(points) < frames + 2 * margin) points *= 2;
  std::vector<std::vector<Spectrum>> spectra;  // by window and channel
  double energy = 0;
  for (const ComparedBlock& block : collect(a, windows)) {
    auto& one = spectra.emplace_back();
    for (const auto& channel : block.channels) {
      one.push_back(Candidate::transform(channel, points));
      for (const double x : channel) energy += x * x;
    }
  }
  std::vector<Stretch> stretches;
  for (const std::int64_t delay : delays) {
    for (const Stretch& window : windows) stretches.push_back({window.first + delay - margin, frames + 2 * margin});
  }
  const std::vector<ComparedBlock> blocks = collect(b, stretches);
  const double share = static_cast<double>(frames) / static_cast<double>(frames + 2 * margin);
  for (std::size_t d = 0; d < delays.size(); ++d) {
    Candidate candidate(points, channels);
    for (std::size_t w = 0; w < windows.size(); ++w) candidate.add(spectra[w], blocks[d * windows.size() + w], share);
    const Candidate::Best best = candidate.best(static_cast<std::size_t>(2 * margin), energy);
    if (best.score <= found.correlation) continue;
    found.correlation = best.score;
    found.is_swapped = best.is_swapped;
    found.delay_frames = delays[d] - margin + static_cast<std::int64_t>(best.lag);
    found.fraction_frames = candidate.fraction(best);
    for (std::size_t c = 0; c < channels; ++c) found.is_inverted[c] = best.signs[c] < 0;
    if (found.correlation >= kSureCorrelation) break;
  }
  found.correlation = std::min(found.correlation, 1.0);
  found.is_found = found.correlation >= kLeastCorrelation;
  return found;
}

}  // namespace lathe
