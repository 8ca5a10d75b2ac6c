// Infers the clipped samples of a stretch of one channel, all its frames side by side: the model is in declip.h.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/fft/wide_fft.h"
#include "kernels/restoration/upper_normal.h"

namespace lathe {

// Unknowns a frame may have: above, the frames have to be shorter.
constexpr std::int64_t kMostUnknowns = 1024;

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
  std::int64_t solve(const float* clipped, double* x, const std::int8_t* side, std::int64_t length, int rounds,
                     double* variance);

 private:
  struct Frame {
    std::int64_t first = 0;  // place in unknowns_, and how many
    std::int64_t count = 0;
    bool needs_power = false;
  };
  struct Unknown {
    std::int64_t at = 0;              // in the stretch
    double weight = 0;                // window times sign
    double tilt = 0;                  // of its prior
    double precision = 0, shift = 0;  // of the site that stands for the limit
  };

  void prepare(const float* clipped, const std::int8_t* side, std::int64_t length);
  void list_unknowns(const std::int8_t* side, std::int64_t length);
  void take_powers(const double* x);
  void take_weights(std::int64_t frame, double* weights);
  void weigh(const std::int64_t* frames, int count);
  void infer(const Frame& frame, const double* x, int lane, bool is_last);
  void update_sites(const Frame& frame);

  std::int64_t points_;
  WideFft fft_;
  UpperNormal upper_;
  std::vector<double> window_;
  std::int64_t core_first_ = 0, core_end_ = 0;

  std::vector<Frame> frames_;
  std::vector<Unknown> unknowns_;
  std::vector<std::int64_t> hit_, powered_;
  std::vector<float> power_;      // per frame, bins 0 .. points / 2
  std::vector<double> spectrum_;  // likewise, (re, im)
  std::vector<double> limit_, estimate_;
  std::vector<double> sum_, weight_, spread_;
  AlignedArray<double> re_, im_, system_, mean_, variance_;
  std::vector<double> lags_, levels_, weights_;
};

}  // namespace lathe
