// A mix of stems in several versions: the whole of it, and what goes without some of its stems, an instrumental say.
#pragma once

#include <atomic>

#include "host/mastering/track_master.h"

namespace lathe {

// Whether some outputs go without stems.
bool has_versions(const TrackJob& job);

// The stems go through their chains once; each version through the bus. A version whose outputs have no loudness of
// their own gets the gain that the whole mix's master has, so that the one takes the other's place. Throws as
// TrackMaster::master() does, and UnusableAudio where an output's roles leave no stem.
MasteredTrack master_versions(const TrackJob& job, EqDesigns& designs, FrameArena& arena, FrameArena& second_arena,
                              cuda::Accelerator* accelerator, const MasteringProgress& progress,
                              const std::atomic<bool>& is_cancelled);

}  // namespace lathe
