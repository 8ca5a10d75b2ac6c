// Stereo width by frequency, mono bass, and a guard that keeps what is wide from vanishing in mono.
//
//   M = (L + R) / 2, S = (L - R) / 2;   L' = M + g (w * S), R' = M - g (w * S)
// w is a linear-phase FIR: the bands' widths joined by raised cosines over half an octave, and nothing below
// mono_below_hz. g is the guard's gain, at most 1, linear between knots a hundredth of a second apart
// (math/stereo_guard.h): in every second the correlation is at least min_correlation, and the mono sum loses at most
// max_mono_loss_db, 10 log10(sum(M'^2 + S'^2) / sum M'^2) with no weighting (mid/side after Blumlein 1931; loss and
// correlation as in Katz, Mastering Audio, ch. 15). `balance` turns left down and right up by half of it each, before
// all that. Latency 0; look-ahead: half a kernel, and 1.03 s where the guard is on. What is mono stays so, bit for bit,
// and where the guard has nothing to do and no width is asked for, samples pass untouched. Cost a frame: one
// overlap-save pass over the side, and about 20 operations for the guard.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/device_stage.h"
#include "kernels/fft/overlap_save.h"
#include "kernels/math/stereo_guard.h"
#include "kernels/stage.h"

namespace lathe {

// The width of one range of frequencies: 0 mono, 1 unchanged, 2 the side doubled.
struct StereoBand {
  std::optional<double> up_to_hz;  // its upper edge, above that of the band before; left out: to the top
  double width = 1;
};

struct StereoSettings {
  double width = 1;               // 0 to 2
  std::vector<StereoBand> bands;  // from low to high; they replace `width`
  // The side is 40 dB down below two thirds of it, and untouched above five thirds; 20 to 1,000 Hz.
  std::optional<double> mono_below_hz;
  std::optional<double> min_correlation;   // -1 to 1
  std::optional<double> max_mono_loss_db;  // 0 to 24
  double balance_db = 0;                   // right against left, -12 to 12

  // Throws std::invalid_argument that names the field.
  void check() const;
  bool changes_nothing() const;
  StereoLimits limits() const;
};

// Settings made ready for one sample rate: made once, shared by every track and thread that uses them.
class StereoDesign {
 public:
  // Throws std::invalid_argument as StereoSettings::check() does, and for a rate that is not above 0.
  StereoDesign(StereoSettings settings, double sample_rate_hz);

  const StereoSettings& settings() const { return settings_; }
  double sample_rate_hz() const { return sample_rate_hz_; }
  // w, as it was asked for.
  double width_at(double frequency_hz) const;

  // The filters of mid ({1}) and side, of equal length; null where the width is the same at all frequencies.
  const OverlapSaveKernel* mid_kernel() const { return mid_.get(); }
  const OverlapSaveKernel* side_kernel() const { return side_.get(); }
  // The width where there is no filter, else 1.
  double flat_width() const { return side_ ? 1 : width_at(1000); }
  double worst_deviation() const { return worst_deviation_; }  // of the side's filter from w, absolute

  const StereoLimits& limits() const { return limits_; }
  std::int64_t block_frames() const { return block_frames_; }
  // Blocks behind one whose sums its gain depends on.
  std::int64_t look_ahead_blocks() const { return limits_.holds_anything() ? kGuardReach : 0; }
  // Frames of input that a stretch of output takes on either side.
  std::int64_t halo_frames() const { return (side_ ? side_->half() : 0) + (look_ahead_blocks() + 1) * block_frames_; }
  double left_gain() const;
  double right_gain() const;

 private:
  void design_filter();

  StereoSettings settings_;
  double sample_rate_hz_;
  StereoLimits limits_;
  std::int64_t block_frames_;
  std::shared_ptr<const OverlapSaveKernel> mid_, side_;
  double worst_deviation_ = 0;
};

// Throws std::invalid_argument unless there are one or two channels. One is left alone.
void check_stereo_channels(int channels);

namespace cpu {

// The stage for one track. Throws as check_stereo_channels() does.
std::unique_ptr<Stage> make_stereo(std::shared_ptr<const StereoDesign> design, int channels);

}  // namespace cpu

namespace cuda {

class Launcher;

// The stage on a GPU. Throws as cpu::make_stereo does, and CudaError.
std::unique_ptr<DeviceStage> make_stereo(Launcher& launcher, std::shared_ptr<const StereoDesign> design, int channels);

}  // namespace cuda
}  // namespace lathe
