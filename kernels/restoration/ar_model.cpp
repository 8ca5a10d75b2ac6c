#include "kernels/restoration/ar_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/math/portable_log.h"
#include "kernels/restoration/impulse_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

constexpr int kOverrun = 16;

}  // namespace

void fit_ar(const double* r, int order, double count, double* a) {
  std::vector<double> next(size_of(order + 1));
  std::fill_n(a, order + 1, 0.0);
  a[0] = 1;
  double left = r[0] * (1 + 1e-9) + 1e-14 * count;
  for (int m = 1; m <= order; ++m) {
    double sum = r[m];
    for (int k = 1; k < m; ++k) sum += a[k] * r[m - k];
    const double reflection = -sum / left;
    if (!(std::abs(reflection) < 1)) break;
    for (int k = 1; k < m; ++k) next[size_of(k)] = a[k] + reflection * a[m - k];
    for (int k = 1; k < m; ++k) a[k] = next[size_of(k)];
    a[m] = reflection;
    left *= 1 - reflection * reflection;
  }
}

GapSolver::GapSolver() : kernels_(pick_level(sse2::impulse_kernels, avx2::impulse_kernels, avx512::impulse_kernels)) {}

void GapSolver::set_model(const double* a, int order) {
  order_ = order;
  ac_.assign(size_of(order + 1), 0.0);
  both_.assign(size_of(2 * order + 1), 0.0);
  for (int k = 0; k <= order; ++k) {
    double even = 0, odd = 0;
    int j = 0;
    for (; j + 1 + k <= order; j += 2) {
      even += a[j] * a[j + k];
      odd += a[j + 1] * a[j + 1 + k];
    }
    if (j + k <= order) even += a[j] * a[j + k];
    ac_[size_of(k)] = both_[size_of(order - k)] = both_[size_of(order + k)] = even + odd;
  }
}

void GapSolver::copy_model(const GapSolver& other) {
  order_ = other.order_;
  ac_ = other.ac_;
  both_ = other.both_;
}

void GapSolver::clear(int order, int length) {
  order_ = order;
  length_ = length;
  stride_ = (order + 1 + kOverrun + 7) / 8 * 8;
  columns_.assign(size_of((length + 1) * stride_), 0.0);
  inverse_.resize(size_of(length));
}

void GapSolver::factor(int length, const double* extra) {
  clear(order_, length);
  for (int j = 0; j < length; ++j) {
    std::copy(ac_.begin(), ac_.end(), column(j));
    column(j)[0] = ac_[0] * (1 + 1e-9) + (extra == nullptr ? 0.0 : extra[j]);
  }
  factor_columns();
}

void GapSolver::factor_columns() { kernels_.factor_band(columns_.data(), stride_, order_, length_, inverse_.data()); }

double GapSolver::log_determinant() const {
  // Products of a few, since a logarithm is dear.
  double sum = 0, product = 1;
  for (int j = 0; j < length_; ++j) {
    product *= inverse_[size_of(j)];
    if (product < 1e-100 || product > 1e100) {
      sum -= portable_log(product);
      product = 1;
    }
  }
  return 2 * (sum - portable_log(product));
}

void GapSolver::solve(std::vector<double>& x) const {
  x.resize(size_of(length_ + kOverrun));
  kernels_.solve_band(columns_.data(), stride_, order_, length_, inverse_.data(), x.data());
}

void GapSolver::multiply(const std::vector<double>& v, int length, std::vector<double>& out) {
  padded_.assign(size_of(length + 2 * order_ + kOverrun), 0.0);
  std::copy_n(v.begin(), length, padded_.begin() + order_);
  out.assign(size_of(length + kOverrun), 0.0);
  kernels_.filter(padded_.data() + 2 * order_, both_.data(), 2 * order_ + 1, length, out.data());
}

}  // namespace lathe
