#include "tests/support/impulse_oracle.h"

#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

namespace lathe::test {
namespace {

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

double oracle_solve(std::vector<double> m, std::vector<double>& b) {
  const std::size_t n = b.size();
  double log_determinant = 0;
  for (std::size_t j = 0; j < n; ++j) {
    std::size_t pivot = j;
    for (std::size_t i = j + 1; i < n; ++i) {
      if (std::abs(m[i * n + j]) > std::abs(m[pivot * n + j])) pivot = i;
    }
    for (std::size_t k = 0; k < n; ++k) std::swap(m[j * n + k], m[pivot * n + k]);
    std::swap(b[j], b[pivot]);
    log_determinant += std::log(std::abs(m[j * n + j]));
    for (std::size_t i = j + 1; i < n; ++i) {
      const double factor = m[i * n + j] / m[j * n + j];
      for (std::size_t k = j; k < n; ++k) m[i * n + k] -= factor * m[j * n + k];
      b[i] -= factor * b[j];
    }
  }
  for (std::size_t j = n; j-- > 0;) {
    for (std::size_t k = j + 1; k < n; ++k) b[j] -= m[j * n + k] * b[k];
    b[j] /= m[j * n + j];
  }
  return log_determinant;
}

std::vector<double> oracle_ar(const std::vector<double>& r, int order) {
  std::vector<double> m, b;
  for (int i = 0; i < order; ++i) {
    for (int j = 0; j < order; ++j) m.push_back(r[size_of(std::abs(i - j))]);
    b.push_back(-r[size_of(i + 1)]);
  }
  oracle_solve(m, b);
  b.insert(b.begin(), 1.0);
  return b;
}

Signal oracle_fill(const Signal& x, std::int64_t first, std::int64_t frames, const std::vector<double>& a) {
  const auto order = static_cast<std::int64_t>(a.size()) - 1;
  Signal silent = x;
  for (std::int64_t i = 0; i < frames; ++i) silent[size_of(first + i)] = 0;
  std::vector<double> m(size_of(frames * frames)), b(size_of(frames));
  for (std::int64_t n = first; n < first + frames + order; ++n) {
    double error = 0;
    for (std::int64_t k = 0; k <= order; ++k) error += a[size_of(k)] * silent[size_of(n - k)];
    for (std::int64_t i = 0; i < frames; ++i) {
      const std::int64_t k = n - first - i;
      if (k < 0 || k > order) continue;
      b[size_of(i)] -= a[size_of(k)] * error;
      for (std::int64_t j = 0; j < frames; ++j) {
        const std::int64_t l = n - first - j;
        if (l >= 0 && l <= order) m[size_of(i * frames + j)] += a[size_of(k)] * a[size_of(l)];
      }
    }
  }
  oracle_solve(m, b);
  for (std::int64_t i = 0; i < frames; ++i) silent[size_of(first + i)] = b[size_of(i)];
  return silent;
}

double oracle_log_density(const std::vector<double>& x, const std::vector<double>& covariance) {
  std::vector<double> solved = x;
  const double log_determinant = oracle_solve(covariance, solved);
  double quadratic = 0;
  for (std::size_t i = 0; i < x.size(); ++i) quadratic += x[i] * solved[i];
  return -0.5 * (log_determinant + quadratic);
}

std::vector<double> oracle_gap_covariance(const std::vector<double>& a, int length, double variance) {
  std::vector<double> m(size_of(length) * size_of(length)), inverse(m.size());
  const int order = static_cast<int>(a.size()) - 1;
  for (int i = 0; i < length; ++i) {
    for (int j = 0; j < length; ++j) {
      const int lag = std::abs(i - j);
      for (int k = 0; k + lag <= order; ++k) m[size_of(i * length + j)] += a[size_of(k)] * a[size_of(k + lag)];
    }
  }
  for (int j = 0; j < length; ++j) {
    std::vector<double> unit(size_of(length));
    unit[size_of(j)] = variance;
    oracle_solve(m, unit);
    for (int i = 0; i < length; ++i) inverse[size_of(i * length + j)] = unit[size_of(i)];
  }
  return inverse;
}

}  // namespace lathe::test
