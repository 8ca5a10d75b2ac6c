// An equaliser that looks for resonances, over a track that is kept whole: what it finds, and the filter.
#pragma once

#include <functional>

#include "host/mastering/examined_stage.h"

namespace lathe {

// As examine() in examined_stage.h.
ExaminedStep examine_resonances(const EqStage& stage, FrameStore& track, const HopEnergies& hops,
                                const AudioFormat& format, EqDesigns& designs, const std::function<void()>& check);

// An equaliser that takes as much room as the stage's will, whatever is found.
EqStage with_longest_cut(const EqStage& stage);

}  // namespace lathe
