// The search for impulses on a device: the same impulses as the CPU's to the last bit, however the track is cut.
#include "kernels/restoration/device_impulse_scan.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "kernels/cuda/accelerator.h"
#include "kernels/restoration/declick.h"
#include "kernels/restoration/decrackle.h"
#include "kernels/restoration/impulse_remover.h"
#include "kernels/simd/level.h"
#include "tests/support/backends.h"
#include "tests/support/impulse_run.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Random;
using test::Signal;
using test::TestBackend;

struct Scanned {
  std::vector<Impulse> found;
  std::vector<float> patches;
  std::int64_t cut_short = 0;
};

bool same(const Scanned& a, const Scanned& b) {
  if (a.found.size() != b.found.size() || a.cut_short != b.cut_short) return false;
  for (std::size_t i = 0; i < a.found.size(); ++i) {
    const Impulse &x = a.found[i], &y = b.found[i];
    if (x.first_frame != y.first_frame || x.frames != y.frames || x.channel != y.channel || x.evidence != y.evidence)
      return false;
  }
  return test::same_bits(a.patches, b.patches);
}

Scanned scanned(ImpulseScanner& scanner, const FloatTrack& track) {
  test::CopyingReader reader(track);
  Scanned result;
  scanner.scan(reader, result.found, result.patches);
  result.cut_short = scanner.cut_short();
  return result;
}

Scanned on_cpu(const ImpulseDesign& design, const FloatTrack& track) {
  return scanned(*cpu::make_impulse_scanner(design, track.channels()), track);
}

Scanned on_block(const ImpulseDesign& design, const FloatTrack& track, std::int64_t most_blocks = 0,
                 block::ThreadOrder order = block::ThreadOrder::forward) {
  block::CpuLauncher launcher(order);
  DeviceImpulseScan<block::CpuLauncher> scanner(launcher, design, track.channels(), most_blocks);
  return scanned(scanner, track);
}

// Music with clicks and a bed of crackle.
FloatTrack damaged_for_devices(std::uint64_t seed, std::int64_t frames, double rate_hz, int channels) {
  Random random = test::seeded(seed);
  std::vector<Signal> rows;
  for (int c = 0; c < channels; ++c) rows.push_back(test::programme(random, rate_hz, frames));
  test::add_clicks(random, static_cast<int>(frames / 3000), rows, static_cast<int>(40 * rate_hz / 44100));
  for (std::int64_t i = 0; i < frames / 500; ++i) {
    Signal& row = rows[static_cast<std::size_t>(random.integer(0, channels - 1))];
    const std::int64_t at = random.integer(500, frames - 500);
    for (std::int64_t n = 0; n < 4; ++n) row[static_cast<std::size_t>(at + n)] += 0.05 * random.normal();
  }
  return FloatTrack(rows);
}

// Without fused multiply-adds the lanes round otherwise than a device.
bool has_fused() { return processor_simd_level() >= SimdLevel::avx2; }

class DeviceImpulseTest : public test::BackendTest {
 protected:
  Scanned on_device(const ImpulseDesign& design, const FloatTrack& track) {
    if (backend() == TestBackend::block) return on_block(design, track);
    const auto accelerator = cuda::open_accelerator(true);
    return scanned(*cuda::make_impulse_scanner(*accelerator, design, track.channels()), track);
  }
};

TEST_P(DeviceImpulseTest, FindsWhatTheCpuFindsToTheLastBit) {
  if (!has_fused()) GTEST_SKIP() << "this processor has no AVX2: its lanes do not fuse multiply-adds";
  struct Case {
    double rate_hz;
    int channels;
    std::int64_t frames;
  };
  for (const Case& c : {Case{44100, 2, 40000}, Case{44100, 1, 12289}, Case{8000, 3, 12000}, Case{96000, 2, 30000},
                        Case{192000, 1, 40000}, Case{384000, 1, 30000}}) {
    const FloatTrack track = damaged_for_devices(51, c.frames, c.rate_hz, c.channels);
    const RestorationFormat format{c.rate_hz, c.channels};
    for (const RemoverDesign& design : {declick_design({}, format), decrackle_design({}, format)}) {
      const Scanned want = on_cpu(design.scan, track), got = on_device(design.scan, track);
      EXPECT_GT(want.found.size(), 3u) << design.name << " " << c.rate_hz;
      EXPECT_TRUE(same(want, got)) << design.name << " " << c.rate_hz << ": " << want.found.size() << " and "
                                   << got.found.size();
    }
  }
}

TEST_P(DeviceImpulseTest, HandlesSilenceFullScaleAndTheShortestTracks) {
  if (!has_fused()) GTEST_SKIP() << "this processor has no AVX2: its lanes do not fuse multiply-adds";
  const ImpulseDesign design = declick_design({}, {44100, 1}).scan;
  for (const Signal& signal : {Signal(1, 0.5), Signal(5000, 0.0), Signal(5000, 1.0), test::square(100, 1.0, 9000),
                               test::impulses(9000, {0, 3071, 3072, 8999})}) {
    const FloatTrack track({signal});
    EXPECT_TRUE(same(on_cpu(design, track), on_device(design, track))) << signal.size();
  }
}

LATHE_INSTANTIATE_DEVICES(DeviceImpulseTest);

TEST(DeviceImpulse, BatchesAndTheOrderOfThreadsChangeNothing) {
  const FloatTrack track = damaged_for_devices(52, 24000, 44100, 2);
  const ImpulseDesign design = decrackle_design({}, {44100, 2}).scan;
  const Scanned whole = on_block(design, track);
  EXPECT_GT(whole.found.size(), 10u);
  EXPECT_TRUE(same(whole, on_block(design, track, 1)));
  EXPECT_TRUE(same(whole, on_block(design, track, 3)));
  EXPECT_TRUE(same(whole, on_block(design, track, 3, block::ThreadOrder::reversed)));
}

TEST(DeviceImpulse, MoreSpansThanABlockMayHaveAreCountedAsOnTheCpu) {
  if (!has_fused()) GTEST_SKIP() << "this processor has no AVX2: its lanes do not fuse multiply-adds";
  const FloatTrack track = damaged_for_devices(53, 12000, 44100, 2);
  ImpulseDesign design = decrackle_design({}, {44100, 2}).scan;
  design.most = 3;
  const Scanned want = on_cpu(design, track);
  EXPECT_GT(want.cut_short, 0);
  EXPECT_TRUE(same(want, on_block(design, track)));
}

}  // namespace
}  // namespace lathe
