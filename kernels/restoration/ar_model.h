// Autoregressive models of sound: x[n] = -sum of a[k] x[n-k] + e[n], a[0] = 1, and gaps filled so that e is least.
#pragma once

#include <cstdint>
#include <vector>

namespace lathe {

// The model of `order` that fits autocorrelation r[0..order] (Levinson 1947, Durbin 1960), with a floor of noise 90 dB
// under the signal and 140 dB under full scale per sample, so that the result is always stable. `count`: samples that
// r sums. Writes a[0..order]; returns the share of the power that the prediction leaves.
double fit_ar(const double* r, int order, double count, double* a);

// Solves for the samples of a gap. M is the band matrix M[i][j] = ac[|i-j|] + (i == j) * extra[i] of the model's own
// autocorrelation; positive definite, so that Cholesky's factors exist.
class GapSolver {
 public:
  // ac[k] = sum of a[j] a[j+k]
  void set_model(const double* a, int order);
  void copy_model(const GapSolver& other) {
    order_ = other.order_;
    ac_ = other.ac_;
  }
  int order() const { return order_; }
  const double* ac() const { return ac_.data(); }

  // Factors the matrix of a gap of `length` samples; extra may be null.
  void factor(int length, const double* extra);
  double log_determinant() const;
  // x := M^-1 x
  void solve(double* x) const;
  // v' M v, with the matrix without extra.
  double energy(const double* v, int length) const;
  // out = M v
  void multiply(const double* v, int length, double* out) const;

 private:
  int order_ = 0, length_ = 0;
  std::vector<double> ac_;
  std::vector<double> rows_;  // L[i][i - order + j] at [i * (order + 1) + j]
};

}  // namespace lathe
