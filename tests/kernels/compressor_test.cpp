// The compressor against theory and its definition; its times; what must leave a track as it is.
#include "kernels/dynamics/compressor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/compressor_oracle.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track.h"

namespace lathe::test {
namespace {

constexpr double kRate = 48000;

CompressorSettings settings_of(LevelDetector detector, const CompressorBand& band) {
  CompressorSettings settings;
  settings.sample_rate_hz = kRate;
  settings.detector = detector;
  settings.lookahead_ms = 0;
  settings.bands = {band};
  return settings;
}

FloatTrack compressed(const CompressorSettings& settings, const FloatTrack& in, const std::vector<std::int64_t>& cuts) {
  const auto stage = cpu::make_compressor(std::make_shared<const CompressorDesign>(settings), in.channels());
  return run_stage(*stage, in, cuts);
}
FloatTrack compressed(const CompressorSettings& settings, const FloatTrack& in) {
  return compressed(settings, in, {in.frames()});
}

double rms(const FloatTrack& track, std::int64_t first, std::int64_t count) {
  double sum = 0;
  for (std::int64_t n = first; n < first + count; ++n) {
    const double x = track.channel(0)[static_cast<std::size_t>(n)];
    sum += x * x;
  }
  return std::sqrt(sum / static_cast<double>(count));
}

// What a steady sine is turned down by, over its last 0.2 s.
double measured_reduction_db(const CompressorSettings& settings, double freq_hz, double level_db) {
  const auto frames = static_cast<std::int64_t>(kRate);
  FloatTrack in({sine(freq_hz, std::pow(10.0, level_db / 20), kRate, frames)});
  const FloatTrack out = compressed(settings, in);
  const std::int64_t count = std::llround(0.2 * kRate), first = frames - 2 * count;
  return db(rms(in, first, count) / rms(out, first, count));
}

std::vector<Signal> programmes(Random& random, int channels, std::int64_t frames) {
  std::vector<Signal> signals;
  for (int c = 0; c < channels; ++c) signals.push_back(programme(random, kRate, frames));
  return signals;
}

double worst_residual_db(const FloatTrack& got, const std::vector<Signal>& want) {
  double worst = -400;
  for (int c = 0; c < got.channels(); ++c)
    worst = std::max(worst, residual_db(got.channel(c), want[static_cast<std::size_t>(c)]));
  return worst;
}

TEST(Compressor, SteadySinesAreTurnedDownByTheStaticCurve) {
  for (const LevelDetector detector : {LevelDetector::peak, LevelDetector::rms}) {
    for (const double ratio : {1.5, 4.0, 20.0}) {
      for (const double knee_db : {0.0, 6.0, 24.0}) {
        CompressorBand band{-20, ratio, knee_db, 5, 80};
        for (const double level_db : {-40.0, -30.0, -22.0, -20.0, -17.0, -10.0, 0.0}) {
          EXPECT_NEAR(measured_reduction_db(settings_of(detector, band), 997, level_db),
                      theory_reduction_db(band, level_db), 0.01)
              << "ratio " << ratio << " knee " << knee_db << " level " << level_db;
        }
      }
    }
  }
}

// Promised to users: 0.05 dB.
TEST(Compressor, TheStaticCurveHoldsFromTheBassToTheTreble) {
  const CompressorBand band{-30, 8, 6, 10, 100};
  for (const double freq_hz : {50.0, 63.0, 80.0, 121.0, 440.0, 3000.0, 10000.0, 15001.0}) {
    for (const LevelDetector detector : {LevelDetector::peak, LevelDetector::rms}) {
      EXPECT_NEAR(measured_reduction_db(settings_of(detector, band), freq_hz, -6), theory_reduction_db(band, -6), 0.045)
          << freq_hz << " Hz, " << (detector == LevelDetector::peak ? "peak" : "rms");
    }
  }
}

// The gain at a frame, in dB, from a carrier whose samples are all of the same size.
double reduction_at(const FloatTrack& in, const FloatTrack& out, std::int64_t frame) {
  const auto n = static_cast<std::size_t>(frame);
  return db(in.channel(0)[n] / out.channel(0)[n]);
}

TEST(Compressor, AttackAndReleaseAreTheTimeConstantsOfTheReduction) {
  for (const LevelDetector detector : {LevelDetector::peak, LevelDetector::rms}) {
    for (const auto& [attack_ms, release_ms] : {std::pair{10.0, 200.0}, {30.0, 250.0}, {100.0, 1000.0}}) {
      const CompressorBand band{-30, 4, 0, attack_ms, release_ms};
      const auto up = std::llround(0.1 * kRate) / 8 * 8, down = up + std::llround(1.5 * kRate) / 8 * 8;
      FloatTrack in(1, down + std::llround(4 * kRate));
      for (std::int64_t n = 0; n < in.frames(); ++n)
        in.channel(0)[static_cast<std::size_t>(n)] = n >= up && n < down ? 0.5f : 0.005f;
      const FloatTrack out = compressed(settings_of(detector, band), in);
      const double full_db = reduction_at(in, out, down - 1000);
      const auto ms = [](double t) { return std::llround(t * kRate / 1000); };
      // What is left of the way: behind the window e^-1 an attack, and for peaks from the step itself.
      const std::int64_t settled = up + ms(12);
      const double left = full_db - reduction_at(in, out, settled),
                   later = full_db - reduction_at(in, out, settled + ms(attack_ms));
      EXPECT_NEAR(attack_ms / std::log(left / later), attack_ms, 0.02 * attack_ms);
      if (detector == LevelDetector::peak) {
        EXPECT_NEAR(reduction_at(in, out, up + ms(attack_ms)) / full_db, 1 - std::exp(-1), 0.01);
      }
      const std::int64_t tail = down + ms(12 + 6 * attack_ms);
      const double before = reduction_at(in, out, tail), after = reduction_at(in, out, tail + ms(release_ms));
      EXPECT_NEAR(release_ms / std::log(before / after), release_ms, 0.02 * release_ms);
    }
  }
}

class CompressorOn : public BackendTest {
 protected:
  bool is_quick() const { return backend() != TestBackend::block; }
  FloatTrack made(const CompressorSettings& settings, const FloatTrack& in) {
    return run_steps(backend(), {std::make_shared<const CompressorDesign>(settings)}, kRate, in);
  }
};
LATHE_INSTANTIATE_BACKENDS(CompressorOn);

TEST_P(CompressorOn, ProgrammesComeOutAsTheDefinitionSays) {
  Random random = seeded(71);
  for (const int channels : {1, 2, 8}) {
    if (channels == 8 && !is_quick()) continue;
    const std::vector<Signal> signals = programmes(random, channels, is_quick() ? 60003 : 20003);
    for (const LevelDetector detector : {LevelDetector::peak, LevelDetector::rms}) {
      for (const double link : {0.0, 0.4, 1.0}) {
        CompressorSettings settings = settings_of(detector, {-35, 3, 8, 4, 90, 2.5, 14});
        settings.lookahead_ms = 3;
        settings.sidechain_high_pass_hz = channels == 2 ? 90 : 0;
        settings.mix = 0.8;
        settings.link = link;
        const std::vector<Signal> want = oracle_compressed(CompressorDesign(settings), signals);
        for_each_level_of(backend(), [&] {
          EXPECT_LT(worst_residual_db(made(settings, FloatTrack(signals)), want), -120);  // promised to users
        });
      }
    }
  }
}

CompressorSettings bands_of(LevelDetector detector) {
  CompressorSettings settings = settings_of(detector, {});
  settings.crossovers_hz = {200, 1200, 6000};
  settings.lookahead_ms = 2;
  settings.bands = {{-40, 3, 6, 10, 100}, {-30, 1}, {-45, 2, 0, 5, 60, 1}, {-50, 4, 12, 2, 50}};
  return settings;
}

TEST_P(CompressorOn, BandsComeOutAsTheDefinitionSays) {
  Random random = seeded(72);
  const std::vector<Signal> signals = programmes(random, 2, is_quick() ? 40001 : 20001);
  for (const LevelDetector detector : {LevelDetector::peak, LevelDetector::rms}) {
    const CompressorSettings settings = bands_of(detector);
    const std::vector<Signal> want = oracle_compressed(CompressorDesign(settings), signals);
    for_each_level_of(backend(),
                      [&] { EXPECT_LT(worst_residual_db(made(settings, FloatTrack(signals)), want), -120); });
  }
}

TEST(Compressor, ABandFollowsItsOwnStaticCurveInsideItsEdges) {
  for (const LevelDetector detector : {LevelDetector::peak, LevelDetector::rms}) {
    CompressorSettings settings = settings_of(detector, {});
    settings.crossovers_hz = {150, 1500};
    settings.bands = {{-30, 2, 0, 10, 100}, {-30, 5, 6, 10, 100}, {-40, 3, 24, 10, 100}};
    const double inside_hz[] = {70, 500, 5000};
    for (std::size_t b = 0; b < 3; ++b) {
      EXPECT_NEAR(measured_reduction_db(settings, inside_hz[b], -12), theory_reduction_db(settings.bands[b], -12),
                  0.045)
          << "band " << b;
    }
  }
}

TEST_P(CompressorOn, NeutralSettingsLeaveEveryBit) {
  needs_no_kernel();
  Random random = seeded(73);
  const FloatTrack in(programmes(random, 2, 50007));
  std::vector<CompressorSettings> neutral(4, settings_of(LevelDetector::rms, {-40, 4, 6, 5, 50, 3}));
  neutral[0].mix = 0;
  neutral[1].bands[0] = {-40, 1, 6, 5, 50};
  neutral[2].bands[0] = {0, 20, 6, 5, 50};
  neutral[3] = bands_of(LevelDetector::peak);
  for (CompressorBand& band : neutral[3].bands) band = {-40, 1};
  for (const CompressorSettings& settings : neutral) {
    EXPECT_TRUE(CompressorDesign(settings).changes_nothing());
    EXPECT_TRUE(same_bits(made(settings, in), in));
  }
  // At work, with nothing to do.
  EXPECT_TRUE(same_bits(made(settings_of(LevelDetector::peak, {-0.01, 4, 0, 5, 50}), in), in));
  CompressorSettings bands = bands_of(LevelDetector::rms);
  for (CompressorBand& band : bands.bands) band = {-0.01, 4, 0, 5, 50};
  EXPECT_TRUE(same_bits(made(bands, in), in));
}

TEST_P(CompressorOn, BandsTogetherAreTheTrack) {
  Random random = seeded(74);
  const FloatTrack in(programmes(random, 2, is_quick() ? 60000 : 20000));
  CompressorSettings settings = bands_of(LevelDetector::rms);
  for (CompressorBand& band : settings.bands) band = {-40, 1, 0, 10, 100, 6};
  const FloatTrack out = made(settings, in);
  for (int c = 0; c < 2; ++c) {
    Signal want = in.signal(c);
    for (double& x : want) x *= std::pow(10.0, 6.0 / 20);
    // Promised to users; each low-pass is added once and taken away once, so its own rounding falls out.
    EXPECT_LT(residual_db(out.channel(c), want), -140);
  }
}

// At high rates a look-ahead is longer than a block of the split: the first blocks hand on nothing.
TEST(Compressor, ALookAheadLongerThanABlockKeepsTheTrackWhole) {
  constexpr double kHighRate = 384000;
  Random random = seeded(78);
  const FloatTrack in(programmes(random, 2, 384000));
  CompressorSettings settings = settings_of(LevelDetector::rms, {-40, 4, 6, 10, 100, 0});
  settings.sample_rate_hz = kHighRate;
  settings.crossovers_hz = {6000};
  settings.bands.push_back(settings.bands[0]);
  settings.lookahead_ms = 50;
  FirstPassSetup setup = setup_for(in, kHighRate);
  setup.steps = {std::make_shared<const CompressorDesign>(settings)};
  FloatTrack whole(2, 0), cut(2, 0);
  run_pass(TestBackend::cpu, setup, in, {in.frames()}, &whole);
  run_pass(TestBackend::cpu, setup, in, {5000, in.frames() - 5000}, &cut);
  ASSERT_EQ(whole.frames(), in.frames());
  for (int c = 0; c < 2; ++c) {
    EXPECT_TRUE(std::equal(whole.channel(c).begin(), whole.channel(c).end(), cut.channel(c).begin()));
  }
}

class CompressorOnDevice : public BackendTest {};
LATHE_INSTANTIATE_DEVICES(CompressorOnDevice);

// What is carried from one segment to the next, and the account of the whole.
TEST_P(CompressorOnDevice, SegmentsAreAsTheWholeOnTheCpu) {
  Random random = seeded(76);
  const FloatTrack in(programmes(random, 2, 150011));
  for (const LevelDetector detector : {LevelDetector::peak, LevelDetector::rms}) {
    CompressorSettings settings = settings_of(detector, {-40, 4, 6, 10, 300, 1});
    settings.sidechain_high_pass_hz = 60;
    settings.link = 0.5;
    settings.lookahead_ms = 5;
    // With another stage behind it, whose halo makes windows overlap.
    const auto design = std::make_shared<const CompressorDesign>(settings);
    const auto eq =
        std::make_shared<const LinearPhaseEqDesign>(std::vector<EqBand>{{BandType::bell, 3000, 3.0, 1.0}}, kRate);
    FirstPassSetup setup = setup_for(in, kRate);
    setup.steps = {design, eq};
    setup.segment_samples = 1;
    FloatTrack got(2, 0), want(2, 0);
    const FirstPassResult on_device = run_pass(backend(), setup, in, {in.frames()}, &got),
                          on_cpu = run_pass(TestBackend::cpu, setup, in, {in.frames()}, &want);
    for (int c = 0; c < 2; ++c) EXPECT_LT(residual_db(got.channel(c), want.channel(c)), -120);
    const StageAccount &a = on_device.accounts[0], &b = on_cpu.accounts[0];
    for (std::size_t i = 0; i < b.figures.size(); ++i) EXPECT_NEAR(a.figures[i].second, b.figures[i].second, 1e-4);
    ASSERT_EQ(a.curves[0].values.size(), b.curves[0].values.size());
    for (std::size_t i = 0; i < b.curves[0].values.size(); ++i)
      EXPECT_NEAR(a.curves[0].values[i], b.curves[0].values[i], 1e-4);
  }
}

TEST(Compressor, CutsAndLevelsOfInstructionsChangeNoBit) {
  Random random = seeded(75);
  const FloatTrack in(programmes(random, 3, 70013));
  std::vector<CompressorSettings> all = {bands_of(LevelDetector::peak), settings_of(LevelDetector::rms, {-40, 4}),
                                         settings_of(LevelDetector::peak, {-40, 4})};
  all[1].sidechain_high_pass_hz = 60;
  all[1].link = 0.5;
  for (const CompressorSettings& settings : all) {
    const FloatTrack whole = compressed(settings, in);
    EXPECT_TRUE(same_bits(compressed(settings, in, random_cuts(random, in.frames())), whole));
    if (processor_simd_level() == SimdLevel::avx512) {
      EXPECT_TRUE(same_bits(at_level(SimdLevel::avx2, [&] { return compressed(settings, in); }), whole));
    }
  }
}

TEST(Compressor, TheAccountSaysWhatWasTurnedDown) {
  const CompressorBand band{-20, 4, 0, 1, 50};
  // A second of silence and two of a sine 12 dB over the threshold.
  Signal x = sine(1000, std::pow(10.0, -8.0 / 20), kRate, 3 * std::llround(kRate));
  std::fill_n(x.begin(), std::llround(kRate), 0.0);
  const auto stage =
      cpu::make_compressor(std::make_shared<const CompressorDesign>(settings_of(LevelDetector::peak, band)), 1);
  run_stage(*stage, FloatTrack({x}));
  const StageAccount account = stage->account();
  ASSERT_EQ(account.figures.size(), 4u);
  EXPECT_EQ(account.figures[0].first, "max_gain_reduction_db");
  EXPECT_NEAR(account.figures[0].second, 9, 0.01);
  EXPECT_NEAR(account.figures[1].second, 6, 0.02);         // mean
  EXPECT_NEAR(account.figures[2].second, 2.0 / 3, 0.001);  // of the time over 1 dB
  ASSERT_EQ(account.curves.size(), 1u);
  const std::vector<float>& by_second = account.curves[0].values;
  ASSERT_EQ(by_second.size(), 3u);
  EXPECT_EQ(by_second[0], 0);
  EXPECT_NEAR(by_second[2], 9, 0.01);
}

TEST(Compressor, SettingsThatMakeNoSenseAreRefused) {
  const auto refused = [](auto change) {
    CompressorSettings settings = bands_of(LevelDetector::rms);
    change(settings);
    EXPECT_THROW(settings.check(), std::invalid_argument);
  };
  refused([](CompressorSettings& s) { s.bands.pop_back(); });
  refused([](CompressorSettings& s) { s.crossovers_hz = {200, 100, 6000}; });
  refused([](CompressorSettings& s) { s.crossovers_hz[2] = 30000; });
  refused([](CompressorSettings& s) { s.bands[1].ratio = 0.5; });
  refused([](CompressorSettings& s) { s.mix = 1.5; });
  refused([](CompressorSettings& s) { s.lookahead_ms = -1; });
  refused([](CompressorSettings& s) { s.sample_rate_hz = 0; });
}

}  // namespace
}  // namespace lathe::test
