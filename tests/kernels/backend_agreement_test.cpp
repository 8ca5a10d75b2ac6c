// What block kernels and CUDA make of a track beside what the CPU makes of it, and beside themselves: twice, in
// segments, in batches, with the threads run backwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;
using test::TestBackend;

// Float32 paths against the CPU's, in dBFS, and loudness, in LU: promised to users.
constexpr double kRmsLimitDbfs = -120, kPeakLimitDbfs = -100, kLoudnessLimitLu = 1e-4;
// The CPU's filter runs in float32 within 10 ms; at 192 kHz that leaves -95.
constexpr double kPowerLimitDb = -90;

std::shared_ptr<const LinearPhaseEqDesign> design(std::vector<EqBand> bands, double rate) {
  return std::make_shared<const LinearPhaseEqDesign>(std::move(bands), rate);
}

EqBand on(BandChannel channel, EqBand band) {
  band.channel = channel;
  return band;
}

std::shared_ptr<const StereoDesign> stereo(double rate) {
  StereoSettings settings;
  settings.bands = {{300, 0.4}, {std::nullopt, 1.5}};
  settings.mono_below_hz = 120;
  settings.max_mono_loss_db = 1.5;
  settings.balance_db = -2;
  return std::make_shared<const StereoDesign>(settings, rate);
}

struct Case {
  std::string name;
  std::vector<ChainStep> steps;
};

// One chain for each way through the equaliser.
std::vector<Case> chains(double rate) {
  return {
      {"short kernel", {design({{BandType::high_shelf, 8000, 3}}, rate)}},
      {"long kernel", {design({{BandType::high_pass, 24, 0, 0.7, 24}, {BandType::bell, 320, -1.2, 0.9}}, rate)}},
      {"bass alone", {design({{BandType::high_pass, 22}}, rate)}},
      {"left and right",
       {design({on(BandChannel::left, {BandType::bell, 500, 6, 1}), on(BandChannel::right, {BandType::high_pass, 60})},
               rate)}},
      {"mid and side, then left",
       {design({on(BandChannel::side, {BandType::high_pass, 120}), on(BandChannel::mid, {BandType::bell, 2000, 2, 1}),
                on(BandChannel::left, {BandType::low_shelf, 200, 2})},
               rate)}},
      {"two equalisers and a gain",
       {design({{BandType::bell, 1000, 4, 1}}, rate), 0.7, design({{BandType::high_pass, 22}}, rate)}},
      {"stereo", {stereo(rate)}},
      {"nothing", {}}};
}

FloatTrack stereo_programme(test::Random& random, double rate, std::int64_t frames) {
  return FloatTrack({test::programme(random, rate, frames), test::programme(random, rate, frames)});
}

void expect_near(const FloatTrack& got, const FloatTrack& want) {
  ASSERT_EQ(got.frames(), want.frames());
  for (int c = 0; c < want.channels(); ++c) {
    double power = 0, worst = 0;
    for (std::size_t n = 0; n < want.channel(c).size(); ++n) {
      const double off = static_cast<double>(got.channel(c)[n]) - want.channel(c)[n];
      ASSERT_TRUE(std::isfinite(off)) << n;
      power += off * off;
      worst = std::max(worst, std::abs(off));
    }
    EXPECT_LT(test::db(std::sqrt(power / static_cast<double>(want.frames()))), kRmsLimitDbfs);
    EXPECT_LT(test::db(worst), kPeakLimitDbfs);
  }
}

// Levels of nothing are minus infinity on both sides.
void expect_level(double got, double want) {
  if (std::isinf(want)) {
    EXPECT_EQ(got, want);
  } else {
    EXPECT_NEAR(got, want, kLoudnessLimitLu);
  }
}

void expect_near(const LoudnessReading& got, const LoudnessReading& want) {
  expect_level(got.figures.integrated_lufs, want.figures.integrated_lufs);
  expect_level(got.figures.max_momentary_lufs, want.figures.max_momentary_lufs);
  expect_level(got.figures.max_short_term_lufs, want.figures.max_short_term_lufs);
  expect_level(got.figures.loudness_range_lu, want.figures.loudness_range_lu);
  EXPECT_NEAR(got.true_peak, want.true_peak, 1e-5 * want.true_peak);
  EXPECT_EQ(got.sample_peak, want.sample_peak);
  ASSERT_EQ(got.hops.energy.size(), want.hops.energy.size());
  EXPECT_LT(test::residual_db(got.hops.energy, want.hops.energy), -100);
  EXPECT_EQ(got.trace.sample_peak, want.trace.sample_peak);
  EXPECT_LT(test::residual_db(got.trace.bend, want.trace.bend), -120);
  ASSERT_EQ(got.trace.power.size(), want.trace.power.size());
  EXPECT_LE(test::residual_db(got.trace.power, want.trace.power), kPowerLimitDb);
}

class AgreementOf : public test::BackendTest {};

TEST_P(AgreementOf, EqualisersWithTheCpus) {
  test::Random random = test::seeded(130);
  for (const double rate : {44100.0, 96000.0}) {
    for (const Case& chain : chains(rate)) {
      SCOPED_TRACE(chain.name + " at " + std::to_string(rate));
      const FloatTrack in = stereo_programme(random, rate, random.integer(60000, 90000));
      expect_near(test::run_steps(GetParam(), chain.steps, rate, in),
                  test::run_steps(TestBackend::cpu, chain.steps, rate, in));
    }
  }
}

TEST_P(AgreementOf, MetersWithTheCpus) {
  test::Random random = test::seeded(131);
  for (const double rate : {8000.0, 44100.0, 48000.0, 192000.0}) {
    SCOPED_TRACE(rate);
    const auto second = static_cast<std::int64_t>(rate);
    const FloatTrack in = stereo_programme(random, rate, random.integer(3 * second + second / 5, 4 * second));
    expect_near(test::measure(GetParam(), in, rate, {1, 1.41}, true),
                test::measure(TestBackend::cpu, in, rate, {1, 1.41}, true));
  }
}

TEST_P(AgreementOf, MetersOfAnyLengthWithTheCpus) {
  test::Random random = test::seeded(132);
  for (const std::int64_t frames :
       {1, 7, 8, 9, 31, 32, 33, 255, 256, 257, 440, 441, 442, 17640, 17641, 65535, 65536, 65537}) {
    SCOPED_TRACE(frames);
    const FloatTrack in({test::white_noise(random, 0.1, frames)});
    const LoudnessReading got = test::measure(GetParam(), in, 44100, {1}, true),
                          want = test::measure(TestBackend::cpu, in, 44100, {1}, true);
    EXPECT_EQ(got.hops.energy.size(), want.hops.energy.size());
    EXPECT_EQ(got.trace.sample_peak, want.trace.sample_peak);
    EXPECT_EQ(got.trace.power.size(), want.trace.power.size());
    EXPECT_LT(test::worst_difference(got.trace.bend, want.trace.bend), 1e-6);
    EXPECT_NEAR(got.true_peak, want.true_peak, 1e-5 * want.true_peak);
    expect_level(got.figures.integrated_lufs, want.figures.integrated_lufs);
  }
}

LATHE_INSTANTIATE_BACKENDS(AgreementOf);

}  // namespace
}  // namespace lathe
