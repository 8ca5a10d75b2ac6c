// Declipping against its definition, against A-SPADE, and against what must hold for any track.
#include "kernels/restoration/declip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/restoration/clip_frames.h"
#include "tests/support/declip_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Random;
using test::Signal;

class Reader final : public TrackReader {
 public:
  explicit Reader(const FloatTrack& track) : track_(track) {}
  int channels() const override { return track_.channels(); }
  std::int64_t frames() const override { return track_.frames(); }
  AudioView read(std::int64_t first, std::int64_t count) override {
    window_.assign(static_cast<std::size_t>(count * channels()), 0.0f);
    for (int c = 0; c < channels(); ++c) {
      for (std::int64_t n = std::max<std::int64_t>(first, 0); n < std::min(first + count, frames()); ++n) {
        window_[static_cast<std::size_t>(c * count + n - first)] = track_.channel(c)[static_cast<std::size_t>(n)];
      }
    }
    return {window_.data(), channels(), count, count};
  }

 private:
  const FloatTrack& track_;
  std::vector<float> window_;
};

class Taker final : public AudioSink {
 public:
  Taker(int channels, std::int64_t frames) : track(channels, frames) {}
  void take(AudioView in) override {
    for (int c = 0; c < in.channels; ++c) std::copy_n(in.channel(c), in.frames, track.channel(c).data() + filled);
    filled += in.frames;
  }
  void finish() override { is_finished = true; }
  FloatTrack track;
  std::int64_t filled = 0;
  bool is_finished = false;
};

struct Outcome {
  Finding finding;
  RestorationResult result;
  FloatTrack out;
};

Outcome declip(const FloatTrack& in, double rate_hz = 44100, RestorationSettings common = {}) {
  Reader reader(in);
  auto stage = cpu::make_declip({common}, {rate_hz, in.channels()});
  Outcome outcome{stage->examine(reader), {}, in};
  if (outcome.finding.is_found || common.always) {
    Taker taker(in.channels(), in.frames());
    outcome.result = stage->restore(reader, common.strength, taker);
    EXPECT_TRUE(taker.is_finished);
    EXPECT_EQ(taker.filled, in.frames());
    outcome.out = taker.track;
  }
  return outcome;
}

Finding find(const Signal& signal, double rate_hz = 44100) {
  const FloatTrack track({signal});
  Reader reader(track);
  return cpu::make_declip({}, {rate_hz, 1})->examine(reader);
}

// Tones with their overtones that come and go, and some noise.
Signal declip_music(Random& random, std::int64_t frames) {
  Signal x = test::white_noise(random, 0.003, frames);
  for (int note = 0; note < 12; ++note) {
    const double pitch = random.log_uniform(80, 900), middle = random.uniform(0, static_cast<double>(frames));
    const double width = random.uniform(0.1, 0.4) * static_cast<double>(frames);
    for (int k = 1; k <= 6; ++k) {
      const Signal tone = test::sine(pitch * k, 0.2 / k, 44100, frames, random.uniform(0, 6));
      for (std::int64_t n = 0; n < frames; ++n) {
        const double away = (static_cast<double>(n) - middle) / width;
        x[static_cast<std::size_t>(n)] += tone[static_cast<std::size_t>(n)] * std::exp(-away * away);
      }
    }
  }
  return x;
}

Signal clip(Signal x, double level) {
  for (double& v : x) v = std::clamp(v, -level, level);
  return x;
}

Signal rounded(Signal x, double steps = 32768) {
  for (double& v : x) v = std::round(v * steps) / steps;
  return x;
}

double peak(const Signal& x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::abs(v));
  return most;
}

double sdr_db(const Signal& truth, const Signal& x) {
  double signal = 0, error = 0;
  for (std::size_t n = 0; n < truth.size(); ++n) {
    signal += truth[n] * truth[n];
    error += (x[n] - truth[n]) * (x[n] - truth[n]);
  }
  return 10 * std::log10(signal / error);
}

// The level at which clipping leaves this ratio.
double level_for(const Signal& x, double wanted_db) {
  double low = 0, high = peak(x);
  for (int i = 0; i < 40; ++i) (sdr_db(x, clip(x, (low + high) / 2)) < wanted_db ? low : high) = (low + high) / 2;
  return static_cast<double>(static_cast<float>(low));
}

std::vector<int> sides(const Signal& clipped, double level) {
  std::vector<int> side;
  for (const double v : clipped) side.push_back(v >= level ? 1 : v <= -level ? -1 : 0);
  return side;
}

TEST(DeclipTest, FramesFollowTheirDefinition) {
  Random random = test::seeded(61);
  const Signal whole = declip_music(random, 4096);
  const double level = static_cast<double>(static_cast<float>(0.6 * peak(whole)));
  const FloatTrack clipped({clip(whole, level)});
  const Signal x = clipped.signal(0);
  const auto side = sides(x, level);
  const std::vector<std::int8_t> narrow(side.begin(), side.end());
  for (const int rounds : {2, 4}) {
    const Signal expected = test::solve_clip_frames(x, side, 512, rounds);
    test::for_each_simd_level([&] {
      ClipFrames frames(512);
      FloatTrack made = clipped;
      std::vector<float> variance(x.size());
      EXPECT_GT(
          frames.solve(clipped.channel(0).data(), made.channel(0).data(), narrow.data(), 4096, rounds, variance.data()),
          5);
      // Spectra and systems are in float32, which the inverse of an ill-conditioned matrix magnifies.
      const double close_db = sdr_db(expected, made.signal(0));
      RecordProperty("frames_" + std::to_string(rounds), std::to_string(close_db));
      EXPECT_GT(close_db, 75) << rounds << " rounds";
    });
  }
}

TEST(DeclipTest, ClippedMusicComesAsCloseAsByASpade) {
  Random random = test::seeded(62);
  const Signal whole = declip_music(random, 2048);
  for (const double in_db : {10.0}) {
    const double level = level_for(whole, in_db);
    const FloatTrack clipped({clip(whole, level)});
    const Signal x = clipped.signal(0);
    const Outcome outcome = declip(clipped);
    EXPECT_TRUE(outcome.finding.is_found);
    const double ours = sdr_db(whole, outcome.out.signal(0)),
                 theirs = sdr_db(whole, test::a_spade(x, sides(x, level), 256));
    RecordProperty("declip_" + std::to_string(static_cast<int>(in_db)), std::to_string(ours));
    RecordProperty("a_spade_" + std::to_string(static_cast<int>(in_db)), std::to_string(theirs));
    EXPECT_GT(ours, theirs - 0.5) << "clipped to " << in_db << " dB";
    EXPECT_GT(ours, in_db + 3);
  }
}

TEST(DeclipTest, ReliableSamplesKeepTheirBitsAndClippedOnesReachTheLevel) {
  Random random = test::seeded(63);
  const Signal left = declip_music(random, 60000), right = declip_music(random, 60000);
  const double level = 0.5 * peak(left);
  const FloatTrack in({clip(left, level), clip(right, level)});
  const Outcome outcome = declip(in);
  ASSERT_TRUE(outcome.finding.is_found);
  const auto limit = static_cast<float>(level);
  std::int64_t changed = 0;
  for (int c = 0; c < 2; ++c) {
    for (std::size_t n = 0; n < 60000; ++n) {
      const float before = in.channel(c)[n], after = outcome.out.channel(c)[n];
      if (std::abs(before) < limit) {
        ASSERT_EQ(before, after);
      } else {
        ASSERT_GE(std::copysign(1.0f, before) * after, limit);
        changed += after != before;
      }
    }
  }
  std::int64_t last = 0, repaired = 0;
  for (const Repair& repair : outcome.result.repairs) {
    EXPECT_GE(repair.first_frame, last);
    last = repair.first_frame;
    repaired += repair.frames;
  }
  EXPECT_GT(changed, 100);
  EXPECT_GE(repaired, changed);
}

TEST(DeclipTest, WhatIsNotClippedIsLeftAlone) {
  Random random = test::seeded(64);
  Signal loud = declip_music(random, 100000);
  for (double& v : loud) v = 0.9 * std::tanh(2 * v);
  EXPECT_FALSE(find(rounded(loud)).is_found) << "rounded peaks";
  EXPECT_FALSE(find(rounded(test::programme(random, 44100, 100000))).is_found);
  EXPECT_FALSE(find(rounded(test::sine(50, 0.9, 44100, 100000))).is_found) << "low tone";
  EXPECT_FALSE(find(test::square(100, 0.5, 100000)).is_found) << "synthesiser";
  EXPECT_FALSE(find(Signal(50000, 0.0)).is_found);
  EXPECT_FALSE(find(Signal(50000, 0.7)).is_found);
}

TEST(DeclipTest, ClippingIsFoundWhateverHappenedToItAfterwards) {
  Random random = test::seeded(65);
  const Signal whole = declip_music(random, 200000);
  const double top = peak(whole);
  const Signal clipped = clip(whole, 0.5 * top);
  EXPECT_TRUE(find(clipped).is_found);
  EXPECT_TRUE(find(rounded(clipped)).is_found);
  Signal quieter = clipped, dithered = clipped, faded = clipped, uneven = clipped;
  for (std::size_t n = 0; n < clipped.size(); ++n) {
    quieter[n] *= n < 100000 ? 0.31 : 0.17;
    dithered[n] += (random.uniform(-0.5, 0.5) + random.uniform(-0.5, 0.5)) / 32768;
    faded[n] *= 1 - 0.2 * static_cast<double>(n) / 200000;
    uneven[n] = std::max(whole[n], -0.4 * top);
  }
  EXPECT_TRUE(find(rounded(quieter)).is_found) << "turned down, by two gains";
  EXPECT_TRUE(find(rounded(dithered)).is_found) << "dithered";
  EXPECT_TRUE(find(faded).is_found) << "faded";
  EXPECT_TRUE(find(uneven).is_found) << "one side only";
  EXPECT_GT(find(clipped).confidence, 0.95);
}

TEST(DeclipTest, AFewOversOfADecoderAreNoDamage) {
  Random random = test::seeded(66);
  Signal x = declip_music(random, 400000);
  const double top = peak(x);
  for (double& v : x) v *= 1.02 / top;
  EXPECT_FALSE(find(rounded(clip(x, 1))).is_found);
  for (double& v : x) v *= 2;
  EXPECT_TRUE(find(rounded(clip(x, 1))).is_found);
}

TEST(DeclipTest, ComesOutTheSameAtAvx2AndAvx512) {
  LATHE_NEEDS_AVX512();
  Random random = test::seeded(67);
  const Signal whole = declip_music(random, 50000);
  const FloatTrack in({clip(whole, 0.4 * peak(whole))});
  const FloatTrack a = test::at_level(SimdLevel::avx2, [&] { return declip(in).out; });
  const FloatTrack b = test::at_level(SimdLevel::avx512, [&] { return declip(in).out; });
  EXPECT_TRUE(test::same_bits(a, b));
}

TEST(DeclipTest, MoreStrengthChangesMore) {
  Random random = test::seeded(68);
  const Signal whole = declip_music(random, 50000);
  const FloatTrack in({clip(whole, 0.5 * peak(whole))});
  double before = -1;
  for (const double strength : {0.0, 0.1, 0.3, 0.5, 1.0}) {
    RestorationSettings common;
    common.strength = strength;
    common.always = true;
    const FloatTrack out = declip(in, 44100, common).out;
    double change = 0;
    for (std::size_t n = 0; n < 50000; ++n)
      change += std::abs(static_cast<double>(out.channel(0)[n]) - static_cast<double>(in.channel(0)[n]));
    EXPECT_GE(change, before) << strength;
    before = change;
  }
  EXPECT_GT(before, 0);
}

TEST(DeclipTest, SurvivesAnyTrack) {
  Random random = test::seeded(69);
  RestorationSettings always;
  always.always = true;
  const Signal noise = clip(test::white_noise(random, 0.5, 20000), 0.3);
  const std::vector<std::pair<std::vector<Signal>, double>> tracks = {{{Signal(1, 1.0)}, 44100},
                                                                      {{Signal(20000, 0.0)}, 44100},
                                                                      {{Signal(20000, 1.0)}, 44100},
                                                                      {{test::square(64, 1, 20000)}, 44100},
                                                                      {{Signal(20000, 1e-40)}, 44100},
                                                                      {{noise}, 8000},
                                                                      {{noise}, 192000},
                                                                      {std::vector<Signal>(8, noise), 48000}};
  for (const auto& [channels, rate] : tracks) {
    for (const Tier tier : {Tier::best, Tier::fast}) {
      always.tier = tier;
      const FloatTrack in(channels);
      const Outcome outcome = declip(in, rate, always);
      for (int c = 0; c < in.channels(); ++c) {
        for (const float v : outcome.out.channel(c)) ASSERT_TRUE(std::isfinite(v) && std::abs(v) <= 8.1f);
        EXPECT_TRUE(test::same_bits(outcome.out.channel(c), outcome.out.channel(0))) << "channels are independent";
      }
    }
  }
}

TEST(DeclipTest, SettingsOutOfRangeAreRefused) {
  DeclipSettings settings;
  settings.common.strength = 1.1;
  EXPECT_THROW(cpu::make_declip(settings, {44100, 2}), std::invalid_argument);
  EXPECT_THROW(cpu::make_declip({}, {4000, 2}), std::invalid_argument);
  EXPECT_THROW(cpu::make_declip({}, {44100, 0}), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
