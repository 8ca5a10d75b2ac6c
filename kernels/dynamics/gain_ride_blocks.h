// The gain that rides a track, on a device. 8 bytes and 4 operations a sample.
#pragma once

#include <memory>
#include <utility>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/device_stage.h"
#include "kernels/dynamics/gain_ride.h"

namespace lathe {
namespace block {

struct RideRows {
  static constexpr int kThreads = 256;
  static constexpr int kTile = 2048;
  struct Shared {};

  InputRows in;
  OutputRows out;
  GlobalSpan<const float> knots;
  std::int64_t spacing;

  std::int64_t blocks() const { return out.rows * ((out.frames + kTile - 1) / kTile); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (out.frames + kTile - 1) / kTile;
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * kTile;
    const float per_frame = 1 / static_cast<float>(spacing);
    block.phase([&](int thread) {
      for (std::int64_t n = first + thread; n < first + kTile && n < out.frames; n += kThreads) {
        const std::int64_t at = out.first_frame + n < 0 ? 0 : out.first_frame + n, last = knots.size - 1;
        const std::int64_t knot = at / spacing;
        const float start = knots[knot < last ? knot : last], end = knots[knot + 1 < last ? knot + 1 : last];
        const float step = (end - start) * per_frame;
        out.at(row, n) = in.at(row, n) * (start + step * static_cast<float>(at - knot * spacing));
      }
    });
  }
};

}  // namespace block

template <class Launcher>
class DeviceGainRide final : public DeviceStage {
 public:
  DeviceGainRide(Launcher& launcher, std::shared_ptr<const GainRide> ride)
      : launcher_(launcher),
        ride_(std::move(ride)),
        knots_(launcher.template make_buffer<float>(static_cast<std::int64_t>(ride_->knots().size()))) {
    launcher.upload(ride_->knots().data(), knots_.size(), knots_.data());
    launcher.synchronize();  // the knots belong to the ride
  }

  std::string_view name() const override { return "level"; }
  std::int64_t halo_frames() const override { return 0; }

  void run(const block::InputRows& in, const block::OutputRows& out, block::GlobalSpan<const std::int64_t>) override {
    const block::RideRows kernel{in, out, std::as_const(knots_).span(), ride_->spacing()};
    launcher_.launch(kernel, kernel.blocks());
    work_.bytes += 8.0 * static_cast<double>(out.rows * out.frames);
    work_.flops += 4.0 * static_cast<double>(out.rows * out.frames);
  }

  Work work() const override { return work_; }

 private:
  Launcher& launcher_;
  std::shared_ptr<const GainRide> ride_;
  typename Launcher::template Buffer<float> knots_;
  Work work_;
};

}  // namespace lathe
