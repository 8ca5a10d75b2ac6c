// A fixed gain on a device: the same bits as on the CPU. 8 bytes and one multiplication a sample.
#pragma once

#include <cmath>
#include <stdexcept>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/device_stage.h"

namespace lathe {
namespace block {

struct GainRows {
  static constexpr int kThreads = 256;
  static constexpr int kTile = 2048;
  struct Shared {};

  InputRows in;
  OutputRows out;
  float gain;

  std::int64_t blocks() const { return out.rows * ((out.frames + kTile - 1) / kTile); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (out.frames + kTile - 1) / kTile;
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * kTile;
    block.phase([&](int thread) {
      for (std::int64_t n = first + thread; n < first + kTile && n < out.frames; n += kThreads)
        out.at(row, n) = gain * in.at(row, n);
    });
  }
};

}  // namespace block

template <class Launcher>
class DeviceGain final : public DeviceStage {
 public:
  // Throws std::invalid_argument unless the gain is finite.
  DeviceGain(Launcher& launcher, double gain) : launcher_(launcher), gain_(static_cast<float>(gain)) {
    if (!std::isfinite(gain)) throw std::invalid_argument("make_gain: the gain is not finite");
  }

  std::string_view name() const override { return "gain"; }
  std::int64_t halo_frames() const override { return 0; }

  void run(const block::InputRows& in, const block::OutputRows& out, block::GlobalSpan<const std::int64_t>) override {
    const block::GainRows kernel{in, out, gain_};
    launcher_.launch(kernel, kernel.blocks());
    work_.bytes += 8.0 * static_cast<double>(out.rows * out.frames);
    work_.flops += static_cast<double>(out.rows * out.frames);
  }

  Work work() const override { return work_; }

 private:
  Launcher& launcher_;
  float gain_;
  Work work_;
};

}  // namespace lathe
