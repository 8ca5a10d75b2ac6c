// What a track's header says of its masters, with nothing read of its sound.
#pragma once

#include "host/mastering/track_master.h"

namespace lathe::scheduler {

// The report has formats, sizes and what is asked for; the forecasts are empty, one for each output. Throws
// AudioFileError where an output could not hold the track.
PlannedTrack planned_by_header(const TrackJob& job, const AudioFormat& format);

}  // namespace lathe::scheduler
