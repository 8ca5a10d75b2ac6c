#include "host/mastering/rendition.h"

#include <algorithm>

#include "host/audio_file/sample_rate_converter.h"

namespace lathe {

std::vector<Rendition> renditions_of(const Chain& chain, const std::vector<OutputSpec>& outputs,
                                     const AudioFormat& track) {
  std::vector<Rendition> all;
  const auto add = [&](std::size_t i) {
    const OutputSpec& output = outputs[i];
    const int rate_hz = output.sample_rate_hz.value_or(track.sample_rate_hz);
    const GainGoal& goal = output.goal ? *output.goal : chain.goal;
    auto same = std::find_if(all.begin(), all.end(), [&](const Rendition& one) {
      return one.format.sample_rate_hz == rate_hz && one.goal == goal &&
             (output.stem || outputs[one.outputs.front()].checks.lowering() == output.checks.lowering());
    });
    if (same == all.end()) {
      AudioFormat format = track;
      format.sample_rate_hz = rate_hz;
      if (rate_hz != track.sample_rate_hz)
        format.frames = converted_frames(track.frames, track.sample_rate_hz, rate_hz);
      same = all.insert(all.end(), Rendition{format, goal, {}});
    }
    same->outputs.push_back(i);
  };
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!outputs[i].removed_by && !outputs[i].stem) add(i);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].stem) add(i);
  // What is only a part of the track does not say whether the gain was right.
  for (Rendition& one : all) {
    std::ranges::stable_partition(one.outputs, [&outputs](std::size_t i) { return outputs[i].is_whole(); });
  }
  return all;
}

}  // namespace lathe
