// The parts of the hum remover against their definitions.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <span>

#include "kernels/math/turns.h"
#include "kernels/restoration/hum_frames.h"
#include "kernels/restoration/hum_low_band.h"
#include "kernels/restoration/hum_smooth.h"
#include "kernels/restoration/hum_subtract.h"
#include "tests/support/comparison.h"
#include "tests/support/dehum_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track_reader.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

TEST(HumParts, TurnsAreThoseOfTheCLibrary) {
  test::Random random = test::seeded(1);
  for (int i = 0; i < 10000; ++i) {
    const double x = random.uniform(-1000, 1000), whole = std::floor(x);
    const CosSin e = cos_sin_turns(x);
    EXPECT_NEAR(e.cos, std::cos(2 * std::numbers::pi * (x - whole)), 2e-15);
    EXPECT_NEAR(e.sin, std::sin(2 * std::numbers::pi * (x - whole)), 2e-15);
  }
}

TEST(HumParts, FramesOfTheLowBandAreThoseOfTheTrackItself) {
  constexpr double kRate = 44100;
  test::Random random = test::seeded(2);
  Signal x = test::programme(random, kRate, 4 * 44100);
  const Signal hum =
      test::made_hum(50.02, {0.01, 0.02, 0.005, 0.01, 0.01, 0.02, 0.01, 0.01}, 0, 1, kRate, std::ssize(x), random);
  for (std::size_t n = 0; n < x.size(); ++n) x[n] = 0.1 * x[n] + hum[n];
  const FloatTrack track(std::vector<Signal>{x});
  test::for_each_simd_level([&] {
    test::CopyingReader reader(track);
    const LowBand low(reader, kRate);
    const HumFrames got = hum_frames(low, 50, 8);
    ASSERT_EQ(got.lines, 8);
    const HumFrames want = test::hum_frames_oracle(track.signal(0), kRate, got);
    Signal a, b;
    for (std::size_t i = 0; i < got.z.size(); ++i) {
      a.push_back(got.z[i].re), a.push_back(got.z[i].im);
      b.push_back(want.z[i].re), b.push_back(want.z[i].im);
    }
    // What folds back into the low band is 65 dB down, and programme there is weaker than in the bass.
    EXPECT_LT(test::residual_db(a, b), -60);
  });
}

HumModel made_model(int channels, test::Random& random) {
  HumModel model;
  model.freq_hz = 50, model.hop_s = 0.125, model.first_s = 0.25, model.lines = 6, model.channels = channels,
  model.count = 20;
  double frequency = 0, phase = 0;
  for (std::int64_t m = 0; m < model.count; ++m) {
    frequency += 0.002 * random.normal();
    phase += 2 * std::numbers::pi * frequency * model.hop_s;
    model.phase.push_back(phase);
  }
  for (int r = 0; r < channels * model.lines; ++r) {
    Complex64 a{random.normal(), random.normal()};
    for (std::int64_t m = 0; m < model.count; ++m) model.a.push_back(0.01 * a), a.re += 0.01 * random.normal();
  }
  return model;
}

TEST(HumParts, WhatIsSubtractedIsTheModelsSumOfCosines) {
  test::Random random = test::seeded(3);
  const HumModel model = made_model(2, random);
  for (const double rate : {8000.0, 44100.0, 192000.0}) {
    const auto frames = static_cast<std::int64_t>(2.7 * rate);
    FloatTrack track(2, frames);
    for (int c = 0; c < 2; ++c) {
      for (float& v : track.channel(c)) v = static_cast<float>(0.1 * random.normal());
    }
    test::for_each_simd_level([&] {
      test::CopyingReader reader(track);
      test::Collector out(2);
      const HumSubtraction done = subtract_hum(reader, rate, model, out);
      ASSERT_EQ(out.finished(), 1);
      EXPECT_EQ(done.samples_changed, 2 * frames);
      for (int c = 0; c < 2; ++c) {
        Signal removed = track.signal(c);
        const Signal left = out.track().signal(c);
        for (std::size_t n = 0; n < removed.size(); ++n) removed[n] -= left[n];
        // Straight lines of 1,024 frames in place of the curve; at 8 kHz that is the hop itself.
        EXPECT_LT(test::residual_db(removed, test::hum_oracle(model, c, rate, frames)), rate > 8000 ? -80 : -55);
      }
    });
  }
}

TEST(HumParts, DigitalSilenceAndStretchesWithoutHumKeepTheirBits) {
  test::Random random = test::seeded(4);
  HumModel model = made_model(1, random);
  for (int k = 0; k < model.lines; ++k) {
    for (std::int64_t m = 0; m < 10; ++m) model.a[static_cast<std::size_t>(k * model.count + m)] = {};
  }
  FloatTrack track(1, 120000);
  for (float& v : track.channel(0)) v = static_cast<float>(0.1 * random.normal());
  for (std::size_t n = 80001; n < 95003; ++n) track.channel(0)[n] = 0;
  track.channel(0)[100000] = 0;
  test::CopyingReader reader(track);
  test::Collector out(1);
  subtract_hum(reader, 44100, model, out);
  const FloatTrack made = out.track();
  const std::span<const float> x = track.channel(0), y = made.channel(0);
  EXPECT_TRUE(test::same_bits(x.first(56000), y.first(56000)));
  EXPECT_TRUE(test::same_bits(x.subspan(80001, 15002), y.subspan(80001, 15002)));
  EXPECT_NE(y[100000], 0);
  EXPECT_NE(y[79999], x[79999]);
  EXPECT_NE(y[95004], x[95004]);
}

TEST(HumParts, SmoothersSolveTheirEquations) {
  test::Random random = test::seeded(5);
  for (const std::int64_t count : {1, 2, 3, 4, 17}) {
    const auto n = static_cast<std::size_t>(count);
    std::vector<Complex64> y(n), s(n);
    std::vector<double> re(n), w(n), slope(n), work;
    for (std::size_t i = 0; i < n; ++i)
      y[i] = {random.normal(), random.normal()}, re[i] = y[i].re, w[i] = random.uniform(0.1, 2);
    constexpr double kPenalty = 30;
    smooth_walk(y.data(), w.data(), kPenalty, count, work, s.data());
    std::vector<std::vector<double>> walk(n, std::vector<double>(n, 0.0)), bend = walk;
    std::vector<double> right(n);
    for (std::size_t i = 0; i < n; ++i) walk[i][i] = bend[i][i] = w[i], right[i] = w[i] * re[i];
    for (std::size_t i = 0; i + 1 < n; ++i) {
      walk[i][i] += kPenalty, walk[i + 1][i + 1] += kPenalty;
      walk[i][i + 1] -= kPenalty, walk[i + 1][i] -= kPenalty;
    }
    const double second[] = {1, -2, 1};
    for (std::size_t i = 0; i + 2 < n; ++i) {
      for (std::size_t a = 0; a < 3; ++a) {
        for (std::size_t b = 0; b < 3; ++b) bend[i + a][i + b] += kPenalty * second[a] * second[b];
      }
    }
    const std::vector<double> want = test::solve_oracle(walk, right);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(s[i].re, want[i], 1e-10);
    smooth_slope(re.data(), w.data(), kPenalty, count, work, slope.data());
    const std::vector<double> bent = count < 3 ? re : test::solve_oracle(bend, right);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(slope[i], bent[i], 1e-9);
  }
}

}  // namespace
}  // namespace lathe
