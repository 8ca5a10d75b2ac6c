// The K filter with 16 hops in the lanes: transpose, absorb, first states, run; see k_filter.h for the equations.
#include "kernels/loudness/k_filter.h"
#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kParts = kHopLanes / kDoubles;
// Vectors run together: enough to hide the recursion's latency, few enough for the registers.
constexpr int kTogether = kParts < 2 ? 1 : 2;

inline D widen(const float* p) {
#if defined(__AVX512F__)
  return _mm512_cvtps_pd(_mm256_loadu_ps(p));
#elif defined(__AVX2__)
  return _mm256_cvtps_pd(_mm_loadu_ps(p));
#else
  return _mm_cvtps_pd(_mm_castpd_ps(_mm_load_sd((const double*)p)));
#endif
}

inline void add_narrowed(float* p, D v) {
#if defined(__AVX512F__)
  _mm256_storeu_ps(p, _mm256_add_ps(_mm256_loadu_ps(p), _mm512_cvtpd_ps(v)));
#elif defined(__AVX2__)
  _mm_storeu_ps(p, _mm_add_ps(_mm_loadu_ps(p), _mm256_cvtpd_ps(v)));
#else
  for (int i = 0; i < kDoubles; ++i) p[i] += (float)v[i];
#endif
}

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
inline void absorb_rows(const double* absorb, const float* x, std::int64_t count, D (&z)[4][V]) {
  for (std::int64_t j = 0; j < count; ++j, absorb += 4, x += kHopLanes) {
    D in[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) in[v] = widen(x + v * kDoubles);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const D weight = splat(absorb[r]);
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) z[r][v] = fma(in[v], weight, z[r][v]);
    }
  }
}

// What the frames of each lane add to the state at its end.
inline void absorb_lanes(const KFilterTables& t, const HopLanes& lanes, const float* rows, double (*added)[kHopLanes]) {
  for (int first = 0; first < kHopLanes; first += kTogether * kDoubles) {
    D z[4][kTogether] = {}, z_long[4][kTogether] = {};
    absorb_rows<kTogether>(t.absorb.data(), rows + first, t.rows, z);
    for (int r = 0; r < 4; ++r) {
      for (int from = 0; from < 4; ++from) {
        for (int v = 0; v < kTogether; ++v)
          z_long[r][v] = fma(splat(t.advance_group[from][r]), z[from][v], z_long[r][v]);
      }
    }
    absorb_rows<kTogether>(t.absorb_group[0], rows + t.rows * kHopLanes + first, kEnergyGroup, z_long);
    for (int r = 0; r < 4; ++r) {
      for (int v = 0; v < kTogether; ++v) {
        for (int i = 0; i < kDoubles; ++i) {
          const int lane = first + v * kDoubles + i;
          added[r][lane] = lanes.is_long[lane] ? z_long[r][v][i] : z[r][v][i];
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

// added[r][lane] becomes the state at the beginning of each lane.
inline void first_states(const KFilterTables& t, const HopLanes& lanes, double (*added)[kHopLanes],
                         KFilterState& state) {
  for (int lane = 0; lane < kHopLanes; ++lane) {
    double next[4];
    for (int r = 0; r < 4; ++r) next[r] = state.z[r];
    advanced(t.advance, next);
    if (lanes.is_long[lane]) advanced(t.advance_group, next);
    for (int r = 0; r < 4; ++r) {
      next[r] += added[r][lane];
      added[r][lane] = state.z[r];
      state.z[r] = next[r];
    }
  }
}

template <int V>
struct Filter {
  D x1[V], u1[V], w1[V], w2[V], y1[V], y2[V];
};

struct Feedback {
  D minus_c1, minus_c2, b1, b2, minus_a1, minus_a2;
};

template <int V>
inline void step(const Feedback& k, const float* x, Filter<V>& s, D* y) {
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    const D in = widen(x + v * kDoubles);
    const D u = in - s.x1[v];
    const D w = fma(k.minus_c1, s.w1[v], fma(k.minus_c2, s.w2[v], u - s.u1[v]));
    const D p = fma(k.b1, s.w1[v], fma(k.b2, s.w2[v], w));
    y[v] = fma(k.minus_a1, s.y1[v], fma(k.minus_a2, s.y2[v], p));
    s.x1[v] = in;
    s.u1[v] = u;
    s.w2[v] = s.w1[v];
    s.w1[v] = w;
    s.y2[v] = s.y1[v];
    s.y1[v] = y[v];
  }
}

// A group cut in two at frame `lead` of each lane.
template <int V>
inline void cut_group(const Feedback& k, const float* x, const double* lead, Filter<V>& s, D* before, D* inside) {
  for (int v = 0; v < V; ++v) before[v] = inside[v] = D{};
  for (int j = 0; j < kEnergyGroup; ++j) {
    D y[V];
    step<V>(k, x + j * kHopLanes, s, y);
    for (int v = 0; v < V; ++v) {
      const D is_before = splat((double)j) < load(lead + v * kDoubles) ? y[v] : D{};
      const D is_inside = splat((double)j) < load(lead + v * kDoubles) ? D{} : y[v];
      before[v] = fma(is_before, is_before, before[v]);
      inside[v] = fma(is_inside, is_inside, inside[v]);
    }
  }
}

template <int V>
inline void group(const Feedback& k, const float* x, Filter<V>& s, D* sum) {
  for (int v = 0; v < V; ++v) sum[v] = D{};
#pragma GCC unroll 8
  for (int j = 0; j < kEnergyGroup; ++j) {
    D y[V];
    step<V>(k, x + j * kHopLanes, s, y);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sum[v] = fma(y[v], y[v], sum[v]);
  }
}

// HopLanes as vectors.
struct LaneEdges {
  alignas(64) double lead[kHopLanes];
  alignas(64) double cut[kHopLanes];
  alignas(64) double is_long[kHopLanes];
};

// V vectors of lanes, from lane `at` on, from their first states z[state][lane].
template <int V, bool Traced>
inline void run_lanes(const KFilterTables& t, const LaneEdges& edges, std::int64_t cut_row, int at, const double* z,
                      const float* rows, float* power, double weight, LaneEnergies& energies) {
  const Feedback k = {splat(-t.c1), splat(-t.c2), splat(t.b1), splat(t.b2), splat(-t.a1), splat(-t.a2)};
  const D scale = splat(t.energy_scale), share = splat(t.energy_scale * weight);
  rows += at;
  Filter<V> s;
  for (int v = 0; v < V; ++v) {
    const int lane = at + v * kDoubles;
    s.x1[v] = s.u1[v] = D{};
    s.w1[v] = load(z + lane);
    s.w2[v] = load(z + kHopLanes + lane);
    s.y1[v] = load(z + 2 * kHopLanes + lane);
    s.y2[v] = load(z + 3 * kHopLanes + lane);
  }
  // Adds the energies `sum` of the group at row j, which the filter entered as `entered`.
  const auto trace = [&](std::int64_t j, const Filter<V>& entered, const D* sum) {
    D kept[V], rest[V];
    if (j == cut_row) {
      Filter<V> again = entered;
      cut_group<V>(k, rows + j * kHopLanes, edges.cut + at, again, kept, rest);
      sum = kept;
    }
    float* out = power + j / kEnergyGroup * kHopLanes + at;
    for (int v = 0; v < V; ++v) add_narrowed(out + v * kDoubles, sum[v] * share);
  };
  D lead_sum[V], total[V], sum[V];
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
      for (int v = 0; v < V; ++v) sum[v] = load(edges.is_long + at + v * kDoubles) > D{} ? sum[v] : D{};
    }
    for (int v = 0; v < V; ++v) total[v] += sum[v];
  }
  for (int v = 0; v < V; ++v) {
    store(energies.before + at + v * kDoubles, lead_sum[v] * scale);
    store(energies.inside + at + v * kDoubles, total[v] * scale);
  }
}

LaneEnergies run(const KFilterTables& t, const HopLanes& lanes, KFilterState& state, const float* x, float* work,
                 float* power, double weight) {
  const float* in[kHopLanes];
  LaneEdges edges;
  alignas(64) double z[4][kHopLanes];
  for (int lane = 0; lane < kHopLanes; ++lane) {
    in[lane] = x + lanes.offset[lane];
    edges.lead[lane] = lanes.lead[lane];
    edges.cut[lane] = lanes.cut[lane];
    edges.is_long[lane] = lanes.is_long[lane] ? 1.0 : 0.0;
  }
  for (std::int64_t j = 0; j <= t.rows; j += kEnergyGroup) transpose_group(in, j, work + j * kHopLanes);
  absorb_lanes(t, lanes, work, z);
  first_states(t, lanes, z, state);
  LaneEnergies energies;
  for (int at = 0; at < kHopLanes; at += kTogether * kDoubles) {
    if (power != nullptr) {
      run_lanes<kTogether, true>(t, edges, lanes.cut_row, at, z[0], work, power, weight, energies);
    } else {
      run_lanes<kTogether, false>(t, edges, -1, at, z[0], work, nullptr, weight, energies);
    }
  }
  return energies;
}

}  // namespace

extern const KFilterKernels k_filter_kernels;
const KFilterKernels k_filter_kernels = {run};

}  // namespace lathe::LATHE_LEVEL
