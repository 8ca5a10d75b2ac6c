// The denoiser on a device beside the CPU's, and beside itself: cut into other segments, with its threads run
// backwards.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/comparison.h"
#include "tests/support/damage.h"
#include "tests/support/restoration_backends.h"
#include "tests/support/signals.h"
#include "tests/support/track_reader.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::TestBackend;

// Of the whole result, in single precision on both sides.
constexpr double kDeviceDenoiseLimitDb = -120;

struct DeviceDenoiseOutcome {
  Finding finding;
  RestorationResult result;
  FloatTrack track;
};

DeviceDenoiseOutcome denoised_on_device(TestBackend backend, const FloatTrack& in, const DenoiseSettings& settings,
                                        double rate, std::int64_t hops = 16) {
  test::CopyingReader reader(in);
  const auto stage = test::make_denoise(backend, settings, {rate, in.channels()}, hops);
  DeviceDenoiseOutcome outcome{stage->examine(reader), {}, FloatTrack(1, 1)};
  test::Collector out(in.channels());
  outcome.result = stage->restore(reader, settings.common.strength, out);
  EXPECT_EQ(out.finished(), 1);
  outcome.track = out.track();
  return outcome;
}

DenoiseSettings always_on_device(Tier tier) { return {{.tier = tier, .always = true}}; }

class DeviceDenoise : public test::BackendTest {};
LATHE_INSTANTIATE_DEVICES(DeviceDenoise);

TEST_P(DeviceDenoise, GivesWhatTheCpuGives) {
  for (const Tier tier : {Tier::fast, Tier::best}) {
    for (const int channels : {1, 2, 3}) {
      const FloatTrack in = test::noisy_programme(41, channels, 22050, 8 * 22050 + 123);
      const DeviceDenoiseOutcome want = denoised_on_device(TestBackend::cpu, in, always_on_device(tier), 22050),
                                 got = denoised_on_device(backend(), in, always_on_device(tier), 22050);
      ASSERT_EQ(got.track.frames(), in.frames());
      for (int c = 0; c < channels; ++c) {
        const double off = test::residual_db(got.track.channel(c), want.track.channel(c));
        EXPECT_LT(off, kDeviceDenoiseLimitDb) << "channel " << c << " of " << channels;
        EXPECT_FALSE(test::same_bits(got.track, in)) << "nothing was done";
      }
      EXPECT_EQ(got.finding.is_found, want.finding.is_found);
      EXPECT_NEAR(got.finding.confidence, want.finding.confidence, 1e-3);
      ASSERT_EQ(got.finding.figures.size(), want.finding.figures.size());
      for (std::size_t i = 0; i < want.finding.figures.size(); ++i)
        EXPECT_NEAR(got.finding.figures[i].second, want.finding.figures[i].second, 0.01)
            << want.finding.figures[i].first;
      EXPECT_NEAR(got.result.figures[0].second, want.result.figures[0].second, 0.01);
    }
  }
}

TEST_P(DeviceDenoise, ANoiseOfItsOwnIsMeasuredAsOnTheCpu) {
  const FloatTrack in = test::noisy_programme(42, 2, 22050, 3 * 22050);
  DenoiseSettings settings = always_on_device(Tier::fast);
  settings.noise.span_s = {0.5, 1.5};
  const DeviceDenoiseOutcome want = denoised_on_device(TestBackend::cpu, in, settings, 22050),
                             got = denoised_on_device(backend(), in, settings, 22050);
  EXPECT_LT(test::residual_db(got.track.channel(1), want.track.channel(1)), kDeviceDenoiseLimitDb);
}

TEST_P(DeviceDenoise, ShortAndQuietTracksComeOutAsTheyWentInOrFinite) {
  for (const std::int64_t frames : {1, 2, 1000}) {
    FloatTrack in(2, frames);
    EXPECT_TRUE(test::same_bits(denoised_on_device(backend(), in, always_on_device(Tier::best), 44100).track, in));
    for (float& x : in.channel(0)) x = 1;
    const FloatTrack out = denoised_on_device(backend(), in, always_on_device(Tier::best), 44100).track;
    ASSERT_EQ(out.frames(), frames);
    for (const float x : out.channel(0)) EXPECT_TRUE(std::isfinite(x));
  }
}

TEST(BlockDenoise, SegmentsAndTheOrderOfThreadsDoNotCount) {
  const FloatTrack in = test::noisy_programme(43, 2, 8000, 9 * 8000);
  const FloatTrack whole = denoised_on_device(TestBackend::block, in, always_on_device(Tier::best), 8000, 1000).track;
  EXPECT_TRUE(
      test::same_bits(whole, denoised_on_device(TestBackend::block, in, always_on_device(Tier::best), 8000, 3).track));
  EXPECT_TRUE(
      test::same_bits(whole, denoised_on_device(TestBackend::block, in, always_on_device(Tier::best), 8000, 17).track));
  EXPECT_TRUE(test::same_bits(
      whole, denoised_on_device(TestBackend::block_reversed, in, always_on_device(Tier::best), 8000, 17).track));
}

}  // namespace
}  // namespace lathe
