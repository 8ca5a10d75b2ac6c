#include "tests/support/declip_oracle.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "kernels/fft/real_fft_double.h"

namespace lathe::test {
namespace {

using Spectrum = std::vector<std::complex<double>>;

constexpr double kPi = std::numbers::pi;

std::size_t place(std::int64_t i) { return static_cast<std::size_t>(i); }

// The real sequence of a spectrum, divided by its length.
Signal inverse(Spectrum z) {
  for (auto& v : z) v = std::conj(v);
  fft_double(z);
  Signal x(z.size());
  for (std::size_t n = 0; n < z.size(); ++n) x[n] = z[n].real() / static_cast<double>(z.size());
  return x;
}

// The inverse of a symmetric positive definite matrix (Gauss and Jordan).
std::vector<Signal> invert(std::vector<Signal> a) {
  const std::size_t n = a.size();
  for (std::size_t k = 0; k < n; ++k) {
    const double pivot = a[k][k];
    a[k][k] = 1;
    for (double& v : a[k]) v /= pivot;
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = a[i][k];
      a[i][k] = 0;
      for (std::size_t j = 0; j < n; ++j) a[i][j] -= factor * a[k][j];
    }
  }
  return a;
}

struct Site {
  std::int64_t at;
  double weight, tilt, precision, shift;
};

}  // namespace

Signal solve_clip_frames(const Signal& clipped, const std::vector<int>& side, std::int64_t points, int rounds) {
  const std::int64_t hop = points / 2, frames = static_cast<std::int64_t>(clipped.size()) / hop - 1;
  Signal window, x = clipped;
  for (std::int64_t n = 0; n < points; ++n)
    window.push_back(std::sin(kPi * static_cast<double>(n) / static_cast<double>(points)));
  std::vector<std::vector<Site>> sites(place(frames));
  for (std::int64_t f = 0; f < frames; ++f) {
    auto& all = sites[place(f)];
    for (std::int64_t n = 0; n < points; ++n) {
      const std::int64_t at = f * hop + n;
      if (side[place(at)] != 0 && window[place(n)] >= 0.6)
        all.push_back({at, side[place(at)] * window[place(n)], 0, 0, 0});
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::size_t from = i, to = i;
      const auto joins = [&](std::size_t a, std::size_t b) {
        return all[a].at + 1 == all[b].at && all[a].weight * all[b].weight > 0;
      };
      while (from > 0 && joins(from - 1, from)) --from;
      while (to + 1 < all.size() && joins(to, to + 1)) ++to;
      const double run = std::max(static_cast<double>(to - from + 1), 16.0);
      all[i].tilt = 4 / (std::abs(clipped[place(all[from].at)]) * run) * all[i].weight * all[i].weight;
    }
  }
  for (int round = 0; round < rounds; ++round) {
    std::vector<Spectrum> z(place(frames), Spectrum(place(points)));
    for (std::int64_t f = 0; f < frames; ++f) {
      for (std::int64_t n = 0; n < points; ++n) z[place(f)][place(n)] = x[place(f * hop + n)] * window[place(n)];
      fft_double(z[place(f)]);
    }
    const auto power = [&](std::int64_t f, std::int64_t k) {
      return std::norm(z[place(std::clamp<std::int64_t>(f, 0, frames - 1))][place((k + points) % points)]);
    };
    const auto over_time = [&](std::int64_t f, std::int64_t k) {
      return (power(f, k) + 0.5 * power(f - 1, k) + 0.5 * power(f + 1, k)) / 2;
    };
    Signal sum(x.size()), weight(x.size());
    for (std::int64_t f = 0; f < frames; ++f) {
      auto& all = sites[place(f)];
      if (all.empty()) continue;
      double mean_power = 0;
      for (std::int64_t k = 0; k <= hop; ++k) mean_power += over_time(f, k) / static_cast<double>(hop + 1);
      Spectrum precision(place(points)), product(place(points));
      for (std::int64_t k = 0; k < points; ++k) {
        const double p = (over_time(f, k) + 0.3 * (over_time(f, k - 1) + over_time(f, k + 1))) / 1.6;
        precision[place(k)] = static_cast<double>(points) / (p + 1e-6 * mean_power + 1e-18);
        product[place(k)] = precision[place(k)] * z[place(f)][place(k)];
      }
      const Signal lag = inverse(precision), made = inverse(product);
      const std::size_t n = all.size();
      std::vector<Signal> matrix(n, Signal(n));
      Signal right(n);
      for (std::size_t i = 0; i < n; ++i) {
        right[i] = all[i].shift - all[i].tilt - all[i].weight * made[place(all[i].at - f * hop)];
        for (std::size_t j = 0; j < n; ++j) {
          matrix[i][j] = all[i].weight * all[j].weight * lag[place(std::abs(all[i].at - all[j].at))];
          right[i] += matrix[i][j] * x[place(all[j].at)] * (all[j].weight > 0 ? 1 : -1);
        }
      }
      for (std::size_t i = 0; i < n; ++i) matrix[i][i] += all[i].precision + 1e-9 * lag[0];
      const auto covariance = invert(matrix);
      for (std::size_t i = 0; i < n; ++i) {
        double mean = 0;
        for (std::size_t j = 0; j < n; ++j) mean += covariance[i][j] * right[j];
        const double variance = covariance[i][i], limit = std::abs(clipped[place(all[i].at)]);
        const double w = all[i].weight * all[i].weight;
        sum[place(all[i].at)] += w * std::clamp(mean, limit, 8 * limit) * (all[i].weight > 0 ? 1 : -1);
        weight[place(all[i].at)] += w;
        if (round + 1 == rounds) continue;
        const double cavity = std::max(1 / variance - all[i].precision, 1e-3 / variance);
        const double centre = (mean / variance - all[i].shift) / cavity, alpha = (limit - centre) * std::sqrt(cavity);
        const double density = std::exp(-0.5 * alpha * alpha) / std::sqrt(2 * kPi);
        const double tail = 0.5 * std::erfc(alpha / std::numbers::sqrt2);
        const double hazard = alpha < 12 ? density / tail : alpha + 1 / alpha - 2 / (alpha * alpha * alpha);
        const double kept = std::clamp(1 - hazard * (hazard - alpha), 1e-6, 1.0) / cavity;
        all[i].precision = std::max(1 / kept - cavity, 0.0);
        all[i].shift = (centre + hazard / std::sqrt(cavity)) / kept - centre * cavity;
      }
    }
    for (std::size_t n = 0; n < x.size(); ++n) {
      if (weight[n] > 0) x[n] = sum[n] / weight[n];
    }
  }
  return x;
}

Signal a_spade(const Signal& clipped, const std::vector<int>& side, std::int64_t points) {
  const std::int64_t hop = points / 4, length = static_cast<std::int64_t>(clipped.size());
  const std::size_t wide = place(2 * points);
  Signal out(clipped.size()), norm(clipped.size());
  for (std::int64_t start = 0; start + points <= length; start += hop) {
    Signal y(place(points)), window(place(points));
    double energy = 0;
    bool is_clipped = false;
    for (std::int64_t n = 0; n < points; ++n) {
      window[place(n)] = std::sin(kPi * static_cast<double>(n) / static_cast<double>(points));
      y[place(n)] = clipped[place(start + n)] * window[place(n)];
      energy += y[place(n)] * y[place(n)];
      is_clipped |= side[place(start + n)] != 0;
    }
    Signal x = y;
    Spectrum u(wide), a(wide);
    for (std::size_t kept = 1; is_clipped && kept <= place(points); ++kept) {
      a.assign(wide, 0);
      std::copy(x.begin(), x.end(), a.begin());
      fft_double(a);
      std::vector<double> sizes;
      for (std::size_t k = 0; k < wide; ++k) a[k] += u[k];
      for (std::size_t k = 0; k <= wide / 2; ++k) sizes.push_back(std::norm(a[k]));
      std::nth_element(sizes.begin(), sizes.end() - static_cast<std::ptrdiff_t>(kept), sizes.end());
      const double threshold = sizes[sizes.size() - kept];
      for (auto& v : a) v = std::norm(v) >= threshold ? v : 0;
      Spectrum back(wide);
      for (std::size_t k = 0; k < wide; ++k) back[k] = a[k] - u[k];
      const Signal v = inverse(back);
      for (std::int64_t n = 0; n < points; ++n) {
        const int s = side[place(start + n)];
        if (s != 0) x[place(n)] = s * std::max(s * v[place(n)], std::abs(y[place(n)]));
      }
      Spectrum now(wide);
      std::copy(x.begin(), x.end(), now.begin());
      fft_double(now);
      double residual = 0;
      for (std::size_t k = 0; k < wide; ++k) {
        residual += std::norm(now[k] - a[k]) / static_cast<double>(wide);
        u[k] += now[k] - a[k];
      }
      if (residual <= 1e-6 * energy) break;
    }
    for (std::int64_t n = 0; n < points; ++n) {
      out[place(start + n)] += x[place(n)] * window[place(n)];
      norm[place(start + n)] += window[place(n)] * window[place(n)];
    }
  }
  for (std::size_t n = 0; n < out.size(); ++n) out[n] = norm[n] > 1e-9 ? out[n] / norm[n] : clipped[n];
  return out;
}

}  // namespace lathe::test
