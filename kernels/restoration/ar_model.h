// Autoregressive models of sound, x[n] = -sum of a[k] x[n-k] + e[n] with a[0] = 1, and gaps filled so that e is least.
#pragma once

#include <cstddef>
#include <vector>

namespace lathe {

struct ImpulseKernels;

// The model of `order` that fits the autocorrelation r[0..order] (Levinson 1947, Durbin 1960), with a floor of white
// noise 90 dB under the signal and 140 dB under full scale, so that it is always stable. `count`: the samples that r
// sums. Writes a[0..order].
void fit_ar(const double* r, int order, double count, double* a);

// The symmetric positive definite system of a gap, M x = b: M[i][j] = ac[|i - j|] up to |i - j| = order, with ac the
// autocorrelation of the model's coefficients; or any other band or full matrix put into the columns.
class GapSolver {
 public:
  GapSolver();

  // ac[k] = sum of a[j] a[j + k]
  void set_model(const double* a, int order);
  void copy_model(const GapSolver& other);
  int order() const { return order_; }
  const double* ac() const { return ac_.data(); }
  // ac[-order..order], for a filter that sees both sides.
  const double* both_sides() const { return both_.data(); }

  // Factors M of a gap of `length` samples with extra[i] (or null) added to its diagonal.
  void factor(int length, const double* extra);

  // For other matrices: M[j + d][j] = column(j)[d], d <= order, then `factor_columns`.
  void clear(int order, int length);
  double* column(int j) { return columns_.data() + static_cast<std::ptrdiff_t>(j) * stride_; }
  void factor_columns();

  double log_determinant() const;
  // x := M^-1 x. `x` becomes 16 values longer, for the lanes.
  void solve(std::vector<double>& x) const;
  // out = M v, of `length` values, without `extra`.
  void multiply(const std::vector<double>& v, int length, std::vector<double>& out);

 private:
  const ImpulseKernels& kernels_;
  int order_ = 0, length_ = 0, stride_ = 0;
  std::vector<double> ac_, both_, columns_, inverse_, padded_;
};

}  // namespace lathe
