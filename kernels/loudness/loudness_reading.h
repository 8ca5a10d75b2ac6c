// What measuring a track gives, whatever it was measured on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/math/gating.h"
#include "kernels/trace_vector.h"

namespace lathe {

// Figures of one track. A level of nothing is minus infinity.
struct LoudnessFigures {
  double integrated_lufs;
  double loudness_range_lu;
  double max_momentary_lufs;
  double max_short_term_lufs;
  double true_peak_dbtp;
  double sample_peak_dbfs;
};

// What a limiter and a loudness solver need beside the figures, kept when asked for: one value for each group of
// kPeakGroup frames, over all channels.
struct GroupTrace {
  GroupTrace() = default;
  explicit GroupTrace(const std::shared_ptr<TraceMemory>& memory)
      : sample_peak(TraceAllocator<float>(memory)),
        bend(sample_peak.get_allocator()),
        power(sample_peak.get_allocator()) {}

  TraceVector sample_peak;  // max |x|
  TraceVector bend;         // max |x[n-1] - 2 x[n] + x[n+1]|: between samples x strays by a part of it
  TraceVector power;        // weighted sum of squares of the K-weighted signal
};

struct LoudnessReading {
  LoudnessFigures figures{};
  HopEnergies hops;
  GroupTrace trace;        // empty unless asked for
  double true_peak = 0;    // linear
  double sample_peak = 0;  // linear
  // Where the true peak is: at this frame or before the next one; before 0 and behind the last where the curve rings
  // outside the track. Unknown (and then absent) on a device, and where it was not asked for.
  std::optional<std::int64_t> true_peak_frame;
};

}  // namespace lathe
