// Impulses of a track searched for block by block, in lanes.
#include "kernels/restoration/impulse_scanner.h"

namespace lathe::cpu {
namespace {

class CpuImpulseScanner final : public ImpulseScanner {
 public:
  CpuImpulseScanner(const ImpulseDesign& design, int channels) : design_(design), group_(impulse_group_of(channels)) {
    for (int c = 0; c < channels; c += group_) scans_.emplace_back(design, group_);
  }

  void scan(TrackReader& track, std::vector<Impulse>& found, std::vector<float>& patches) override {
    for (std::int64_t first = 0; first < track.frames(); first += design_.hop) {
      const std::int64_t from = first - design_.context;
      const AudioView view = track.read(from, design_.hop + 2 * design_.context);
      int channel = 0;
      for (ImpulseScan& scan : scans_) {
        const float* rows[2] = {view.channel(channel), view.channel(channel + group_ - 1)};
        scan.scan(rows, from, channel, found, patches);
        channel += group_;
      }
    }
  }

  std::int64_t cut_short() const override {
    std::int64_t sum = 0;
    for (const ImpulseScan& scan : scans_) sum += scan.cut_short();
    return sum;
  }

 private:
  ImpulseDesign design_;
  int group_;
  std::vector<ImpulseScan> scans_;
};

}  // namespace

std::unique_ptr<ImpulseScanner> make_impulse_scanner(const ImpulseDesign& design, int channels) {
  return std::make_unique<CpuImpulseScanner>(design, channels);
}

}  // namespace lathe::cpu
