#include "kernels/restoration/clip_frames.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/restoration/posterior_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

// Found on orchestra, metal and electronic music: frames may leave to their neighbours what their window weighs less
// than 0.6: a frame solves for fewer samples then.
constexpr double kCore = 0.6;

// How far music rises over a clip level is exponential at heart: each run of clipped samples is a factor of e less
// likely for every quarter of the level that its mean lies higher. Without it wide runs come out too high; short ones,
// of which the neighbours tell more, are hardly touched.
constexpr double kTilt = 4, kTiltRun = 16;

// What is estimated may be so many times its clip level, 18 dB over it.
constexpr double kHighest = 8;

// Of the diagonal: what is added to it, and the least pivot, for that is what float32 leaves of a smaller one. Where
// there is a smaller one, as much is added as makes the system one that float32 can solve.
constexpr double kLeastPivot = 1e-7, kRidges[] = {1e-9, 1e-6, 1e-4, 1e-2};

// A variance, its unit the inverse of the diagonal: what the least pivot allows.
constexpr float kMostSpread = 1e9f;

const PosteriorKernels& posterior() {
  return pick_level(sse2::posterior_kernels, avx2::posterior_kernels, avx512::posterior_kernels);
}
const ClipKernels& kernels() { return pick_level(sse2::clip_kernels, avx2::clip_kernels, avx512::clip_kernels); }

std::size_t place(std::int64_t i) { return static_cast<std::size_t>(i); }

// A plane of spectra, one of powers and so on: whole rows of bins.
std::int64_t rows_of_spectrum(std::int64_t points) { return 3 * clip_row(points); }

}  // namespace

ClipFrames::ClipFrames(std::int64_t points)
    : points_(points),
      fft_(points),
      row_of_bin_(place(points)),
      window_(place(points)),
      unused_(place(rows_of_spectrum(points))),
      re_(place(points * kFftLanes)),
      im_(place(points * kFftLanes)),
      level_(place(clip_row(points) + 32)),
      weights_(place(clip_row(points) * kFftLanes)),
      lags_(place(points * kFftLanes)),
      at_(place(kMostUnknowns)),
      upper_system_(place(posterior_size(kMostUnknowns))),
      lower_system_(place(posterior_size(kMostUnknowns))),
      scaled_weight_(place(kMostUnknowns)),
      shift_(place(kMostUnknowns)),
      right_(place(kMostUnknowns)),
      diagonal_(place(kMostUnknowns)),
      ridged_(place(kMostUnknowns)),
      off_(place(kMostUnknowns)),
      spread_of_(place(kMostUnknowns)),
      mean_(place(kMostUnknowns)),
      variance_(place(kMostUnknowns)) {
  for (std::int64_t n = 0; n < points; ++n) {
    window_[place(n)] =
        static_cast<float>(std::sin(std::numbers::pi * static_cast<double>(n) / static_cast<double>(points)));
    row_of_bin_[place(fft_.bin_of_row()[place(n)])] = static_cast<std::int32_t>(n);
  }
  while (static_cast<double>(window_[place(core_first_)]) < kCore) ++core_first_;
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

void ClipFrames::tilt_runs(std::size_t from) {
  for (auto i = from; i < unknowns_.size();) {
    auto j = i + 1;
    while (j < unknowns_.size() && unknowns_[j].at == unknowns_[j - 1].at + 1 && unknowns_[j].sign == unknowns_[i].sign)
      ++j;
    const double tilt = kTilt / (unknowns_[i].limit * std::max(static_cast<double>(j - i), kTiltRun));
    for (; i < j; ++i) unknowns_[i].tilt = tilt * unknowns_[i].weight * unknowns_[i].weight;
  }
}

void ClipFrames::list_unknowns(const float* clipped, const std::int8_t* side, std::int64_t length) {
  frames_.clear();
  unknowns_.clear();
  for (std::int64_t start = 0; start + points_ <= length; start += hop()) {
    const std::size_t first = unknowns_.size();
    for (std::int64_t n = core_first_; n < core_end_; ++n) {
      const std::int8_t s = side[start + n];
      if (s == 0) continue;
      const double limit = std::abs(static_cast<double>(clipped[start + n]));
      unknowns_.push_back({start + n, static_cast<double>(window_[place(n)]), static_cast<double>(s), limit, 0, 0, 0});
    }
    frames_.push_back({static_cast<std::int64_t>(first), static_cast<std::int64_t>(unknowns_.size() - first), -1});
    tilt_runs(first);
  }
}

// Frames with unknowns need the spectra of their neighbours too.
void ClipFrames::give_slots() {
  hit_.clear();
  powered_.clear();
  const auto count = static_cast<std::int64_t>(frames_.size());
  for (std::int64_t f = 0; f < count; ++f) {
    const bool is_near =
        (f > 0 && frames_[place(f - 1)].count > 0) || (f + 1 < count && frames_[place(f + 1)].count > 0);
    if (frames_[place(f)].count > 0) hit_.push_back(f);
    if (frames_[place(f)].count == 0 && !is_near) continue;
    frames_[place(f)].slot = static_cast<std::int64_t>(powered_.size());
    powered_.push_back(f);
  }
  const std::size_t size = powered_.size() * place(rows_of_spectrum(points_));
  if (spectra_.size() < size) spectra_ = AlignedArray<float>(size);
}

ClipSpectrum ClipFrames::spectrum(std::int64_t slot) {
  float* at = slot < 0 ? unused_.data() : spectra_.data() + slot * rows_of_spectrum(points_);
  return {at, at + clip_row(points_), at + 2 * clip_row(points_)};
}

// Two frames in one complex transform, sixteen such pairs at once.
void ClipFrames::take_powers(const float* x) {
  for (std::size_t from = 0; from < powered_.size(); from += 2 * kFftLanes) {
    const float *first[kFftLanes], *second[kFftLanes];
    ClipSpectrum to[2 * kFftLanes];
    for (std::size_t i = 0; i < 2 * kFftLanes; ++i) {
      // Lanes behind the last frame repeat it.
      const std::size_t used = std::min(from + i, powered_.size() - 1);
      (i % 2 == 0 ? first : second)[i / 2] = x + powered_[used] * hop();
      to[i] = spectrum(used == from + i ? static_cast<std::int64_t>(used) : -1);
    }
    kernels().pack(first, window_.data(), points_, re_.data());
    kernels().pack(second, window_.data(), points_, im_.data());
    fft_.forward(re_.data(), im_.data());
    kernels().spectra(re_.data(), im_.data(), row_of_bin_.data(), points_, to);
  }
}

// Into each lane: the spectrum of (what the precision makes of the frame) + i (the precision's first row).
void ClipFrames::weigh(const std::int64_t* frames, int count) {
  const float* weights[kFftLanes];
  ClipSpectrum from[kFftLanes];
  for (int lane = 0; lane < kFftLanes; ++lane) {
    const int used = std::min(lane, count - 1);
    const std::int64_t f = frames[used];
    const bool is_first = f == 0, is_last = f + 1 == static_cast<std::int64_t>(frames_.size());
    float* to = weights_.data() + used * clip_row(points_);
    from[lane] = spectrum(frames_[place(f)].slot);
    weights[lane] = to;
    if (used != lane) continue;
    kernels().weights(spectrum(frames_[place(is_first ? f : f - 1)].slot).power, from[lane].power,
                      spectrum(frames_[place(is_last ? f : f + 1)].slot).power, points_, level_.data(), to);
  }
  kernels().weigh(weights, from, row_of_bin_.data(), points_, re_.data(), im_.data());
}

// The posterior of a frame's unknowns: builds the system from one lane of the transformed batch and solves it for what
// the estimates of the last round are off by, which float32 is enough for. Its unit is the precision's diagonal.
void ClipFrames::infer(const Frame& frame, const float* x, int lane, bool is_last) {
  const std::int64_t count = frame.count, n = (count + kPosteriorPanel - 1) / kPosteriorPanel * kPosteriorPanel;
  const float* lags = lags_.data() + lane * points_;
  const double unit = 1 / static_cast<double>(lags[0]), root = std::sqrt(unit);
  const Unknown* u = unknowns_.data() + frame.first;
  const std::int64_t start = (&frame - frames_.data()) * hop();
  for (std::int64_t i = 0; i < n; ++i) {
    const auto to = place(i);
    if (i >= count) {
      at_[to] = at_[to - 1];
      scaled_weight_[to] = shift_[to] = 0;
      diagonal_[to] = 1;
      continue;
    }
    const double weight = u[i].weight * u[i].sign, here = static_cast<double>(x[u[i].at]) * u[i].sign;
    const double made = weight * static_cast<double>(re_[place((u[i].at - start) * kFftLanes + lane)]);
    at_[to] = static_cast<std::int32_t>(u[i].at - start);
    scaled_weight_[to] = static_cast<float>(root * weight);
    shift_[to] = static_cast<float>(unit * (u[i].shift - u[i].tilt - made - u[i].precision * here));
    diagonal_[to] = static_cast<float>(unit * u[i].precision);
  }
  for (const double ridge : kRidges) {
    for (std::int64_t i = 0; i < n; ++i) ridged_[place(i)] = diagonal_[place(i)] + static_cast<float>(ridge);
    std::copy_n(shift_.data(), n, right_.data());
    posterior().build(at_.data(), scaled_weight_.data(), n, lags, ridged_.data(), upper_system_.data());
    if (posterior().factor(upper_system_.data(), n, right_.data(), static_cast<float>(kLeastPivot)) == 0) break;
  }
  posterior().mean(upper_system_.data(), n, right_.data(), off_.data());
  if (!is_last) posterior().variance(upper_system_.data(), n, lower_system_.data(), spread_of_.data());
  for (std::int64_t i = 0; i < count; ++i) {
    mean_[place(i)] = static_cast<double>(x[u[i].at]) * u[i].sign + static_cast<double>(off_[place(i)]);
    variance_[place(i)] = unit * static_cast<double>(std::clamp(spread_of_[place(i)], 1e-9f, kMostSpread));
  }
  if (!is_last) update_sites(frame);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = place(u[i].at);
    const double limit = u[i].limit, weight = u[i].weight * u[i].weight, mean = mean_[place(i)];
    sum_[at] += weight * u[i].sign * (std::isfinite(mean) ? std::clamp(mean, limit, kHighest * limit) : limit);
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
    const Moments cut = upper_.above(u.limit, cavity_mean, 1 / std::sqrt(cavity));
    const double precision = std::max(1 / cut.variance - cavity, 0.0);
    const double shift = cut.mean / cut.variance - cavity_mean * cavity;
    if (!std::isfinite(precision) || !std::isfinite(shift)) continue;
    u.precision = precision;
    u.shift = shift;
  }
}

std::int64_t ClipFrames::solve(const float* clipped, float* x, const std::int8_t* side, std::int64_t length, int rounds,
                               float* variance) {
  list_unknowns(clipped, side, length);
  give_slots();
  if (hit_.empty()) return 0;
  for (std::vector<double>* sums : {&sum_, &weight_, &spread_}) sums->resize(place(length));
  float* lags[kFftLanes];
  for (int lane = 0; lane < kFftLanes; ++lane) lags[lane] = lags_.data() + lane * points_;
  const std::int64_t furthest = (core_end_ - core_first_ + kFftLanes - 1) / kFftLanes * kFftLanes;
  for (int round = 0; round < rounds; ++round) {
    take_powers(x);
    for (const Unknown& u : unknowns_) sum_[place(u.at)] = spread_[place(u.at)] = weight_[place(u.at)] = 0;
    for (std::size_t from = 0; from < hit_.size(); from += kFftLanes) {
      const int here = static_cast<int>(std::min<std::size_t>(hit_.size() - from, kFftLanes));
      weigh(hit_.data() + from, here);
      fft_.inverse(re_.data(), im_.data());
      kernels().unpack(im_.data(), furthest, lags);
      for (int lane = 0; lane < here; ++lane)
        infer(frames_[place(hit_[from + place(lane)])], x, lane, round + 1 == rounds);
    }
    for (const Unknown& u : unknowns_) {
      const auto at = place(u.at);
      x[at] = static_cast<float>(sum_[at] / weight_[at]);
      if (round + 1 < rounds) variance[at] = static_cast<float>(spread_[at] / weight_[at]);
    }
  }
  return static_cast<std::int64_t>(hit_.size());
}

}  // namespace lathe
