#include "host/mastering/examined_stage.h"

#include <fmt/format.h>

#include <stdexcept>

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

bool needs_whole_track(const ChainStage& stage) { return std::holds_alternative<LevelStage>(stage); }

ExaminedStep examine(const ChainStage& stage, FrameStore&, const HopEnergies& hops, const AudioFormat&,
                     const std::function<void()>&) {
  if (const auto* level = std::get_if<LevelStage>(&stage)) return ridden(*level, hops);
  throw std::logic_error("examine: this stage needs no examining");
}

}  // namespace lathe
