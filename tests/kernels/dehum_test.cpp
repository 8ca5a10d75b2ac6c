// Hum goes, bass stays.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/restoration/dehum.h"
#include "tests/support/comparison.h"
#include "tests/support/dehum_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track_reader.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Random;
using test::Signal;

const std::vector<double> kSixLines = {0.01, 0.005, 0.0033, 0.0025, 0.002, 0.00167};

struct Restored {
  Finding finding;
  RestorationResult result;
  FloatTrack track;
};

double figure(const std::vector<std::pair<std::string, double>>& figures, const std::string& name) {
  for (const auto& [key, value] : figures) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no figure " << name;
  return 0;
}

Restored restored(const FloatTrack& track, double rate_hz, DehumSettings settings = {}, double strength = 0.5) {
  settings.common.always = true;
  test::CopyingReader reader(track);
  const auto dehum = cpu::make_dehum(settings, {rate_hz, track.channels()});
  EXPECT_EQ(dehum->name(), "dehum");
  const Finding finding = dehum->examine(reader);
  test::Collector out(track.channels());
  const RestorationResult result = dehum->restore(reader, strength, out);
  EXPECT_EQ(out.finished(), 1);
  return {finding, result, out.track()};
}

Finding found_in(const FloatTrack& track, double rate_hz) {
  test::CopyingReader reader(track);
  return cpu::make_dehum({}, {rate_hz, track.channels()})->examine(reader);
}

// Programme of -20 dBFS or so.
Signal quiet_programme(Random& random, double rate_hz, double seconds) {
  Signal x = test::programme(random, rate_hz, static_cast<std::int64_t>(seconds * rate_hz));
  double power = 0;
  for (const double v : x) power += v * v / static_cast<double>(x.size());
  for (double& v : x) v *= 0.1 / std::sqrt(power);
  return x;
}

Signal sum(Signal a, const Signal& b) {
  for (std::size_t n = 0; n < a.size(); ++n) a[n] += b[n];
  return a;
}

// How much nearer `after` is to the programme than `before` was.
double gain_db(const FloatTrack& before, const FloatTrack& after, const Signal& programme, int channel = 0) {
  return test::residual_db(before.signal(channel), programme) - test::residual_db(after.signal(channel), programme);
}

bool is_finite(const FloatTrack& track) {
  for (int c = 0; c < track.channels(); ++c) {
    for (const float v : track.channel(c)) {
      if (!std::isfinite(v)) return false;
    }
  }
  return true;
}

TEST(Dehum, MainsHumThatDriftsIsFoundAndGoes) {
  Random random = test::seeded(10);
  for (const double freq : {50.0, 60.0}) {
    SCOPED_TRACE(freq);
    const Signal programme = quiet_programme(random, 44100, 30);
    const FloatTrack track(std::vector<Signal>{
        sum(programme, test::made_hum(freq, kSixLines, 0.02, 20, 44100, std::ssize(programme), random))});
    const Restored r = restored(track, 44100);
    EXPECT_TRUE(r.finding.is_found);
    EXPECT_GT(r.finding.confidence, 0.9);
    EXPECT_NEAR(figure(r.finding.figures, "freq_hz"), freq, 0.02);
    EXPECT_NEAR(figure(r.finding.figures, "level_dbfs"), -41.3, 0.5);
    EXPECT_GT(gain_db(track, r.track, programme), 15);
  }
}

TEST(Dehum, EachChannelHasItsOwnAmplitudeAndPhase) {
  Random random = test::seeded(11);
  const Signal programme = quiet_programme(random, 48000, 20);
  const Signal hum = test::made_hum(50, kSixLines, 0.01, 15, 48000, std::ssize(programme), random);
  Signal opposite = programme;
  for (std::size_t n = 0; n < hum.size(); ++n) opposite[n] -= 0.3 * hum[n];
  const FloatTrack track({sum(programme, hum), opposite});
  const Restored r = restored(track, 48000);
  EXPECT_TRUE(r.finding.is_found);
  EXPECT_GT(gain_db(track, r.track, programme, 0), 15);
  EXPECT_GT(gain_db(track, r.track, programme, 1), 5);
}

TEST(Dehum, HumOfATapeAtTheWrongSpeedIsFound) {
  Random random = test::seeded(12);
  const Signal programme = quiet_programme(random, 44100, 30);
  const FloatTrack track(
      std::vector<Signal>{sum(programme, test::made_hum(47.3, {0.03, 0.015, 0.01, 0.008, 0.006, 0.005}, 0.02, 20, 44100,
                                                        std::ssize(programme), random))});
  const Restored r = restored(track, 44100);
  EXPECT_TRUE(r.finding.is_found);
  EXPECT_NEAR(figure(r.finding.figures, "freq_hz"), 47.3, 0.03);
  EXPECT_GT(gain_db(track, r.track, programme), 15);
}

TEST(Dehum, HumThatBeginsInTheMiddleGoesWhereItIs) {
  Random random = test::seeded(13);
  const Signal programme = quiet_programme(random, 44100, 50);
  Signal hum = test::made_hum(50, kSixLines, 0.01, 20, 44100, std::ssize(programme), random);
  std::fill_n(hum.begin(), 22 * 44100, 0.0);
  const FloatTrack track(std::vector<Signal>{sum(programme, hum)});
  const Restored r = restored(track, 44100);
  EXPECT_TRUE(r.finding.is_found);
  EXPECT_GT(gain_db(track, r.track, programme), 12);
  EXPECT_TRUE(test::same_bits(track.channel(0).first(20 * 44100), r.track.channel(0).first(20 * 44100)));
}

TEST(Dehum, ProgrammeAndBassNotesAreNoHum) {
  Random random = test::seeded(14);
  const Signal programme = quiet_programme(random, 44100, 30);
  EXPECT_FALSE(found_in(FloatTrack(std::vector<Signal>{programme}), 44100).is_found);
  for (const double freq : {49.0, 50.0, 60.0}) {
    SCOPED_TRACE(freq);
    Signal notes = test::made_hum(freq, {0.1, 0.05, 0.03, 0.02}, 0, 1, 44100, std::ssize(programme), random);
    for (std::size_t n = 0; n < notes.size(); ++n) {
      if (n % 33075 > 26000) notes[n] = 0;  // a rest every 0.75 s
    }
    EXPECT_FALSE(found_in(FloatTrack(std::vector<Signal>{sum(programme, notes)}), 44100).is_found);
    const Signal drone = test::made_hum(freq, {0.1, 0.05, 0.03, 0.02}, 0, 1, 44100, std::ssize(programme), random);
    EXPECT_FALSE(found_in(FloatTrack(std::vector<Signal>{sum(programme, drone)}), 44100).is_found);
  }
}

TEST(Dehum, TheLevelOfSimdChangesNoBit) {
  LATHE_NEEDS_AVX512();
  Random random = test::seeded(15);
  const Signal programme = quiet_programme(random, 44100, 15);
  const FloatTrack track(std::vector<Signal>{
      sum(programme, test::made_hum(50, kSixLines, 0.02, 20, 44100, std::ssize(programme), random))});
  const Restored avx2 = test::at_level(SimdLevel::avx2, [&] { return restored(track, 44100); });
  const Restored avx512 = test::at_level(SimdLevel::avx512, [&] { return restored(track, 44100); });
  EXPECT_TRUE(test::same_bits(avx2.track, avx512.track));
  EXPECT_EQ(avx2.finding.figures, avx512.finding.figures);
}

TEST(Dehum, MoreStrengthTakesMoreAndDepthSetsALimit) {
  Random random = test::seeded(16);
  const Signal programme = quiet_programme(random, 22050, 20);
  const FloatTrack track(std::vector<Signal>{
      sum(programme, test::made_hum(50, kSixLines, 0.02, 20, 22050, std::ssize(programme), random))});
  double last = -300;
  for (const double strength : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const double removed = figure(restored(track, 22050, {}, strength).result.figures, "removed_dbfs");
    EXPECT_GE(removed, last);
    last = removed;
  }
  DehumSettings limited;
  limited.depth_db = 6;
  // Half the amplitude, 6 dB below all of it.
  EXPECT_NEAR(figure(restored(track, 22050, limited).result.figures, "removed_dbfs"),
              figure(restored(track, 22050).result.figures, "removed_dbfs") - 6.04, 0.2);
}

TEST(Dehum, RatesAndChannelsOfAllKinds) {
  Random random = test::seeded(17);
  for (const auto& [rate, channels] : {std::pair(8000.0, 8), std::pair(192000.0, 1), std::pair(96000.0, 3)}) {
    SCOPED_TRACE(rate);
    const Signal programme = quiet_programme(random, rate, 12);
    const Signal hum = test::made_hum(50, kSixLines, 0.01, 20, rate, std::ssize(programme), random);
    const FloatTrack track(std::vector<Signal>(static_cast<std::size_t>(channels), sum(programme, hum)));
    const Restored r = restored(track, rate);
    EXPECT_TRUE(r.finding.is_found);
    EXPECT_GT(gain_db(track, r.track, programme, channels - 1), 8);
  }
}

TEST(Dehum, NastyTracksComeOutFinite) {
  for (const std::int64_t frames : {0, 1, 31, 44100, 250000}) {
    SCOPED_TRACE(frames);
    FloatTrack silence(2, frames), dc(1, frames), denormal(1, frames);
    for (int c = 0; c < 2; ++c) std::fill(silence.channel(c).begin(), silence.channel(c).end(), 0.0f);
    std::fill(dc.channel(0).begin(), dc.channel(0).end(), 1.0f);
    std::fill(denormal.channel(0).begin(), denormal.channel(0).end(), 1e-42f);
    const FloatTrack square(std::vector<Signal>{test::square(441, 1, frames)});
    for (const FloatTrack* track : {&std::as_const(silence), &std::as_const(dc), &std::as_const(denormal), &square}) {
      const Restored r = restored(*track, 44100);
      EXPECT_TRUE(is_finite(r.track));
      EXPECT_FALSE(r.finding.is_found);
      for (const auto& [name, value] : r.finding.figures) EXPECT_TRUE(std::isfinite(value)) << name;
    }
    EXPECT_TRUE(test::same_bits(restored(silence, 44100).track, silence));
  }
}

TEST(Dehum, TooShortATrackTellsNothing) {
  Random random = test::seeded(18);
  const Signal hum = test::made_hum(50, kSixLines, 0, 1, 44100, 3 * 44100, random);
  EXPECT_FALSE(found_in(FloatTrack(std::vector<Signal>{hum}), 44100).is_found);
}

TEST(Dehum, SettingsOutOfRangeAreRefused) {
  const auto refused = [](auto&& change) {
    DehumSettings settings;
    change(settings);
    EXPECT_THROW(cpu::make_dehum(settings, {44100, 2}), std::invalid_argument);
  };
  refused([](auto& s) { s.freq_hz = 14; });
  refused([](auto& s) { s.freq_hz = 501; });
  refused([](auto& s) { s.harmonics = 0; });
  refused([](auto& s) { s.harmonics = 65; });
  refused([](auto& s) { s.depth_db = -1; });
}

}  // namespace
}  // namespace lathe
