#include "kernels/tonal_balance/octave_meter.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>
#include <stdexcept>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/fft/lane_fft.h"
#include "kernels/math/decibel.h"
#include "kernels/math/gating.h"
#include "kernels/math/k_weighting.h"
#include "kernels/simd/level.h"
#include "kernels/tonal_balance/long_term_lanes.h"

namespace lathe {
namespace {

constexpr int kSegments = kSegmentLanes;  // that are transformed together
constexpr std::int64_t kPlaces = 4;       // of a segment, of which it takes one
constexpr double kQuietestSegment_lufs = -70, kBelowTheMean_lu = -10;
constexpr double kLevelLimit_db = 80, kWidthLimit_db = 40;
constexpr float kAbsent = std::numeric_limits<float>::quiet_NaN();

// Rows stand a little further apart than they are long: at 16 KiB they would compete for the same lines of the cache.
std::int64_t stride_of(std::int64_t points) { return points + 16; }

float held_db(double power, double against, double limit_db) {
  if (!(power > 0)) return static_cast<float>(-limit_db);
  if (!(against > 0)) return static_cast<float>(limit_db);
  return static_cast<float>(std::clamp(power_to_db(power / against), -limit_db, limit_db));
}

}  // namespace

const OctaveKernels& octave_kernels() {
  return pick_level(sse2::octave_kernels, avx2::octave_kernels, avx512::octave_kernels);
}

// The same for all tracks at a rate: making them takes as long as a second of music.
struct OctaveMeter::Tables {
  LaneFft fft;
  double bin_hz;
  std::vector<float> window;
  double window_power = 0;
  std::vector<std::int32_t> rows;  // two for each bin of the octaves
  std::vector<float> weights;      // K-weighting's power at each
  std::array<std::int64_t, kOctaves + 1>
      first{};      // places in `weights`; octaves that the rate has no room for are empty
  int octaves = 0;  // that it has room for

  Tables(std::int64_t points, double sample_rate_hz)
      : fft(points), bin_hz(sample_rate_hz / static_cast<double>(points)) {
    for (std::int64_t n = 0; n < points; ++n) {
      const double w =
          0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(n) + 0.5) / static_cast<double>(points));
      window.push_back(static_cast<float>(w));
      window_power += w * w;
    }
    std::vector<std::int32_t> row_of_bin(static_cast<std::size_t>(points));
    for (std::size_t r = 0; r < row_of_bin.size(); ++r)
      row_of_bin[static_cast<std::size_t>(fft.bin_of_row()[r])] = static_cast<std::int32_t>(r);
    const auto k_filter = k_weighting(sample_rate_hz);
    while (octaves < kOctaves && octave_edge_hz(octaves + 1) <= sample_rate_hz / 2) ++octaves;
    for (int o = 0; o < octaves; ++o) {
      const auto bin_from = [this](double hz) { return static_cast<std::int64_t>(std::ceil(hz / bin_hz)); };
      for (std::int64_t k = bin_from(octave_edge_hz(o)); k < bin_from(octave_edge_hz(o + 1)); ++k) {
        const double hz = static_cast<double>(k) * bin_hz;
        const double gain = magnitude(k_filter[0], hz, sample_rate_hz) * magnitude(k_filter[1], hz, sample_rate_hz);
        weights.push_back(static_cast<float>(gain * gain));
        rows.push_back(row_of_bin[static_cast<std::size_t>(k)]);
        rows.push_back(row_of_bin[static_cast<std::size_t>(points - k)]);
      }
      first[static_cast<std::size_t>(o) + 1] = static_cast<std::int64_t>(weights.size());
    }
    for (int o = octaves; o < kOctaves; ++o)
      first[static_cast<std::size_t>(o) + 1] = first[static_cast<std::size_t>(octaves)];
  }

  // They live as long as the program: a catalogue has few rates.
  static const Tables& at(double sample_rate_hz) {
    static std::mutex mutex;
    static std::map<double, std::unique_ptr<const Tables>> made;
    const std::lock_guard lock(mutex);
    std::unique_ptr<const Tables>& tables = made[sample_rate_hz];
    if (!tables) tables = std::make_unique<const Tables>(points_at(sample_rate_hz), sample_rate_hz);
    return *tables;
  }
};

void OctaveMeter::Level::add(const Level& other) {
  for (std::size_t o = 0; o < power.size(); ++o) {
    power[o] += other.power[o];
    side[o] += other.side[o];
  }
  weighted += other.weighted;
  weighted_side += other.weighted_side;
  weighted_tilt += other.weighted_tilt;
  segments += other.segments;
}

std::int64_t OctaveMeter::points_at(double sample_rate_hz) { return 4096 * rate_factor(sample_rate_hz); }

void OctaveMeter::Workspace::fit(std::int64_t points, int channels) {
  const auto segments = static_cast<std::size_t>(kSegments * stride_of(points) * channels);
  const auto rows = static_cast<std::size_t>(kSegments * points);
  if (held.size() < segments) held = AlignedArray<float>(segments);
  if (re.size() < rows) re = AlignedArray<float>(rows);
  if (im.size() < rows) im = AlignedArray<float>(rows);
}

std::int64_t OctaveMeter::bytes(double sample_rate_hz, int channels) {
  const std::int64_t points = points_at(sample_rate_hz), float_bytes = sizeof(float), level_bytes = sizeof(Level);
  return float_bytes * kSegments * (channels * stride_of(points) + 2 * points) + kLevels * level_bytes;
}

OctaveMeter::OctaveMeter(double sample_rate_hz, int channels, Workspace* workspace)
    : channels_(channels),
      tables_(Tables::at(sample_rate_hz)),
      space_(workspace != nullptr ? *workspace : own_),
      levels_(kLevels) {
  if (channels < 1) throw std::invalid_argument("a track's octaves need a channel");
  space_.fit(tables_.fft.rows(), channels);
  // Parseval, both signs of a frequency, the window's share; mid and side hold half of two channels' power.
  scale_ = 2 / (static_cast<double>(tables_.fft.rows()) * tables_.window_power) * (channels == 2 ? 2 : 1);
}

void OctaveMeter::take(AudioView frames) {
  const std::int64_t points = tables_.fft.rows();
  for (std::int64_t used = 0; used < frames.frames;) {
    if (position_ < starts_at_) {
      const std::int64_t skipped = std::min(starts_at_ - position_, frames.frames - used);
      used += skipped;
      position_ += skipped;
      continue;
    }
    const std::int64_t at = position_ - starts_at_, n = std::min(points - at, frames.frames - used);
    for (int c = 0; c < channels_; ++c)
      copy_samples(frames.channel(c) + used, n,
                   space_.held.data() + (c * kSegments + filled_) * stride_of(points) + at);
    used += n;
    position_ += n;
    if (at + n < points) continue;
    if (++filled_ == kSegments) transform();
    ++segment_;
    double whole = 0;
    const double place = std::modf(static_cast<double>(segment_) * (std::numbers::phi - 1), &whole);
    starts_at_ =
        kPlaces * points * segment_ + static_cast<std::int64_t>(place * static_cast<double>((kPlaces - 1) * points));
  }
}

void OctaveMeter::finish() {
  if (filled_ == 0) return;
  const std::int64_t stride = stride_of(tables_.fft.rows());
  for (int c = 0; c < channels_; ++c) {
    float* row = space_.held.data() + c * kSegments * stride;
    std::fill(row + filled_ * stride, row + kSegments * stride, 0.0f);
  }
  transform();
}

void OctaveMeter::transform() {
  const std::int64_t stride = stride_of(tables_.fft.rows());
  std::array<OctaveSums, kOctaves> sums{};
  for (int c = 0; c < channels_; c += 2) {
    const float* a = space_.held.data() + c * kSegments * stride;
    long_term_kernels().arrange(a, c + 1 < channels_ ? a + kSegments * stride : nullptr, channels_ == 2, stride,
                                tables_.window.data(), tables_.fft.rows(), space_.re.data(), space_.im.data());
    tables_.fft.forward(space_.re.data(), space_.im.data());
    for (std::size_t o = 0; o < sums.size(); ++o) {
      const std::int64_t first = tables_.first[o];
      octave_kernels().sum(space_.re.data(), space_.im.data(), tables_.rows.data() + 2 * first,
                           tables_.weights.data() + first, tables_.first[o + 1] - first, sums[o]);
    }
  }
  file(filled_, sums);
  filled_ = 0;
}

// Each segment to those of its loudness.
void OctaveMeter::file(int segments, const std::array<OctaveSums, kOctaves>& sums) {
  for (int lane = 0; lane < segments; ++lane) {
    Level one;
    one.segments = 1;
    for (std::size_t o = 0; o < sums.size(); ++o) {
      one.power[o] = scale_ * static_cast<double>(sums[o].power[lane]);
      one.side[o] = scale_ * static_cast<double>(sums[o].side[lane]);
      one.weighted += scale_ * static_cast<double>(sums[o].weighted[lane]);
      one.weighted_side += scale_ * static_cast<double>(sums[o].weighted_side[lane]);
      one.weighted_tilt += scale_ * static_cast<double>(sums[o].weighted_tilt[lane]);
    }
    const double loudness = loudness_of_power(one.weighted);
    if (!(loudness >= kQuietestSegment_lufs)) continue;
    levels_[static_cast<std::size_t>(std::min(kLevels - 1.0, std::floor(loudness - kQuietestSegment_lufs)))].add(one);
  }
}

OctaveMeter::Level OctaveMeter::loud_parts() const {
  Level all, loud;
  for (const Level& level : levels_) all.add(level);
  if (all.segments == 0) return loud;
  const double gate = loudness_of_power(all.weighted / static_cast<double>(all.segments)) + kBelowTheMean_lu;
  const long first = std::clamp(std::lround(gate - kQuietestSegment_lufs), 0L, kLevels - 1L);
  for (auto l = static_cast<std::size_t>(first); l < levels_.size(); ++l) loud.add(levels_[l]);
  return loud;
}

std::optional<OctaveFigures> OctaveMeter::figures() const {
  const Level loud = loud_parts();
  if (!(loud.weighted > 0)) return std::nullopt;
  OctaveFigures figures;
  figures.level_db.fill(kAbsent);
  figures.octave_width_db.fill(kAbsent);
  figures.width_db = figures.balance_db = kAbsent;
  for (std::size_t o = 0; o < static_cast<std::size_t>(tables_.octaves); ++o) {
    figures.level_db[o] = held_db(loud.power[o], loud.weighted, kLevelLimit_db);
    if (channels_ == 2)
      figures.octave_width_db[o] = held_db(loud.side[o], loud.power[o] - loud.side[o], kWidthLimit_db);
    if (channels_ == 1) figures.octave_width_db[o] = -static_cast<float>(kWidthLimit_db);
  }
  if (channels_ == 1) figures.width_db = -static_cast<float>(kWidthLimit_db);
  if (channels_ != 2) return figures;
  figures.width_db = held_db(loud.weighted_side, loud.weighted - loud.weighted_side, kWidthLimit_db);
  // |L|^2 and |R|^2 are |M|^2 + |S|^2 with twice the tilt added or taken away.
  figures.balance_db =
      held_db(loud.weighted + 2 * loud.weighted_tilt, loud.weighted - 2 * loud.weighted_tilt, kWidthLimit_db);
  return figures;
}

}  // namespace lathe
