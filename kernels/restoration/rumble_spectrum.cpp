#include "kernels/restoration/rumble_spectrum.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/aligned.h"
#include "kernels/math/turns.h"

namespace lathe {
namespace {

constexpr double kTop_hz = 86, kFade_hz = 70;
constexpr std::int64_t kReach = 2;  // of averages, in bins and frames each way
constexpr double kQuantile = 0.2;
// The quantile of such averages beside their mean, for Gaussian noise; measured.
constexpr double kQuantileOfMean = 0.75;
constexpr std::int64_t kFewestFrames = 16;
constexpr double kFrom_hz = 4, kTo_hz = 32;
constexpr double kLeastAntiphase = 4, kMostAntiphase = 1e4;  // a track in antiphase through and through isn't a record
constexpr int kFewestBins = 8;
constexpr double kLeastOfTrack = 6.3e-5, kLeastPower = 1e-8, kMostUnrest = 1.6;
constexpr double kNoAntiphase = 1.6;
// Of a mid's bin: side over mid where all of its floor is rumble, and where it may be a bass that comes every half
// second. Taking all at 4 costs a sum of channels with beats 3.6 dB, taking none costs real vinyl noise 0.6 dB.
constexpr double kMidAll = 20, kMidNone = 6;
// Of a side's bin, once rumble is found: median over floor where it is noise, and where it is music.
constexpr double kRest = 1.25, kNoRest = 1.6;
// Rumble falls by 12 dB an octave or more above its strongest bin; 3 dB in hand. What lies above that is music.
constexpr double kSlopeInHand = 2;
constexpr double kBlindTop_hz = 32, kBlindFade_hz = 24;

double fading(double hz, double from_hz, double to_hz) {
  return std::clamp((to_hz - hz) / (to_hz - from_hz), 0.0, 1.0);
}

}  // namespace

// Mid and side are real: both go through one complex transform.
struct RumbleSpectrum::Batch {
  AlignedArray<double> re{static_cast<std::size_t>(kPoints * kWideLanes)},
      im{static_cast<std::size_t>(kPoints * kWideLanes)};
};

RumbleSpectrum::RumbleSpectrum(const std::vector<double>& left, const std::vector<double>& right, double rate_hz)
    : left_(left),
      right_(right),
      rate_hz_(rate_hz),
      bins_(std::min<std::int64_t>(static_cast<std::int64_t>(kTop_hz / rate_hz * kPoints) + 1, kPoints / 2)),
      frames_((std::ssize(left) + kHop - 1) / kHop + 3),
      whole_(std::max<std::int64_t>(0, (std::ssize(left) - kPoints) / kHop + 1)),
      fft_(kPoints),
      window_(static_cast<std::size_t>(kPoints)),
      powers_(static_cast<std::size_t>(2 * bins_), std::vector<float>(static_cast<std::size_t>(frames_))),
      floors_(powers_.size()),
      medians_(powers_.size()) {
  for (std::int64_t n = 0; n < kPoints; ++n)
    window_[static_cast<std::size_t>(n)] = cos_sin_turns(0.5 * static_cast<double>(n) / kPoints).sin;
  Batch batch;
  for (std::int64_t first = 0; first < frames_; first += kWideLanes) {
    transform(first, batch);
    for (std::int64_t k = 0; k < bins_; ++k) {
      const std::int64_t a = fft_.row_of_bin()[static_cast<std::size_t>(k)] * kWideLanes,
                         b = fft_.row_of_bin()[static_cast<std::size_t>((kPoints - k) % kPoints)] * kWideLanes;
      for (int l = 0; l < kWideLanes && first + l < frames_; ++l) {
        const double ar = batch.re.data()[a + l], ai = batch.im.data()[a + l], br = batch.re.data()[b + l],
                     bi = batch.im.data()[b + l];
        constexpr double kScale = 1.0 / (kPoints * kPoints);  // 4 |X|^2 / N^2, and X is half of these sums
        const auto at = static_cast<std::size_t>(first + l);
        powers_[static_cast<std::size_t>(k)][at] =
            static_cast<float>(((ar + br) * (ar + br) + (ai - bi) * (ai - bi)) * kScale);
        powers_[static_cast<std::size_t>(bins_ + k)][at] =
            static_cast<float>(((ai + bi) * (ai + bi) + (ar - br) * (ar - br)) * kScale);
      }
    }
  }
  for (const Source source : {mid, side}) {
    smooth(source);
    find_floors(source);
  }
}

void RumbleSpectrum::transform(std::int64_t first_frame, Batch& batch) const {
  for (std::int64_t n = 0; n < kPoints; ++n) {
    for (int l = 0; l < kWideLanes; ++l) {
      const std::int64_t at = (first_frame + l - 3) * kHop + n;
      const bool is_inside = at >= 0 && at < std::ssize(left_);
      const double a = is_inside ? left_[static_cast<std::size_t>(at)] : 0.0,
                   b = is_inside ? right_[static_cast<std::size_t>(at)] : 0.0, w = window_[static_cast<std::size_t>(n)];
      batch.re.data()[n * kWideLanes + l] = 0.5 * w * (a + b);
      batch.im.data()[n * kWideLanes + l] = 0.5 * w * (a - b);
    }
  }
  fft_.forward(batch.re.data(), batch.im.data());
}

void RumbleSpectrum::smooth(Source source) {
  const std::int64_t first = source * bins_;
  std::vector<std::vector<float>> over_time(static_cast<std::size_t>(bins_));
  for (std::int64_t k = 0; k < bins_; ++k) {
    const std::vector<float>& raw = powers_[static_cast<std::size_t>(first + k)];
    std::vector<float>& mean = over_time[static_cast<std::size_t>(k)];
    mean.resize(raw.size());
    for (std::int64_t m = 0; m < frames_; ++m) {
      const std::int64_t from = std::max<std::int64_t>(0, m - kReach), to = std::min(frames_, m + kReach + 1);
      float sum = 0;
      for (std::int64_t i = from; i < to; ++i) sum += raw[static_cast<std::size_t>(i)];
      mean[static_cast<std::size_t>(m)] = sum / static_cast<float>(to - from);
    }
  }
  for (std::int64_t k = 0; k < bins_; ++k) {
    const std::int64_t from = std::max<std::int64_t>(0, k - kReach), to = std::min(bins_, k + kReach + 1);
    std::vector<float>& mean = powers_[static_cast<std::size_t>(first + k)];
    std::fill(mean.begin(), mean.end(), 0.0f);
    for (std::int64_t i = from; i < to; ++i) {
      const std::vector<float>& other = over_time[static_cast<std::size_t>(i)];
      for (std::size_t m = 0; m < mean.size(); ++m) mean[m] += other[m] / static_cast<float>(to - from);
    }
  }
}

void RumbleSpectrum::find_floors(Source source) {
  if (whole_ < 1) return;
  std::vector<float> sorted;
  for (std::int64_t k = 0; k < bins_; ++k) {
    const auto at = static_cast<std::size_t>(source * bins_ + k);
    sorted.assign(powers_[at].begin() + 3, powers_[at].begin() + 3 + whole_);
    std::sort(sorted.begin(), sorted.end());
    floors_[at] = static_cast<double>(sorted[static_cast<std::size_t>(kQuantile * static_cast<double>(whole_))]) /
                  kQuantileOfMean;
    medians_[at] = static_cast<double>(sorted[sorted.size() / 2]);
  }
}

RumbleEvidence RumbleSpectrum::weigh(double track_power) {
  RumbleEvidence e;
  peak_ = 0;
  double mids = 0, medians = 0;
  for (std::int64_t k = 0; k < bins_; ++k) {
    if (hz(k) < kFrom_hz || hz(k) > kTo_hz || floor(side, k) < kLeastAntiphase * floor(mid, k)) continue;
    ++e.bins;
    e.power += floor(side, k);
    mids += floor(mid, k);
    medians += medians_[static_cast<std::size_t>(bins_ + k)];
    e.up_to_hz = hz(k);
    if (floor(side, k) > peak_) peak_ = floor(side, k), peak_hz_ = hz(k);
  }
  e.antiphase = mids > 0 ? e.power / mids : 0;
  e.unrest = e.power > 0 ? medians / e.power : 0;
  e.is_rumble = whole_ >= kFewestFrames && e.bins >= kFewestBins && e.power >= kLeastPower &&
                e.power >= kLeastOfTrack * track_power && e.antiphase > 0 && e.antiphase < kMostAntiphase &&
                e.unrest <= kMostUnrest;
  return e;
}

double RumbleSpectrum::weight(Source source, std::int64_t bin, bool without_evidence) const {
  if (without_evidence) return fading(hz(bin), kBlindFade_hz, kBlindTop_hz);
  const double from = kNoAntiphase * floor(mid, bin), to = kLeastAntiphase * floor(mid, bin), now = floor(side, bin);
  const double antiphase = to > from ? std::clamp((now - from) / (to - from), 0.0, 1.0) : 0.0;
  const double fade = fading(hz(bin), kFade_hz, kTop_hz);
  if (source == mid) return fading(floor(mid, bin), now / kMidAll, now / kMidNone) * (now > 0 ? fade : 0.0);
  // Where a bass hides the side's lead, its rest has to speak for it.
  const double ratio = hz(bin) > peak_hz_ ? peak_hz_ / hz(bin) : 1.0;
  const bool is_low_enough = now <= kSlopeInHand * peak_ * ratio * ratio * ratio * ratio;
  const double rest = fading(medians_[static_cast<std::size_t>(bins_ + bin)], kRest * now, kNoRest * now);
  return (is_low_enough && now > 0 ? std::max(antiphase, rest) : antiphase) * fade;
}

void RumbleSpectrum::take(double over, double share, bool without_evidence, std::vector<double>& left,
                          std::vector<double>& right) const {
  left.assign(left_.size(), 0.0);
  right.assign(left_.size(), 0.0);
  if (whole_ < 1) return;
  std::array<std::vector<double>, 2> amounts;
  for (const Source source : {mid, side}) {
    for (std::int64_t k = 0; k < bins_; ++k)
      amounts[static_cast<std::size_t>(source)].push_back(share * weight(source, k, without_evidence));
  }
  Batch batch;
  for (std::int64_t first = 0; first < frames_; first += kWideLanes) {
    transform(first, batch);
    double* re = batch.re.data();
    double* im = batch.im.data();
    for (std::int64_t k = 0; k <= kPoints / 2; ++k) {
      const std::int64_t a = fft_.row_of_bin()[static_cast<std::size_t>(k)] * kWideLanes,
                         b = fft_.row_of_bin()[static_cast<std::size_t>((kPoints - k) % kPoints)] * kWideLanes;
      for (int l = 0; l < kWideLanes; ++l) {
        double taken[2] = {0, 0};
        if (k < bins_ && first + l < frames_) {
          for (const Source source : {mid, side}) {
            const auto power = static_cast<double>(row(source, k)[static_cast<std::size_t>(first + l)]);
            const double noise = over * floor(source, k);
            taken[source] = amounts[static_cast<std::size_t>(source)][static_cast<std::size_t>(k)] *
                            (noise < power ? noise / power : 1.0);
          }
        }
        const double mr = 0.5 * taken[mid] * (re[a + l] + re[b + l]), mi = 0.5 * taken[mid] * (im[a + l] - im[b + l]);
        const double sr = 0.5 * taken[side] * (im[a + l] + im[b + l]), si = 0.5 * taken[side] * (re[b + l] - re[a + l]);
        re[a + l] = mr - si, im[a + l] = mi + sr;
        if (b != a) re[b + l] = mr + si, im[b + l] = sr - mi;
      }
    }
    fft_.inverse(re, im);
    for (int l = 0; l < kWideLanes && first + l < frames_; ++l) {
      for (std::int64_t n = 0; n < kPoints; ++n) {
        const std::int64_t at = (first + l - 3) * kHop + n;
        if (at < 0 || at >= std::ssize(left_)) continue;
        // Four squared windows of Hann's root make 2 together.
        const double w = 0.5 * window_[static_cast<std::size_t>(n)] / kPoints, m = w * re[n * kWideLanes + l],
                     s = w * im[n * kWideLanes + l];
        left[static_cast<std::size_t>(at)] += m + s;
        right[static_cast<std::size_t>(at)] += m - s;
      }
    }
  }
}

}  // namespace lathe
