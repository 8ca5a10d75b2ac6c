// Fills the samples of an impulse from what lies around it and, where the other channel is clean, from that.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/restoration/ar_model.h"
#include "kernels/restoration/click_shapes.h"

namespace lathe {

struct ImpulseKernels;

struct RepairDesign {
  int order = 47;   // of the model; 16 n - 1
  int reach = 6;    // of the regression on the other channel, samples on both sides; 0: none
  int half = 1152;  // the model is fitted to this many frames on both sides
  int near = 160;   // frames on both sides that the level of the prediction error is taken from
  int iterations = 2;
};

class ImpulseRepair {
 public:
  explicit ImpulseRepair(const RepairDesign& design);

  // Frames on both sides of an impulse's middle that `fill` reads.
  int reach() const { return design_.half + 2 * design_.order + design_.reach + 32; }

  // Replaces row[first .. first + frames) by its most likely values. `other`: the clean channel beside it, or null.
  ClickShapes::Verdict fill(float* row, const float* other, const float* damaged, std::int64_t first, int frames);

 private:
  void fit(const float* row, const float* other);
  // The prediction errors of `count` samples from `first` on.
  void errors(const float* row, const float* other, std::int64_t first, int count, std::vector<double>& out);

  RepairDesign design_;
  const ImpulseKernels& kernels_;
  AlignedArray<float> window_;
  AlignedArray<double> own_, beside_;
  std::vector<double> model_, reversed_, regression_, gap_, errors_, line_;
  std::vector<double> uu_, vv_, uv_, vu_, right_;
  GapSolver solver_, fitting_;
  ClickShapes shapes_;
};

}  // namespace lathe
