#include "host/mastering/examined_stage.h"

#include <stdexcept>

#include "host/mastering/match_examined.h"

namespace lathe {

bool needs_whole_track(const ChainStage& stage) { return std::holds_alternative<MatchEqStage>(stage); }

ExaminedStep examine(const ChainStage& stage, FrameStore& track, const HopEnergies&, const AudioFormat& format,
                     EqDesigns& designs, const std::function<void()>& check) {
  if (const auto* match = std::get_if<MatchEqStage>(&stage))
    return examine_match(*match, track, format, designs, check);
  throw std::logic_error("examine: this stage needs no examining");
}

}  // namespace lathe
