// Looks for impulses in one block of a track: what an autoregressive model of the music cannot predict from either side.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/restoration/ar_model.h"
#include "kernels/restoration/click_shapes.h"

namespace lathe {

struct ImpulseLanes;
struct ImpulseKernels;

// Lengths in frames of the track's own rate.
struct ImpulseDesign {
  int order = 31;      // of the model
  int hop = 2048;      // a block
  int context = 1024;  // read on both sides of it
  int merge = 48;      // alarms closer than this are one impulse
  int longest = 176;   // more is no impulse
  double threshold = 6;  // of an alarm, in robust standard deviations
  int passes = 3;
  double least_log_odds = 10;  // of what is kept
  int most = 64;  // impulses a block
};

// One impulse in one channel.
struct Impulse {
  std::int64_t first_frame = 0;
  std::int32_t frames = 0;
  std::int32_t channel = 0;
  double log_odds = 0;      // that it is damage, not music; natural logarithm
  bool is_offset = false;
  float level = 0, peak = 0;
  float feature[10] = {};
  std::int64_t patch = 0;  // where in `patches` its first interpolation begins
};

// For one or two channels that belong together.
class ImpulseScan {
 public:
  ImpulseScan(const ImpulseDesign& design, int channels);

  // Rows of design.hop + 2 * design.context frames, of which the first is `first_frame` of the track. Appends what begins
  // within the hop.
  void scan(const float* const* rows, std::int64_t first_frame, std::vector<Impulse>& found,
            std::vector<float>& patches);

 private:
  struct Span {
    int first, end;
  };
  void model(int channel);
  void levels(int channel);
  void alarms();
  bool extent(int channel, Span span, const float* original, Span& out) const;
  void fill(int channel, Span span, float* into);
  bool is_offset(const float* const* rows, Span span);
  void split(const float* const* rows, Span span, std::vector<Span>& parts);
  double sigma(int channel, Span span) const;
  float* work(int channel) { return work_[channel].data() + pad_; }

  ImpulseDesign design_;
  int channels_, size_, pad_, cells_;
  const ImpulseKernels& kernels_;
  AlignedArray<float> window_;
  AlignedArray<double> weighed_;
  AlignedArray<float> work_[2], forward_[2], backward_[2];
  std::vector<double> model_[2];
  AlignedArray<float> means_, peaks_[2][2], sigma_[2][2];  // [channel][direction], a value a cell
  GapSolver solver_[2];
  std::vector<std::uint8_t> marks_;
  std::vector<Span> spans_;
  std::vector<std::uint8_t> alarmed_;
  std::vector<double> gap_, known_, difference_;
  ClickShapes shapes_;
};

}  // namespace lathe
