// The K filter with 16 hops in the lanes: transpose, absorb, first states, run; see k_filter.h for the equations.
#include "kernels/loudness/k_filter.h"
#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kParts = kHopLanes / kFloats;
// Vectors run together: enough to hide the recursion's latency, few enough for the registers.
constexpr int kTogether = kParts < 2 ? 1 : 2;

// Eight frames of all lanes, in[lane][frame], become out[frame][lane].
#if defined(__AVX2__)
inline __m256 halves(const float* low, const float* high) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}

// Four frames of eight lanes.
inline void transpose_four(const float* const* in, std::int64_t n, float* out) {
  const __m256 a = halves(in[0] + n, in[4] + n), b = halves(in[1] + n, in[5] + n);
  const __m256 c = halves(in[2] + n, in[6] + n), d = halves(in[3] + n, in[7] + n);
  const __m256 ab = _mm256_unpacklo_ps(a, b), cd = _mm256_unpacklo_ps(c, d);
  const __m256 ef = _mm256_unpackhi_ps(a, b), gh = _mm256_unpackhi_ps(c, d);
  _mm256_store_ps(out, _mm256_shuffle_ps(ab, cd, 0x44));
  _mm256_store_ps(out + kHopLanes, _mm256_shuffle_ps(ab, cd, 0xee));
  _mm256_store_ps(out + 2 * kHopLanes, _mm256_shuffle_ps(ef, gh, 0x44));
  _mm256_store_ps(out + 3 * kHopLanes, _mm256_shuffle_ps(ef, gh, 0xee));
}
constexpr int kTileLanes = 8;
#else
inline void transpose_four(const float* const* in, std::int64_t n, float* out) {
  __m128 a = _mm_loadu_ps(in[0] + n), b = _mm_loadu_ps(in[1] + n), c = _mm_loadu_ps(in[2] + n),
         d = _mm_loadu_ps(in[3] + n);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_store_ps(out, a);
  _mm_store_ps(out + kHopLanes, b);
  _mm_store_ps(out + 2 * kHopLanes, c);
  _mm_store_ps(out + 3 * kHopLanes, d);
}
constexpr int kTileLanes = 4;
#endif

inline void transpose_group(const float* const* in, std::int64_t n, float* out) {
#pragma GCC unroll 4
  for (int lane = 0; lane < kHopLanes; lane += kTileLanes) {
    transpose_four(in + lane, n, out + lane);
    transpose_four(in + lane, n + 4, out + 4 * kHopLanes + lane);
  }
}

// z[r] += sum over `count` rows of absorb[row][r] * x[row], for V vectors of lanes.
template <int V>
inline void absorb_rows(const float* absorb, const float* x, std::int64_t count, F (&z)[4][V]) {
  for (std::int64_t j = 0; j < count; ++j, absorb += 4, x += kHopLanes) {
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) {
      const F in = load(x + v * kFloats);
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) z[r][v] = fma(in, splat(absorb[r]), z[r][v]);
    }
  }
}

// What the frames of each lane add to the state at its end.
inline void absorb_lanes(const KFilterTables& t, const HopLanes& lanes, const float* rows, double (*added)[kHopLanes]) {
  for (int first = 0; first < kHopLanes; first += kTogether * kFloats) {
    F z[4][kTogether] = {}, more[4][kTogether] = {};
    absorb_rows<kTogether>(t.absorb.data(), rows + first, t.rows, z);
    absorb_rows<kTogether>(t.absorb_group[0], rows + t.rows * kHopLanes + first, kEnergyGroup, more);
    for (int v = 0; v < kTogether; ++v) {
      for (int i = 0; i < kFloats; ++i) {
        const int lane = first + v * kFloats + i;
        for (int r = 0; r < 4; ++r) {
          double sum = lanes.is_long[lane] ? more[r][v][i] : z[r][v][i];
          for (int from = 0; lanes.is_long[lane] && from < 4; ++from)
            sum += t.advance_group.matrix[from][r] * (double)z[from][v][i];
          added[r][lane] = sum;
        }
      }
    }
  }
}

inline void advanced(const double (*advance)[4], double* z) {
  double next[4] = {};
  for (int from = 0; from < 4; ++from) {
    for (int to = 0; to < 4; ++to) next[to] += advance[from][to] * z[from];
  }
  for (int r = 0; r < 4; ++r) z[r] = next[r];
}

constexpr double kNothing = 1e-30;

// added[r][lane] becomes the state at the beginning of each lane.
inline void first_states(const KFilterTables& t, const HopLanes& lanes, double (*added)[kHopLanes],
                         KFilterState& state) {
  for (int lane = 0; lane < kHopLanes; ++lane) {
    double next[4];
    for (int r = 0; r < 4; ++r) next[r] = state.z[r];
    advanced(t.advance.matrix, next);
    if (lanes.is_long[lane]) advanced(t.advance_group.matrix, next);
    for (int r = 0; r < 4; ++r) {
      next[r] += added[r][lane];
      added[r][lane] = state.z[r];
      // What is left of a sound long gone: as float32 it would be a denormal, and slow.
      state.z[r] = next[r] > kNothing || next[r] < -kNothing ? next[r] : 0.0;
    }
  }
}

template <int V>
struct Filter {
  F s1[V], s2[V], w1[V], w2[V];
};

struct Coefficients {
  F p, q, r, t, minus_a1, minus_a2, d1, d2;
};

template <int V>
inline void step(const Coefficients& k, const float* x, Filter<V>& s, F* y) {
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    const F u = fnma(k.p, s.s1[v], load(x + v * kFloats) - s.s2[v]);
    s.s2[v] = fma(k.t, u, fma(k.r, s.s1[v], s.s2[v]));
    s.s1[v] = fma(k.q, u, s.s1[v]);
    const F w = fma(k.minus_a1, s.w1[v], fma(k.minus_a2, s.w2[v], u));
    y[v] = fma(k.d1, s.w1[v], fma(k.d2, s.w2[v], u));
    s.w2[v] = s.w1[v];
    s.w1[v] = w;
  }
}

// A group cut in two at frame `lead` of each lane.
template <int V>
inline void cut_group(const Coefficients& k, const float* x, const float* lead, Filter<V>& s, F* before, F* inside) {
  for (int v = 0; v < V; ++v) before[v] = inside[v] = F{};
  for (int j = 0; j < kEnergyGroup; ++j) {
    F y[V];
    step<V>(k, x + j * kHopLanes, s, y);
    for (int v = 0; v < V; ++v) {
      const F is_before = splat((float)j) < load(lead + v * kFloats) ? y[v] : F{};
      const F is_inside = splat((float)j) < load(lead + v * kFloats) ? F{} : y[v];
      before[v] = fma(is_before, is_before, before[v]);
      inside[v] = fma(is_inside, is_inside, inside[v]);
    }
  }
}

template <int V>
inline void group(const Coefficients& k, const float* x, Filter<V>& s, F* sum) {
  for (int v = 0; v < V; ++v) sum[v] = F{};
#pragma GCC unroll 8
  for (int j = 0; j < kEnergyGroup; ++j) {
    F y[V];
    step<V>(k, x + j * kHopLanes, s, y);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[v] = fma(y[v], y[v], sum[v]);
  }
}

// HopLanes as vectors.
struct LaneEdges {
  alignas(64) float lead[kHopLanes];
  alignas(64) float cut[kHopLanes];
  alignas(64) float is_long[kHopLanes];
};

// V vectors of lanes, from lane `at` on, from their first states z[state][lane].
template <int V, bool Traced>
inline void run_lanes(const KFilterTables& t, const LaneEdges& edges, std::int64_t cut_row, int at, const float* z,
                      const float* rows, float* power, double weight, LaneEnergies& energies) {
  const Coefficients k = {splat(t.p),   splat(t.q),   splat(t.r),  splat(t.t),
                          splat(-t.a1), splat(-t.a2), splat(t.d1), splat(t.d2)};
  const F share = splat((float)(t.energy_scale * weight));
  rows += at;
  Filter<V> s;
  for (int v = 0; v < V; ++v) {
    const int lane = at + v * kFloats;
    s.s1[v] = load(z + lane);
    s.s2[v] = load(z + kHopLanes + lane);
    s.w1[v] = load(z + 2 * kHopLanes + lane);
    s.w2[v] = load(z + 3 * kHopLanes + lane);
  }
  // Adds the energies `sum` of the group at row j, which the filter entered as `entered`.
  const auto trace = [&](std::int64_t j, const Filter<V>& entered, const F* sum) {
    F kept[V], rest[V];
    if (j == cut_row) {
      Filter<V> again = entered;
      cut_group<V>(k, rows + j * kHopLanes, edges.cut + at, again, kept, rest);
      sum = kept;
    }
    float* out = power + j / kEnergyGroup * kHopLanes + at;
    for (int v = 0; v < V; ++v) store(out + v * kFloats, load(out + v * kFloats) + sum[v] * share);
  };
  F lead_sum[V], total[V], sum[V];
  Filter<V> entered = s;
  cut_group<V>(k, rows, edges.lead + at, s, lead_sum, total);
  if constexpr (Traced) {
    for (int v = 0; v < V; ++v) sum[v] = lead_sum[v] + total[v];
    trace(0, entered, sum);
  }
  for (std::int64_t j = kEnergyGroup; j <= t.rows; j += kEnergyGroup) {
    if constexpr (Traced) entered = s;
    group<V>(k, rows + j * kHopLanes, s, sum);
    if constexpr (Traced) trace(j, entered, sum);
    if (j == t.rows) {
      for (int v = 0; v < V; ++v) sum[v] = load(edges.is_long + at + v * kFloats) > F{} ? sum[v] : F{};
    }
    for (int v = 0; v < V; ++v) total[v] += sum[v];
  }
  for (int v = 0; v < V; ++v) {
    for (int i = 0; i < kFloats; ++i) {
      energies.before[at + v * kFloats + i] = t.energy_scale * (double)lead_sum[v][i];
      energies.inside[at + v * kFloats + i] = t.energy_scale * (double)total[v][i];
    }
  }
}

LaneEnergies run(const KFilterTables& t, const HopLanes& lanes, KFilterState& state, const float* x, float* work,
                 float* power, double weight) {
  const float* in[kHopLanes];
  LaneEdges edges;
  double z[4][kHopLanes];
  alignas(64) float first[4][kHopLanes];
  for (int lane = 0; lane < kHopLanes; ++lane) {
    in[lane] = x + lanes.offset[lane];
    edges.lead[lane] = (float)lanes.lead[lane];
    edges.cut[lane] = (float)lanes.cut[lane];
    edges.is_long[lane] = lanes.is_long[lane] ? 1.0f : 0.0f;
  }
  for (std::int64_t j = 0; j <= t.rows; j += kEnergyGroup) transpose_group(in, j, work + j * kHopLanes);
  absorb_lanes(t, lanes, work, z);
  first_states(t, lanes, z, state);
  for (int r = 0; r < 4; ++r) {
    for (int lane = 0; lane < kHopLanes; ++lane) first[r][lane] = (float)z[r][lane];
  }
  LaneEnergies energies;
  for (int at = 0; at < kHopLanes; at += kTogether * kFloats) {
    if (power != nullptr) {
      run_lanes<kTogether, true>(t, edges, lanes.cut_row, at, first[0], work, power, weight, energies);
    } else {
      run_lanes<kTogether, false>(t, edges, -1, at, first[0], work, nullptr, weight, energies);
    }
  }
  return energies;
}

}  // namespace

extern const KFilterKernels k_filter_kernels;
const KFilterKernels k_filter_kernels = {run};

}  // namespace lathe::LATHE_LEVEL
