// Shaped dither: its curves against theory, the feedback against its definition, its noise against what was promised.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/fft/real_fft_double.h"
#include "kernels/pcm/noise_curve.h"
#include "kernels/pcm/pcm.h"
#include "tests/support/dither_oracle.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr double kRates[] = {8000, 11025, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000, 384000};
constexpr Dither kShaped[] = {Dither::shaped_strong, Dither::shaped};

struct ShapedSetup {
  Encoding encoding = Encoding::pcm16;
  Dither dither = Dither::shaped_strong;
  double rate_hz = 44100;
  OnStep on_step = OnStep::dithered;
  std::uint64_t seed = 5;
};

double step_of(Encoding encoding) { return std::ldexp(1.0, 1 - bits_per_sample(encoding)); }

// Quantises in place and returns what was written, in steps.
std::vector<Signal> quantised_shaped(FloatTrack& track, const ShapedSetup& s, const std::vector<std::int64_t>& cuts) {
  Quantizer quantizer(s.encoding, s.dither, s.seed, s.on_step, s.rate_hz);
  std::int64_t first = 0;
  for (const std::int64_t count : cuts) {
    std::vector<std::int32_t> steps(static_cast<std::size_t>(count * track.channels()));
    std::vector<std::byte> bytes(steps.size() * 3 + kPcmSlackBytes);
    quantizer.pack(track.view().slice(first, count), first, steps.data(), bytes.data());
    first += count;
  }
  std::vector<Signal> out;
  for (int c = 0; c < track.channels(); ++c) {
    out.push_back(track.signal(c));
    for (double& v : out.back()) v /= step_of(s.encoding);
  }
  return out;
}

std::vector<Signal> quantised_shaped(FloatTrack& track, const ShapedSetup& s) {
  return quantised_shaped(track, s, {track.frames()});
}

// What was written less what came, in steps.
Signal shaped_error_of(const Signal& x, const ShapedSetup& s) {
  FloatTrack track({x});
  const Signal exact = track.signal(0);
  Signal error = quantised_shaped(track, s)[0];
  for (std::size_t n = 0; n < error.size(); ++n) error[n] -= exact[n] / step_of(s.encoding);
  return error;
}

// Mean power in each bin up to half the rate, Hann windows of 4096 half over each other.
constexpr std::size_t kWindow = 4096;
std::vector<double> spectrum(const Signal& x) {
  std::vector<double> power(kWindow / 2, 0.0);
  for (std::size_t first = 0; first + kWindow <= x.size(); first += kWindow / 2) {
    std::vector<std::complex<double>> frame(kWindow);
    for (std::size_t n = 0; n < kWindow; ++n) {
      const double hann = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(n) + 0.5) / kWindow);
      frame[n] = x[first + n] * hann;
    }
    fft_double(frame);
    for (std::size_t k = 0; k < power.size(); ++k) power[k] += std::norm(frame[k]);
  }
  return power;
}

template <class Weighting>
double weighted(const std::vector<double>& power, double rate_hz, double up_to_hz, Weighting weighting) {
  double sum = 0;
  for (std::size_t k = 2; k < power.size(); ++k) {
    const double freq = static_cast<double>(k) * rate_hz / kWindow;
    if (freq <= up_to_hz) sum += power[k] * weighting(freq);
  }
  return 10 * std::log10(sum);
}

TEST(NoiseCurve, ItsNoiseIsNoLouderThanAllowedAndSofterToTheEar) {
  for (const double rate : kRates) {
    SCOPED_TRACE(rate);
    const NoiseCurve strong = noise_curve(Dither::shaped_strong, rate), gentle = noise_curve(Dither::shaped, rate);
    EXPECT_LE(strong.power_db(), 16.01);  // taps are rounded to 2^-16
    EXPECT_LE(gentle.power_db(), 4.01);
    EXPECT_LT(strong.heard_db(), 0);
    EXPECT_LT(gentle.heard_db(), 0);
    EXPECT_LT(gentle.threshold_db(), 0);
    if (rate < 44100) continue;
    EXPECT_LT(strong.threshold_db(), -15);
    EXPECT_LT(strong.a_weighted_db(15000), -3.5);
    EXPECT_LT(gentle.threshold_db(), -6);
    EXPECT_LT(gentle.a_weighted_db(15000), -4);
    EXPECT_LT(gentle.a_weighted_db(20000), -1.4);
  }
}

// Gerzon and Craven: the mean of log|H|^2 is 0 for a minimum-phase filter that begins with 1, and more for any other.
TEST(NoiseCurve, IsMinimumPhase) {
  for (const double rate : kRates) {
    for (const Dither dither : kShaped) {
      const NoiseCurve curve = noise_curve(dither, rate);
      double mean = 0;
      constexpr int kPoints = 5000;
      for (int i = 0; i < kPoints; ++i) mean += std::log(curve.power_at(rate / 2 * (i + 0.5) / kPoints)) / kPoints;
      EXPECT_NEAR(mean, 0, 1e-3) << rate;  // a zero outside the circle by 1% of its radius would make it 0.02
    }
  }
}

// No other nine taps of the same power, or less, sound softer.
TEST(NoiseCurve, NoNeighbourOfTheSamePowerIsSofter) {
  test::Random random = test::seeded(81);
  for (const double rate : {22050.0, 44100.0}) {
    for (const Dither dither : kShaped) {
      const NoiseCurve best = noise_curve(dither, rate);
      for (int i = 0; i < 8; ++i) {
        NoiseCurve other = best;
        double power = 0, best_power = 0;
        for (std::size_t k = 0; k < NoiseCurve::kTaps; ++k) {
          other.taps_q16[k] += static_cast<std::int32_t>(random.integer(-1500, 1500));
          power += std::pow(other.taps_q16[k], 2);
          best_power += std::pow(best.taps_q16[k], 2);
        }
        if (power > best_power) {
          for (std::int32_t& tap : other.taps_q16) tap = static_cast<std::int32_t>(tap * std::sqrt(best_power / power));
        }
        EXPECT_GT(other.heard_db(rate / 2), best.heard_db(rate / 2) - 1e-3) << rate;
      }
    }
  }
}

TEST(NoiseCurve, RefusesWhatItCannotShape) {
  EXPECT_THROW(noise_curve(Dither::tpdf, 44100), std::invalid_argument);
  EXPECT_THROW(noise_curve(Dither::shaped_strong, 7999), std::invalid_argument);
  EXPECT_THROW(noise_curve(Dither::shaped_strong, 400000), std::invalid_argument);
  EXPECT_THROW(Quantizer(Encoding::pcm16, Dither::shaped_strong, 1), std::invalid_argument);
}

// The feedback as it is defined, in double. Errors are cut to 2^-16 of a step, and inputs lie on a grid of 2^-10, so
// every sum is exact and the steps must be the very same.
Signal definition(const Signal& x, std::uint64_t seed, int channel, const NoiseCurve& curve, OnStep on_step) {
  Signal out(x.size());
  std::vector<double> errors(NoiseCurve::kTaps, 0.0);
  for (std::size_t n = 0; n < x.size(); ++n) {
    const double in = std::clamp(x[n], -32768.0, 32767.0), whole = std::nearbyint(in);
    const double noise = test::noise_of(seed, channel, static_cast<std::int64_t>(n));
    double v = in - whole;
    for (std::size_t k = 0; k < errors.size(); ++k) v += curve.taps_q16[k] * 0x1p-16 * errors[k];
    double y = std::floor(v + noise + 0.5);
    double error = noise + 0.5 - std::floor((v + noise + 0.5 - y) * 65536) / 65536;
    if (on_step == OnStep::kept && x[n] == whole) y = error = 0;
    errors.insert(errors.begin(), error);
    errors.pop_back();
    out[n] = std::clamp(whole + y, -32768.0, 32767.0);
  }
  return out;
}

TEST(ShapedDither, IsErrorFeedbackAsDefined) {
  test::Random random = test::seeded(82);
  const std::int64_t frames = 3011;
  Signal left(frames), right(frames);
  for (Signal* x : {&left, &right}) {
    for (double& v : *x) v = static_cast<double>(random.integer(-4096, 4096)) / 1024;
    for (std::size_t n = 500; n < 900; ++n) (*x)[n] = std::round((*x)[n]);
    for (std::size_t n = 1500; n < 1600; ++n) (*x)[n] += 32765;  // into the clip
  }
  std::vector<Signal> scaled = {left, right};
  for (Signal& x : scaled) {
    for (double& v : x) v /= 32768;
  }
  for (const Dither dither : kShaped) {
    for (const OnStep on_step : {OnStep::dithered, OnStep::kept}) {
      const NoiseCurve curve = noise_curve(dither, 44100);
      test::for_each_simd_level([&] {
        FloatTrack track(scaled);
        const std::vector<Signal> got = quantised_shaped(track, {Encoding::pcm16, dither, 44100, on_step, 5});
        EXPECT_EQ(got[0], definition(left, 5, 0, curve, on_step));
        EXPECT_EQ(got[1], definition(right, 5, 1, curve, on_step));
      });
    }
  }
}

// Constant inputs and a quiet tone, at every rate: the noise is what the curve says, and does not depend on the input.
TEST(ShapedDither, ItsNoiseLiesAsFarUnderTpdfAsTheCurvePromises) {
  constexpr std::int64_t kFrames = 40 * kWindow;
  for (const auto& [rate, encoding] :
       {std::pair{44100.0, Encoding::pcm16}, {48000.0, Encoding::pcm24}, {96000.0, Encoding::pcm16}}) {
    const Signal quiet = test::sine(1000, 20.3 * step_of(encoding), rate, kFrames);
    const Signal still(kFrames, 0.3 * step_of(encoding));
    const auto white = spectrum(shaped_error_of(still, {encoding, Dither::tpdf, rate}));
    for (const Dither dither : kShaped) {
      const NoiseCurve curve = noise_curve(dither, rate);
      for (const Signal* x : {&quiet, &still}) {
        const auto shaped = spectrum(shaped_error_of(*x, {encoding, dither, rate}));
        const auto gain_db = [&](double up_to_hz, auto weighting) {
          return weighted(shaped, rate, up_to_hz, weighting) - weighted(white, rate, up_to_hz, weighting);
        };
        // 80 windows of some hundred bins that count: the figure is known to 0.1 dB, leakage of the window included.
        EXPECT_NEAR(gain_db(20000, a_weighting), curve.a_weighted_db(), 0.15) << rate;
        EXPECT_NEAR(gain_db(15000, a_weighting), curve.a_weighted_db(15000), 0.15) << rate;
        EXPECT_NEAR(gain_db(20000, threshold_weighting), curve.threshold_db(), 0.3) << rate;
      }
    }
  }
}

// -90 dBFS at 16 bits is one step: without dither its harmonics would be as loud as the tone less 10 dB.
TEST(ShapedDither, AToneOfOneStepHasNoHarmonicsAndSilenceAndDcHaveNoTones) {
  constexpr std::int64_t kFrames = 100 * kWindow;
  const double tone_hz = 44100.0 * 93 / kWindow;  // a bin of its own, and so are its harmonics
  const Signal inputs[] = {test::sine(tone_hz, std::pow(10.0, -90.0 / 20), 44100, kFrames), Signal(kFrames, 0.0),
                           Signal(kFrames, 0.5 / 32768), Signal(kFrames, 0.0123 / 32768)};
  for (const Dither dither : kShaped) {
    const NoiseCurve curve = noise_curve(dither, 44100);
    for (const Signal& x : inputs) {
      const Signal error = shaped_error_of(x, {Encoding::pcm16, dither});
      double mean = 0;
      for (const double v : error) mean += v / static_cast<double>(error.size());
      EXPECT_NEAR(mean, 0, 0.01);  // the feedback keeps it far under white noise's 0.0006
      const std::vector<double> power = spectrum(error);
      double expected = 0, found = 0;
      for (std::size_t k = 2; k < power.size() - 2; ++k) {
        expected += curve.power_at(static_cast<double>(k) * 44100 / kWindow);
        found += power[k];
      }
      for (std::size_t k = 2; k < power.size() - 2; ++k) {
        const double noise = curve.power_at(static_cast<double>(k) * 44100 / kWindow) * found / expected;
        // 200 windows half over each other: a bin's mean has a deviation of 7%; 2,000 bins stay within 5 of them. The
        // window spreads what lies beside a dip of the curve.
        EXPECT_LT(power[k], 1.5 * noise) << k;
        EXPECT_GT(power[k], 0.6 * noise) << k;
      }
    }
  }
}

TEST(ShapedDither, ClippedAndOverdrivenMaterialLeavesNothingBehind) {
  test::Random random = test::seeded(83);
  for (const Encoding encoding : {Encoding::pcm16, Encoding::pcm24}) {
    for (const Dither dither : kShaped) {
      double reach = 1.5;  // of the error as it is fed back and shaped: 1.5 steps times the sum of the taps
      for (const std::int32_t tap : noise_curve(dither, 44100).taps_q16) reach += 1.5 * std::abs(tap * 0x1p-16);
      Signal x = test::sine(997, 1.4, 44100, 6000);
      for (const double v : test::square(50, 5000, 3000)) x.push_back(v);
      for (const double v : test::white_noise(random, 0.4, 3000)) x.push_back(v);
      x.resize(20000, 0.0);
      FloatTrack track({x});
      const Signal exact = track.signal(0);
      const Signal got = quantised_shaped(track, {encoding, dither})[0];
      const double full = 1 / step_of(encoding);
      for (std::size_t n = 0; n < got.size(); ++n) {
        const double want = std::clamp(exact[n] * full, -full, full - 1);
        ASSERT_LE(std::abs(got[n] - want), reach + 1e-3) << n;
        ASSERT_GE(got[n], -full);
        ASSERT_LE(got[n], full - 1);
      }
    }
  }
}

TEST(ShapedDither, DoesNotDependOnCutsChannelsOrInstructions) {
  test::Random random = test::seeded(84);
  std::vector<Signal> x(3, Signal(10000));
  for (Signal& channel : x) {
    for (double& v : channel) v = random.uniform(-1.1, 1.1);
  }
  for (const Encoding encoding : {Encoding::pcm16, Encoding::pcm24}) {
    for (const OnStep on_step : {OnStep::dithered, OnStep::kept}) {
      const ShapedSetup setup{encoding, Dither::shaped_strong, 44100, on_step};
      FloatTrack whole(x);
      quantised_shaped(whole, setup);
      test::for_each_simd_level([&] {  // SSE2 too: it is all integers
        FloatTrack pieces(x), two({x[0], x[1]}), one({x[0]});
        quantised_shaped(pieces, setup, test::random_cuts(random, 10000, 16));
        EXPECT_TRUE(test::same_bits(whole, pieces));
        quantised_shaped(two, setup);
        quantised_shaped(one, setup);
        EXPECT_TRUE(test::same_bits(two.channel(1), whole.channel(1)));
        EXPECT_TRUE(test::same_bits(one.channel(0), whole.channel(0)));
      });
    }
  }
}

TEST(ShapedDither, KeptSamplesAreKeptAndTheirNeighboursAreDithered) {
  Signal x(4000);
  for (std::size_t n = 0; n < x.size(); ++n) x[n] = (std::round(300 * std::sin(0.01 * static_cast<double>(n)))) / 32768;
  for (std::size_t n = 1000; n < 1100; ++n) x[n] += 0.3 / 32768;
  const Signal error = shaped_error_of(x, {Encoding::pcm16, Dither::shaped_strong, 44100, OnStep::kept});
  double moved = 0;
  for (std::size_t n = 0; n < error.size(); ++n) {
    if (n < 1000 || n >= 1100) {
      EXPECT_EQ(error[n], 0) << n;
    } else {
      moved += std::abs(error[n]) > 0.75;
    }
  }
  EXPECT_GT(moved, 10);
}

TEST(ShapedDither, TakesATrackInOrder) {
  FloatTrack track(2, 64);
  std::vector<std::int32_t> steps(128);
  std::vector<std::byte> bytes(256 + kPcmSlackBytes);
  Quantizer quantizer(Encoding::pcm16, Dither::shaped_strong, 1, OnStep::dithered, 44100);
  quantizer.pack(track.view().slice(0, 32), 0, steps.data(), bytes.data());
  EXPECT_THROW(quantizer.pack(track.view().slice(48, 16), 48, steps.data(), bytes.data()), std::invalid_argument);
  quantizer.pack(track.view().slice(32, 32), 32, steps.data(), bytes.data());
}

}  // namespace
}  // namespace lathe
