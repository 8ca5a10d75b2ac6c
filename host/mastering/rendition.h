// What outputs of a track have in common: a sample rate, a goal of loudness and limiter, and the codecs that its
// ceiling may be lowered for; and so one gain and one ceiling.
#pragma once

#include <cstddef>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/mastering/chain.h"

namespace lathe {

struct Rendition {
  AudioFormat format;  // the track's, at this rendition's rate
  GainGoal goal;
  // Their places in the list, in order, previews and stems behind the others; the first says whether the gain was
  // right, if it is neither. Stems have the gain of the first master that goes by their goal.
  std::vector<std::size_t> outputs;
};

// In the order of their first outputs, those of stems alone behind the others. `track` is the format behind the chain.
// Outputs of what a stage removed are in none.
std::vector<Rendition> renditions_of(const Chain& chain, const std::vector<OutputSpec>& outputs,
                                     const AudioFormat& track);

}  // namespace lathe
