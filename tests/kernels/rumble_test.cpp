// Rumble goes, bass stays.
#include "kernels/restoration/rumble.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/comparison.h"
#include "tests/support/rumble_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track_reader.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Random;
using test::Signal;

struct RumbleRestored {
  Finding finding;
  RestorationResult result;
  FloatTrack track;
};

RumbleSettings rumble_always(double freq_hz = 0) {
  RumbleSettings settings;
  settings.common.always = true;
  settings.freq_hz = freq_hz;
  return settings;
}

RumbleRestored rumble_restored(const FloatTrack& track, double rate_hz, const RumbleSettings& settings = {},
                               double strength = 0.5) {
  test::CopyingReader reader(track);
  const auto rumble = cpu::make_rumble(settings, {rate_hz, track.channels()});
  EXPECT_EQ(rumble->name(), "rumble");
  const Finding finding = rumble->examine(reader);
  test::Collector out(track.channels());
  const RestorationResult result = rumble->restore(reader, strength, out);
  EXPECT_EQ(out.finished(), 1);
  return {finding, result, out.track()};
}

Finding rumble_found_in(const FloatTrack& track, double rate_hz) {
  test::CopyingReader reader(track);
  return cpu::make_rumble({}, {rate_hz, track.channels()})->examine(reader);
}

double rumble_figure(const std::vector<std::pair<std::string, double>>& figures, const std::string& name) {
  for (const auto& [key, value] : figures) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no figure " << name;
  return 0;
}

// Two channels whose bass is alike: beats at 45 Hz that die away, under a programme that the channels share in part.
std::vector<Signal> rumble_music(Random& random, double rate_hz, double seconds) {
  const auto frames = static_cast<std::int64_t>(seconds * rate_hz);
  const auto quiet = [&](double rms) {
    Signal x = test::programme(random, rate_hz, frames);
    // No subsonics: a difference of neighbours 10 ms apart.
    const auto lag = static_cast<std::size_t>(0.01 * rate_hz);
    for (std::size_t n = x.size(); n-- > lag;) x[n] -= x[n - lag];
    double power = 0;
    for (const double v : x) power += v * v / static_cast<double>(x.size());
    for (double& v : x) v *= rms / std::sqrt(power);
    return x;
  };
  const Signal alike = quiet(0.1), left = quiet(0.01), right = quiet(0.01);
  std::vector<Signal> out{left, right};
  for (std::size_t n = 0; n < alike.size(); ++n) {
    const double t = std::fmod(static_cast<double>(n) / rate_hz, 0.5);
    const double beat = 0.3 * std::exp(-8 * t) * std::sin(6.283185307 * 45 * t);
    for (Signal& channel : out) channel[n] += alike[n] + beat;
  }
  return out;
}

double rumble_gain_db(const FloatTrack& before, const FloatTrack& after, const std::vector<Signal>& clean,
                      int channel) {
  const Signal& is = clean[static_cast<std::size_t>(channel)];
  return test::residual_db(before.signal(channel), is) - test::residual_db(after.signal(channel), is);
}

TEST(Rumble, OfARecordIsFoundAndGoes) {
  Random random = test::seeded(70);
  for (const double rate : {8000.0, 44100.0, 96000.0, 192000.0}) {
    SCOPED_TRACE(rate);
    const std::vector<Signal> clean = rumble_music(random, rate, 20);
    std::vector<Signal> worn = clean;
    test::add_rumble(random, 0.03, 0.2, rate, worn[0], worn[1]);
    const FloatTrack track(worn);
    const RumbleRestored r = rumble_restored(track, rate);
    EXPECT_TRUE(r.finding.is_found);
    EXPECT_GT(r.finding.confidence, 0.9);
    EXPECT_NEAR(rumble_figure(r.finding.figures, "level_dbfs"), -31.5, 1.5);
    for (int c = 0; c < 2; ++c) EXPECT_GT(rumble_gain_db(track, r.track, clean, c), 8);
  }
}

TEST(Rumble, BassThatBothChannelsShareIsNone) {
  Random random = test::seeded(71);
  std::vector<Signal> clean = rumble_music(random, 44100, 20);
  const FloatTrack beats(clean);
  EXPECT_FALSE(rumble_found_in(beats, 44100).is_found);
  EXPECT_TRUE(test::same_bits(rumble_restored(beats, 44100).track, beats));
  // Rumbling all the time, but alike in both, or in the left alone, or in a mono track.
  Signal silent(clean[0].size(), 0.0), rumbling = silent;
  test::add_rumble(random, 0, 1, 44100, rumbling, silent);
  test::add_rumble(random, 0.05, 0, 44100, rumbling, silent);
  std::vector<Signal> alike = clean, left = clean;
  for (std::size_t n = 0; n < rumbling.size(); ++n) {
    alike[0][n] += rumbling[n], alike[1][n] += rumbling[n];
    left[0][n] += rumbling[n];
  }
  EXPECT_FALSE(rumble_found_in(FloatTrack(alike), 44100).is_found);
  EXPECT_FALSE(rumble_found_in(FloatTrack(left), 44100).is_found);
  EXPECT_FALSE(rumble_found_in(FloatTrack(std::vector<Signal>{alike[0]}), 44100).is_found);
}

TEST(Rumble, ATrackInAntiphaseThroughAndThroughIsNotARecord) {
  Random random = test::seeded(72);
  std::vector<Signal> clean = rumble_music(random, 44100, 20);
  Signal silent(clean[0].size(), 0.0);
  test::add_rumble(random, 0.05, 0, 44100, clean[0], silent);
  clean[1] = clean[0];
  for (double& v : clean[1]) v = -v;
  EXPECT_FALSE(rumble_found_in(FloatTrack(clean), 44100).is_found);
}

TEST(Rumble, MusicUnderRumbleKeepsItsBass) {
  Random random = test::seeded(73);
  const std::vector<Signal> clean = rumble_music(random, 44100, 20);
  std::vector<Signal> worn = clean;
  test::add_rumble(random, 0.03, 0.2, 44100, worn[0], worn[1]);
  const RumbleRestored r = rumble_restored(FloatTrack(worn), 44100);
  ASSERT_TRUE(r.finding.is_found);
  // Beats in the bass come so often that their floor never falls; what both channels share must not get worse.
  const Signal left = r.track.signal(0), right = r.track.signal(1);
  Signal sum(left.size()), is(left.size()), was(left.size());
  for (std::size_t n = 0; n < left.size(); ++n) {
    sum[n] = left[n] + right[n], is[n] = clean[0][n] + clean[1][n], was[n] = worn[0][n] + worn[1][n];
  }
  EXPECT_LT(test::residual_db(sum, is), test::residual_db(was, is));
}

TEST(Rumble, TheHighPassIsItsDefinition) {
  Random random = test::seeded(74);
  for (const auto& [rate, freq] : {std::pair(44100.0, 20.0), std::pair(8000.0, 80.0), std::pair(48000.0, 5.0)}) {
    SCOPED_TRACE(rate);
    const Signal x = test::white_noise(random, 0.1, static_cast<std::int64_t>(3 * rate));
    const FloatTrack track(std::vector<Signal>{x});
    const RumbleRestored r = rumble_restored(track, rate, rumble_always(freq));
    EXPECT_LT(test::residual_db(r.track.signal(0), test::high_passed_oracle(track.signal(0), freq, rate)), -130);
    EXPECT_GT(rumble_figure(r.result.figures, "samples_changed"), 2 * rate);
  }
}

TEST(Rumble, TheHighPassTakesWhatLiesBelowItAndNothingElse) {
  for (const auto& [hz, least_db, most_db] :
       {std::tuple(8.0, -200.0, -55.0), std::tuple(20.0, -6.3, -5.8), std::tuple(32.0, -0.02, 0.02),
        std::tuple(90.0, -0.02, 0.02), std::tuple(110.0, -0.02, 0.02), std::tuple(440.0, -0.001, 0.001)}) {
    SCOPED_TRACE(hz);
    Signal x(10 * 44100);
    for (std::size_t n = 0; n < x.size(); ++n)
      x[n] = 0.5 * std::sin(6.283185307179586 * hz * static_cast<double>(n) / 44100);
    const RumbleRestored r = rumble_restored(FloatTrack(std::vector<Signal>{x}), 44100, rumble_always(20));
    double before = 0, after = 0;
    for (std::size_t n = 2 * 44100; n < 8 * 44100; ++n) {
      const auto y = static_cast<double>(r.track.channel(0)[n]);
      before += x[n] * x[n], after += y * y;
    }
    const double db = 10 * std::log10(after / before);
    EXPECT_GE(db, least_db);
    EXPECT_LE(db, most_db);
  }
}

TEST(Rumble, MoreStrengthTakesMore) {
  Random random = test::seeded(75);
  std::vector<Signal> worn = rumble_music(random, 44100, 15);
  test::add_rumble(random, 0.03, 0.2, 44100, worn[0], worn[1]);
  for (const double freq : {0.0, 20.0}) {
    double last = -300;
    for (const double strength : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      const double removed = rumble_figure(
          rumble_restored(FloatTrack(worn), 44100, rumble_always(freq), strength).result.figures, "removed_dbfs");
      EXPECT_GE(removed, last);
      last = removed;
    }
  }
}

TEST(Rumble, EachPairOfChannelsForItself) {
  Random random = test::seeded(76);
  std::vector<Signal> channels = rumble_music(random, 44100, 15);
  for (const Signal& more : rumble_music(random, 44100, 15)) channels.push_back(more);
  channels.push_back(channels[0]);
  test::add_rumble(random, 0.05, 0.2, 44100, channels[2], channels[3]);
  const FloatTrack track(channels);
  const RumbleRestored r = rumble_restored(track, 44100);
  EXPECT_TRUE(r.finding.is_found);
  for (const int c : {0, 1, 4}) EXPECT_TRUE(test::same_bits(r.track.channel(c), track.channel(c)));
  for (const int c : {2, 3}) EXPECT_FALSE(test::same_bits(r.track.channel(c), track.channel(c)));
}

TEST(Rumble, TheLevelOfSimdChangesNoBit) {
  LATHE_NEEDS_AVX512();
  Random random = test::seeded(77);
  std::vector<Signal> worn = rumble_music(random, 44100, 12);
  test::add_rumble(random, 0.03, 0.2, 44100, worn[0], worn[1]);
  const FloatTrack track(worn);
  const RumbleRestored avx2 = test::at_level(SimdLevel::avx2, [&] { return rumble_restored(track, 44100); });
  const RumbleRestored avx512 = test::at_level(SimdLevel::avx512, [&] { return rumble_restored(track, 44100); });
  EXPECT_TRUE(test::same_bits(avx2.track, avx512.track));
  EXPECT_EQ(avx2.finding.figures, avx512.finding.figures);
}

TEST(Rumble, NastyTracksComeOutFinite) {
  for (const int channels : {1, 2, 3, 8}) {
    for (const std::int64_t frames : {0, 1, 31, 44100, 250000}) {
      SCOPED_TRACE(frames);
      const FloatTrack silence(
          std::vector<Signal>(static_cast<std::size_t>(channels), Signal(static_cast<std::size_t>(frames), 0.0)));
      const FloatTrack dc(
          std::vector<Signal>(static_cast<std::size_t>(channels), Signal(static_cast<std::size_t>(frames), 1.0)));
      const FloatTrack tiny(
          std::vector<Signal>(static_cast<std::size_t>(channels), Signal(static_cast<std::size_t>(frames), 1e-42)));
      const FloatTrack square(std::vector<Signal>(static_cast<std::size_t>(channels), test::square(441, 1, frames)));
      for (const FloatTrack* track : {&silence, &dc, &tiny, &square}) {
        for (const double freq : {0.0, 20.0}) {
          const RumbleRestored r = rumble_restored(*track, 44100, rumble_always(freq));
          EXPECT_FALSE(r.finding.is_found);
          for (int c = 0; c < channels; ++c) {
            for (const float v : r.track.channel(c)) ASSERT_TRUE(std::isfinite(v));
          }
          for (const auto& [name, value] : r.finding.figures) EXPECT_TRUE(std::isfinite(value)) << name;
        }
      }
      EXPECT_TRUE(test::same_bits(rumble_restored(silence, 44100, rumble_always()).track, silence));
    }
  }
}

TEST(Rumble, SettingsOutOfRangeAreRefused) {
  for (const double freq : {-1.0, 4.9, 80.1})
    EXPECT_THROW(cpu::make_rumble(rumble_always(freq), {44100, 2}), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
