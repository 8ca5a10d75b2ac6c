// What holds for the denoiser whatever the track: same bits, no more than was asked, nothing that is not finite.
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/restoration/denoise.h"
#include "tests/support/comparison.h"
#include "tests/support/damage.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track_reader.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

FloatTrack noise_restored(const FloatTrack& in, const DenoiseSettings& settings, double rate, double strength = 0.5) {
  test::CopyingReader reader(in);
  auto stage = cpu::make_denoise(settings, {rate, in.channels()});
  stage->examine(reader);
  test::Collector out(in.channels());
  stage->restore(reader, strength, out);
  EXPECT_EQ(out.finished(), 1);
  return out.track();
}

DenoiseSettings always(Tier tier = Tier::best) { return {{.tier = tier, .always = true}}; }

TEST(DenoiseProperties, TheSameBitsEachTimeAndOnBothWideLevels) {
  LATHE_NEEDS_AVX512();
  const FloatTrack in = test::noisy_programme(21, 2, 44100, 5 * 44100);
  for (const Tier tier : {Tier::fast, Tier::best}) {
    const auto run = [&] { return noise_restored(in, always(tier), 44100); };
    const FloatTrack wide = test::at_level(SimdLevel::avx512, run);
    EXPECT_TRUE(test::same_bits(wide, test::at_level(SimdLevel::avx512, run)));
    EXPECT_TRUE(test::same_bits(wide, test::at_level(SimdLevel::avx2, run)));
    const FloatTrack narrow = test::at_level(SimdLevel::sse2, run);
    EXPECT_LT(test::residual_db(narrow.channel(0), wide.channel(0)), -100);
  }
}

TEST(DenoiseProperties, ASecondRestoreOfTheSameTrackGivesTheSame) {
  const FloatTrack in = test::noisy_programme(22, 2, 44100, 3 * 44100);
  test::CopyingReader reader(in);
  auto stage = cpu::make_denoise(always(), {44100, 2});
  stage->examine(reader);
  test::Collector first(2), second(2);
  stage->restore(reader, 0.5, first);
  stage->restore(reader, 0.5, second);
  EXPECT_TRUE(test::same_bits(first.track(), second.track()));
}

TEST(DenoiseProperties, NothingBreaksIt) {
  const std::int64_t frames = 20000;
  std::vector<FloatTrack> tracks;
  tracks.emplace_back(2, frames);                                             // silence
  tracks.push_back(FloatTrack({Signal(frames, 0.5), Signal(frames, -1.0)}));  // DC
  tracks.push_back(FloatTrack({test::square(100, 1.0, frames), test::square(7, 1.0, frames)}));
  tracks.push_back(FloatTrack({Signal(1, 0.7), Signal(1, -0.7)}));
  tracks.push_back(FloatTrack({Signal(frames, 1e-40), Signal(frames, 1e-42)}));  // denormals
  tracks.push_back(FloatTrack({test::impulses(frames, {0, 1000, frames - 1}, 1e6)}));
  tracks.push_back(test::noisy_programme(23, 8, 44100, frames));
  tracks.push_back(test::noisy_programme(24, 3, 44100, 4095));
  for (const Tier tier : {Tier::fast, Tier::best}) {
    for (std::size_t i = 0; i < tracks.size(); ++i) {
      SCOPED_TRACE(i);
      const FloatTrack out = noise_restored(tracks[i], always(tier), 44100);
      ASSERT_EQ(out.frames(), tracks[i].frames());
      ASSERT_EQ(out.channels(), tracks[i].channels());
      for (int c = 0; c < out.channels(); ++c) {
        for (const float x : out.channel(c)) ASSERT_TRUE(std::isfinite(x));
      }
    }
    EXPECT_TRUE(test::same_bits(noise_restored(tracks[0], always(tier), 44100), tracks[0]));
  }
}

TEST(DenoiseProperties, AllRatesAreServed) {
  for (const double rate : {8000.0, 48000.0, 192000.0, 384000.0}) {
    SCOPED_TRACE(rate);
    const auto frames = static_cast<std::int64_t>(rate) / 2;
    test::Random random = test::seeded(25);
    const FloatTrack in({test::white_noise(random, 0.01, frames), test::white_noise(random, 0.01, frames)});
    DenoiseSettings settings = always(Tier::best);
    settings.noise.file = {std::vector<float>(in.channel(0).begin(), in.channel(0).end())};
    const FloatTrack out = noise_restored(in, settings, rate);
    double before = 0, after = 0;
    for (std::size_t n = 0; n < static_cast<std::size_t>(frames); ++n) {
      before += std::pow(static_cast<double>(in.channel(1)[n]), 2);
      after += std::pow(static_cast<double>(out.channel(1)[n]), 2);
    }
    EXPECT_NEAR(10 * std::log10(before / after), settings.reduce_db, 1.0);
  }
}

TEST(DenoiseProperties, MoreStrengthTakesMore) {
  const FloatTrack in = test::noisy_programme(26, 2, 44100, 3 * 44100);
  double before = -1000;
  for (const double strength : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const FloatTrack out = noise_restored(in, always(), 44100, strength);
    const double taken = test::residual_db(out.channel(0), in.channel(0));
    EXPECT_GT(taken, before);
    before = taken;
  }
}

TEST(DenoiseProperties, ProgrammesWithoutHissAreLeftAlone) {
  for (const std::uint64_t seed : {27, 28, 29}) {
    test::Random random = test::seeded(seed);
    const std::int64_t frames = 10 * 44100;
    const FloatTrack in({test::programme(random, 44100, frames), test::programme(random, 44100, frames)});
    test::CopyingReader reader(in);
    EXPECT_FALSE(cpu::make_denoise({}, {44100, 2})->examine(reader).is_found);
  }
}

TEST(DenoiseProperties, SettingsOutOfRangeAreRefused) {
  const RestorationFormat format{44100, 2};
  DenoiseSettings settings;
  settings.common.strength = 1.5;
  EXPECT_THROW(cpu::make_denoise(settings, format), std::invalid_argument);
  settings = {};
  settings.reduce_db = -1;
  EXPECT_THROW(cpu::make_denoise(settings, format), std::invalid_argument);
  settings = {};
  settings.noise.span_s = {2.0, 1.0};
  EXPECT_THROW(cpu::make_denoise(settings, format), std::invalid_argument);
  EXPECT_THROW(cpu::make_denoise({}, {4000, 2}), std::invalid_argument);
  EXPECT_THROW(cpu::make_denoise({}, {44100, 0}), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
