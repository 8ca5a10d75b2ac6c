// What is left of B when A, aligned and at its level, is taken away from it.
//
//   r_c[n] = b_c[n + d] - s_c k a_c[n],   k = sum s_c a_c b_c / sum a_c^2   (least squares, one gain for all channels)
//
// Where more than half of all sounding samples are the same with a gain of 1, that is the gain: then the two differ in
// places, and least squares would spread these over everything. Levels of r are relative to k a.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/compare/alignment.h"

namespace lathe {

struct NullSpan {
  double from_s = 0, to_s = 0;
  double residual_db = 0;  // of the span, relative to the whole of A
};

struct NullFindings {
  std::int64_t frames = 0;  // that lie over each other
  double gain_db = 0;       // of B against A
  std::vector<double> channel_gains_db;
  bool is_same = false;  // not a sample of those frames differs: no gain, no polarity
  double same_share = 0;
  std::optional<double> residual_db;        // relative to A; none when nothing is left
  std::optional<double> worst_residual_db;  // of the worst second, relative to the whole of A
  std::optional<double> worst_at_s;         // where it begins, in A's time
  std::optional<double> peak_residual_dbfs;
  std::optional<double> matched_residual_db;  // with B at A's loudness instead of its level
  std::optional<double> first_difference_s;   // beyond the rounding to the coarser encoding
  std::vector<NullSpan> spans;                // where they differ most, in the order of time
  int spans_not_listed = 0;
};

struct NullTestSetup {
  double rounding = 0;       // the largest difference that rounding explains
  double loudness_gain = 1;  // of B against A, by loudness; linear
};

// Reads both tracks twice.
NullFindings null_test(ComparedTrack& a, ComparedTrack& b, const Alignment& alignment, const NullTestSetup& setup);

}  // namespace lathe
