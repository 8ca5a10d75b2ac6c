#include "kernels/restoration/hum_smooth.h"

#include <algorithm>

namespace lathe {

void smooth_walk(const Complex64* y, const double* w, double penalty, std::int64_t count, std::vector<double>& work,
                 Complex64* s) {
  if (count == 0) return;
  work.resize(static_cast<std::size_t>(count));
  double* inverse = work.data();
  // Thomas's elimination, from both ends to the middle and back: a step waits for the one before it, and two that do
  // not wait for each other take the time of one. The matrix has -penalty beside its diagonal.
  const std::int64_t middle = count / 2, last = count - 1;
  const double square = penalty * penalty;
  const auto start = [&](std::int64_t m) {
    const double beside = (m > 0 ? penalty : 0) + (m < last ? penalty : 0);
    inverse[m] = w[m] + beside;
    s[m] = w[m] * y[m];
  };
  const auto eliminate = [&](std::int64_t m, std::int64_t from) {
    inverse[m] -= square * inverse[from];
    s[m] = s[m] + (penalty * inverse[from]) * s[from];
  };
  const auto invert = [inverse](std::int64_t m) { inverse[m] = inverse[m] > 0 ? 1 / inverse[m] : 0; };
  for (std::int64_t i = 0; i < middle; ++i) {
    const std::int64_t front = i, back = last - i;
    start(front);
    if (i > 0) eliminate(front, front - 1);
    invert(front);
    if (back == middle) continue;
    start(back);
    if (i > 0) eliminate(back, back + 1);
    invert(back);
  }
  start(middle);
  if (middle > 0) eliminate(middle, middle - 1);
  if (middle < last) eliminate(middle, middle + 1);
  invert(middle);
  s[middle] = inverse[middle] * s[middle];
  for (std::int64_t i = 1; i <= middle; ++i) {
    const std::int64_t front = middle - i, back = middle + i;
    s[front] = inverse[front] * (s[front] + penalty * s[front + 1]);
    if (back <= last) s[back] = inverse[back] * (s[back] + penalty * s[back - 1]);
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
