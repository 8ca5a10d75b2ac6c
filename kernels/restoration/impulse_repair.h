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
  int order = 47;   // of the model
  int reach = 12;   // of the other channel's regression, samples on both sides
  int half = 1152;  // the model is fitted to this many frames on both sides
  int iterations = 3;
};

class ImpulseRepair {
 public:
  explicit ImpulseRepair(const RepairDesign& design);

  // Frames on both sides of an impulse's middle that `fill` reads.
  int reach() const { return design_.half + 64; }

  // Replaces row[first .. first + frames) by its most likely values. `other`: the clean channel beside it, or null.
  ClickShapes::Verdict fill(float* row, const float* other, const float* damaged, std::int64_t first, int frames);

 private:
  void fit(const float* row, const float* other);
  double predict(const float* row, const float* other, std::int64_t n) const;

  RepairDesign design_;
  const ImpulseKernels& kernels_;
  AlignedArray<float> window_;
  AlignedArray<double> own_, beside_;
  std::vector<double> model_, regression_, gap_, errors_;
  std::vector<double> uu_, vv_, uv_, vu_, matrix_, right_;
  GapSolver solver_;
  ClickShapes shapes_;
};

}  // namespace lathe
