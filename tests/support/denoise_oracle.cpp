#include "tests/support/denoise_oracle.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "kernels/fft/real_fft_double.h"
#include "kernels/math/hiss_gain.h"

namespace lathe::test {
namespace {

using Spectrum = std::vector<std::complex<double>>;
using Powers = std::vector<std::vector<double>>;  // [frame][bin]

Spectrum transform_of(const Signal& x, std::int64_t start, std::int64_t points) {
  Spectrum y(static_cast<std::size_t>(points));
  for (std::int64_t n = 0; n < points; ++n) {
    const std::int64_t at = start + n;
    const bool is_inside = at >= 0 && at < static_cast<std::int64_t>(x.size());
    const double window = std::sin(std::numbers::pi * static_cast<double>(n) / static_cast<double>(points));
    y[static_cast<std::size_t>(n)] = is_inside ? window * x[static_cast<std::size_t>(at)] : 0.0;
  }
  fft_double(y);
  return y;
}

// Powers of all frames and bins, asked for beyond the ends: no frames, mirrored bins.
struct Plane {
  const Powers& powers;

  double at(std::int64_t frame, std::int64_t bin) const {
    if (frame < 0 || frame >= static_cast<std::int64_t>(powers.size())) return 0;
    const auto last = static_cast<std::int64_t>(powers.front().size()) - 1;
    const std::int64_t k = std::abs(bin) > last ? 2 * last - std::abs(bin) : std::abs(bin);
    return powers[static_cast<std::size_t>(frame)][static_cast<std::size_t>(k)];
  }
  double mean(std::int64_t frame, std::int64_t bin, int frames, int bins) const {
    double sum = 0;
    for (int t = -frames; t <= frames; ++t) {
      for (int k = -bins; k <= bins; ++k) sum += at(frame + t, bin + k);
    }
    return std::log2(kHissLeast + sum / ((2 * frames + 1) * (2 * bins + 1)));
  }
  double far(std::int64_t frame, std::int64_t bin, int frames, int bins) const {
    double sum = 0;
    for (int i = 3; i <= 8; ++i) {
      for (const int sign : {-1, 1})
        sum += std::log2(kHissLeast + at(frame + sign * i * frames, bin + sign * i * bins));
    }
    return sum;
  }
};

double gain_of(const Plane& own, const Plane& other, std::int64_t t, std::int64_t k, double floor) {
  const HissGain form = hiss_gain(floor);
  const double f[kHissFeatures] = {own.mean(t, k, 0, 0),
                                   own.mean(t, k, 1, 1),
                                   own.mean(t, k, 2, 0),
                                   own.mean(t, k, 0, 2),
                                   own.far(t, k, 1, 0),
                                   own.far(t, k, 0, 1),
                                   std::max(other.mean(t, k, 1, 1), kHissLeastOther)};
  double x = static_cast<double>(form.offset);
  for (int i = 0; i < kHissFeatures; ++i) x += static_cast<double>(form.slope[i]) * f[i];
  for (int j = 0; j < kHissBends; ++j) {
    double y = static_cast<double>(form.bend[j]);
    for (int i = 0; i < kHissFeatures; ++i) y += static_cast<double>(form.tilt[j][i]) * f[i];
    x += static_cast<double>(form.knee[j]) * std::max(y, 0.0);
  }
  const double xi = std::exp2(x + std::min(x, 0.0));
  return std::max(xi / (1 + xi), floor);
}

}  // namespace

Removed removed_noise(const Signal& a, const Signal& b, const PairNoise& noise, const std::vector<double>& share,
                      std::int64_t points, std::int64_t lead, double floor) {
  const std::int64_t hop = points / 2, length = static_cast<std::int64_t>(a.size());
  const std::int64_t frames = (length + lead) / hop + 1;
  const auto bins = static_cast<std::size_t>(points / 2 + 1);
  std::vector<Spectrum> spectra[2];
  Powers powers[2];
  for (std::int64_t t = 0; t < frames; ++t) {
    Spectrum y[2] = {transform_of(a, t * hop - lead, points), transform_of(b, t * hop - lead, points)};
    std::vector<double> row[2];
    for (std::size_t k = 0; k < bins; ++k) {
      const double c = std::cos(noise.angle[k]), s = std::sin(noise.angle[k]);
      for (int i = 0; i < 2; ++i)
        y[i][k] /= std::sqrt(std::max(noise.power[i][k], 1e-24) * static_cast<double>(points) / 2);
      const std::complex<double> turned[2] = {c * y[0][k] + s * y[1][k], c * y[1][k] - s * y[0][k]};
      for (int i = 0; i < 2; ++i) {
        const double shared = (i == 0 ? 1 : -1) * noise.correlation * 2 * c * s;
        y[i][k] = turned[i];
        row[i].push_back(std::norm(turned[i]) / std::max(1 + shared, 1e-3));
      }
    }
    for (int i = 0; i < 2; ++i) {
      spectra[i].push_back(std::move(y[i]));
      powers[i].push_back(std::move(row[i]));
    }
  }
  Removed removed;
  for (Signal& signal : removed.channel) signal.assign(static_cast<std::size_t>(length), 0.0);
  const Plane planes[2] = {{powers[0]}, {powers[1]}};
  for (std::int64_t t = 0; t < frames; ++t) {
    Spectrum out[2] = {Spectrum(static_cast<std::size_t>(points)), Spectrum(static_cast<std::size_t>(points))};
    for (std::size_t k = 0; k < bins; ++k) {
      const auto bin = static_cast<std::int64_t>(k);
      const double c = std::cos(noise.angle[k]), s = std::sin(noise.angle[k]);
      std::complex<double> away[2];
      for (int i = 0; i < 2; ++i) {
        away[i] = spectra[i][static_cast<std::size_t>(t)][k] * share[k] *
                  (1 - gain_of(planes[i], planes[1 - i], t, bin, floor));
      }
      const std::complex<double> back[2] = {c * away[0] - s * away[1], s * away[0] + c * away[1]};
      for (int i = 0; i < 2; ++i) {
        const double colour = std::sqrt(std::max(noise.power[i][k], 1e-24) * static_cast<double>(points) / 2);
        // The inverse by a forward transform: of the conjugates.
        out[i][k] = std::conj(back[i] * colour);
        if (k > 0 && k + 1 < bins) out[i][static_cast<std::size_t>(points) - k] = std::conj(out[i][k]);
      }
    }
    for (int i = 0; i < 2; ++i) {
      fft_double(out[i]);
      for (std::int64_t n = 0; n < points; ++n) {
        const std::int64_t at = t * hop - lead + n;
        if (at < 0 || at >= length) continue;
        const double window = std::sin(std::numbers::pi * static_cast<double>(n) / static_cast<double>(points));
        removed.channel[i][static_cast<std::size_t>(at)] +=
            window * out[i][static_cast<std::size_t>(n)].real() / static_cast<double>(points);
      }
    }
  }
  return removed;
}

}  // namespace lathe::test
