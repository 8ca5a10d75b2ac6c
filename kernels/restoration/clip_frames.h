// Infers the clipped samples of a stretch of one channel, all its frames side by side: the model is in declip.h.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/fft/lane_fft.h"
#include "kernels/restoration/clip_lanes.h"
#include "kernels/restoration/upper_normal.h"

namespace lathe {

// Unknowns a frame may have: above, the frames have to be shorter.
constexpr std::int64_t kMostUnknowns = 2048;

struct ClipWork {
  std::int64_t most_unknowns = 0;  // of a frame
  double cubes = 0;                // of the unknowns of each frame, summed
};

class ClipFrames {
 public:
  // Frames of `points` samples (a power of two, at least 256).
  explicit ClipFrames(std::int64_t points);

  std::int64_t points() const { return points_; }
  std::int64_t hop() const { return points_ / 2; }

  // What solve() of a stretch would have to do. side: +1 or -1 where a sample is clipped from above or below, else 0.
  // length: a multiple of hop(), frames start at every hop.
  ClipWork work(const std::int8_t* side, std::int64_t length) const;

  // Replaces the samples with a side, from which it starts, by their estimates, at |clipped| or beyond, and says in
  // `variance` (both `length` long) how sure the model is of each. Of each frame only the middle counts as unknown (the
  // rest is the neighbours'), so the outermost quarter frame of the stretch keeps its samples. No frame may have more
  // than kMostUnknowns. At least two rounds. Returns how many frames were solved.
  std::int64_t solve(const float* clipped, float* x, const std::int8_t* side, std::int64_t length, int rounds,
                     float* variance);

 private:
  struct Frame {
    std::int64_t first = 0;  // place in unknowns_, and how many
    std::int64_t count = 0;
    std::int64_t slot = -1;  // of its spectrum, where one is needed
  };
  struct Unknown {
    std::int64_t at = 0;  // in the stretch
    double weight = 0;    // of the window
    double sign = 0;
    double limit = 0;
    double tilt = 0;                  // of its prior
    double precision = 0, shift = 0;  // of the site that stands for the limit
  };

  void list_unknowns(const float* clipped, const std::int8_t* side, std::int64_t length);
  void tilt_runs(std::size_t from);
  void give_slots();
  ClipSpectrum spectrum(std::int64_t slot);
  void take_powers(const float* x);
  void weigh(const std::int64_t* frames, int count);
  void infer(const Frame& frame, const float* x, int lane, bool is_last);
  void update_sites(const Frame& frame);

  std::int64_t points_;
  LaneFft fft_;
  std::vector<std::int32_t> row_of_bin_;
  UpperNormal upper_;
  AlignedArray<float> window_;
  std::int64_t core_first_ = 0, core_end_ = 0;

  std::vector<Frame> frames_;
  std::vector<Unknown> unknowns_;
  std::vector<std::int64_t> hit_, powered_;
  AlignedArray<float> spectra_, unused_;
  std::vector<double> sum_, weight_, spread_;
  AlignedArray<float> re_, im_, level_, weights_, lags_;
  // The system of one frame.
  AlignedArray<std::int32_t> at_;
  AlignedArray<float> upper_system_, lower_system_, scaled_weight_, shift_, right_, diagonal_, ridged_, off_,
      spread_of_;
  std::vector<double> mean_, variance_;
};

}  // namespace lathe
