// Flat tops of one channel, grain by grain: where the signal stays at its highest for some samples, as clipping makes
// it.
//
// A run is at least 3 samples that differ from their neighbours by at most the tolerance, higher (in its polarity) than
// what is on both sides, and left steeply on one: by more than a smooth peak rounded to 16 bits could fall (see
// inspection/clipped_runs.h for the 4 steps). Two lists are kept: exact runs, and runs with the tolerance of dither or
// of a slow fade after the clipping.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace lathe {

constexpr std::int64_t kClipGrain = 4096;  // frames over which levels are taken together

// Runs of one grain and polarity that reach the highest level of all its runs.
struct GrainRuns {
  float level = 0;   // of the highest run, without sign
  float lowest = 0;  // of those counted
  std::int32_t runs = 0, samples = 0, longest = 0;
  std::int32_t jumps = 0;  // runs entered and left by leaps of half the level: a synthesiser's own flat tops
};

struct GrainSide {
  float peak = 0;  // highest sample without sign
  GrainRuns exact, loose;
};

struct ClipGrainSides {
  GrainSide above, below;
};

// One step of 16 bits, and what dither may add to it.
constexpr float kStep16 = 1.0f / 32768;
constexpr float kLooseTolerance = 2.02f * kStep16;

class ClipRunScan {
 public:
  // The next `count` samples of the channel, then finish() once.
  void take(const float* x, std::int64_t count);
  void finish();

  const std::vector<ClipGrainSides>& grains() const { return grains_; }

 private:
  struct Open {
    std::int64_t start = 0, length = 0;
    float first = 0, top = 0, before = 0;
  };
  void close(Open& run, float behind, bool is_exact);

  std::vector<ClipGrainSides> grains_;
  Open exact_, loose_;
  float last_ = 0, before_last_ = 0;
  std::int64_t frames_ = 0;
};

}  // namespace lathe
