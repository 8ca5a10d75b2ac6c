#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/aligned.h"
#include "kernels/gain/gain.h"

namespace lathe::cpu {
namespace {

class Gain final : public Stage {
 public:
  Gain(float gain, int channels) : gain_(gain), channels_(channels), out_(static_cast<std::size_t>(kStep * channels)) {}

  std::string_view name() const override { return "gain"; }
  std::int64_t look_ahead_frames() const override { return 0; }

  void take(AudioView in) override {
    for (std::int64_t first = 0; first < in.frames; first += kStep) {
      const std::int64_t count = std::min(kStep, in.frames - first);
      for (int c = 0; c < channels_; ++c) {
        const float* x = in.channel(c) + first;
        float* y = out_.data() + c * kStep;
        for (std::int64_t n = 0; n < count; ++n) y[n] = gain_ * x[n];
      }
      next().take(AudioView{out_.data(), channels_, count, kStep});
    }
  }
  void finish() override { next().finish(); }

 private:
  static constexpr std::int64_t kStep = 4096;
  float gain_;
  int channels_;
  AlignedArray<float> out_;
};

}  // namespace

std::unique_ptr<Stage> make_gain(double gain, int channels) {
  if (!std::isfinite(gain)) throw std::invalid_argument("make_gain: the gain is not finite");
  return std::make_unique<Gain>(static_cast<float>(gain), channels);
}

}  // namespace lathe::cpu
