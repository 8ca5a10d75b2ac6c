#include "tests/support/restoration_backends.h"

#include <utility>

#include "kernels/block/cpu_launcher.h"
#include "kernels/restoration/device_denoise.h"

namespace lathe::test {
namespace {

// Passes that own the launcher they run on.
class BlockDenoise final : public DenoisePasses {
 public:
  BlockDenoise(block::ThreadOrder order, Tier tier, double sample_rate_hz, std::int64_t hops)
      : launcher_(order), passes_(launcher_, tier, sample_rate_hz, hops) {}
  NoiseSurvey survey(TrackReader& track, std::int64_t from, std::int64_t to) override {
    return passes_.survey(track, from, to);
  }
  double remove(TrackReader& track, const std::vector<std::vector<PairWeights>>& weights, const HissGain& gain,
                AudioSink& out) override {
    return passes_.remove(track, weights, gain, out);
  }

 private:
  block::CpuLauncher launcher_;
  DeviceDenoise<block::CpuLauncher> passes_;
};

}  // namespace

std::unique_ptr<Restorer> make_denoise(TestBackend backend, const DenoiseSettings& settings,
                                       const RestorationFormat& format, std::int64_t hops) {
  if (backend == TestBackend::cpu) return cpu::make_denoise(settings, format);
  if (backend == TestBackend::cuda) return cuda::make_denoise(accelerator(), settings, format);
  const auto order = backend == TestBackend::block ? block::ThreadOrder::forward : block::ThreadOrder::reversed;
  return make_denoise_on(std::make_unique<BlockDenoise>(order, settings.common.tier, format.sample_rate_hz, hops),
                         settings, format);
}

}  // namespace lathe::test
