// Looks for impulses in one block of a track: what an autoregressive model of the music predicts from neither side.
//
// Of a block with its neighbourhood, per channel: the model of order p of the windowed samples (Levinson-Durbin), its
// prediction errors forward and backward in time, and their level around each cell of 32 frames (the larger of the
// medians before and behind, so that an attack is measured by what follows it). An alarm is an error of more than
// `threshold` levels one way with such a one within 6 samples the other way (bidirectional detection: Niedzwiecki and
// Ciolek, IEEE TASLP 21(5), 2013). Alarms nearer than the longest click are one span: an offset shows at its edges
// alone. Spans are filled by the model and the block is modelled anew, up to `passes` times, since clicks bias the
// model and hide others.
//
// Then every span is judged in every channel by the final model. It begins with the first sample that what came before
// fails to predict and ends with the last that what follows fails to predict; joined clicks are told apart where the
// samples between them agree with the model (`split`); ClickShapes says how much likelier damage is than none; and
// `evidence` weighs that against what attacks and cuts of music look like.
//
// Cost: some 150 multiply-adds a sample and pass in lanes at 44.1 kHz, and per span some 20,000.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/math/host_device.h"
#include "kernels/restoration/ar_model.h"
#include "kernels/restoration/click_shapes.h"

namespace lathe {

struct ImpulseKernels;

// Lengths in frames of the track's own rate.
struct ImpulseDesign {
  int order = 31;        // of the model; 16 n - 1
  double unit = 1;       // frames that a frame at 44.1 kHz lasts
  int scale = 1;         // cells, hop and what is compared around an impulse are this many times their usual length
  int hop = 3072;        // a block
  int context = 768;     // read on both sides of it
  int merge = 48;        // alarms closer than this are one span
  int longest = 176;     // a longer span is no impulse
  double threshold = 5;  // of an alarm, in levels
  int passes = 2;
  int most = 48;               // spans a pass; what comes after them is left alone
  double least_evidence = -9;  // of what is reported
};

// One impulse in one channel.
struct Impulse {
  std::int64_t first_frame = 0;
  std::int32_t frames = 0;
  std::int32_t channel = 0;
  double evidence = 0;     // logarithm of the odds that it is damage, not music, where every second one is
  std::int64_t patch = 0;  // index into the patches of what lay under it, by the block's model
};

// Frames of a block's neighbourhood that alarms join.
struct ImpulseSpan {
  std::int32_t first, end;
  std::int32_t channels;  // bit c: channel c has alarms here
};

// What the level of the errors around a cell is made of, on every backend.
struct ImpulseLevelForm {
  static constexpr int kMedianOf = 8;  // cells
  // Cells between the one judged and those its level is taken from: an impulse smears over the model's order.
  static constexpr int kApart = 2;
  // How far apart the same alarm may stand in the two directions of time.
  static constexpr int kSame = 6;

  // Of the medians of mean magnitudes before and behind. 1.2533: from the mean of |e| to the standard deviation of a
  // normal distribution. No less than half the step of 16-bit samples: less is no sound. Also what silence has.
  LATHE_HOST_DEVICE static float level(float before, float after) {
    const float most = 1.2533f * (before < after ? after : before);
    return most < 1.5e-5f ? 1.5e-5f : most;
  }
};

// What the search in one block leaves to be judged: all that depends on many samples. Rows are those of scan().
struct ImpulseSearch {
  const float* work[2];            // the samples, spans filled
  const float* forward[2];         // prediction errors of the final model
  const float* level[2];           // of each cell, of errors forward, then backward
  const double* model[2];          // a[0..order]
  const std::uint32_t* marks;      // a bit a frame: alarms of all passes in any channel
  std::vector<ImpulseSpan> spans;  // of all passes
};

// For one or two channels that belong together. Not for several threads at once.
class ImpulseScan {
 public:
  ImpulseScan(const ImpulseDesign& design, int channels);

  // rows: design.hop + 2 * design.context frames of each channel, of which the first is `first_frame` of the track.
  // Appends the impulses that begin within the hop, by channel number counted from `first_channel`.
  void scan(const float* const* rows, std::int64_t first_frame, int first_channel, std::vector<Impulse>& found,
            std::vector<float>& patches);

  // The same where the search was made elsewhere (impulse_blocks.h).
  void scan(const float* const* rows, const ImpulseSearch& search, std::int64_t first_frame, int first_channel,
            std::vector<Impulse>& found, std::vector<float>& patches);
  // Cells of a block with its neighbourhood.
  int cells() const { return cells_; }
  const AlignedArray<float>& window() const { return window_; }

  // Passes that met more than design.most spans.
  std::int64_t cut_short() const { return cut_short_; }

 private:
  using Span = ImpulseSpan;
  struct Judged {
    Span span{0, 0, 3};
    ClickShapes::Verdict verdict;
  };
  float* work(int channel) { return work_[channel].data() + pad_; }
  double error(int channel, const float* x, int n, int direction) const;
  double level(int channel, Span span) const;

  // impulse_scan.cpp
  void model(int channel);
  void levels(int channel);
  bool alarms();
  void fill(int channel, Span span);
  void mend(Span span);
  std::vector<Span> spans_of_all_passes(const float* const* rows);
  void report(const float* const* rows, std::vector<Span> all, std::int64_t first_frame, int first_channel,
              std::vector<Impulse>& found, std::vector<float>& patches);

  // impulse_judge.cpp
  bool extent(int channel, Span span, Span& out) const;
  bool judge(int channel, const float* row, Span span, Judged& out);
  bool is_offset(const float* const* rows, Span span);
  bool is_sound(const float* const* rows, Span left, Span right);
  void split(const float* const* rows, Span span, std::vector<Span>& parts);
  double evidence(int channel, const Judged& judged) const;

  ImpulseDesign design_;
  int channels_, size_, pad_, cell_, cells_;
  const ImpulseKernels& kernels_;
  AlignedArray<float> window_;
  AlignedArray<double> weighed_;
  AlignedArray<float> work_[2], forward_[2], backward_[2];
  std::vector<double> model_[2], lags_;
  AlignedArray<float> means_, peaks_[2][2], level_[2][2];  // [channel][0 forward, 1 backward], a value a cell
  GapSolver solver_[2];
  std::vector<float> medians_, kept_;
  std::vector<std::uint8_t> marks_, all_marks_;  // a bit a channel
  std::vector<Span> spans_;
  std::vector<double> gap_, known_, difference_;
  ClickShapes shapes_;
  std::int64_t cut_short_ = 0;
};

}  // namespace lathe
