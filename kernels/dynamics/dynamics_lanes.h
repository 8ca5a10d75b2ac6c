// The lane kernels of the compressor: the level of groups of 8 frames, decibels of reduction, gains, and their use.
#pragma once

#include <cstdint>

#include "kernels/math/gain_law.h"

namespace lathe {

// A high-pass of second order as z' = A z + b x, y = c z + d x, and what it does over a group of 8 frames.
struct SideChainFilter {
  double a[2][2], b[2], c[2], d;
  double ring[8][2];     // c A^k: what a state at the group's start adds to frame k
  double group_a[2][2];  // A^8
};

// All counts of groups are multiples of 16.
struct DynamicsKernels {
  // power[g] = the largest x^2 of group g
  void (*peaks)(const float* x, std::int64_t groups, float* power);
  // power[g] = the sum of x^2 of group g
  void (*energies)(const float* x, std::int64_t groups, float* power);
  // The same of the filtered signal; state[2] goes from call to call.
  void (*filtered)(const SideChainFilter& filter, double* state, bool peaks, const float* x, std::int64_t groups,
                   float* power);
  // out[i] = max of in[i .. i + window - 1]; `in` has count + window - 1 values and is overwritten.
  void (*hold)(float* in, std::int64_t count, std::int64_t window, float* out);
  // out[i] = sum of weights[k] * in[i + k]
  void (*weigh)(const float* in, std::int64_t count, const float* weights, std::int64_t taps, float* out);
  // level_db[i] = 10 log10(power[i]) within 1e-10, -300 for silence
  void (*decibels)(const float* power, std::int64_t count, double* level_db);
  // In place: a level becomes its reduction.
  void (*reductions)(const GainLaw& law, std::int64_t count, double* db);
  // In place, from targets t: state[0] = max(t, release state[0] + (1 - release) t) and
  // state[1] = attack state[1] + (1 - attack) state[0], which is written.
  void (*follow)(double attack, double release, double* state, std::int64_t count, double* db);
  // gain[i] = mix * (10^((makeup_db - db[i]) / 20) - 1)
  void (*gains)(const double* db, double makeup_db, double mix, std::int64_t count, float* gain);
  // y = base + x * g, g linear from gain[i] to gain[i + 1] over group i. y may be base or x.
  void (*apply)(const float* base, const float* x, std::int64_t groups, const float* gain, float* y);
};

namespace sse2 {
extern const DynamicsKernels dynamics_kernels;
}
namespace avx2 {
extern const DynamicsKernels dynamics_kernels;
}
namespace avx512 {
extern const DynamicsKernels dynamics_kernels;
}

}  // namespace lathe
