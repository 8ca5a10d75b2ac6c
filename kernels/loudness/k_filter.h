// K-weighted energies of 16 consecutive hops of one channel, side by side: a lane is a hop, and runs as its own filter.
#pragma once

#include <cstdint>

#include "kernels/aligned.h"
#include "kernels/math/k_filter_form.h"

namespace lathe {

constexpr int kHopLanes = 16;

// A lane covers whole groups of 8 frames, so that groups stand at the same frames whatever the hop's length.
constexpr int kEnergyGroup = 8;

// The filter is that of math/k_filter_form.h; with its states as large as the signal float32 leaves its rounding 110 dB
// under the bass that it takes away, where the direct form leaves 57 dB at 192 kHz. The state between lanes is in
// float64. A lane of R frames takes z to advance * z + sum over j of absorb[j] * x[j]: the 16 lanes get their exact
// first states from that, and then run independently.
struct KFilterTables {
  std::int64_t rows = 0;  // frames of a short lane; a long one has kEnergyGroup more
  double energy_scale = 1;
  float p = 0, q = 0, r = 0, t = 0, a1 = 0, a2 = 0;
  float d1 = 0, d2 = 0;        // b1 - a1, b2 - a2: the shelf as what it adds to u, y = u + d1 w[n-1] + d2 w[n-2]
  AlignedArray<float> absorb;  // [rows][4]: what x[j] adds to z at the end of a short lane
  float absorb_group[kEnergyGroup][4];  // the same for the group that a long lane has more
  KFilterAdvance advance;               // over a short lane of silence
  KFilterAdvance advance_group;         // over one group of silence
};

// Throws as k_weighting does.
KFilterTables make_k_filter_tables(double sample_rate_hz);

// Where the lanes stand: for all channels of a block the same.
struct HopLanes {
  std::int32_t offset[kHopLanes];  // first frame of a lane, counted from the first lane's; a multiple of 8
  std::int32_t lead[kHopLanes];    // frames of the lane's first group that belong to the hop before: 0 to 7
  bool is_long[kHopLanes];         // rows + 8 frames
  // Where the track ends within a group: of the group at frame cut_row of a lane only the first cut[lane] frames count
  // towards its power. -1 when no group is cut.
  std::int64_t cut_row = -1;
  std::int32_t cut[kHopLanes] = {};
};

// What one channel of one block gives. `inside[k]` is the sum of squares of lane k less `before[k]`, the part that
// belongs to the hop before.
struct LaneEnergies {
  double before[kHopLanes];
  double inside[kHopLanes];
};

struct KFilterKernels {
  // Runs 16 lanes from x (rows + 8 frames readable at every lane's offset) and moves `state` to their end. `work` has
  // (rows + 8) * 16 floats. power: null, or (rows / 8 + 1) * 16 sums, [group][lane], that `weight` * energy is added
  // to.
  LaneEnergies (*run)(const KFilterTables&, const HopLanes&, KFilterState& state, const float* x, float* work,
                      float* power, double weight);
};

namespace sse2 {
extern const KFilterKernels k_filter_kernels;
}
namespace avx2 {
extern const KFilterKernels k_filter_kernels;
}
namespace avx512 {
extern const KFilterKernels k_filter_kernels;
}

const KFilterKernels& k_filter_kernels();

}  // namespace lathe
