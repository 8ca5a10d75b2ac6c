// A loudness target that is a reference's own: found before the track is worked on.
#pragma once

#include <functional>

#include "host/mastering/reference_tone.h"
#include "host/mastering/track_master.h"

namespace lathe {

// The job with every goal's target known. `check` as for ReferenceTones::get, which says what is thrown.
TrackJob with_known_targets(TrackJob job, ReferenceTones& references, const std::function<void()>& check);

}  // namespace lathe
