#include "host/mastering/cd_frames.h"

#include <fmt/format.h>

namespace lathe {

CdFrames cd_frames_of(const std::vector<std::int64_t>& ends, std::size_t index) {
  const std::int64_t end = ends.at(index);
  const std::int64_t length = end - (index == 0 ? 0 : ends[index - 1]);
  CdFrames found;
  found.frames = length / kCdFrameSamples;
  found.remainder_samples = length % kCdFrameSamples;
  if (index + 1 < ends.size()) {
    const std::int64_t over = end % kCdFrameSamples;
    const std::int64_t shift = over <= kCdFrameSamples / 2 ? -over : kCdFrameSamples - over;
    found.joint = CdFrames::Joint{end, over, shift};
  }
  return found;
}

std::string cd_frames_note(const CdFrames& found) {
  if (found.joint && found.joint->remainder_samples != 0) {
    return fmt::format(
        "CD frames: the joint with the next track lies {} samples behind a frame: {} samples {} would bring it to one",
        found.joint->remainder_samples, std::abs(found.joint->shift_samples),
        found.joint->shift_samples < 0 ? "earlier" : "later");
  }
  if (found.joint || found.is_aligned()) return {};
  return fmt::format("CD frames: {} and {} samples: a disc is filled up with {} samples of silence", found.frames,
                     found.remainder_samples, kCdFrameSamples - found.remainder_samples);
}

}  // namespace lathe
