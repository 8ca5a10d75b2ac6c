// What the inspector finds, held to faults that were planted where they are known to be, and to programme without any.
#include "kernels/inspection/inspector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/math/decibel.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr double kInspectionRate = 44100;

Inspection inspected(const FloatTrack& track, double rate_hz = kInspectionRate,
                     const std::vector<std::int64_t>& cuts = {}) {
  Inspector inspector({rate_hz, track.channels(), 0x1p-15, true});
  test::push(inspector, track, cuts.empty() ? std::vector<std::int64_t>{track.frames()} : cuts);
  return inspector.inspection();
}

// Rounds to steps of 16 bits, as files have it.
FloatTrack in_16_bits(const std::vector<Signal>& channels) {
  FloatTrack track(channels);
  for (int c = 0; c < track.channels(); ++c) {
    for (float& x : track.channel(c)) x = std::clamp(std::round(x * 32768), -32768.0f, 32767.0f) / 32768;
  }
  return track;
}

Signal louder(Signal x, double gain) {
  for (double& v : x) v *= gain;
  return x;
}

Signal clean_programme(std::uint64_t seed, std::int64_t frames = 200000) {
  test::Random random(seed);
  return louder(test::programme(random, kInspectionRate, frames), 0.9);
}

TEST(InspectionTest, ClippedPeaksAreCountedWithTheirLengthAndFirstPlace) {
  Signal x = test::sine(441, 0.7, kInspectionRate, 44100);  // 100 frames a period
  // Three flat tops: at the crests of periods 7, 30 (below zero) and 200.
  const auto flatten = [&](std::int64_t at, int length, double level) {
    for (int n = 0; n < length; ++n) x[static_cast<std::size_t>(at + n)] = level;
  };
  flatten(723, 5, 0.9);
  flatten(3073, 4, -0.95);
  flatten(20023, 9, 0.9);
  const ClippedRuns runs = inspected(FloatTrack({x})).channels[0].clipped;
  EXPECT_EQ(runs.runs, 3);
  EXPECT_EQ(runs.samples, 18);
  EXPECT_EQ(runs.longest, 9);
  EXPECT_EQ(runs.first_frame, 723);
  EXPECT_FLOAT_EQ(runs.level, -0.95f);
}

TEST(InspectionTest, RunsBelowTheChannelsOwnExtremeAreNoClipping) {
  Signal x = test::sine(441, 0.7, kInspectionRate, 44100);
  for (std::size_t n = 723; n < 728; ++n) x[n] = 0.9;
  EXPECT_EQ(inspected(FloatTrack({x})).channels[0].clipped.runs, 1);
  x[30025] = 0.95;  // a single higher sample: the flat top was a coincidence
  EXPECT_EQ(inspected(FloatTrack({x})).channels[0].clipped.runs, 0);
}

TEST(InspectionTest, TwoEqualSamplesAndQuietRunsAreNoClipping) {
  Signal x = test::sine(441, 0.7, kInspectionRate, 44100);
  x[723] = x[724] = 0.9;
  EXPECT_EQ(inspected(FloatTrack({x})).channels[0].clipped.runs, 0);
  Signal quiet = test::sine(441, 0.2, kInspectionRate, 44100);
  for (std::size_t n = 723; n < 728; ++n) quiet[n] = 0.3;
  EXPECT_EQ(inspected(FloatTrack({quiet})).channels[0].clipped.runs, 0);
}

// Rounded to 16 bits, the crest of a low note is flat for several samples.
TEST(InspectionTest, SmoothCrestsOfLowNotesAreNoClipping) {
  for (const double hz : {10.0, 20.0, 30.0, 41.2, 55.0, 80.0, 110.0}) {
    SCOPED_TRACE(hz);
    const FloatTrack track = in_16_bits({test::sine(hz, 0.98, kInspectionRate, 441000, 0.3)});
    EXPECT_EQ(inspected(track).channels[0].clipped.runs, 0);
  }
}

TEST(InspectionTest, HardClippedProgrammeIsFoundAndTheSameProgrammeUnclippedIsNot) {
  const Signal x = clean_programme(1);
  EXPECT_EQ(inspected(in_16_bits({x})).channels[0].clipped.runs, 0);
  const ClippedRuns runs = inspected(in_16_bits({louder(x, 4)})).channels[0].clipped;
  EXPECT_GT(runs.runs, 10);
  EXPECT_FLOAT_EQ(std::abs(runs.level), 1.0f);
}

TEST(InspectionTest, RunsAcrossBlocksAndAtTheEndsAreWhole) {
  for (const std::int64_t at :
       {std::int64_t{0}, std::int64_t{62}, std::int64_t{2045}, std::int64_t{4095}, std::int64_t{4990}}) {
    SCOPED_TRACE(at);
    Signal x(5000, 0.1);
    for (std::int64_t n = at; n < at + 10; ++n) x[static_cast<std::size_t>(n)] = 0.8;
    const ClippedRuns runs = inspected(FloatTrack({x})).channels[0].clipped;
    EXPECT_EQ(runs.runs, 1);
    EXPECT_EQ(runs.longest, 10);
    EXPECT_EQ(runs.first_frame, at);
  }
}

TEST(InspectionTest, TheMeanAndThePowerAreThoseOfTheSamples) {
  Signal x = clean_programme(2), y = clean_programme(3);
  for (double& v : x) v += 0.01;
  const FloatTrack track({x, y});
  const Inspection seen = inspected(track);
  for (int c = 0; c < 2; ++c) {
    double sum = 0, square = 0;
    for (const float v : track.channel(c)) {
      sum += static_cast<double>(v);
      square += static_cast<double>(v) * static_cast<double>(v);
    }
    const auto frames = static_cast<double>(track.frames());
    // Sums of 128 samples in float32 within a block.
    EXPECT_NEAR(seen.channels[static_cast<std::size_t>(c)].mean, sum / frames, 1e-7);
    EXPECT_NEAR(seen.channels[static_cast<std::size_t>(c)].mean_square, square / frames, 1e-5 * square / frames);
    const auto [low, high] = std::minmax_element(track.channel(c).begin(), track.channel(c).end());
    EXPECT_EQ(seen.channels[static_cast<std::size_t>(c)].highest, *high);
    EXPECT_EQ(seen.channels[static_cast<std::size_t>(c)].lowest, *low);
  }
}

TEST(InspectionTest, ExtremesOfATrackThatNeverCrossesZeroAreItsOwn) {
  const Inspection seen = inspected(FloatTrack({Signal(3000, 0.25)}));
  EXPECT_EQ(seen.channels[0].lowest, 0.25f);
  EXPECT_EQ(seen.channels[0].highest, 0.25f);
}

TEST(InspectionTest, SilenceAtTheEndsIsExactToTheFrameAndBlackIsToldApart) {
  const Signal sound = clean_programme(4, 50000);
  Signal x(3001, 0.0);
  x.resize(3001 + 777, 2e-5);  // below -90 dBFS
  x.insert(x.end(), sound.begin(), sound.end());
  x[3778] = 0.1;
  x.back() = 0.1;
  const auto end = static_cast<std::int64_t>(x.size());
  x.resize(x.size() + 501, -2e-5);
  x.resize(x.size() + 6007, 0.0);
  const SilenceFacts seen = inspected(FloatTrack({x})).silence;
  EXPECT_EQ(seen.frames, static_cast<std::int64_t>(x.size()));
  EXPECT_EQ(seen.first_nonzero, 3001);
  EXPECT_EQ(seen.first_sound, 3778);
  EXPECT_EQ(seen.last_sound, end - 1);
  EXPECT_EQ(seen.last_nonzero, end + 500);
}

TEST(InspectionTest, OneSampleInOneChannelIsWhereTheTrackSounds) {
  for (const std::int64_t at : {0, 15, 16, 63, 64, 2047, 2048, 4999}) {
    SCOPED_TRACE(at);
    Signal x(5000, 0.0), silent(5000, 0.0);
    x[static_cast<std::size_t>(at)] = -0.5;
    const SilenceFacts seen = inspected(FloatTrack({silent, x, silent})).silence;
    EXPECT_EQ(seen.first_sound, at);
    EXPECT_EQ(seen.last_sound, at);
    EXPECT_EQ(seen.first_nonzero, at);
    EXPECT_EQ(seen.last_nonzero, at);
  }
}

TEST(InspectionTest, DropoutsAreFoundWhereTheyAreAndRestsAreNot) {
  test::Random random(5);
  const Signal noise = test::white_noise(random, 0.2, 100000);
  const auto with_hole = [&](std::int64_t at, std::int64_t length) {
    Signal x = noise;
    std::fill_n(x.begin() + at, length, 0.0);
    return x;
  };
  for (const std::int64_t at : {std::int64_t{1000}, std::int64_t{2040}, std::int64_t{30001}, std::int64_t{40955}}) {
    for (const std::int64_t length : {89, 128, 1000, 20000}) {
      SCOPED_TRACE(std::to_string(at) + " " + std::to_string(length));
      const SilenceFacts seen = inspected(FloatTrack({with_hole(at, length)})).silence;
      EXPECT_EQ(seen.gaps, 1);
      EXPECT_EQ(seen.first_gap_frame, at);
      EXPECT_EQ(seen.longest_gap, length);
    }
  }
  EXPECT_EQ(inspected(FloatTrack({with_hole(1000, 60)})).silence.gaps, 0) << "shorter than 2 ms";
  EXPECT_EQ(inspected(FloatTrack({with_hole(1000, 1000), noise})).silence.gaps, 0) << "the other channel plays on";
  Signal rest = with_hole(30000, 20000);
  for (std::size_t n = 0; n < 882; ++n) rest[29999 - n] *= static_cast<double>(n) / 882;  // a fade of 20 ms before it
  EXPECT_EQ(inspected(FloatTrack({rest})).silence.gaps, 0) << "music that fades to a rest";
}

TEST(InspectionTest, TheLevelAtTheEndIsThatBeforeTheLastFrameThatSounds) {
  test::Random random(6);
  Signal x = test::white_noise(random, 0.1, 60000);
  x.resize(90000, 0.0);  // black behind it
  const SilenceFacts cut = inspected(FloatTrack({x})).silence;
  EXPECT_GT(cut.end_peak, 0.15f);
  for (std::size_t n = 0; n < 4410; ++n) x[59999 - n] *= std::pow(10.0, -3 + 3 * static_cast<double>(n) / 4410);
  const SilenceFacts faded = inspected(FloatTrack({x})).silence;
  EXPECT_LT(faded.end_peak, 0.002f);
  EXPECT_GT(faded.tail_peak, 0.1f);
}

TEST(InspectionTest, WhatTheChannelsShareIsThatOfTheSamples) {
  const Signal a = clean_programme(7), b = clean_programme(8);
  const Inspection seen = inspected(FloatTrack({a, b}));
  double product = 0, square = 0, peak = 0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    product += a[n] * b[n];
    square += (a[n] - b[n]) * (a[n] - b[n]);
    peak = std::max(peak, std::abs(a[n] - b[n]));
  }
  const auto frames = static_cast<double>(a.size());
  ASSERT_TRUE(seen.pair);
  EXPECT_NEAR(seen.pair->mean_product, product / frames, 1e-6);
  EXPECT_NEAR(seen.pair->difference_mean_square, square / frames, 1e-5 * square / frames);
  EXPECT_NEAR(seen.pair->difference_peak, peak, 1e-6);
  EXPECT_FALSE(inspected(FloatTrack({a})).pair);
  EXPECT_FALSE(inspected(FloatTrack({a, b, a, b, a, b})).pair);
  EXPECT_EQ(inspected(FloatTrack({a, a})).pair->difference_peak, 0.0f);
}

Signal with_clicks(Signal x, const std::vector<std::int64_t>& at, double size) {
  for (const std::int64_t n : at) x[static_cast<std::size_t>(n)] += size;
  return x;
}

TEST(InspectionTest, ClicksAreCountedAndPlaced) {
  const Signal x = louder(clean_programme(30), 0.1);
  EXPECT_EQ(inspected(in_16_bits({x})).clicks.clicks, 0);
  const std::vector<std::int64_t> places{2047, 30000, 30500, 65535, 65536 + 400, 150007};
  const ClickFacts seen = inspected(in_16_bits({with_clicks(x, places, 0.15)})).clicks;
  EXPECT_EQ(seen.clicks, 6);
  EXPECT_NEAR(static_cast<double>(seen.first_frame), 2047, ClickFinder::kRow);
  const ClickFacts worst = inspected(in_16_bits({with_clicks(with_clicks(x, places, 0.15), {99999}, 0.3)})).clicks;
  EXPECT_EQ(worst.clicks, 7);
  EXPECT_NEAR(static_cast<double>(worst.worst_frame), 99999, ClickFinder::kRow);
  EXPECT_NEAR(worst.worst / 6, 0.3f, 0.05f);
  // A jump, as a bad edit leaves it.
  Signal jump = x;
  for (std::size_t n = 100000; n < jump.size(); ++n) jump[n] += 0.3;
  EXPECT_EQ(inspected(FloatTrack({jump})).clicks.clicks, 1);
}

// Strokes with an attack of no length that ring for 5 ms and more, in noise of their own.
TEST(InspectionTest, DrumsAreNoClicks) {
  test::Random random(31);
  for (const double ring_ms : {5.0, 20.0, 100.0}) {
    SCOPED_TRACE(ring_ms);
    Signal x(300000, 0.0);
    for (std::size_t start = 1000; start < 290000; start += 11025) {
      const Signal burst = test::white_noise(random, 0.2, 9000);
      for (std::size_t n = 0; n < burst.size(); ++n)
        x[start + n] += burst[n] * std::exp(-static_cast<double>(n) / (ring_ms * 44.1));
    }
    EXPECT_EQ(inspected(FloatTrack({x})).clicks.clicks, 0);
  }
}

TEST(InspectionTest, ATrackThatBeginsAndEndsAbruptlyHasNoClickThere) {
  test::Random random(32);
  EXPECT_EQ(inspected(FloatTrack({test::sine(1000, 0.9, kInspectionRate, 50001, 1)})).clicks.clicks, 0);
}

void expect_same(const Inspection& a, const Inspection& b) {
  ASSERT_EQ(a.channels.size(), b.channels.size());
  EXPECT_EQ(a.frames, b.frames);
  for (std::size_t c = 0; c < a.channels.size(); ++c) {
    EXPECT_EQ(a.channels[c].highest, b.channels[c].highest);
    EXPECT_EQ(a.channels[c].lowest, b.channels[c].lowest);
    EXPECT_EQ(a.channels[c].mean, b.channels[c].mean);
    EXPECT_EQ(a.channels[c].mean_square, b.channels[c].mean_square);
    EXPECT_EQ(a.channels[c].clipped.runs, b.channels[c].clipped.runs);
    EXPECT_EQ(a.channels[c].clipped.samples, b.channels[c].clipped.samples);
    EXPECT_EQ(a.channels[c].clipped.first_frame, b.channels[c].clipped.first_frame);
  }
  ASSERT_EQ(a.pair.has_value(), b.pair.has_value());
  if (a.pair) {
    EXPECT_EQ(a.pair->mean_product, b.pair->mean_product);
    EXPECT_EQ(a.pair->difference_mean_square, b.pair->difference_mean_square);
  }
  EXPECT_EQ(a.silence.first_sound, b.silence.first_sound);
  EXPECT_EQ(a.silence.last_sound, b.silence.last_sound);
  EXPECT_EQ(a.silence.gaps, b.silence.gaps);
  EXPECT_EQ(a.silence.first_gap_frame, b.silence.first_gap_frame);
  EXPECT_EQ(a.silence.longest_gap, b.silence.longest_gap);
  EXPECT_EQ(a.silence.end_peak, b.silence.end_peak);
  EXPECT_EQ(a.silence.tail_peak, b.silence.tail_peak);
  EXPECT_EQ(a.spectrum.powers, b.spectrum.powers);
  EXPECT_EQ(a.spectrum.walls.windows, b.spectrum.walls.windows);
  EXPECT_EQ(a.spectrum.walls.walls, b.spectrum.walls.walls);
  EXPECT_EQ(a.spectrum.walls.cutoff_hz, b.spectrum.walls.cutoff_hz);
  EXPECT_EQ(a.clicks.clicks, b.clicks.clicks);
  EXPECT_EQ(a.clicks.first_frame, b.clicks.first_frame);
  EXPECT_EQ(a.clicks.worst, b.clicks.worst);
}

FloatTrack faulty_track(int channels, std::int64_t frames) {
  std::vector<Signal> signals;
  for (int c = 0; c < channels; ++c) {
    Signal x = louder(clean_programme(20 + static_cast<std::uint64_t>(c), frames), 6);
    for (std::int64_t n = frames / 3; n < std::min(frames, frames / 3 + 700); ++n) x[static_cast<std::size_t>(n)] = 0;
    signals.push_back(x);
  }
  return in_16_bits(signals);
}

TEST(InspectionTest, HowTheTrackIsCutIntoBlocksChangesNothing) {
  test::Random random = test::seeded(11);
  for (const int channels : {1, 2, 6}) {
    const FloatTrack track = faulty_track(channels, 150001);
    const Inspection whole = inspected(track);
    EXPECT_GT(whole.channels[0].clipped.runs, 0);
    for (int n = 0; n < 4; ++n)
      expect_same(inspected(track, kInspectionRate, test::random_cuts(random, track.frames())), whole);
  }
}

TEST(InspectionTest, Avx2AndAvx512GiveTheSameBits) {
  LATHE_NEEDS_AVX512();
  const FloatTrack track = faulty_track(2, 150001);
  const auto look = [&] { return inspected(track); };
  expect_same(test::at_level(SimdLevel::avx2, look), test::at_level(SimdLevel::avx512, look));
}

TEST(InspectionTest, EveryLevelFindsTheSameFaults) {
  const FloatTrack track = faulty_track(2, 100000);
  const Inspection first = inspected(track);
  test::for_each_simd_level([&] {
    const Inspection seen = inspected(track);
    EXPECT_EQ(seen.channels[0].clipped.runs, first.channels[0].clipped.runs);
    EXPECT_EQ(seen.silence.first_gap_frame, first.silence.first_gap_frame);
    EXPECT_NEAR(seen.channels[1].mean_square, first.channels[1].mean_square, 1e-6);
    for (std::size_t k = 0; k < 1024; k += 50)
      EXPECT_NEAR(power_to_db(seen.spectrum.powers[0][k]), power_to_db(first.spectrum.powers[0][k]), 1e-3);
  });
}

TEST(InspectionTest, NothingAndNextToNothingAreLookedAtToo) {
  for (const std::int64_t frames : {0, 1, 2, 15, 16, 17, 63, 64, 65, 2047, 2048, 2049}) {
    SCOPED_TRACE(frames);
    const Inspection seen = inspected(FloatTrack({Signal(static_cast<std::size_t>(frames), 0.25)}));
    EXPECT_EQ(seen.frames, frames);
    EXPECT_EQ(seen.channels[0].peak(), frames > 0 ? 0.25f : 0.0f);
    EXPECT_EQ(seen.silence.last_sound, frames - 1);
    EXPECT_EQ(seen.silence.last_nonzero, frames - 1);
    EXPECT_EQ(seen.silence.first_sound, frames > 0 ? 0 : -1);
  }
}

}  // namespace
}  // namespace lathe
