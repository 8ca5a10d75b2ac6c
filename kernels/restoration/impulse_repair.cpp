#include "kernels/restoration/impulse_repair.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/restoration/impulse_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

ImpulseRepair::ImpulseRepair(const RepairDesign& design)
    : design_(design),
      kernels_(pick_level(sse2::impulse_kernels, avx2::impulse_kernels, avx512::impulse_kernels)),
      window_(size_of(2 * design.half)),
      own_(size_of(2 * design.half + 2 * design.order + 64)),
      beside_(size_of(2 * design.half + 2 * design.order + 64)),
      model_(size_of(design.order + 1)),
      reversed_(size_of(design.order + 1)),
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
  right_.assign(size_of(unknowns), 0.0);
  const auto cross = [&](int m) { return m >= 0 ? uv_[size_of(m)] : vu_[size_of(-m)]; };  // sum of u[n] v[n+m]
  const double floor_u = uu_[0] * 1e-9 + 1e-14 * size, floor_v = (vv_[0] + uu_[0]) * 1e-8 + 1e-14 * size;
  fitting_.clear(unknowns - 1, unknowns);
  for (int l = 1; l <= p; ++l) {
    double* column = fitting_.column(l - 1);
    for (int k = l; k <= p; ++k) column[k - l] = uu_[size_of(k - l)];
    column[0] += floor_u;
    for (int j = -q; j <= q; ++j) column[p + j + q - (l - 1)] = -cross(l - j);
    right_[size_of(l - 1)] = -uu_[size_of(l)];
  }
  for (int l = -q; l <= q; ++l) {
    double* column = fitting_.column(p + l + q);
    for (int j = l; j <= q; ++j) column[j - l] = vv_[size_of(j - l)];
    column[0] += floor_v;
    right_[size_of(p + l + q)] = cross(-l);
  }
  fitting_.factor_columns();
  fitting_.solve(right_);
  model_[0] = 1;
  for (int k = 1; k <= p; ++k) model_[size_of(k)] = right_[size_of(k - 1)];
  for (int j = 0; j <= 2 * q; ++j) regression_[size_of(j)] = right_[size_of(p + j)];
}

void ImpulseRepair::errors(const float* row, const float* other, std::int64_t first, int count,
                           std::vector<double>& out) {
  const int p = design_.order, q = design_.reach;
  out.assign(size_of(count + 16), 0.0);
  line_.resize(size_of(count + p + 2 * q + 16));
  for (int i = 0; i < count + p + 16; ++i) line_[size_of(i)] = static_cast<double>(row[first - p + i]);
  kernels_.filter(line_.data() + p, model_.data(), p + 1, count, out.data());
  if (other == nullptr) return;
  for (int i = 0; i < count + 2 * q + 16; ++i) line_[size_of(i)] = -static_cast<double>(other[first - q + i]);
  kernels_.filter(line_.data() + 2 * q, regression_.data(), 2 * q + 1, count, out.data());
}

ClickShapes::Verdict ImpulseRepair::fill(float* row, const float* other, const float* damaged, std::int64_t first,
                                         int frames) {
  const int p = design_.order;
  const std::int64_t start = first + frames / 2 - design_.half;
  for (int iteration = 0; iteration < design_.iterations; ++iteration) {
    fit(row + start, other == nullptr ? nullptr : other + start);
    // The least sum of squared errors over the gap's samples: M s = -(what the errors are with the gap silent, filtered
    // backward in time).
    std::fill_n(row + first, frames, 0.0f);
    errors(row, other, first, frames + p, errors_);
    std::reverse_copy(model_.begin(), model_.end(), reversed_.begin());
    gap_.assign(size_of(frames + 16), 0.0);
    errors_.resize(size_of(frames + p + 32));
    kernels_.filter(errors_.data() + p, reversed_.data(), p + 1, frames, gap_.data());
    for (double& g : gap_) g = -g;
    solver_.set_model(model_.data(), p);
    solver_.factor(frames, nullptr);
    solver_.solve(gap_);
    for (int i = 0; i < frames; ++i) row[first + i] = static_cast<float>(gap_[size_of(i)]);
  }
  double before = 0, after = 0;
  errors(row, other, first - design_.near, design_.near, errors_);
  for (int i = 0; i < design_.near; ++i) before += errors_[size_of(i)] * errors_[size_of(i)];
  errors(row, other, first + frames + p, design_.near, errors_);
  for (int i = 0; i < design_.near; ++i) after += errors_[size_of(i)] * errors_[size_of(i)];
  const double variance = std::max(before, after) / design_.near + 1e-14;
  gap_.resize(size_of(frames));
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
