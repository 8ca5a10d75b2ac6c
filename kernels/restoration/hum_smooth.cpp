#include "kernels/restoration/hum_smooth.h"

#include <algorithm>

namespace lathe {

void smooth_walk(const Complex64* y, const double* w, double penalty, std::int64_t count, std::vector<double>& work,
                 Complex64* s) {
  if (count == 0) return;
  work.resize(static_cast<std::size_t>(count));
  double* inverse = work.data();
  // Thomas's elimination; the matrix has -penalty beside its diagonal.
  for (std::int64_t m = 0; m < count; ++m) {
    const double beside = (m > 0 ? penalty : 0) + (m + 1 < count ? penalty : 0);
    double diagonal = w[m] + beside;
    Complex64 right = w[m] * y[m];
    if (m > 0) {
      const double share = penalty * inverse[m - 1];
      diagonal -= share * penalty;
      right = right + share * s[m - 1];
    }
    inverse[m] = diagonal > 0 ? 1 / diagonal : 0;
    s[m] = right;
  }
  for (std::int64_t m = count - 1; m >= 0; --m) {
    if (m + 1 < count) s[m] = s[m] + penalty * s[m + 1];
    s[m] = inverse[m] * s[m];
  }
}

void smooth_slope(const double* y, const double* w, double penalty, std::int64_t count, std::vector<double>& work,
                  double* s) {
  if (count < 3) {
    std::copy_n(y, count, s);
    return;
  }
  // L D L' of a matrix with two diagonals beside the main one.
  work.resize(static_cast<std::size_t>(3 * count));
  double *d = work.data(), *l1 = d + count, *l2 = l1 + count;
  for (std::int64_t m = 0; m < count; ++m) {
    const double weight = (m >= 2 ? 1 : 0) + (m >= 1 && m + 1 < count ? 4 : 0) + (m + 2 < count ? 1 : 0);
    double diagonal = w[m] + penalty * weight;
    double next = m + 1 < count ? -2 * penalty * ((m >= 1 ? 1 : 0) + (m + 2 < count ? 1 : 0)) : 0;
    double right = w[m] * y[m];
    if (m >= 1) {
      diagonal -= l1[m - 1] * l1[m - 1] * d[m - 1];
      next -= l1[m - 1] * l2[m - 1] * d[m - 1];
      right -= l1[m - 1] * s[m - 1];
    }
    if (m >= 2) {
      diagonal -= l2[m - 2] * l2[m - 2] * d[m - 2];
      right -= l2[m - 2] * s[m - 2];
    }
    d[m] = std::max(diagonal, 1e-300);
    l1[m] = next / d[m];
    l2[m] = m + 2 < count ? penalty / d[m] : 0;
    s[m] = right;
  }
  for (std::int64_t m = count - 1; m >= 0; --m) {
    s[m] /= d[m];
    if (m + 1 < count) s[m] -= l1[m] * s[m + 1];
    if (m + 2 < count) s[m] -= l2[m] * s[m + 2];
  }
}

void box_mean(const double* p, std::int64_t reach, std::int64_t count, double* out) {
  for (std::int64_t m = 0; m < count; ++m) {
    const std::int64_t from = std::max<std::int64_t>(0, m - reach), to = std::min(count, m + reach + 1);
    double sum = 0;
    for (std::int64_t i = from; i < to; ++i) sum += p[i];
    out[m] = sum / static_cast<double>(to - from);
  }
}

double quantile(const double* p, std::int64_t count, double share, std::vector<double>& work) {
  if (count == 0) return 0;
  work.assign(p, p + count);
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(count - 1));
  std::nth_element(work.begin(), work.begin() + at, work.end());
  return work[static_cast<std::size_t>(at)];
}

}  // namespace lathe
