#include "host/mastering/examined_stage.h"

#include <fmt/format.h>

#include <stdexcept>

#include "host/mastering/match_examined.h"
#include "host/mastering/resonance_examined.h"
#include "kernels/dynamics/gain_ride.h"

namespace lathe {
namespace {

ExaminedStep ridden(const LevelStage& stage, const HopEnergies& hops) {
  const FoundRide found = find_ride(hops, stage.settings);
  const RideReading& reading = found.reading;
  ExaminedStep examined;
  if (found.ride) examined.step = found.ride;
  examined.account.figures = {{"asked_range_lu", stage.settings.range_lu},
                              {"range_before_lu", reading.range_before_lu},
                              {"range_after_lu", reading.range_after_lu},
                              {"max_gain_db", reading.most_up_db},
                              {"min_gain_db", -reading.most_down_db},
                              {"steepest_db_s", reading.steepest_db_s},
                              {"latency_frames", 0}};
  if (!reading.reason.empty()) {
    examined.account.notes.push_back(
        fmt::format("a loudness range of {:.1f} LU was asked for, {:.1f} LU is reached: {}", stage.settings.range_lu,
                    reading.range_after_lu, reading.reason));
  }
  return examined;
}

}  // namespace

bool needs_whole_track(const ChainStage& stage) {
  if (const auto* eq = std::get_if<EqStage>(&stage)) return eq->resonances != Resonances::off;
  return std::holds_alternative<LevelStage>(stage) || std::holds_alternative<MatchEqStage>(stage);
}

ExaminedStep examine(const ChainStage& stage, FrameStore& track, const HopEnergies& hops, const AudioFormat& format,
                     EqDesigns& designs, const std::function<void()>& check) {
  if (const auto* level = std::get_if<LevelStage>(&stage)) return ridden(*level, hops);
  if (const auto* match = std::get_if<MatchEqStage>(&stage))
    return examine_match(*match, track, format, designs, check);
  if (const auto* eq = std::get_if<EqStage>(&stage))
    return examine_resonances(*eq, track, hops, format, designs, check);
  throw std::logic_error("examine: this stage needs no examining");
}

}  // namespace lathe
