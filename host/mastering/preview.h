// A preview: the loudest passage of a track, by its K-weighted energy, with soft ends.
#pragma once

#include <cstdint>

#include "kernels/audio.h"
#include "kernels/math/gating.h"

namespace lathe {

// Frames of a programme, from `first` up to `end`.
struct Passage {
  std::int64_t first = 0, end = 0;
  std::int64_t frames() const { return end - first; }
};

// The `seconds` of most energy within `track`, at the rate of `hops`, which are the programme's; all of a track that is
// shorter. Of several as loud, the first.
Passage loudest_passage(const HopEnergies& hops, Passage track, double seconds);

// The same passage of the programme at another rate.
Passage passage_at(Passage passage, int from_hz, int to_hz);

// Fades what is at the passage's ends over half a second (a raised cosine), but not where it begins or ends with its
// track. `frames` begin at frame `first` of the programme, and lie within the passage.
void soften_ends(MutableAudioView frames, std::int64_t first, Passage passage, Passage track, int sample_rate_hz);

}  // namespace lathe
