#include "kernels/restoration/hum_path.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/math/portable_log.h"
#include "kernels/math/turns.h"
#include "kernels/restoration/hum_lanes.h"
#include "kernels/restoration/hum_smooth.h"

namespace lathe {
namespace {

constexpr double kReachHz = 0.25, kStepHz = 0.005;
constexpr int kOffsets = static_cast<int>(kReachHz / kStepHz + 0.5);  // on each side
constexpr int kAll = 2 * kOffsets + 1;
constexpr double kShare = 0.25;  // of a stretch, from one to the next

}  // namespace

HumPath::HumPath(const HumFrames& f, double stretch_s) : hop_s_(f.hop_s), count_(f.count), lines_(f.lines) {
  if (count_ < 1) return;
  length_ = std::clamp<std::int64_t>(static_cast<std::int64_t>(stretch_s / f.hop_s), 1, f.count);
  hop_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(kShare * static_cast<double>(length_)));
  stretches_ = (f.count - length_) / hop_ + 1;
  likelihood_.assign(static_cast<std::size_t>(lines_ * stretches_ * kAll), 0.0);

  // exp(-i 2 pi j step hop m) for j = 0, 1, ..., lines * kOffsets; the negative ones are their conjugates. Rows are
  // filled up with zeros.
  const std::int64_t length = length_, padded = (length + 15) / 16 * 16;
  std::vector<float> cosines(static_cast<std::size_t>((f.lines * kOffsets + 1) * padded)), sines(cosines.size());
  for (std::int64_t j = 0; j <= f.lines * kOffsets; ++j) {
    for (std::int64_t m = 0; m < length; ++m) {
      const CosSin e = cos_sin_turns(static_cast<double>(j) * kStepHz * f.hop_s * static_cast<double>(m));
      cosines[static_cast<std::size_t>(j * padded + m)] = static_cast<float>(e.cos);
      sines[static_cast<std::size_t>(j * padded + m)] = static_cast<float>(e.sin);
    }
  }
  std::vector<double> window(static_cast<std::size_t>(length)), p(static_cast<std::size_t>(f.count)), mean(p.size()),
      work;
  double window_sum = 0;
  for (std::int64_t m = 0; m < length; ++m) {
    window[static_cast<std::size_t>(m)] =
        0.5 - 0.5 * cos_sin_turns(static_cast<double>(m + 1) / static_cast<double>(length + 1)).cos;
    window_sum += window[static_cast<std::size_t>(m)];
  }
  const double independent = 0.27 * static_cast<double>(length);
  std::vector<float> re(static_cast<std::size_t>(padded)), im(re.size());
  float ac[kOffsets + 1], bs[kOffsets + 1], dc[kOffsets + 1], es[kOffsets + 1];
  for (int c = 0; c < f.channels; ++c) {
    for (int k = 0; k < f.lines; ++k) {
      const Complex64* z = f.row(c, k);
      for (std::int64_t m = 0; m < f.count; ++m) p[static_cast<std::size_t>(m)] = power(z[m]);
      box_mean(p.data(), 1, f.count, mean.data());
      const double floor = 0.1 * quantile(mean.data(), f.count, 0.1, work) + 1e-24;
      for (double& v : mean) v += floor;
      for (std::int64_t s = 0; s < stretches_; ++s) {
        double noise = 0;
        for (std::int64_t m = 0; m < length; ++m) {
          const auto i = static_cast<std::size_t>(s * hop_ + m);
          const double w = window[static_cast<std::size_t>(m)];
          // Weighted by 1/sqrt(power): half way to the weights of the fit, which a single quiet frame would rule.
          const double weight = w / std::sqrt(mean[i]);
          re[static_cast<std::size_t>(m)] = static_cast<float>(weight * z[i].re);
          im[static_cast<std::size_t>(m)] = static_cast<float>(weight * z[i].im);
          noise += w * w;
        }
        // x exp(-i t): re = x c + y s, im = y c - x s; for negative offsets the sine changes its sign.
        const auto project = [&](const std::vector<float>& x, const std::vector<float>& tables, float* sums) {
          hum_kernels().project(x.data(), padded, tables.data(), (k + 1) * padded, kOffsets + 1, sums);
        };
        project(re, cosines, ac);
        project(im, sines, bs);
        project(im, cosines, dc);
        project(re, sines, es);
        for (int o = -kOffsets; o <= kOffsets; ++o) {
          const int j = std::abs(o);
          const double sign = o >= 0 ? 1 : -1;
          const Complex64 sum{static_cast<double>(ac[j]) + sign * static_cast<double>(bs[j]),
                              static_cast<double>(dc[j]) - sign * static_cast<double>(es[j])};
          const double coherence = std::min(power(sum) / (noise * window_sum + 1e-300), 0.98);
          likelihood_[static_cast<std::size_t>((k * stretches_ + s) * kAll + o + kOffsets)] +=
              -independent * portable_log(std::max(1 - coherence, 1e-300));
        }
      }
    }
  }
}

std::vector<double> HumPath::together(const Trust& trust) const {
  std::vector<double> sum(static_cast<std::size_t>(stretches_ * kAll), 0.0);
  for (int k = trust.first_line; k < std::min(trust.first_line + trust.lines, lines_); ++k) {
    const double* own = likelihood_.data() + k * stretches_ * kAll;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += std::min(own[i], trust.most);
  }
  return sum;
}

std::vector<double> HumPath::wandering(double step_hz, const Trust& trust) const {
  std::vector<double> phase(static_cast<std::size_t>(count_), 0.0);
  if (count_ < 2) return phase;
  const double apart_s = static_cast<double>(hop_) * hop_s_;
  const double price = kStepHz * kStepHz / (2 * step_hz * step_hz * apart_s);
  const std::vector<double> likelihood = together(trust);
  std::vector<double> best(likelihood.begin(), likelihood.begin() + kAll), next(kAll);
  std::vector<int> from(static_cast<std::size_t>(stretches_ * kAll), 0);
  for (std::int64_t s = 1; s < stretches_; ++s) {
    for (int j = 0; j < kAll; ++j) {
      double top = -1e300;
      int way = 0;
      for (int i = 0; i < kAll; ++i) {
        const double v = best[static_cast<std::size_t>(i)] - price * (i - j) * (i - j);
        if (v > top) top = v, way = i;
      }
      // Neighbouring stretches share most of their frames.
      next[static_cast<std::size_t>(j)] = top + kShare * likelihood[static_cast<std::size_t>(s * kAll + j)];
      from[static_cast<std::size_t>(s * kAll + j)] = way;
    }
    best.swap(next);
  }
  std::vector<int> way(static_cast<std::size_t>(stretches_));
  way.back() = static_cast<int>(std::max_element(best.begin(), best.end()) - best.begin());
  for (std::int64_t s = stretches_ - 1; s > 0; --s)
    way[static_cast<std::size_t>(s - 1)] = from[static_cast<std::size_t>(s * kAll + way[static_cast<std::size_t>(s)])];

  // Along the frames, with straight lines between the stretches' centres.
  double angle = 0;
  for (std::int64_t m = 0; m < count_; ++m) {
    const double at =
        std::clamp((static_cast<double>(m) - 0.5 * static_cast<double>(length_ - 1)) / static_cast<double>(hop_), 0.0,
                   static_cast<double>(stretches_ - 1));
    const auto i = std::min(static_cast<std::int64_t>(at), std::max<std::int64_t>(0, stretches_ - 2));
    const double share = at - static_cast<double>(i);
    const int a = way[static_cast<std::size_t>(i)];
    const int b = way[static_cast<std::size_t>(std::min(i + 1, stretches_ - 1))];
    const double offset = kStepHz * (a + share * (b - a) - kOffsets);
    angle += 2 * std::numbers::pi * offset * hop_s_;
    phase[static_cast<std::size_t>(m)] = angle;
  }
  return phase;
}

std::vector<double> HumPath::steady(std::int64_t first, std::int64_t count, const Trust& trust) const {
  std::vector<double> phase(static_cast<std::size_t>(count_), 0.0);
  if (count_ < 2) return phase;
  const std::vector<double> likelihood = together(trust);
  std::vector<double> sum(kAll, 0.0);
  for (std::int64_t s = 0; s < stretches_; ++s) {
    const std::int64_t middle = s * hop_ + length_ / 2;
    if (stretches_ > 1 && (middle < first || middle >= first + count)) continue;
    for (int j = 0; j < kAll; ++j)
      sum[static_cast<std::size_t>(j)] += likelihood[static_cast<std::size_t>(s * kAll + j)];
  }
  const int best = static_cast<int>(std::max_element(sum.begin(), sum.end()) - sum.begin());
  double offset = best - kOffsets;
  if (best > 0 && best + 1 < kAll) {
    const double a = sum[static_cast<std::size_t>(best - 1)], b = sum[static_cast<std::size_t>(best)],
                 c = sum[static_cast<std::size_t>(best + 1)];
    if (a + c < 2 * b) offset += 0.5 * (a - c) / (a + c - 2 * b);
  }
  for (std::int64_t m = 0; m < count_; ++m)
    phase[static_cast<std::size_t>(m)] = 2 * std::numbers::pi * kStepHz * offset * hop_s_ * static_cast<double>(m);
  return phase;
}

}  // namespace lathe
