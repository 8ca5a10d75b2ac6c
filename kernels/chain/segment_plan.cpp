#include "kernels/chain/segment_plan.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/loudness/device_meter.h"

namespace lathe {
namespace {

// Work areas of the plans that a worker keeps (cuda/launcher.cu).
constexpr std::int64_t kKeptPlans = 4 * (16 << 20);

std::int64_t on_grid(std::int64_t frames) { return (frames + kSegmentGrid - 1) / kSegmentGrid * kSegmentGrid; }

}  // namespace

SegmentPlan SegmentPlan::of(const FirstPassSetup& setup, std::int64_t steps_halo) {
  if (setup.channels() == 0) throw std::invalid_argument("FirstPass: a track without channels");
  SegmentPlan plan;
  plan.halo = (steps_halo + DeviceMeter::kHaloFrames + kSegmentAlign - 1) / kSegmentAlign * kSegmentAlign;
  plan.frames = std::max(on_grid(setup.segment_samples / setup.channels()), on_grid(4 * plan.halo));
  plan.frames = std::min(plan.frames, on_grid(std::max<std::int64_t>(setup.frames, 1)));
  return plan;
}

DevicePassBytes device_pass_bytes(const FirstPassSetup& setup) {
  std::int64_t halo = 0, transforms = kKeptPlans, between = 0;  // windows between the passes of one equaliser
  for (const ChainStep& step : setup.steps) {
    if (const auto* stereo = std::get_if<std::shared_ptr<const StereoDesign>>(&step)) {
      halo += (*stereo)->halo_frames();
      between += 2;  // balanced, and filtered
      if (const OverlapSaveKernel* side = (*stereo)->side_kernel())
        transforms += 2 * std::max<std::int64_t>(16 << 20, 8 * side->points() * setup.channels());
    }
    if (const auto* compressor = std::get_if<std::shared_ptr<const CompressorDesign>>(&step)) {
      halo += (*compressor)->device_halo_frames();
      between += (*compressor)->bands();  // powers, reductions and gains of a band: 4 bytes a sample at most
      if (const BandSplit* split = (*compressor)->split()) {
        between += 3;  // two low-passes and their difference
        transforms += ((*compressor)->bands() - 1) * 2 *
                      std::max<std::int64_t>(16 << 20, 8 * 4 * split->points() * setup.channels());
      }
      continue;
    }
    const auto* eq = std::get_if<std::shared_ptr<const LinearPhaseEqDesign>>(&step);
    if (eq == nullptr) continue;
    between += static_cast<std::int64_t>((*eq)->passes().size()) - 1;
    for (const LinearPhaseEqDesign::Pass& pass : (*eq)->passes()) {
      halo += pass.first->half();
      // A batch of transforms and as much again for cuFFT's work, at least one of every channel.
      transforms += 2 * std::max<std::int64_t>(16 << 20, 8 * pass.first->points() * setup.channels());
    }
    if (const BassKernel* bass = (*eq)->bass()) {
      halo += bass->factor() * (bass->low().half() + 8);
      transforms += 2 * (16 << 20);
    }
  }
  const SegmentPlan plan = SegmentPlan::of(setup, halo);
  const std::int64_t window = (plan.frames + 2 * plan.halo) * setup.channels(),
                     segment = plan.frames * setup.channels();
  const std::int64_t raw = (plan.frames + plan.halo) * setup.channels() * bytes_per_sample(setup.encoding);
  // Groups of 8 frames: peak, bend and power of both meters; their traces.
  const std::int64_t groups = 2 * 3 * 4 * segment / 8, trace = setup.trace ? 3 * 4 * plan.frames / 8 : 0;
  const std::int64_t windows =
      1 + static_cast<std::int64_t>(std::min<std::size_t>(setup.steps.size(), 2)) + std::max<std::int64_t>(between, 0);
  DevicePassBytes bytes;
  bytes.device = (raw + 4 * windows * window + 4 * window + groups + 2 * trace + transforms) * 11 / 10;
  bytes.host = (2 * raw + 2 * 4 * segment + 2 * trace) * 11 / 10;
  return bytes;
}

}  // namespace lathe
