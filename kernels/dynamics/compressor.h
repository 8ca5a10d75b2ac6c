// Compressor: levels above a threshold are turned down by a ratio, over the whole spectrum or band by band.
//
// In groups of 8 frames, i counting them, all in decibels:
//   power     peak: p[i] = the largest x^2 since kHoldMs before the group; rms: p[i] = twice the mean square under a
//             window of 2 kWindowMs (Hamming) about the group. A full-scale sine reads 0 dB in both.
//   level     l[i] = 10 log10 p[i], of each channel; with a link, (1 - link) l + link max over channels of l
//   wanted    t[i] = static curve of l[i] with a quadratic soft knee (math/gain_law.h), at most max_gain_reduction_db
//   held      h[i] = max(t[i], R h[i-1] + (1 - R) t[i]),   R = exp(-T / release)
//   smooth    r[i] = A r[i-1] + (1 - A) h[i],              A = exp(-T / attack),  T = 8 / rate
//   gain      g = 10^((makeup - r) / 20);  k = mix (g - 1), linear from the end of group i - 1 (k[i-1]) to that of i
//   output    y = x + k x
// which is the smooth decoupled detector of Giannoulis, Massberg and Reiss (JAES 60(6), 2012, equations 4 and 17).
//
// Attack and release are time constants of the reduction in decibels. After a step up of the level the reduction has
// gone 1 - 1/e of its way after attack_ms, counted from the step (rms: what is left shrinks by 1/e each attack_ms once
// the window is over the step, kWindowMs behind it). After a step down it falls, behind hold or window and attack, by
// 1/e each release_ms. A look-ahead moves the whole gain to the front by that time; in steps of 8 frames.
// The side-chain high-pass (Butterworth, second order) is before the power; with several bands there is none, a band's
// own edges being one.
//
// Several bands: x is split at the crossovers by linear-phase low-passes, half the amplitude at the crossover,
// an octave from 1 to 0; band b = low-pass b - low-pass b-1. y = x + sum of k_b band_b over the bands that do anything:
// bands that do nothing cost nothing and leave no trace, and all together are x. Channels: any number.
//
// Latency: none. Halo: look-ahead and half the window; with bands, half the longest low-pass (4 periods of the lowest
// crossover) too. Cost: about 20 operations a sample; with bands, a transform for each two blocks and one back for
// each edge of a band that acts.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/device_stage.h"
#include "kernels/dynamics/band_split.h"
#include "kernels/dynamics/dynamics_lanes.h"
#include "kernels/math/gain_law.h"
#include "kernels/stage.h"

namespace lathe {

enum class LevelDetector { peak, rms };

// A ratio of 1 or a threshold of 0 dB turns nothing down.
struct CompressorBand {
  double threshold_db = -18;  // -80 to 0
  double ratio = 1.6;         // 1 to 100
  double knee_db = 6;         // 0 to 40
  double attack_ms = 30;      // 0.01 to 1000
  double release_ms = 250;    // 1 to 10000
  double makeup_db = 0;       // -24 to 24
  double max_gain_reduction_db = std::numeric_limits<double>::infinity();

  bool changes_nothing() const;
};

struct CompressorSettings {
  double sample_rate_hz = 0;
  LevelDetector detector = LevelDetector::rms;
  double lookahead_ms = 5;            // 0 to 50
  double sidechain_high_pass_hz = 0;  // 0: none; to 1000
  double mix = 1;                     // 0 to 1
  double link = 1;                    // 0 to 1
  std::vector<double> crossovers_hz;  // rising, 20 to 20000, one fewer than bands
  std::vector<CompressorBand> bands;  // at least one

  // Throws std::invalid_argument that names the field.
  void check() const;
  bool acts(int band) const;
  bool changes_nothing() const;
};

// What a band did over a track; of the channel that was turned down most. Without makeup.
struct CompressorAccount {
  double max_reduction_db = 0;
  double mean_reduction_db = 0;
  double share_over_1_db = 0;       // of the time
  std::vector<float> by_second_db;  // the most in each second
};

// Settings made ready for a rate. Immutable: one serves all tracks and threads.
class CompressorDesign {
 public:
  static constexpr std::int64_t kGroup = 8;
  static constexpr double kHoldMs = 10.2;    // a half period of 50 Hz and a little
  static constexpr double kWindowMs = 10.5;  // half the window: no ripple over 0.04 dB from 50 Hz up

  // Throws std::invalid_argument as check() does.
  explicit CompressorDesign(CompressorSettings settings);

  const CompressorSettings& settings() const { return settings_; }
  int bands() const { return static_cast<int>(settings_.bands.size()); }
  bool acts(int band) const { return settings_.acts(band); }
  bool changes_nothing() const { return settings_.changes_nothing(); }

  struct Band {
    GainLaw law;
    double attack, release;  // factors of a group
  };
  const Band& band(int b) const { return bands_[static_cast<std::size_t>(b)]; }

  // What comes into p[i] of group i: `before` and `after` groups beside it; weights of an rms window, or none.
  std::int64_t before() const { return before_; }
  std::int64_t after() const { return after_; }
  const std::vector<float>& window() const { return window_; }

  std::int64_t look_ahead_groups() const { return look_ahead_; }
  const std::optional<SideChainFilter>& side_chain() const { return side_chain_; }
  // Null with one band.
  const BandSplit* split() const { return split_ ? &*split_ : nullptr; }
  // Frames of a band that must be known beyond those that its gain is used on: a multiple of 128.
  std::int64_t wait_frames() const;

  // Of a window on a device, at either end.
  std::int64_t device_halo_frames() const;
  // Memory that one track takes on the CPU.
  std::int64_t bytes(int channels) const;

 private:
  CompressorSettings settings_;
  std::vector<Band> bands_;
  std::int64_t before_ = 0, after_ = 0, look_ahead_ = 0;
  std::vector<float> window_;
  std::optional<SideChainFilter> side_chain_;
  std::optional<BandSplit> split_;
};

// A high-pass of second order (Butterworth, bilinear) for groups of 8 frames.
SideChainFilter side_chain_filter(double freq_hz, double sample_rate_hz);

// As a report has it; of `accounts`, one a band, also for those that did nothing.
StageAccount stage_account(const CompressorDesign& design, const std::vector<CompressorAccount>& accounts);

namespace cpu {

// Throws std::invalid_argument without channels.
std::unique_ptr<Stage> make_compressor(std::shared_ptr<const CompressorDesign> design, int channels);

}  // namespace cpu

namespace cuda {

class Launcher;

// The same on a GPU, its recursions as scans over the whole segment.
std::unique_ptr<DeviceStage> make_compressor(Launcher& launcher, std::shared_ptr<const CompressorDesign> design,
                                             int channels);

}  // namespace cuda
}  // namespace lathe
