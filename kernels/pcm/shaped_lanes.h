// The lane kernel that quantises with shaped dither: error feedback, two channels beside each other.
#pragma once

#include <cstdint>

namespace lathe {

// What the feedback carries from one frame to the next, for two channels: all of it integers.
struct ShapedState {
  static constexpr int kTaps = 9;
  std::int64_t sums[kTaps - 1][2] = {};  // what errors so far add to the second, third, ... frame from here; Q32
  std::int64_t error[2] = {};            // of the last frame; Q16
};

struct ShapedJob {
  float scale = 0;               // 2^(bits - 1)
  std::int32_t lowest = 0;       // -2^(bits - 1)
  std::int32_t highest = 0;      // 2^(bits - 1) - 1
  bool keeps_steps = false;      // samples that are whole numbers of steps stay, and leave no error
  std::uint32_t keys[2] = {};    // of the two channels' noise
  std::int64_t first_frame = 0;  // position in the track of the first frame: a multiple of 16
  std::int32_t taps_q16[ShapedState::kTaps] = {};
};

// x[c] becomes the quantised values (multiples of 1 / scale), steps[c] gets the integers. x[1] is null for one channel.
using QuantizeShaped = void (*)(const ShapedJob&, float* const x[2], std::int64_t frames, std::int32_t* const steps[2],
                                ShapedState&);

namespace sse2 {
extern const QuantizeShaped quantize_shaped;
}
namespace avx2 {
extern const QuantizeShaped quantize_shaped;
}
namespace avx512 {
extern const QuantizeShaped quantize_shaped;
}

}  // namespace lathe
