#include "kernels/restoration/ar_model.h"

#include <algorithm>
#include <cmath>

#include "kernels/math/portable_log.h"

namespace lathe {

double fit_ar(const double* r, int order, double count, double* a) {
  std::vector<double> next(static_cast<std::size_t>(order) + 1);
  std::fill_n(a, order + 1, 0.0);
  a[0] = 1;
  const double total = r[0] * (1 + 1e-9) + 1e-14 * count;
  double left = total;
  for (int m = 1; m <= order; ++m) {
    double sum = r[m];
    for (int k = 1; k < m; ++k) sum += a[k] * r[m - k];
    const double reflection = -sum / left;
    if (!(std::abs(reflection) < 1)) break;
    for (int k = 1; k < m; ++k) next[static_cast<std::size_t>(k)] = a[k] + reflection * a[m - k];
    for (int k = 1; k < m; ++k) a[k] = next[static_cast<std::size_t>(k)];
    a[m] = reflection;
    left *= 1 - reflection * reflection;
  }
  return left / total;
}

void GapSolver::set_model(const double* a, int order) {
  order_ = order;
  ac_.resize(static_cast<std::size_t>(order) + 1);
  for (int k = 0; k <= order; ++k) {
    double sum = 0;
    for (int j = 0; j + k <= order; ++j) sum += a[j] * a[j + k];
    ac_[static_cast<std::size_t>(k)] = sum;
  }
}

void GapSolver::factor(int length, const double* extra) {
  length_ = length;
  const int wide = order_ + 1;
  rows_.resize(static_cast<std::size_t>(length) * static_cast<std::size_t>(wide));
  for (int i = 0; i < length; ++i) {
    double* row = rows_.data() + i * wide + order_;  // row[j - i] = L[i][j]
    const int from = std::max(0, i - order_);
    for (int j = from; j <= i; ++j) {
      const double* other = rows_.data() + j * wide + order_;
      double sum = ac_[static_cast<std::size_t>(i - j)];
      if (i == j) sum = sum * (1 + 1e-9) + (extra == nullptr ? 0.0 : extra[i]);
      const int k0 = std::max(from, j - order_);
      double even = 0, odd = 0;
      int k = k0;
      for (; k + 1 < j; k += 2) {
        even += row[k - i] * other[k - j];
        odd += row[k + 1 - i] * other[k + 1 - j];
      }
      if (k < j) even += row[k - i] * other[k - j];
      sum -= even + odd;
      row[j - i] = i == j ? std::sqrt(std::max(sum, 1e-30)) : sum / other[0];
    }
  }
}

double GapSolver::log_determinant() const {
  double sum = 0;
  for (int i = 0; i < length_; ++i) sum += portable_log(rows_[static_cast<std::size_t>(i * (order_ + 1) + order_)]);
  return 2 * sum;
}

void GapSolver::multiply(const double* v, int length, double* out) const {
  for (int i = 0; i < length; ++i) {
    double sum = 0;
    for (int j = std::max(0, i - order_); j <= std::min(length - 1, i + order_); ++j)
      sum += ac_[static_cast<std::size_t>(std::abs(i - j))] * v[j];
    out[i] = sum;
  }
}

void GapSolver::solve(double* x) const {
  const int wide = order_ + 1;
  for (int i = 0; i < length_; ++i) {
    const double* row = rows_.data() + i * wide + order_;
    double sum = x[i];
    for (int j = std::max(0, i - order_); j < i; ++j) sum -= row[j - i] * x[j];
    x[i] = sum / row[0];
  }
  for (int i = length_ - 1; i >= 0; --i) {
    const double* row = rows_.data() + i * wide + order_;
    x[i] /= row[0];
    for (int j = std::max(0, i - order_); j < i; ++j) x[j] -= row[j - i] * x[i];
  }
}

double GapSolver::energy(const double* v, int length) const {
  double total = 0;
  for (int i = 0; i < length; ++i) {
    double sum = 0.5 * ac_[0] * v[i];
    for (int j = std::max(0, i - order_); j < i; ++j) sum += ac_[static_cast<std::size_t>(i - j)] * v[j];
    total += 2 * sum * v[i];
  }
  return total;
}

}  // namespace lathe
