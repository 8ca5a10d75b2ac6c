// Width and sample rate on a whole track in memory, in the blocks that the program uses.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "host/audio_file/sample_rate_converter.h"
#include "kernels/stereo/stereo.h"
#include "tests/bench/stage_table.h"

namespace lathe::bench {
namespace {

constexpr std::int64_t kBlock = 16384;  // frames: as host/mastering pushes them

class Discard final : public AudioSink {
 public:
  void take(AudioView) override {}
  void finish() override {}
};

// A frame of two samples: 4 operations to mid and side and back, 2 for the width; one transform of N points there and
// one back for a hop of the side, 5 N log2 N each for its real half, 3 N for the response; the guard's 20.
void time_stereo(StageTable& table, const std::string& name, const StereoSettings& settings) {
  const auto design = std::make_shared<const StereoDesign>(settings, kSampleRateHz);
  SampleCost cost{3, 0, 4 + 4};
  if (const OverlapSaveKernel* kernel = design->side_kernel()) {
    const auto points = static_cast<double>(kernel->points());
    cost.float_flops += (10 * points * std::log2(points) + 3 * points) / (2 * 2 * static_cast<double>(kernel->hop()));
  }
  if (design->limits().holds_anything()) cost.float_flops += 10;
  table.time("stereo, " + name, cost, [&] {
    Discard discard;
    const auto stage = cpu::make_stereo(design, 2);
    stage->connect(discard);
    const AudioView audio = table.music().view();
    for (std::int64_t first = 0; first < audio.frames; first += kBlock)
      stage->take(audio.slice(first, std::min(kBlock, audio.frames - first)));
    stage->finish();
  });
}

// libsoxr's own arithmetic is not counted.
void time_conversion(StageTable& table, int to_hz) {
  const AudioView audio = table.music().view();
  table.time("sample rate, 44.1 to " + std::to_string(to_hz / 1000) + " kHz (libsoxr)",
             {0, 0, 4 + 4.0 * to_hz / kSampleRateHz}, [&] {
               SampleRateConverter converter(kSampleRateHz, to_hz, 2, audio.frames);
               const auto discard = [](AudioView) {};
               for (std::int64_t first = 0; first < audio.frames; first += kBlock)
                 converter.take(audio.slice(first, std::min(kBlock, audio.frames - first)), discard);
               converter.finish(discard);
             });
}

}  // namespace

void time_tone(StageTable& table) {
  StereoSettings settings;
  settings.width = 1.2;
  time_stereo(table, "width", settings);
  settings.mono_below_hz = 120;
  time_stereo(table, "width, mono below 120 Hz", settings);
  settings.min_correlation = 0;
  time_stereo(table, "width, mono bass, guard", settings);
  time_conversion(table, 48000);
  time_conversion(table, 96000);
}

}  // namespace lathe::bench
