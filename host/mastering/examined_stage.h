// Stages that have to know the whole track before they can act on it: what they become for the pass over it.
#pragma once

#include <functional>
#include <optional>

#include "host/audio_file/audio_file.h"
#include "host/mastering/chain.h"
#include "host/mastering/frame_store.h"
#include "kernels/chain/first_pass.h"
#include "kernels/stage_account.h"

namespace lathe {

// Whether the stage is examined before the pass that applies it, so that a pass ends before it.
bool needs_whole_track(const ChainStage& stage);

struct ExaminedStep {
  std::optional<ChainStep> step;  // none: there is nothing to do
  StageAccount account;           // what was found and is going to be done
};

// `track` is the track as the stages before this one left it, `hops` its loudness. `check` is called for every block
// that is read; it may throw. Throws std::logic_error for a stage that needs no examining, and
// std::invalid_argument for a reference that cannot be used.
ExaminedStep examine(const ChainStage& stage, FrameStore& track, const HopEnergies& hops, const AudioFormat& format,
                     EqDesigns& designs, const std::function<void()>& check);

}  // namespace lathe
