#include "kernels/restoration/guard.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "kernels/math/portable_log.h"
#include "kernels/math/turns.h"
#include "kernels/restoration/guard_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

constexpr double kBlock_s = 0.005;
constexpr std::int64_t kBlocksAFrame = 20, kBlocksARead = 160;
constexpr std::int64_t kReach = kGuardReach, kOverread = 16;
constexpr double kHighHz = 8000;
constexpr std::int64_t kTrimmed = 16;  // the quieter blocks of a frame, whose energy is its level
constexpr std::int64_t kBeforeOnset = 4;
constexpr double kRise = 15.85, kStays = 4, kFalls = 0.03;  // 12 dB, 6 dB, -15 dB
constexpr double kMostRise_db = 15;                         // what lies further below an onset isn't heard before it
constexpr std::size_t kLeastCount = 8;

double to_db(double ratio) { return 10 / std::numbers::ln10 * portable_log(std::max(ratio, 1e-300)); }

double percentile(std::vector<double> v, double share) {
  if (v.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(v.size() - 1) + 0.5);
  std::nth_element(v.begin(), v.begin() + at, v.end());
  return v[static_cast<std::size_t>(at)];
}

// Above which energies are programme.
double programme(const std::vector<double>& energies, bool steady_is_too) {
  const double over_noise = 10 * percentile(energies, 0.05);
  return std::max(steady_is_too ? std::min(over_noise, 0.1 * percentile(energies, 0.95)) : over_noise, 1e-12);
}

// A Hann-windowed high-pass.
std::vector<float> high_pass(double sample_rate_hz) {
  const double cutoff = std::min(kHighHz / sample_rate_hz, 0.25);
  std::vector<float> taps;
  for (std::int64_t k = 0; k <= kReach; ++k) {
    const double x = static_cast<double>(k);
    const double low = k == 0 ? 2 * cutoff : cos_sin_turns(cutoff * x).sin / (std::numbers::pi * x);
    const double window = 0.5 + 0.5 * cos_sin_turns(0.5 * x / (kReach + 1)).cos;
    taps.push_back(static_cast<float>(window * ((k == 0 ? 1 : 0) - low)));
  }
  return taps;
}

std::int64_t block_of(double sample_rate_hz) {
  return std::max<std::int64_t>(16, static_cast<std::int64_t>(kBlock_s * sample_rate_hz / 16 + 0.5) * 16);
}

// `before` and `difference` are null where nobody asks how the two differ.
GuardEnergies measure(TrackReader& track, double sample_rate_hz, TrackReader* before, TrackDifference* difference) {
  const GuardKernels& kernels = pick_level(sse2::guard_kernels, avx2::guard_kernels, avx512::guard_kernels);
  const std::int64_t block = block_of(sample_rate_hz);
  const std::vector<float> taps = high_pass(sample_rate_hz);
  GuardEnergies out;
  out.channels = track.channels();
  out.frames = track.frames();
  const std::int64_t blocks = track.frames() / block;
  const std::int64_t all = (track.frames() + block - 1) / block;
  std::vector<float> whole(kBlocksARead), high(kBlocksARead);
  for (std::int64_t first = 0; first < all; first += kBlocksARead) {
    const std::int64_t count = std::min(kBlocksARead, all - first);
    const AudioView in = track.read(first * block - kReach, count * block + 2 * kReach + kOverread);
    const auto at = static_cast<std::size_t>(first);
    out.whole.resize(at + static_cast<std::size_t>(count));
    out.high.resize(out.whole.size());
    for (int c = 0; c < track.channels(); ++c) {
      const float* x = in.channel(c) + kReach;
      kernels.energies(x, count, block, taps.data(), whole.data(), high.data());
      for (std::int64_t b = 0; b < count; ++b) {
        const auto i = static_cast<std::size_t>(b);
        if (!std::isfinite(whole[i])) {
          const float* y = x + b * block;
          out.not_finite += std::count_if(y, y + block, [](float v) { return !std::isfinite(v); });
        }
        out.whole[at + i] += std::isfinite(whole[i]) ? static_cast<double>(whole[i]) : 0;
        out.high[at + i] += std::isfinite(high[i]) ? static_cast<double>(high[i]) : 0;
      }
    }
    if (before == nullptr) continue;
    // While these blocks of the one are in the cache.
    const std::int64_t frames = std::min(count * block, track.frames() - first * block);
    const AudioView was = before->read(first * block, frames);
    for (int c = 0; c < track.channels(); ++c)
      difference->samples += kernels.difference(was.channel(c), in.channel(c) + kReach, frames, &difference->square);
  }
  // The last, shorter one was looked at for samples that aren't finite only.
  out.whole.resize(static_cast<std::size_t>(blocks));
  out.high.resize(static_cast<std::size_t>(blocks));
  return out;
}

void expect_alike(int channels, std::int64_t frames, int of_channels, std::int64_t of_frames) {
  if (channels != of_channels || frames != of_frames)
    throw std::invalid_argument("the guard compares tracks of one format and length");
}

// A number for each frame of `blocks`, from a sorted copy of its blocks.
template <class Of>
std::vector<double> per_frame(const std::vector<double>& blocks, Of&& of) {
  std::vector<double> out;
  double sorted[kBlocksAFrame];
  for (std::size_t b = 0; b + kBlocksAFrame <= blocks.size(); b += kBlocksAFrame) {
    std::copy_n(blocks.begin() + static_cast<std::ptrdiff_t>(b), kBlocksAFrame, sorted);
    std::sort(sorted, sorted + kBlocksAFrame);
    out.push_back(of(sorted));
  }
  return out;
}

// Changes in dB of the frames that are programme before.
std::vector<double> changes(const std::vector<double>& before, const std::vector<double>& after, bool steady_is_too) {
  const double least = programme(before, steady_is_too);
  std::vector<double> out;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] >= least) out.push_back(to_db(std::max(after[i], 1e-9 * before[i]) / before[i]));
  }
  return out;
}

std::vector<double> onset_losses(const std::vector<double>& before, const std::vector<double>& after) {
  const double least = programme(before, true);
  std::vector<double> out;
  const auto mean = [](const std::vector<double>& e, std::size_t from, std::size_t count) {
    double sum = 0;
    for (std::size_t i = from; i < from + count; ++i) sum += e[i];
    return sum / static_cast<double>(count);
  };
  for (std::size_t i = kBeforeOnset; i + 5 < before.size(); ++i) {
    const double past = mean(before, i - kBeforeOnset, kBeforeOnset);
    if (before[i] < least || before[i] < kRise * past) continue;
    const double quietest = *std::min_element(before.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                              before.begin() + static_cast<std::ptrdiff_t>(i) + 5);
    if (quietest < std::max(kStays * past, kFalls * before[i])) continue;
    const double now = mean(after, i - kBeforeOnset, kBeforeOnset);
    const double level = -to_db(std::max(after[i], 1e-9 * before[i]) / before[i]);
    const double rise = std::min(kMostRise_db, to_db(before[i] / std::max(past, 1e-9 * before[i]))) -
                        std::min(kMostRise_db, to_db(std::max(after[i], 1e-12) / std::max(now, 1e-12)));
    out.push_back(std::max(level, rise));
    i += kBeforeOnset;
  }
  return out;
}

}  // namespace

void GuardLimits::check() const {
  for (const double limit : {level_median_db, level_p95_db, high_loss_db, onset_loss_db}) {
    if (!(limit > 0)) throw std::invalid_argument("the guard's limits are above 0 dB");
  }
}

GuardEnergies guard_energies(TrackReader& track, double sample_rate_hz) {
  return measure(track, sample_rate_hz, nullptr, nullptr);
}

GuardEnergies guard_energies(TrackReader& track, double sample_rate_hz, TrackReader& before,
                             TrackDifference& difference) {
  expect_alike(before.channels(), before.frames(), track.channels(), track.frames());
  return measure(track, sample_rate_hz, &before, &difference);
}

GuardReading compare(TrackReader& before, TrackReader& after, double sample_rate_hz, const GuardLimits& limits) {
  limits.check();
  expect_alike(before.channels(), before.frames(), after.channels(), after.frames());
  return compare(guard_energies(before, sample_rate_hz), guard_energies(after, sample_rate_hz), limits);
}

GuardReading compare(const GuardEnergies& was, const GuardEnergies& is, const GuardLimits& limits) {
  limits.check();
  expect_alike(was.channels, was.frames, is.channels, is.frames);
  GuardReading r;
  r.not_finite_samples = is.not_finite;
  const auto level = [](const double* sorted) {
    double sum = 0;
    for (std::int64_t i = 0; i < kTrimmed; ++i) sum += sorted[i];
    return sum;
  };
  const auto middle = [](const double* sorted) {
    return 0.5 * (sorted[kBlocksAFrame / 2 - 1] + sorted[kBlocksAFrame / 2]);
  };
  std::vector<double> levels = changes(per_frame(was.whole, level), per_frame(is.whole, level), true);
  for (double& v : levels) v = std::abs(v);
  r.frames = static_cast<std::int64_t>(levels.size());
  if (levels.size() >= kLeastCount) {
    r.level_median_db = percentile(levels, 0.5);
    r.level_p95_db = percentile(levels, 0.95);
  }
  const std::vector<double> highs =
      changes(per_frame(was.high, middle), per_frame(is.high, middle), limits.steady_highs_are_music);
  r.high_frames = static_cast<std::int64_t>(highs.size());
  if (highs.size() >= kLeastCount) r.high_loss_db = std::max(0.0, -percentile(highs, 0.5));
  const std::vector<double> onsets = onset_losses(was.high, is.high);
  r.onsets = static_cast<std::int64_t>(onsets.size());
  r.lost_onsets = std::ranges::count_if(onsets, [&](double loss) { return loss > limits.onset_loss_db; });
  if (onsets.size() >= kLeastCount) r.onset_loss_db = std::max(0.0, percentile(onsets, 0.5));

  if (r.not_finite_samples > 0) {
    r.failed = "not_finite";
  } else if (r.level_median_db > limits.level_median_db) {
    r.failed = "level";
  } else if (r.level_p95_db > limits.level_p95_db) {
    r.failed = "level_p95";
  } else if (r.high_loss_db > limits.high_loss_db) {
    r.failed = "highs";
  } else if (r.onset_loss_db > limits.onset_loss_db && 10 * r.lost_onsets > limits.places) {
    r.failed = "onsets";
  }
  return r;
}

}  // namespace lathe
