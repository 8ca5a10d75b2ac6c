#include "kernels/restoration/click_shapes.h"

#include <algorithm>
#include <cmath>

#include "kernels/math/portable_log.h"

namespace lathe {
namespace {

std::size_t size_of(int n) { return static_cast<std::size_t>(n); }

}  // namespace

// The best offset over a part of the gap. 1'M1 over a run depends on its length alone, and 1'M(x - s0) is a difference
// of running sums, so that all runs cost two operations each.
void ClickShapes::offset(GapSolver& solver, double variance, const std::vector<double>& difference) {
  const int length = static_cast<int>(difference.size());
  sums_.resize(size_of(length + 1));
  ones_.resize(size_of(length + 1));
  solver.multiply(difference, length, image_);
  double drop = 0, ring = solver.ac()[0];
  sums_[0] = ones_[0] = 0;
  for (int i = 0; i < length; ++i) {
    drop += difference[size_of(i)] * image_[size_of(i)];
    sums_[size_of(i + 1)] = sums_[size_of(i)] + image_[size_of(i)];
    if (i > 0 && i <= solver.order()) ring += 2 * solver.ac()[i];
    ones_[size_of(i + 1)] = ones_[size_of(i)] + ring;
  }
  null_ = 0.5 * (solver.log_determinant() - length * portable_log(variance) - drop / variance);
  const double level = std::max(power_ / length, 1e-6), ridge = variance / level;
  double best = -1;
  int from = 0, to = length;
  for (int run = 1; run <= length; ++run) {
    const double weight = 1 / (ones_[size_of(run)] + ridge);
    for (int i = 0; i + run <= length; ++i) {
      const double sum = sums_[size_of(i + run)] - sums_[size_of(i)], gain = sum * sum * weight;
      if (gain > best) {
        best = gain;
        from = i;
        to = i + run;
      }
    }
  }
  const double ones = ones_[size_of(to - from)];
  const double height = (sums_[size_of(to)] - sums_[size_of(from)]) / (ones + ridge);
  Kind& kind = kinds_[used_++];
  kind.log_likelihood = null_ + 0.5 * best / variance - 0.5 * portable_log(1 + ones / ridge) -
                        2 * portable_log(static_cast<double>(length));
  kind.damage.assign(size_of(length), 0.0);
  std::fill(kind.damage.begin() + from, kind.damage.begin() + to, height);
  offset_first_ = from;
  offset_end_ = to;
}

void ClickShapes::burst(const GapSolver& solver, double variance, double decay, double share,
                        const std::vector<double>& difference) {
  const int length = static_cast<int>(difference.size());
  const double step = portable_exp(-2 * decay / length);
  double norm = 0, envelope = 1;
  for (int i = 0; i < length; ++i, envelope *= step) norm += envelope;
  envelope = power_ / norm * share;
  extra_.resize(size_of(length));
  shift_.resize(size_of(length));
  Kind& kind = kinds_[used_++];
  kind.damage.resize(size_of(length));
  double quadratic = 0;
  for (int i = 0; i < length; ++i, envelope *= step) {
    const double v = envelope, d = difference[size_of(i)];
    extra_[size_of(i)] = variance / v;
    shift_[size_of(i)] = kind.damage[size_of(i)] = d * variance / v;
    quadratic += d * d / v;
  }
  // The variances are a geometric series.
  const double logs = length * portable_log(power_ / norm * share) - decay * (length - 1);
  shaped_.copy_model(solver);
  shaped_.factor(length, extra_.data());
  shaped_.solve(shift_);
  double back = 0;
  for (int i = 0; i < length; ++i) {
    back += kind.damage[size_of(i)] * shift_[size_of(i)];
    kind.damage[size_of(i)] = difference[size_of(i)] - shift_[size_of(i)];
  }
  kind.log_likelihood =
      -0.5 * (logs + shaped_.log_determinant() - solver.log_determinant() + quadratic - back / variance);
}

ClickShapes::Verdict ClickShapes::judge(GapSolver& solver, double variance, Depth depth,
                                        std::vector<double>& difference) {
  constexpr double kDecays[] = {0, 1, 2, 3, 4.5};
  const int length = static_cast<int>(difference.size());
  if (kinds_.size() < 8) kinds_.resize(8);
  used_ = 0;
  power_ = 1e-12;
  for (const double d : difference) power_ += d * d;
  offset(solver, variance, difference);
  if (depth == Depth::few) {
    burst(solver, variance, 2, 1, difference);
  } else {
    burst(solver, variance, 0, 1, difference);
    // Other decays gain some tens at most: not enough against an offset that fits.
    if (kinds_[0].log_likelihood < kinds_[1].log_likelihood + 60) {
      std::size_t best = 1;
      for (int i = 1; i < 5; ++i) {
        burst(solver, variance, kDecays[i], 1, difference);
        if (kinds_[used_ - 1].log_likelihood > kinds_[best].log_likelihood)
          best = used_ - 1;
        else if (i > 1)
          break;
      }
      burst(solver, variance, kDecays[best - 1], 0.4, difference);
    }
  }
  double top = kinds_[0].log_likelihood, weights = 0;
  for (std::size_t k = 1; k < used_; ++k) top = std::max(top, kinds_[k].log_likelihood);
  std::fill(difference.begin(), difference.end(), 0.0);
  double share_of_offset = 0;
  for (std::size_t k = 0; k < used_; ++k) {
    const double weight = portable_exp(kinds_[k].log_likelihood - top);
    weights += weight;
    if (k == 0) share_of_offset = weight;
    for (int i = 0; i < length; ++i) difference[size_of(i)] += weight * kinds_[k].damage[size_of(i)];
  }
  for (double& d : difference) d /= weights;
  if (share_of_offset > 0.999 * weights) {
    std::copy(kinds_[0].damage.begin(), kinds_[0].damage.end(), difference.begin());
    return {top - null_, true, offset_first_, offset_end_};
  }
  return {top - null_, false, 0, length};
}

}  // namespace lathe
