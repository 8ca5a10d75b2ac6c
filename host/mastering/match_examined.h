// match_eq over a track that is kept whole: its spectrum, the curve to the aim, the filter.
#pragma once

#include <functional>

#include "host/mastering/examined_stage.h"

namespace lathe {

// As examine() in examined_stage.h. Throws std::invalid_argument when the reference cannot be read or is silent.
ExaminedStep examine_match(const MatchEqStage& stage, FrameStore& track, const AudioFormat& format, EqDesigns& designs,
                           const std::function<void()>& check);

}  // namespace lathe
