#include "tests/support/click_oracle.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/support/impulse_oracle.h"

namespace lathe::test {
namespace {

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

struct Kind {
  double log_density = 0;
  std::vector<double> damage;
  int first = 0, end = 0;
};

// The matrix of a gap: the autocorrelation of the model on its diagonals.
double product(const std::vector<double>& a, int lag) {
  double sum = 0;
  for (std::size_t k = 0; k + size_of(std::abs(lag)) < a.size(); ++k) sum += a[k] * a[k + size_of(std::abs(lag))];
  return sum;
}

// The best offset over a part of the gap, its height of variance power / length but 1e-6 at least.
Kind offset(const std::vector<double>& a, double variance, double power, double none, const std::vector<double>& d) {
  const auto length = static_cast<int>(d.size());
  std::vector<double> image(d.size()), products;
  for (int lag = 0; lag < length; ++lag) products.push_back(product(a, lag));
  for (int i = 0; i < length; ++i) {
    for (int j = 0; j < length; ++j) image[size_of(i)] += products[size_of(std::abs(i - j))] * d[size_of(j)];
  }
  const double ridge = variance / std::max(power / length, 1e-6);
  Kind best;
  double most = -1, height = 0, ones_of_best = 0;
  for (int from = 0; from < length; ++from) {
    double sum = 0, ones = 0;
    for (int to = from; to < length; ++to) {
      sum += image[size_of(to)];
      ones += products[0];
      for (int i = from; i < to; ++i) ones += 2 * products[size_of(to - i)];
      const double gain = sum * sum / (ones + ridge);
      if (gain <= most) continue;
      most = gain;
      height = sum / (ones + ridge);
      ones_of_best = ones;
      best.first = from;
      best.end = to + 1;
    }
  }
  best.log_density = none + 0.5 * most / variance - 0.5 * std::log(1 + ones_of_best / ridge) - 2 * std::log(length);
  best.damage.assign(d.size(), 0.0);
  std::fill(best.damage.begin() + best.first, best.damage.begin() + best.end, height);
  return best;
}

// d[i] ~ N(0, v[i]), v dying away and `share` of the power in all, on music of this covariance.
Kind burst(const std::vector<double>& music, double power, double decay, double share, const std::vector<double>& d) {
  const auto length = static_cast<int>(d.size());
  std::vector<double> covariance = music, v;
  double norm = 0;
  for (int i = 0; i < length; ++i) norm += std::exp(-2 * decay * i / length);
  for (int i = 0; i < length; ++i) {
    v.push_back(power / norm * share * std::exp(-2 * decay * i / length));
    covariance[size_of(i * length + i)] += v.back();
  }
  std::vector<double> solved = d;
  Kind kind;
  kind.log_density = oracle_log_density(d, covariance);
  oracle_solve(covariance, solved);
  for (int i = 0; i < length; ++i) kind.damage.push_back(v[size_of(i)] * solved[size_of(i)]);
  return kind;
}

}  // namespace

ClickVerdict oracle_click(const std::vector<double>& model, double variance, bool all,
                          const std::vector<double>& difference) {
  constexpr double kDecays[] = {0, 1, 2, 3, 4.5};
  const auto length = static_cast<int>(difference.size());
  const std::vector<double> music = oracle_gap_covariance(model, length, variance);
  double power = 1e-12;
  for (const double d : difference) power += d * d;
  const double none = oracle_log_density(difference, music);
  std::vector<Kind> kinds{offset(model, variance, power, none, difference)};
  if (!all) {
    kinds.push_back(burst(music, power, 2, 1, difference));
  } else {
    kinds.push_back(burst(music, power, 0, 1, difference));
    if (kinds[0].log_density < kinds[1].log_density + 60) {
      std::size_t best = 1;
      for (int i = 1; i < 5; ++i) {
        kinds.push_back(burst(music, power, kDecays[i], 1, difference));
        if (kinds.back().log_density > kinds[best].log_density)
          best = kinds.size() - 1;
        else if (i > 1)
          break;
      }
      kinds.push_back(burst(music, power, kDecays[best - 1], 0.4, difference));
    }
  }
  double top = kinds[0].log_density, weights = 0;
  for (const Kind& kind : kinds) top = std::max(top, kind.log_density);
  ClickVerdict verdict{top - none, false, 0, length, std::vector<double>(difference.size())};
  for (const Kind& kind : kinds) {
    const double weight = std::exp(kind.log_density - top);
    weights += weight;
    for (int i = 0; i < length; ++i) verdict.damage[size_of(i)] += weight * kind.damage[size_of(i)];
  }
  for (double& d : verdict.damage) d /= weights;
  if (std::exp(kinds[0].log_density - top) > 0.999 * weights)
    verdict = {top - none, true, kinds[0].first, kinds[0].end, kinds[0].damage};
  return verdict;
}

Signal oracle_repair(const RepairDesign& design, Signal x, const Signal* other, const Signal& damaged,
                     std::int64_t first, std::int64_t frames) {
  const int p = design.order, q = other == nullptr ? -1 : design.reach, size = 2 * design.half;
  const std::int64_t start = first + frames / 2 - design.half;
  std::vector<double> a, b(other == nullptr ? 0 : size_of(2 * q + 1));
  const auto error = [&](std::int64_t n) {
    double sum = 0;
    for (int k = 0; k <= p; ++k) sum += a[size_of(k)] * x[size_of(n - k)];
    for (int j = -q; j <= q; ++j) sum -= b[size_of(j + q)] * (*other)[size_of(n - j)];
    return sum;
  };
  for (int iteration = 0; iteration < design.iterations; ++iteration) {
    // Regressors of windowed samples: the row k before, then the other channel; least squares with floors.
    const auto window = [&](std::int64_t n) {
      return 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(n) + 0.5) / size);
    };
    const auto u = [&](std::int64_t n) { return n >= 0 && n < size ? x[size_of(start + n)] * window(n) : 0.0; };
    const auto v = [&](std::int64_t n) { return n >= 0 && n < size ? (*other)[size_of(start + n)] * window(n) : 0.0; };
    const int unknowns = p + std::max(0, 2 * q + 1);
    std::vector<double> own(size_of(size + 2 * p)), beside(own.size());
    for (std::int64_t n = 0; n < size + 2 * p; ++n) {
      own[size_of(n)] = u(n - p);
      beside[size_of(n)] = other == nullptr ? 0 : v(n - p);
    }
    const auto regressor = [&](int i, std::int64_t n) {
      return i < p ? -own[size_of(n - 1 - i)] : beside[size_of(n - (i - p - q))];
    };
    std::vector<double> m(size_of(unknowns * unknowns)), right(size_of(unknowns));
    double uu = 0, vv = 0;
    for (std::int64_t n = p; n < size + 2 * p; ++n) {
      if (n < size + p) uu += own[size_of(n)] * own[size_of(n)], vv += beside[size_of(n)] * beside[size_of(n)];
    }
    // All sums run over everything that is not silent.
    const auto wide = [&](int i, std::int64_t n) {
      const std::int64_t at = i < p ? n - 1 - i : n - (i - p - q);
      return at < 0 || at >= size + 2 * p ? 0.0 : regressor(i, n);
    };
    std::vector<std::vector<double>> columns;
    for (int i = 0; i < unknowns; ++i) {
      columns.emplace_back();
      for (std::int64_t n = 0; n < size + 3 * p; ++n) columns.back().push_back(wide(i, n));
    }
    for (int i = 0; i < unknowns; ++i) {
      for (int j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t n = 0; n < columns[size_of(i)].size(); ++n)
          sum += columns[size_of(i)][n] * columns[size_of(j)][n];
        m[size_of(i * unknowns + j)] = m[size_of(j * unknowns + i)] = sum;
      }
      for (std::size_t n = 0; n < own.size(); ++n) right[size_of(i)] += columns[size_of(i)][n] * own[n];
      m[size_of(i * unknowns + i)] += i < p ? uu * 1e-9 + 1e-14 * size : (vv + uu) * 1e-8 + 1e-14 * size;
    }
    oracle_solve(m, right);
    a.assign(1, 1.0);
    a.insert(a.end(), right.begin(), right.begin() + p);
    std::copy(right.begin() + p, right.end(), b.begin());
    // The least sum of squared errors over the gap.
    for (std::int64_t i = 0; i < frames; ++i) x[size_of(first + i)] = 0;
    std::vector<double> matrix(size_of(frames * frames)), gap(size_of(frames));
    for (std::int64_t n = first; n < first + frames + p; ++n) {
      const double e = error(n);
      for (std::int64_t i = std::max<std::int64_t>(0, n - first - p); i < std::min(frames, n - first + 1); ++i) {
        gap[size_of(i)] -= a[size_of(n - first - i)] * e;
        for (std::int64_t j = std::max<std::int64_t>(0, n - first - p); j < std::min(frames, n - first + 1); ++j)
          matrix[size_of(i * frames + j)] += a[size_of(n - first - i)] * a[size_of(n - first - j)];
      }
    }
    oracle_solve(matrix, gap);
    std::copy(gap.begin(), gap.end(), x.begin() + first);
  }
  double before = 0, after = 0;
  for (int i = 0; i < design.near; ++i) {
    const double e = error(first - design.near + i), f = error(first + frames + p + i);
    before += e * e;
    after += f * f;
  }
  const double variance = std::max(before, after) / design.near + 1e-14;
  std::vector<double> difference;
  for (std::int64_t i = 0; i < frames; ++i) difference.push_back(damaged[size_of(first + i)] - x[size_of(first + i)]);
  const ClickVerdict verdict = oracle_click(a, variance, true, difference);
  Signal repaired;
  for (std::int64_t i = 0; i < frames; ++i) {
    const double is = damaged[size_of(first + i)];
    repaired.push_back(i < verdict.first || i >= verdict.end ? is : is - verdict.damage[size_of(i)]);
  }
  return repaired;
}

}  // namespace lathe::test
