// What a click looks like: the odds that a gap's samples were damaged in one of some simple ways, and what lay under
// it.
//
// The music s in the gap, given what lies around it, is Gaussian about the interpolation s0 with covariance
// variance * M^-1 (least-squares interpolation by an autoregressive model, Janssen, Veldhuis and Vries 1986; Godsill
// and Rayner 1998, ch. 5). What was observed is x = s + d. Three kinds of d are weighed by their likelihood:
//   nothing        d = 0
//   an offset      d = h over a part of the gap, h ~ N(0, mean square of x - s0): edits, digital faults, lost offset
//   a dying burst  d[i] ~ N(0, A exp(-2 g i / length)): what a scratch or a discharge leaves, g from 0 to 4.5
// The music is its mean under the mixture of the damaged kinds. So a tail that is weaker than the interpolation's own
// error is left in place rather than replaced, and an offset costs one unknown rather than a gap full of them.
#pragma once

#include <vector>

#include "kernels/restoration/ar_model.h"

namespace lathe {

class ClickShapes {
 public:
  // How many kinds are tried: `few` leaves out most decays.
  enum class Depth { few, all };

  struct Verdict {
    double log_odds = 0;  // natural logarithm, damaged against not; priors left out
    bool is_offset = false;
    int first = 0, end = 0;  // of the gap: outside it nothing is to be changed
  };

  // `solver` has factored the gap's matrix M. difference[i] = x[i] - s0[i]; becomes the damage's mean, x - s.
  Verdict judge(GapSolver& solver, double variance, Depth depth, std::vector<double>& difference);

 private:
  struct Kind {
    double log_likelihood;
    std::vector<double> damage;
  };
  void offset(GapSolver& solver, double variance, const std::vector<double>& difference);
  void burst(const GapSolver& solver, double variance, double decay, double share,
             const std::vector<double>& difference);

  GapSolver shaped_;
  double power_ = 0, null_ = 0;
  int offset_first_ = 0, offset_end_ = 0;
  std::vector<Kind> kinds_;
  std::size_t used_ = 0;
  std::vector<double> image_, extra_, shift_, sums_, ones_;
};

}  // namespace lathe
