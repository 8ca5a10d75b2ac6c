// Every stage that turns samples into samples, behind one face, for the properties all of them share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/backends.h"
#include "tests/support/track.h"

namespace lathe::test {

struct StageSubject {
  std::string name;
  // Pushes a stereo track through a fresh instance, in blocks of these sizes.
  std::function<FloatTrack(const FloatTrack&, const std::vector<std::int64_t>& cuts)> process;
  std::int64_t cut_multiple = 1;  // blocks but the last are multiples of it
  bool silence_stays_silent = true;
  bool channels_are_independent = true;

  FloatTrack operator()(const FloatTrack& track) const { return process(track, {track.frames()}); }
};

// The stages that a backend has, made for 48 kHz.
std::vector<StageSubject> stages_of(TestBackend backend);

}  // namespace lathe::test
