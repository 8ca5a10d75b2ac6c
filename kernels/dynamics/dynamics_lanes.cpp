// Eight groups side by side, a lane each, so that a group's frames are steps in time and nothing is summed across
// lanes.
#include "kernels/dynamics/dynamics_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

typedef float Eight __attribute__((vector_size(32), may_alias));
typedef float EightUnaligned __attribute__((vector_size(32), aligned(4), may_alias));
typedef std::int32_t EightI __attribute__((vector_size(32)));
typedef std::int64_t L __attribute__((vector_size(kDoubles * 8)));
typedef std::uint64_t UL __attribute__((vector_size(kDoubles * 8)));
typedef float Half __attribute__((vector_size(kDoubles * 4)));
typedef float HalfUnaligned __attribute__((vector_size(kDoubles * 4), aligned(4), may_alias));

inline double fused(double a, double b, double c) {
#if defined(__AVX2__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// Frame k of eight groups from x on, in v[k].
inline void load_groups(const float* x, Eight* v) {
  constexpr EightI kLow1 = {0, 8, 2, 10, 4, 12, 6, 14}, kHigh1 = {1, 9, 3, 11, 5, 13, 7, 15};
  constexpr EightI kLow2 = {0, 1, 8, 9, 4, 5, 12, 13}, kHigh2 = {2, 3, 10, 11, 6, 7, 14, 15};
  constexpr EightI kLow4 = {0, 1, 2, 3, 8, 9, 10, 11}, kHigh4 = {4, 5, 6, 7, 12, 13, 14, 15};
  Eight w[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) w[i] = *reinterpret_cast<const EightUnaligned*>(x + 8 * i);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 2) {
    v[i] = __builtin_shuffle(w[i], w[i + 1], kLow1);
    v[i + 1] = __builtin_shuffle(w[i], w[i + 1], kHigh1);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    if (i & 2) continue;
    w[i] = __builtin_shuffle(v[i], v[i + 2], kLow2);
    w[i + 2] = __builtin_shuffle(v[i], v[i + 2], kHigh2);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    v[i] = __builtin_shuffle(w[i], w[i + 4], kLow4);
    v[i + 4] = __builtin_shuffle(w[i], w[i + 4], kHigh4);
  }
}

template <bool Peaks>
inline void store_power(const Eight* v, float* power) {
  Eight sum = v[0] * v[0];
#pragma GCC unroll 8
  for (int k = 1; k < 8; ++k) {
    const Eight square = v[k] * v[k];
    if constexpr (Peaks) {
      sum = sum > square ? sum : square;
    } else {
      sum = sum + square;
    }
  }
  *reinterpret_cast<EightUnaligned*>(power) = sum;
}

template <bool Peaks>
void powers(const float* x, std::int64_t groups, float* power) {
  for (std::int64_t g = 0; g < groups; g += 8) {
    Eight v[8];
    load_groups(x + 8 * g, v);
    store_power<Peaks>(v, power + g);
  }
}

// Every group from silence; then the states from group to group; then what they add. In pieces, so that what one step
// stores value by value the next does not load as a vector at once. In double precision: what is taken away may be far
// louder than what is left.
constexpr std::int64_t kPiece = 32;

// The states before each group of a piece, from what each leaves of silence. Two groups at a step: half the waiting.
struct GroupStates {
  explicit GroupStates(const SideChainFilter& filter) : a(filter.group_a) {
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) two[i][j] = fused(a[i][0], a[0][j], a[i][1] * a[1][j]);
    }
  }

  void run(std::int64_t count, double& z0, double& z1) {
    for (std::int64_t g = 0; g < count; g += 2) {
      starts0[g] = z0;
      starts1[g] = z1;
      starts0[g + 1] = fused(a[0][0], z0, fused(a[0][1], z1, ends0[g]));
      starts1[g + 1] = fused(a[1][1], z1, fused(a[1][0], z0, ends1[g]));
      const double both0 = fused(a[0][0], ends0[g], fused(a[0][1], ends1[g], ends0[g + 1]));
      const double both1 = fused(a[1][1], ends1[g], fused(a[1][0], ends0[g], ends1[g + 1]));
      const double next = fused(two[0][0], z0, fused(two[0][1], z1, both0));
      z1 = fused(two[1][1], z1, fused(two[1][0], z0, both1));
      z0 = next;
    }
    // A state that dies away in silence would end in denormal numbers, which are slow.
    if (z0 < 1e-30 && z0 > -1e-30) z0 = 0;
    if (z1 < 1e-30 && z1 > -1e-30) z1 = 0;
  }

  const double (&a)[2][2];
  double two[2][2];
  alignas(64) double ends0[kPiece], ends1[kPiece], starts0[kPiece], starts1[kPiece];
};

inline D frame_of(const Eight* v, int k, int h) {
  return __builtin_convertvector(*reinterpret_cast<const HalfUnaligned*>(reinterpret_cast<const float*>(v + k) + h), D);
}

void filtered_peaks(const SideChainFilter& f, double* state, const float* x, std::int64_t groups, float* power) {
  alignas(64) double from_silence[8 * kPiece];
  GroupStates states(f);
  double z0 = state[0], z1 = state[1];
  for (std::int64_t piece = 0; piece < groups; piece += kPiece) {
    const std::int64_t count = groups - piece < kPiece ? groups - piece : kPiece;
    for (std::int64_t g = 0; g < count; g += 8) {
      Eight v[8];
      load_groups(x + 8 * (piece + g), v);
      for (int h = 0; h < 8; h += kDoubles) {
        D s0 = {}, s1 = {};
#pragma GCC unroll 8
        for (int k = 0; k < 8; ++k) {
          const D in = frame_of(v, k, h);
          const D t0 = fma(splat(f.a[0][0]), s0, fma(splat(f.a[0][1]), s1, f.b[0] * in));
          store(from_silence + 8 * g + 8 * k + h, fma(splat(f.c[0]), s0, fma(splat(f.c[1]), s1, f.d * in)));
          s1 = fma(splat(f.a[1][0]), s0, fma(splat(f.a[1][1]), s1, f.b[1] * in));
          s0 = t0;
        }
        store(states.ends0 + g + h, s0);
        store(states.ends1 + g + h, s1);
      }
    }
    states.run(count, z0, z1);
    for (std::int64_t g = 0; g < count; g += kDoubles) {
      const double* silent = from_silence + 64 * (g / 8) + g % 8;
      const D first0 = load(states.starts0 + g), first1 = load(states.starts1 + g);
      D most = {};
#pragma GCC unroll 8
      for (int k = 0; k < 8; ++k) {
        const D y = fma(splat(f.ring[k][0]), first0, fma(splat(f.ring[k][1]), first1, load(silent + 8 * k)));
        const D square = y * y;
        most = most > square ? most : square;
      }
      *reinterpret_cast<HalfUnaligned*>(power + piece + g) = __builtin_convertvector(most, Half);
    }
  }
  state[0] = z0;
  state[1] = z1;
}

// With y[k] = ring[k] z + s[k], z the state at the group's start and s its frames from silence: the sum of y^2 is
// (sum of s^2) + 2 (sum of s ring) z + z (sum of ring ring) z, where s goes by the direct form (8 frames cannot run
// away with it) and the second sum is one over x.
struct GroupForm {
  explicit GroupForm(const SideChainFilter& f) {
    double h[8] = {f.d};
    for (int k = 1; k < 8; ++k) h[k] = fused(f.ring[k - 1][0], f.b[0], f.ring[k - 1][1] * f.b[1]);
    double b[2] = {f.b[0], f.b[1]};
    for (int k = 7; k >= 0; --k) {
      for (int i = 0; i < 2; ++i) {
        end[k][i] = b[i];
        cross[k][i] = 0;
        for (int n = k; n < 8; ++n) cross[k][i] = fused(f.ring[n][i], h[n - k], cross[k][i]);
      }
      const double next = fused(f.a[0][0], b[0], f.a[0][1] * b[1]);
      b[1] = fused(f.a[1][0], b[0], f.a[1][1] * b[1]);
      b[0] = next;
    }
    for (int k = 0; k < 8; ++k) {
      square[0] = fused(f.ring[k][0], f.ring[k][0], square[0]);
      square[1] = fused(f.ring[k][0], f.ring[k][1], square[1]);
      square[2] = fused(f.ring[k][1], f.ring[k][1], square[2]);
    }
    const double a1 = -(f.a[0][0] + f.a[1][1]), a2 = f.a[0][0] * f.a[1][1] - f.a[0][1] * f.a[1][0];
    back1 = -a1;
    back2 = -a2;
    ahead1 = fused(a1, h[0], h[1]) / f.d;
    ahead2 = fused(a1, h[1], fused(a2, h[0], h[2])) / f.d;
    scale = f.d * f.d;
  }

  double end[8][2];       // what frame k adds to the state at the group's end
  double cross[8][2];     // and to the sum of s ring
  double square[3] = {};  // sum of ring ring: 00, 01, 11
  double back1, back2, ahead1, ahead2, scale;
};

void filtered_energies(const SideChainFilter& f, double* state, const float* x, std::int64_t groups, float* power) {
  const GroupForm form(f);
  alignas(64) double energy[kPiece], cross0[kPiece], cross1[kPiece];
  GroupStates states(f);
  double z0 = state[0], z1 = state[1];
  for (std::int64_t piece = 0; piece < groups; piece += kPiece) {
    const std::int64_t count = groups - piece < kPiece ? groups - piece : kPiece;
    for (std::int64_t g = 0; g < count; g += 8) {
      Eight v[8];
      load_groups(x + 8 * (piece + g), v);
      for (int h = 0; h < 8; h += kDoubles) {
        D w1 = {}, w2 = {}, e = {}, c0 = {}, c1 = {}, e0 = {}, e1 = {};
#pragma GCC unroll 8
        for (int k = 0; k < 8; ++k) {
          const D in = frame_of(v, k, h);
          const D w = fma(splat(form.back1), w1, fma(splat(form.back2), w2, in));
          const D s = fma(splat(form.ahead1), w1, fma(splat(form.ahead2), w2, w));
          e = fma(s, s, e);
          c0 = fma(splat(form.cross[k][0]), in, c0);
          c1 = fma(splat(form.cross[k][1]), in, c1);
          e0 = fma(splat(form.end[k][0]), in, e0);
          e1 = fma(splat(form.end[k][1]), in, e1);
          w2 = w1;
          w1 = w;
        }
        store(energy + g + h, splat(form.scale) * e);
        store(cross0 + g + h, c0 + c0);
        store(cross1 + g + h, c1 + c1);
        store(states.ends0 + g + h, e0);
        store(states.ends1 + g + h, e1);
      }
    }
    states.run(count, z0, z1);
    const D zero = {};
    for (std::int64_t g = 0; g < count; g += kDoubles) {
      const D a = load(states.starts0 + g), b = load(states.starts1 + g);
      const D for_a = fma(splat(form.square[0]), a, fma(splat(2 * form.square[1]), b, load(cross0 + g)));
      const D for_b = fma(splat(form.square[2]), b, load(cross1 + g));
      const D sum = fma(a, for_a, fma(b, for_b, load(energy + g)));
      // Rounding may leave a filtered silence under 0.
      *reinterpret_cast<HalfUnaligned*>(power + piece + g) = __builtin_convertvector(sum > zero ? sum : zero, Half);
    }
  }
  state[0] = z0;
  state[1] = z1;
}

void filtered(const SideChainFilter& filter, double* state, bool peaks, const float* x, std::int64_t groups,
              float* power) {
  (peaks ? filtered_peaks : filtered_energies)(filter, state, x, groups, power);
}

// By doubling: after each round a value is the maximum of twice as many, and the last round overlaps.
void hold(float* in, std::int64_t count, std::int64_t window, float* out) {
  std::int64_t have = 1, length = count + window - 1;
  while (have < window) {
    const std::int64_t shift = have * 2 <= window ? have : window - have;
    length -= shift;
    std::int64_t i = 0;
    for (; i + kFloats <= length; i += kFloats) store(in + i, max(load(in + i), load(in + i + shift)));
    for (; i < length; ++i) in[i] = in[i] > in[i + shift] ? in[i] : in[i + shift];
    have += shift;
  }
  for (std::int64_t i = 0; i < count; i += kFloats) store(out + i, load(in + i));
}

// Taps 16 apart read the same vectors, for outputs 16 apart: with seven of them at a time a load, which nearly always
// crosses a cache line, serves up to seven sums. Each sum takes its taps in the same order at every level.
template <int Vectors>
inline void weigh_some(const float* in, const float* weights, std::int64_t taps, float* out) {
  constexpr int kApart = 16, kTogether = 7, kStep = kApart / kFloats;
  F sum[Vectors] = {};
  std::int64_t k = 0;
  for (; k + kApart * kTogether <= taps; k += kApart * kTogether) {
    for (int r = 0; r < kApart; ++r) {
      const float *x = in + k + r, *of = weights + k + r;
      F w[kTogether];
#pragma GCC unroll 8
      for (int q = 0; q < kTogether; ++q) w[q] = splat(of[kApart * q]);
#pragma GCC unroll 32
      for (int u = 0; u < Vectors + kStep * (kTogether - 1); ++u) {
        const F v = load(x + u * kFloats);
#pragma GCC unroll 8
        for (int q = 0; q < kTogether; ++q) {
          const int to = u - kStep * q;
          if (to >= 0 && to < Vectors) sum[to] = fma(v, w[q], sum[to]);
        }
      }
    }
  }
  for (; k < taps; ++k) {
    const F w = splat(weights[k]);
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) sum[v] = fma(load(in + k + v * kFloats), w, sum[v]);
  }
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) store(out + v * kFloats, sum[v]);
}

void weigh(const float* in, std::int64_t count, const float* weights, std::int64_t taps, float* out) {
  std::int64_t i = 0;
  for (; i + 8 * kFloats <= count; i += 8 * kFloats) weigh_some<8>(in + i, weights, taps, out + i);
  for (; i < count; i += kFloats) weigh_some<1>(in + i, weights, taps, out + i);
}

inline UL bits_of(D x) { return (UL)x; }
inline UL all(std::uint64_t x) { return x - UL{}; }

// ln m = 2 atanh((m - 1) / (m + 1)) for m from sqrt(1/2) to sqrt(2).
void decibels(const float* power, std::int64_t count, double* level_db) {
  constexpr std::uint64_t kOne = 0x3ff0000000000000ULL, kRootHalf = 0x3fe6a09e667f3bcdULL;
  constexpr double kDbPerTwo = 3.0102999566398119521, kDbPerE = 4.3429448190325182765;
  for (std::int64_t i = 0; i < count; i += kDoubles) {
    D p = __builtin_convertvector(*reinterpret_cast<const HalfUnaligned*>(power + i), D);
    p = p > splat(1e-30) ? p : splat(1e-30);
    const UL exponent = (bits_of(p) + all(kOne - kRootHalf)) >> 52;  // with its bias
    const D m = (D)(bits_of(p) - ((exponent - all(1023)) << 52));
    // Integers below 2^52 as doubles.
    const D whole = (D)(exponent | all(0x4330000000000000ULL)) - splat(4503599627370496.0 + 1023.0);
    const D s = (m - 1.0) / (m + 1.0), t = s * s;
    D sum = splat(1.0 / 15);
    sum = fma(sum, t, splat(1.0 / 13));
    sum = fma(sum, t, splat(1.0 / 11));
    sum = fma(sum, t, splat(1.0 / 9));
    sum = fma(sum, t, splat(1.0 / 7));
    sum = fma(sum, t, splat(1.0 / 5));
    sum = fma(sum, t, splat(1.0 / 3));
    sum = fma(sum, t, splat(1.0));
    store(level_db + i, fma(whole, splat(kDbPerTwo), s * sum * (2 * kDbPerE)));
  }
}

void reductions(const GainLaw& law, std::int64_t count, double* db) {
  const D start = splat(law.knee_start_db), knee = splat(law.knee_db), bend = splat(law.bend), slope = splat(law.slope),
          most = splat(law.most_db), zero = splat(0.0);
  for (std::int64_t i = 0; i < count; i += kDoubles) {
    D over = load(db + i) - start;
    over = over > zero ? over : zero;
    const D in_knee = over < knee ? over : knee;
    const D reduction = fma(bend * in_knee, in_knee, slope * (over - in_knee));
    store(db + i, reduction < most ? reduction : most);
  }
}

void follow(double attack, double release, double* state, std::int64_t count, double* db) {
  double held = state[0], smooth = state[1];
  const double attack_rest = 1 - attack, release_rest = 1 - release;
  for (std::int64_t i = 0; i < count; i += 16) {
    for (std::int64_t k = i; k < i + 16; ++k) {
      const double target = db[k], falling = fused(release, held, release_rest * target);
      held = target > falling ? target : falling;
      smooth = fused(attack, smooth, attack_rest * held);
      db[k] = smooth;
    }
    // What dies away would end in denormal numbers, which are slow.
    if (held < 1e-30) held = 0;
    if (smooth < 1e-30) smooth = 0;
  }
  state[0] = held;
  state[1] = smooth;
}

// 2^f by its series for |f| <= 1/2, times 2^k put into the exponent.
void gains(const double* db, double makeup_db, double mix, std::int64_t count, float* gain) {
  constexpr double kTwosPerDb = 0.16609640474436811739, kLn2 = 0.69314718055994530942;
  constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to a whole number
  const D base = splat(makeup_db * kTwosPerDb), per_db = splat(-kTwosPerDb), amount = splat(mix);
  for (std::int64_t i = 0; i < count; i += kDoubles) {
    D x = fma(load(db + i), per_db, base);
    x = x > splat(-500.0) ? x : splat(-500.0);
    const D shifted = x + splat(kRound), r = (x - (shifted - splat(kRound))) * kLn2;
    D sum = splat(1.0 / 3628800);
    sum = fma(sum, r, splat(1.0 / 362880));
    sum = fma(sum, r, splat(1.0 / 40320));
    sum = fma(sum, r, splat(1.0 / 5040));
    sum = fma(sum, r, splat(1.0 / 720));
    sum = fma(sum, r, splat(1.0 / 120));
    sum = fma(sum, r, splat(1.0 / 24));
    sum = fma(sum, r, splat(1.0 / 6));
    sum = fma(sum, r, splat(1.0 / 2));
    sum = fma(sum, r, splat(1.0));
    sum = fma(sum, r, splat(1.0));
    const D power = (D)(bits_of(sum) + (bits_of(shifted) << 52));
    const Half out = __builtin_convertvector(amount * (power - 1.0), Half);
    *reinterpret_cast<HalfUnaligned*>(gain + i) = out;
  }
}

void apply(const float* base, const float* x, std::int64_t groups, const float* gain, float* y) {
  const Eight ramp = {0.0f, 0.125f, 0.25f, 0.375f, 0.5f, 0.625f, 0.75f, 0.875f};
  for (std::int64_t g = 0; g < groups; ++g) {
    const float from = gain[g], step = gain[g + 1] - gain[g];
    const Eight in = *reinterpret_cast<const EightUnaligned*>(x + 8 * g);
    const Eight under = *reinterpret_cast<const EightUnaligned*>(base + 8 * g);
    *reinterpret_cast<EightUnaligned*>(y + 8 * g) = under + in * (from + step * ramp);
  }
}

}  // namespace

extern const DynamicsKernels dynamics_kernels;
const DynamicsKernels dynamics_kernels = {powers<true>, powers<false>, filtered, hold,  weigh,
                                          decibels,     reductions,    follow,   gains, apply};

}  // namespace lathe::LATHE_LEVEL
