// The denoiser's filter against its definition, and what it does to noise under music.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <span>
#include <vector>

#include "kernels/restoration/denoise.h"
#include "kernels/restoration/noise_floor.h"
#include "tests/support/comparison.h"
#include "tests/support/denoise_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track_reader.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

// What is taken away is single precision beside double; -112 measured.
constexpr double kFilterLimitDb = -105;

constexpr double kDenoiseRate = 44100;

struct DenoiseOutcome {
  Finding finding;
  FloatTrack track;
};

DenoiseOutcome denoised(const FloatTrack& in, const DenoiseSettings& settings, double rate = kDenoiseRate,
                        double strength = 0.5) {
  test::CopyingReader reader(in);
  auto stage = cpu::make_denoise(settings, {rate, in.channels()});
  const Finding finding = stage->examine(reader);
  test::Collector out(in.channels());
  stage->restore(reader, strength, out);
  EXPECT_EQ(out.finished(), 1);
  return {finding, out.track()};
}

Finding found(const FloatTrack& in) {
  test::CopyingReader reader(in);
  return cpu::make_denoise({}, {kDenoiseRate, in.channels()})->examine(reader);
}

// Notes that start and die away, in a key, with overtones: music enough for a gain to have something to keep.
Signal notes(test::Random& random, double seconds, double level) {
  Signal out(static_cast<std::size_t>(seconds * kDenoiseRate));
  for (double start = 0; start < seconds; start += 0.2) {
    const double f0 = 110 * std::pow(2, static_cast<double>(random.integer(0, 36)) / 12), decay = random.uniform(2, 8);
    for (int partial = 1; partial <= 8; ++partial) {
      const auto from = static_cast<std::size_t>(start * kDenoiseRate), to = std::min(out.size(), from + 30000);
      std::complex<double> turning = std::polar(level / partial, random.uniform(0, 6.28));
      const auto turn = std::polar(std::exp(-decay / kDenoiseRate), 6.283185307179586 * f0 * partial / kDenoiseRate);
      for (std::size_t n = from; n < to; ++n, turning *= turn) {
        const double attack = std::min(1.0, static_cast<double>(n - from) / 110);
        out[n] += attack * std::min(1.0, static_cast<double>(to - n) / 2000) * turning.imag();
      }
    }
  }
  return out;
}

Signal sum_of(const Signal& a, const Signal& b, double gain = 1) {
  Signal out = a;
  for (std::size_t n = 0; n < out.size(); ++n) out[n] += gain * b[n];
  return out;
}

double level_db(std::span<const float> x) {
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v) * static_cast<double>(v);
  return 10 * std::log10(sum / static_cast<double>(x.size()));
}

// How many dB nearer to `clean` the outcome is than the input was.
double gained_db(const FloatTrack& clean, const FloatTrack& in, const FloatTrack& out) {
  double before = 0, after = 0;
  for (int c = 0; c < clean.channels(); ++c) {
    for (std::size_t n = 0; n < clean.channel(c).size(); ++n) {
      before += std::pow(static_cast<double>(in.channel(c)[n]) - static_cast<double>(clean.channel(c)[n]), 2);
      after += std::pow(static_cast<double>(out.channel(c)[n]) - static_cast<double>(clean.channel(c)[n]), 2);
    }
  }
  return 10 * std::log10(before / after);
}

TEST(Denoise, TheFilterTakesAwayWhatTheDefinitionSays) {
  test::Random random = test::seeded(11);
  const DenoiseTransform transform(kDenoiseRate, 1024, 2);
  const std::int64_t points = transform.points(), hop = points / 2, groups = 3, length = groups * 16 * hop;
  const Signal music = test::programme(random, kDenoiseRate, length);
  const Signal noise_a = test::white_noise(random, 0.01, length), noise_b = test::white_noise(random, 0.02, length);
  const FloatTrack in({sum_of(music, noise_a), sum_of(noise_b, music, 0.5)});
  PairNoise noise;
  std::vector<double> share;
  for (std::int64_t k = 0; k < transform.bins(); ++k) {
    const double x = static_cast<double>(k) / static_cast<double>(transform.bins());
    noise.power[0].push_back(1e-4 * (1 + x));
    noise.power[1].push_back(4e-4 / (1 + x));
    noise.angle.push_back(0.4 + x);
    share.push_back(k < 70 ? 0 : k < 130 ? static_cast<double>(k - 70) / 60 : 1);
  }
  noise.correlation = 0.3;
  const double floor = 0.25;
  const std::int64_t lead = hop;
  const test::Removed want = test::removed_noise(in.signal(0), in.signal(1), noise, share, points, lead, floor);
  const PairWeights weights(transform, noise, share);
  test::for_each_simd_level([&] {
    PairDenoiser filter(transform, weights, hiss_gain(floor));
    test::CopyingReader reader(in);
    Signal got[2];
    for (std::int64_t g = 0; g <= groups; ++g) {
      const AudioView view = reader.read(g * 16 * hop - lead, transform.span(hop));
      filter.push(view.channel(0), view.channel(1));
      for (int c = 0; g > 0 && c < 2; ++c) got[c].insert(got[c].end(), filter.removed(c), filter.removed(c) + 16 * hop);
    }
    for (int c = 0; c < 2; ++c) {
      const Signal inside(got[c].begin() + lead, got[c].end());
      const Signal wanted(want.channel[c].begin(),
                          want.channel[c].begin() + static_cast<std::ptrdiff_t>(inside.size()));
      EXPECT_LT(test::residual_db(inside, wanted), kFilterLimitDb) << "channel " << c;
    }
  });
}

TEST(Denoise, NoiseAloneGetsQuieterByWhatWasAsked) {
  test::Random random = test::seeded(12);
  const Signal a = test::white_noise(random, 0.01, 3 * 44100), b = test::white_noise(random, 0.01, 3 * 44100);
  const FloatTrack in({a, b});
  for (const double reduce_db : {6.0, 12.0, 20.0}) {
    for (const Tier tier : {Tier::fast, Tier::best}) {
      DenoiseSettings settings{{.tier = tier, .always = true}};
      settings.reduce_db = reduce_db;
      settings.noise.file = {std::vector<float>(in.channel(1).begin(), in.channel(1).end())};
      const FloatTrack out = denoised(in, settings).track;
      EXPECT_NEAR(level_db(in.channel(0)) - level_db(out.channel(0)), reduce_db, 1.0);
    }
  }
}

TEST(Denoise, HissUnderMusicIsFoundAndTakenAway) {
  test::Random random = test::seeded(13);
  const double seconds = 8;
  const Signal left = notes(random, seconds, 0.1), right = sum_of(notes(random, seconds, 0.02), left, 0.8);
  const FloatTrack clean({left, right});
  for (const double rms : {0.001, 0.004}) {
    const auto frames = static_cast<std::int64_t>(left.size());
    const FloatTrack in(
        {sum_of(left, test::white_noise(random, rms, frames)), sum_of(right, test::white_noise(random, rms, frames))});
    for (const Tier tier : {Tier::fast, Tier::best}) {
      const DenoiseOutcome outcome = denoised(in, {{.tier = tier}});
      EXPECT_TRUE(outcome.finding.is_found);
      EXPECT_NEAR(outcome.finding.figures[0].second, 20 * std::log10(rms), 1.0) << outcome.finding.figures[0].first;
      EXPECT_GT(gained_db(clean, in, outcome.track), 6.0);
    }
  }
  EXPECT_FALSE(found(clean).is_found);
}

TEST(Denoise, ANoisierChannelIsToldFromAQuieterOne) {
  test::Random random = test::seeded(14);
  const Signal music = notes(random, 8, 0.1);
  const auto frames = static_cast<std::int64_t>(music.size());
  const FloatTrack clean({music, music});
  const FloatTrack in({sum_of(music, test::white_noise(random, 0.004, frames)),
                       sum_of(music, test::white_noise(random, 0.001, frames))});
  const DenoiseOutcome outcome = denoised(in, {});
  EXPECT_TRUE(outcome.finding.is_found);
  for (int c = 0; c < 2; ++c) {
    const auto before = test::residual_db(in.channel(c), clean.channel(c));
    EXPECT_LT(test::residual_db(outcome.track.channel(c), clean.channel(c)), before - 5) << "channel " << c;
  }
}

TEST(Denoise, TwoChannelsOfTheSameStayTheSame) {
  test::Random random = test::seeded(15);
  const Signal music = notes(random, 8, 0.1);
  const Signal noisy = sum_of(music, test::white_noise(random, 0.002, static_cast<std::int64_t>(music.size())));
  const FloatTrack clean({music, music}), in({noisy, noisy});
  const DenoiseOutcome outcome = denoised(in, {});
  EXPECT_TRUE(outcome.finding.is_found);
  EXPECT_GT(gained_db(clean, in, outcome.track), 6.0);
  EXPECT_LT(test::residual_db(outcome.track.channel(0), outcome.track.channel(1)), -100);
  // As one channel alone.
  const FloatTrack mono = denoised(FloatTrack({noisy}), {}).track;
  EXPECT_LT(test::residual_db(mono.channel(0), clean.channel(0)),
            test::residual_db(in.channel(0), clean.channel(0)) - 6);
}

TEST(Denoise, ASpanOfTheTrackServesAsProfile) {
  test::Random random = test::seeded(16);
  Signal music = notes(random, 8, 0.1);
  std::fill_n(music.begin(), 44100, 0.0);
  const FloatTrack clean({music});
  const FloatTrack in({sum_of(music, test::white_noise(random, 0.003, static_cast<std::int64_t>(music.size())))});
  DenoiseSettings settings;
  settings.noise.span_s = {0.0, 1.0};
  const DenoiseOutcome outcome = denoised(in, settings);
  EXPECT_TRUE(outcome.finding.is_found);
  EXPECT_GT(gained_db(clean, in, outcome.track), 6.0);
}

TEST(NoiseFloor, QuantilesOfGammaNoiseAreWilsonAndHilfertys) {
  // Exact: scipy.stats.gamma.ppf(q, shape) / shape.
  EXPECT_NEAR(gamma_quantile(12.8, -1.6449), 0.58873, 0.005);
  EXPECT_NEAR(gamma_quantile(12.8, -0.8416), 0.76046, 0.005);
  EXPECT_NEAR(gamma_quantile(1.86, -1.6449), 0.16168, 0.02);
}

}  // namespace
}  // namespace lathe
