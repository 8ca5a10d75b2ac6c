// Mean and variance of a normal variable that is known to lie above a limit.
#pragma once

#include <vector>

namespace lathe {

struct Moments {
  double mean = 0;
  double variance = 0;
};

// With alpha = (limit - mean) / deviation and the hazard h = phi(alpha) / (1 - Phi(alpha)): mean + deviation h, and
// deviation^2 (1 - h (h - alpha)) (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1994, ch. 13).
// h comes from a table made with the C library once, of steps of 1/64 with cubic interpolation (h' = h (h - alpha)),
// and beyond 12 from its asymptotic series.
class UpperNormal {
 public:
  UpperNormal();

  double hazard(double alpha) const;
  Moments above(double limit, double mean, double deviation) const;

 private:
  std::vector<double> hazards_;
};

}  // namespace lathe
