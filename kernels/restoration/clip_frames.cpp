#include "kernels/restoration/clip_frames.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/restoration/posterior_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

// Found on orchestra, metal and electronic music: a neighbour frame counts half, a neighbour bin a third; what lies
// under a millionth of the mean power is no less likely than that; and frames may leave to their neighbours what their
// window weighs less than 0.6: a frame solves for fewer samples then.
constexpr double kNeighbourFrame = 0.5, kNeighbourBin = 0.3, kFloor = 1e-6, kCore = 0.6;

// How far music rises over a clip level is exponential at heart: each run of clipped samples is a factor of e less
// likely for every quarter of the level that its mean lies higher. Without it wide runs come out too high; short ones,
// of which the neighbours tell more, are hardly touched.
constexpr double kTilt = 4, kTiltRun = 16;

// What is estimated may be so many times its clip level, 18 dB over it.
constexpr double kHighest = 8;

const PosteriorKernels& kernels() {
  return pick_level(sse2::posterior_kernels, avx2::posterior_kernels, avx512::posterior_kernels);
}

std::size_t place(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

ClipFrames::ClipFrames(std::int64_t points)
    : points_(points),
      fft_(points),
      re_(place(points * kWideLanes)),
      im_(place(points * kWideLanes)),
      system_(place(kMostUnknowns * (2 * kMostUnknowns + 24))),
      mean_(place(kMostUnknowns)),
      variance_(place(kMostUnknowns)),
      lags_(place(points)),
      levels_(place(points / 2 + 3)),
      weights_(place((points / 2 + 1) * kWideLanes)) {
  for (std::int64_t n = 0; n < points; ++n) {
    window_.push_back(std::sin(std::numbers::pi * static_cast<double>(n) / static_cast<double>(points)));
  }
  while (window_[place(core_first_)] < kCore) ++core_first_;
  core_end_ = points - core_first_ + 1;
}

ClipWork ClipFrames::work(const std::int8_t* side, std::int64_t length) const {
  ClipWork work;
  for (std::int64_t start = 0; start + points_ <= length; start += hop()) {
    std::int64_t count = 0;
    for (std::int64_t n = core_first_; n < core_end_; ++n) count += side[start + n] != 0;
    work.most_unknowns = std::max(work.most_unknowns, count);
    work.cubes += static_cast<double>(count) * static_cast<double>(count) * static_cast<double>(count);
  }
  return work;
}

void ClipFrames::list_unknowns(const std::int8_t* side, std::int64_t length) {
  frames_.clear();
  unknowns_.clear();
  hit_.clear();
  powered_.clear();
  for (std::int64_t start = 0; start + points_ <= length; start += hop()) {
    Frame frame{static_cast<std::int64_t>(unknowns_.size()), 0, false};
    for (std::int64_t n = core_first_; n < core_end_; ++n) {
      const std::int8_t s = side[start + n];
      if (s != 0) unknowns_.push_back({start + n, s * window_[place(n)], 0, 0, 0});
    }
    frame.count = static_cast<std::int64_t>(unknowns_.size()) - frame.first;
    for (auto i = place(frame.first); i < unknowns_.size();) {
      auto j = i + 1;
      while (j < unknowns_.size() && unknowns_[j].at == unknowns_[j - 1].at + 1 &&
             (unknowns_[j].weight > 0) == (unknowns_[i].weight > 0))
        ++j;
      const double tilt = kTilt / (limit_[place(unknowns_[i].at)] * std::max(static_cast<double>(j - i), kTiltRun));
      for (; i < j; ++i) unknowns_[i].tilt = tilt * unknowns_[i].weight * unknowns_[i].weight;
    }
    frames_.push_back(frame);
  }
  const auto count = static_cast<std::int64_t>(frames_.size());
  for (std::int64_t f = 0; f < count; ++f) {
    const bool is_near =
        (f > 0 && frames_[place(f - 1)].count > 0) || (f + 1 < count && frames_[place(f + 1)].count > 0);
    if (frames_[place(f)].count > 0) hit_.push_back(f);
    if (frames_[place(f)].count > 0 || is_near) powered_.push_back(f);
  }
}

// Two frames in one complex transform, eight such pairs at once. All lanes of a row are touched together: rows lie in
// scrambled order.
void ClipFrames::take_powers(const double* x) {
  const std::int64_t bins = points_ / 2 + 1;
  const auto& row_of = fft_.row_of_bin();
  for (std::size_t from = 0; from < powered_.size(); from += 2 * kWideLanes) {
    const std::size_t here = std::min<std::size_t>(powered_.size() - from, 2 * kWideLanes);
    // Lanes behind the last frame repeat it.
    const auto frame_of = [&](std::size_t i) { return powered_[from + std::min(i, here - 1)]; };
    const double* in[2 * kWideLanes];
    for (std::size_t i = 0; i < 2 * kWideLanes; ++i) in[i] = x + frame_of(i) * hop();
    for (std::int64_t n = 0; n < points_; ++n) {
      const double w = window_[place(n)];
      for (std::int64_t lane = 0; lane < kWideLanes; ++lane) {
        re_[place(n * kWideLanes + lane)] = in[2 * lane][n] * w;
        im_[place(n * kWideLanes + lane)] = in[2 * lane + 1][n] * w;
      }
    }
    fft_.forward(re_.data(), im_.data());
    for (std::int64_t k = 0; k < bins; ++k) {
      const std::size_t a = place(row_of[place(k)]) * kWideLanes,
                        b = place(row_of[place((points_ - k) % points_)]) * kWideLanes;
      for (std::size_t i = 0; i < here; ++i) {
        const std::size_t lane = i / 2;
        const double ra = re_[a + lane], rb = re_[b + lane], ia = im_[a + lane], ib = im_[b + lane];
        const double re = 0.5 * (i % 2 == 0 ? ra + rb : ia + ib), im = 0.5 * (i % 2 == 0 ? ia - ib : rb - ra);
        const std::int64_t frame = powered_[from + i];
        double* spectrum = spectrum_.data() + (frame * bins + k) * 2;
        spectrum[0] = re;
        spectrum[1] = im;
        power_[place(frame * bins + k)] = static_cast<float>(re * re + im * im);
      }
    }
  }
}

// 1 / (power of each bin, smoothed over its neighbours in time and frequency), with a floor.
void ClipFrames::take_weights(std::int64_t frame, double* weights) {
  const std::int64_t bins = points_ / 2 + 1, count = static_cast<std::int64_t>(frames_.size());
  const float* here = power_.data() + frame * bins;
  const float* before = frame > 0 ? here - bins : here;
  const float* after = frame + 1 < count ? here + bins : here;
  double* level = levels_.data() + 1;
  double total = 0;
  for (std::int64_t k = 0; k < bins; ++k) {
    const double beside = static_cast<double>(before[k]) + static_cast<double>(after[k]);
    level[k] = (static_cast<double>(here[k]) + kNeighbourFrame * beside) / (1 + 2 * kNeighbourFrame);
    total += level[k];
  }
  level[-1] = level[1];
  level[bins] = level[bins - 2];
  const double floor = kFloor * total / static_cast<double>(bins) + 1e-18;
  for (std::int64_t k = 0; k < bins; ++k) {
    const double power = level[k] + kNeighbourBin * (level[k - 1] + level[k + 1]);
    weights[k] = 1 / (power / (1 + 2 * kNeighbourBin) + floor);
  }
}

// Into each lane: the spectrum of (what the precision makes of the frame) + i (the precision's first row).
void ClipFrames::weigh(const std::int64_t* frames, int count) {
  const std::int64_t bins = points_ / 2 + 1;
  for (int lane = 0; lane < count; ++lane) take_weights(frames[lane], weights_.data() + lane * bins);
  const auto& row_of = fft_.row_of_bin();
  for (std::int64_t k = 0; k < bins; ++k) {
    const std::int64_t up = row_of[place(k)] * kWideLanes, down = row_of[place((points_ - k) % points_)] * kWideLanes;
    for (int lane = 0; lane < kWideLanes; ++lane) {
      const int used = std::min(lane, count - 1);
      const double w = weights_[place(used * bins + k)];
      const double* z = spectrum_.data() + (frames[used] * bins + k) * 2;
      // The mirrored bin first: at 0 and half the rate both are one, and there the spectrum is real.
      re_[place(down + lane)] = w * z[0];
      im_[place(down + lane)] = w - w * z[1];
      re_[place(up + lane)] = w * z[0];
      im_[place(up + lane)] = w + w * z[1];
    }
  }
}

// The posterior of a frame's unknowns: builds the system from one lane of the transformed batch and solves it.
void ClipFrames::infer(const Frame& frame, const double* x, int lane, bool is_last) {
  const std::int64_t count = frame.count, n = (count + 7) / 8 * 8, inverse_at = n + 8;
  const std::int64_t stride = (inverse_at + n + 15) / 16 * 16 + 8;
  for (std::int64_t i = 0; i < points_; ++i) lags_[place(i)] = im_[place(i * kWideLanes + lane)];
  Unknown* u = unknowns_.data() + frame.first;
  const std::int64_t start = (&frame - frames_.data()) * hop();
  double* right = mean_.data();
  for (std::int64_t i = 0; i < count; ++i)
    right[i] = u[i].shift - u[i].tilt - u[i].weight * re_[place((u[i].at - start) * kWideLanes + lane)];
  const double ridge = 1e-9 * lags_[0];
  for (std::int64_t i = 0; i < n; ++i) {
    double* row = system_.data() + i * stride;
    std::fill(row + i, row + n + 8, 0.0);
    if (i >= count) {
      row[i] = 1;
      continue;
    }
    const double weight = u[i].weight, here = x[u[i].at] * (weight > 0 ? 1 : -1);
    const double* lag = lags_.data() - u[i].at;
    double sum = 0;
    for (std::int64_t j = i; j < count; ++j) row[j] = weight * u[j].weight * lag[u[j].at];
    sum += row[i] * here;
    for (std::int64_t j = i + 1; j < count; ++j) {
      sum += row[j] * (u[j].weight > 0 ? x[u[j].at] : -x[u[j].at]);
      right[j] += row[j] * here;
    }
    right[i] += sum;
    row[i] += u[i].precision + ridge;
  }
  for (std::int64_t i = 0; i < count; ++i) system_[place(i * stride + n)] = right[i];
  kernels().factor(system_.data(), n, stride, inverse_at, !is_last, 1e-3 * ridge + 1e-300);
  if (is_last) {
    kernels().mean(system_.data(), n, stride, mean_.data());
  } else {
    kernels().moments(system_.data(), n, stride, inverse_at, mean_.data(), variance_.data());
    update_sites(frame);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = place(u[i].at);
    const double limit = limit_[at], weight = u[i].weight * u[i].weight;
    const double value = std::isfinite(mean_[place(i)]) ? std::clamp(mean_[place(i)], limit, kHighest * limit) : limit;
    sum_[at] += weight * (u[i].weight > 0 ? value : -value);
    if (!is_last) spread_[at] += weight * variance_[place(i)];
    weight_[at] += weight;
  }
}

// One step of expectation propagation for each unknown: what its limit says, as a Gaussian site.
void ClipFrames::update_sites(const Frame& frame) {
  for (std::int64_t i = 0; i < frame.count; ++i) {
    Unknown& u = unknowns_[place(frame.first + i)];
    const double inverse = 1 / variance_[place(i)], mean = mean_[place(i)];
    const double cavity = std::max(inverse - u.precision, 1e-3 * inverse);
    const double cavity_mean = (mean * inverse - u.shift) / cavity;
    const Moments cut = upper_.above(limit_[place(u.at)], cavity_mean, 1 / std::sqrt(cavity));
    const double precision = std::max(1 / cut.variance - cavity, 0.0);
    const double shift = cut.mean / cut.variance - cavity_mean * cavity;
    if (!std::isfinite(precision) || !std::isfinite(shift)) continue;
    u.precision = precision;
    u.shift = shift;
  }
}

void ClipFrames::prepare(const float* clipped, const std::int8_t* side, std::int64_t length) {
  limit_.resize(place(length));
  for (std::int64_t n = 0; n < length; ++n) limit_[place(n)] = std::abs(static_cast<double>(clipped[n]));
  list_unknowns(side, length);
  for (std::vector<double>* sums : {&sum_, &weight_, &spread_}) sums->resize(place(length));
  const auto bins = place(points_ / 2 + 1);
  power_.assign(frames_.size() * bins, 0.0f);
  spectrum_.resize(frames_.size() * 2 * bins);
}

std::int64_t ClipFrames::solve(const float* clipped, double* x, const std::int8_t* side, std::int64_t length,
                               int rounds, double* variance) {
  prepare(clipped, side, length);
  if (hit_.empty()) return 0;
  for (int round = 0; round < rounds; ++round) {
    take_powers(x);
    for (const Unknown& u : unknowns_) sum_[place(u.at)] = spread_[place(u.at)] = weight_[place(u.at)] = 0;
    for (std::size_t from = 0; from < hit_.size(); from += kWideLanes) {
      const int here = static_cast<int>(std::min<std::size_t>(hit_.size() - from, kWideLanes));
      weigh(hit_.data() + from, here);
      fft_.inverse(re_.data(), im_.data());
      for (int lane = 0; lane < here; ++lane)
        infer(frames_[place(hit_[from + place(lane)])], x, lane, round + 1 == rounds);
    }
    for (const Unknown& u : unknowns_) {
      const auto at = place(u.at);
      x[at] = sum_[at] / weight_[at];
      if (round + 1 < rounds) variance[at] = spread_[at] / weight_[at];
    }
  }
  return static_cast<std::int64_t>(hit_.size());
}

}  // namespace lathe
