// Penalised least squares along time: the smoothers of the hum's amplitudes and phase.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/hum_frames.h"

namespace lathe {

// The s that minimises sum w |y - s|^2 + penalty sum |s[m+1] - s[m]|^2 (a random walk's smoother; Whittaker 1923).
// Linear time. w >= 0, not all 0. `work` keeps its room from call to call.
void smooth_walk(const Complex64* y, const double* w, double penalty, std::int64_t count, std::vector<double>& work,
                 Complex64* s);

// The s that minimises sum w (y - s)^2 + penalty sum (s[m+1] - 2 s[m] + s[m-1])^2: a walk of its slope.
void smooth_slope(const double* y, const double* w, double penalty, std::int64_t count, std::vector<double>& work,
                  double* s);

// out[m] = mean of p over [m - reach, m + reach], cut at the ends.
void box_mean(const double* p, std::int64_t reach, std::int64_t count, double* out);

// The value below which `share` of the values lie; `work` is overwritten.
double quantile(const double* p, std::int64_t count, double share, std::vector<double>& work);

}  // namespace lathe
