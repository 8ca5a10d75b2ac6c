#include "kernels/restoration/impulse_repair.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/restoration/impulse_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

// Solves the symmetric positive definite system in place (Cholesky); rows of `size`.
void solve_dense(std::vector<double>& m, std::vector<double>& x, int size) {
  for (int i = 0; i < size; ++i) {
    double* row = m.data() + i * size;
    for (int j = 0; j <= i; ++j) {
      const double* other = m.data() + j * size;
      double even = 0, odd = 0;
      int k = 0;
      for (; k + 1 < j; k += 2) {
        even += row[k] * other[k];
        odd += row[k + 1] * other[k + 1];
      }
      if (k < j) even += row[k] * other[k];
      const double sum = row[j] - (even + odd);
      row[j] = i == j ? std::sqrt(std::max(sum, 1e-30)) : sum / other[j];
    }
  }
  for (int i = 0; i < size; ++i) {
    const double* row = m.data() + i * size;
    double sum = x[size_of(i)];
    for (int j = 0; j < i; ++j) sum -= row[j] * x[size_of(j)];
    x[size_of(i)] = sum / row[i];
  }
  for (int i = size - 1; i >= 0; --i) {
    const double* row = m.data() + i * size;
    x[size_of(i)] /= row[i];
    for (int j = 0; j < i; ++j) x[size_of(j)] -= row[j] * x[size_of(i)];
  }
}

}  // namespace

ImpulseRepair::ImpulseRepair(const RepairDesign& design)
    : design_(design),
      kernels_(pick_level(sse2::impulse_kernels, avx2::impulse_kernels, avx512::impulse_kernels)),
      window_(size_of(2 * design.half)),
      own_(size_of(2 * design.half + 2 * design.order + 64)),
      beside_(size_of(2 * design.half + 2 * design.order + 64)),
      model_(size_of(design.order + 1)),
      regression_(size_of(2 * design.reach + 1)) {
  const int size = 2 * design.half;
  for (int n = 0; n < size; ++n)
    window_[size_of(n)] = static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * (n + 0.5) / size));
}

// Least squares for x[n] = -sum of a[k] x[n-k] + sum of b[j] other[n-j], k = 1..order, j = -reach..reach, on windowed
// samples.
void ImpulseRepair::fit(const float* row, const float* other) {
  const int p = design_.order, q = design_.reach, size = 2 * design_.half;
  const int lags = (p + q + 16) / 16 * 16;
  kernels_.weigh(row, window_.data(), size, own_.data());
  uu_.resize(size_of(lags));
  kernels_.correlate(own_.data(), own_.data(), size, (p + 16) / 16 * 16, uu_.data());
  std::fill(regression_.begin(), regression_.end(), 0.0);
  if (other == nullptr) {
    fit_ar(uu_.data(), p, size, model_.data());
    return;
  }
  kernels_.weigh(other, window_.data(), size, beside_.data());
  vv_.resize(size_of(lags));
  uv_.resize(size_of(lags));
  vu_.resize(size_of(lags));
  kernels_.correlate(beside_.data(), beside_.data(), size, (2 * q + 16) / 16 * 16, vv_.data());
  kernels_.correlate(own_.data(), beside_.data(), size, lags, uv_.data());
  kernels_.correlate(beside_.data(), own_.data(), size, (q + 16) / 16 * 16, vu_.data());
  const int unknowns = p + 2 * q + 1;
  matrix_.assign(size_of(unknowns * unknowns), 0.0);
  right_.assign(size_of(unknowns), 0.0);
  const auto cross = [&](int m) { return m >= 0 ? uv_[size_of(m)] : vu_[size_of(-m)]; };  // sum of u[n] v[n+m]
  const double floor_u = uu_[0] * 1e-9 + 1e-14 * size, floor_v = (vv_[0] + uu_[0]) * 1e-8 + 1e-14 * size;
  for (int k = 1; k <= p; ++k) {
    double* to = matrix_.data() + (k - 1) * unknowns;
    for (int l = 1; l <= k; ++l) to[l - 1] = uu_[size_of(k - l)] + (k == l ? floor_u : 0.0);
    right_[size_of(k - 1)] = -uu_[size_of(k)];
  }
  for (int j = -q; j <= q; ++j) {
    double* to = matrix_.data() + (p + j + q) * unknowns;
    for (int k = 1; k <= p; ++k) to[k - 1] = -cross(k - j);
    for (int l = -q; l <= j; ++l) to[p + l + q] = vv_[size_of(j - l)] + (j == l ? floor_v : 0.0);
    right_[size_of(p + j + q)] = cross(-j);
  }
  solve_dense(matrix_, right_, unknowns);
  model_[0] = 1;
  for (int k = 1; k <= p; ++k) model_[size_of(k)] = right_[size_of(k - 1)];
  for (int j = 0; j <= 2 * q; ++j) regression_[size_of(j)] = right_[size_of(p + j)];
}

double ImpulseRepair::predict(const float* row, const float* other, std::int64_t n) const {
  double sum = 0;
  for (int k = 0; k <= design_.order; ++k) sum += model_[size_of(k)] * static_cast<double>(row[n - k]);
  if (other != nullptr) {
    const int q = design_.reach;
    for (int j = -q; j <= q; ++j) sum -= regression_[size_of(j + q)] * static_cast<double>(other[n - j]);
  }
  return sum;
}

ClickShapes::Verdict ImpulseRepair::fill(float* row, const float* other, const float* damaged, std::int64_t first,
                                         int frames) {
  const int p = design_.order;
  const std::int64_t start = first + frames / 2 - design_.half;
  gap_.resize(size_of(frames));
  errors_.resize(size_of(frames + p));
  for (int iteration = 0; iteration < design_.iterations; ++iteration) {
    fit(row + start, other == nullptr ? nullptr : other + start);
    std::fill_n(row + first, frames, 0.0f);
    for (int i = 0; i < frames + p; ++i) errors_[size_of(i)] = predict(row, other, first + i);
    for (int i = 0; i < frames; ++i) {
      double sum = 0;
      for (int k = 0; k <= p; ++k) sum += model_[size_of(k)] * errors_[size_of(i + k)];
      gap_[size_of(i)] = -sum;
    }
    solver_.set_model(model_.data(), p);
    solver_.factor(frames, nullptr);
    solver_.solve(gap_.data());
    for (int i = 0; i < frames; ++i) row[first + i] = static_cast<float>(gap_[size_of(i)]);
  }
  double before = 0, after = 0;
  for (int i = 0; i < design_.near; ++i) {
    const double b = predict(row, other, first - 1 - i), a = predict(row, other, first + frames + p + i);
    before += b * b;
    after += a * a;
  }
  const double variance = std::max(before, after) / design_.near + 1e-14;
  for (int i = 0; i < frames; ++i) gap_[size_of(i)] = static_cast<double>(damaged[first + i]) - gap_[size_of(i)];
  const auto verdict = shapes_.judge(solver_, variance, ClickShapes::Depth::all, gap_);
  for (int i = 0; i < frames; ++i) {
    row[first + i] = i < verdict.first || i >= verdict.end
                         ? damaged[first + i]
                         : static_cast<float>(static_cast<double>(damaged[first + i]) - gap_[size_of(i)]);
  }
  return verdict;
}

}  // namespace lathe
