#include "tests/support/stereo_oracle.h"

#include <algorithm>
#include <cmath>

namespace lathe::test {
namespace {

double at(const Signal& signal, std::int64_t n) {
  return n >= 0 && n < static_cast<std::int64_t>(signal.size()) ? signal[static_cast<std::size_t>(n)] : 0;
}

struct Sums {
  double mid = 0, side = 0, cross = 0;
};

Sums sums_of(const StereoPair& of, std::int64_t first, std::int64_t end) {
  Sums sums;
  for (std::int64_t n = first; n < end; ++n) {
    const double m = (at(of.left, n) + at(of.right, n)) / 2, s = (at(of.left, n) - at(of.right, n)) / 2;
    sums.mid += m * m;
    sums.side += s * s;
    sums.cross += m * s;
  }
  return sums;
}

// The largest gain at most 1, found by halving, at which this much side keeps the correlation.
double gain_for_correlation(const Sums& inside, double side, double least) {
  const auto holds = [&](double gain) {
    const double s = gain * gain * side, share = inside.cross * inside.cross / (inside.mid * inside.side);
    const double power = inside.mid + s;
    return inside.mid - s >= least * std::sqrt(power * power - 4 * share * inside.mid * s);
  };
  if (inside.mid * inside.side <= 0 || holds(1)) return 1;
  double low = 0, high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (holds(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace

StereoPair guarded_oracle(const StereoPair& in, const StereoLimits& limits, std::int64_t block) {
  const auto frames = static_cast<std::int64_t>(in.left.size());
  const std::int64_t blocks = (frames + block - 1) / block, windows = std::max<std::int64_t>(1, blocks - 49 + 1);
  std::vector<double> bound;
  for (std::int64_t w = 0; w < windows; ++w) {
    const Sums inside = sums_of(in, w * block, (w + 49) * block);
    const double side = sums_of(in, (w - 1) * block, (w + 51) * block).side;
    double gain = 1;
    if (side > 1e-12 * 49 * static_cast<double>(block)) {
      gain = std::min(1.0, std::sqrt(limits.most_side * inside.mid / side));
      if (limits.correlation > -1) gain = std::min(gain, gain_for_correlation(inside, side, limits.correlation));
    }
    bound.push_back(gain);
  }
  // Of a block: the least of all windows whose side counts it. Of a knot: the less of the blocks before and behind it.
  std::vector<double> of_block(static_cast<std::size_t>(blocks), 1.0);
  for (std::int64_t k = 0; k < blocks; ++k) {
    for (std::int64_t w = std::max<std::int64_t>(0, k - 50); w <= k + 1 && w < windows; ++w)
      of_block[static_cast<std::size_t>(k)] =
          std::min(of_block[static_cast<std::size_t>(k)], bound[static_cast<std::size_t>(w)]);
  }
  const auto knot = [&](std::int64_t k) {
    double mean = 0;
    for (std::int64_t near = k - 25; near <= k + 25; ++near) {
      double least = 1;
      for (std::int64_t of = near - 25; of <= near + 25; ++of) {
        for (const std::int64_t b : {of - 1, of}) {
          if (b >= 0 && b < blocks) least = std::min(least, of_block[static_cast<std::size_t>(b)]);
        }
      }
      mean += least / 51;
    }
    return mean;
  };
  StereoPair out = in;
  for (std::int64_t k = 0; k < blocks; ++k) {
    const double from = knot(k), to = knot(k + 1);
    for (std::int64_t i = 0; i < block && k * block + i < frames; ++i) {
      const auto n = static_cast<std::size_t>(k * block + i);
      const double gain = from + (to - from) * static_cast<double>(i) / static_cast<double>(block);
      const double m = (in.left[n] + in.right[n]) / 2, s = gain * (in.left[n] - in.right[n]) / 2;
      out.left[n] = m + s;
      out.right[n] = m - s;
    }
  }
  return out;
}

MonoFold mono_fold(const StereoPair& of, std::int64_t first, std::int64_t count) {
  double left = 0, right = 0, product = 0, mono = 0;
  for (std::int64_t n = first; n < first + count; ++n) {
    const double l = at(of.left, n), r = at(of.right, n);
    left += l * l;
    right += r * r;
    product += l * r;
    mono += (l + r) * (l + r) / 4;
  }
  MonoFold fold;
  fold.power = (left + right) / 2 / static_cast<double>(count);
  if (left * right > 0) fold.correlation = product / std::sqrt(left * right);
  if (left + right > 0) fold.loss_db = 10 * std::log10((left + right) / 2 / std::max(mono, 1e-30));
  return fold;
}

MonoFold worst_second(const StereoPair& of, std::int64_t rate, std::int64_t step) {
  MonoFold worst;
  for (std::int64_t first = 0; first + rate <= static_cast<std::int64_t>(of.left.size()); first += step) {
    const MonoFold second = mono_fold(of, first, rate);
    if (second.power < 1e-7) continue;
    worst.correlation = std::min(worst.correlation, second.correlation);
    worst.loss_db = std::max(worst.loss_db, second.loss_db);
  }
  return worst;
}

}  // namespace lathe::test
