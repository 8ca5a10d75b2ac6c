// Conversion of a stream to another sample rate by libsoxr at its best setting.
//
// libsoxr's "very high quality" without its roll-off: linear phase, flat up to 0.913 of the lower Nyquist frequency, 28
// bits of precision, computed in double. Against the curve between the samples -135 dB or better, tones above the new
// Nyquist frequency under -140 dB (sample_rate_converter_test). Net latency is zero.
// libsoxr chooses its code by processor, so the last bits may differ between machines.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/audio.h"

namespace lathe {

// Frames that `frames` frames become: the nearest whole number, halves rounded up. A place in the track moves alike.
std::int64_t converted_frames(std::int64_t frames, int from_hz, int to_hz);

class SampleRateConverter {
 public:
  // Throws std::invalid_argument for rates or channels below 1, std::runtime_error when libsoxr will not.
  SampleRateConverter(int from_hz, int to_hz, int channels, std::int64_t frames);
  ~SampleRateConverter();
  SampleRateConverter(const SampleRateConverter&) = delete;
  SampleRateConverter& operator=(const SampleRateConverter&) = delete;

  // The next frames of the track, and what is ready of the converted one, in order: `out` is called with blocks that
  // are valid in the call. All frames, then finish(); converted_frames() come out in all.
  void take(AudioView in, const std::function<void(AudioView)>& out);
  void finish(const std::function<void(AudioView)>& out);

 private:
  void emit(std::int64_t count, const std::function<void(AudioView)>& out);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lathe
