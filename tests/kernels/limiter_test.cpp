// The limiter against what limiting means: under the ceiling, no more than asked, smooth, and local.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "kernels/limiter/limiter.h"
#include "kernels/loudness/interpolation.h"
#include "tests/support/comparison.h"
#include "tests/support/limiter_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/true_peak_oracle.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr float kMoreDriveLimit = 8e-5f;
constexpr double kCurveLimit = 1e-6, kCeilingLimitDb = 0.02, kGainLimitDb = -135, kSteadyToneLimitDb = -120;

LimiterSettings settings(double rate, double ceiling, double release_ms) {
  LimiterSettings s;
  s.sample_rate_hz = rate;
  s.ceiling = ceiling;
  s.release_ms = release_ms;
  return s;
}

LimiterCurve shaped(const LimiterSettings& s, const std::vector<float>& peaks, double gain) {
  LimiterCurve curve(s, static_cast<std::int64_t>(peaks.size()));
  curve.shape(peaks, gain);
  return curve;
}

// A quiet floor with peaks of random height and distance.
std::vector<float> random_peaks(test::Random& random, std::int64_t groups) {
  std::vector<float> peaks(static_cast<std::size_t>(groups));
  for (float& p : peaks) p = static_cast<float>(random.uniform(0, 0.5));
  for (std::int64_t g = 0; g < groups; g += random.integer(1, random.one_of<std::int64_t>({3, 60, 3000}))) {
    peaks[static_cast<std::size_t>(g)] = static_cast<float>(random.log_uniform(0.5, 8));
  }
  return peaks;
}

std::vector<double> needed(const std::vector<float>& peaks, double gain, double ceiling) {
  return test::needed_reduction(std::vector<double>(peaks.begin(), peaks.end()), gain, ceiling);
}

void expect_limits(const LimiterSettings& s, const std::vector<float>& peaks, double gain) {
  const LimiterCurve curve = shaped(s, peaks, gain);
  const std::vector<double> need = needed(peaks, gain, s.ceiling);
  const double deepest = *std::max_element(need.begin(), need.end());
  ASSERT_EQ(curve.reduction().size(), peaks.size() + 1);
  EXPECT_LT(test::worst_shortfall(need, curve.reduction()), kCurveLimit);
  float top = 0;
  for (std::size_t k = 0; k < curve.reduction().size(); ++k) {
    ASSERT_GE(curve.reduction()[k], 0.0f);
    ASSERT_LT(curve.reduction()[k], 1.0f);
    top = std::max(top, curve.reduction()[k]);
  }
  EXPECT_EQ(curve.max_reduction(), top);
  EXPECT_LE(top, deepest + kCurveLimit) << "more than any peak asks for";
  // The raised cosine's largest weight is one over the groups it looks ahead, so no step is higher than that share.
  const double steepest = deepest / static_cast<double>(curve.look_ahead_groups()) + kCurveLimit;
  for (std::size_t k = 1; k < curve.reduction().size(); ++k) {
    ASSERT_LE(std::abs(curve.reduction()[k] - curve.reduction()[k - 1]), steepest) << k;
  }
}

TEST(LimiterCurve, EveryGroupGetsTheReductionItNeedsSmoothlyAndNotMore) {
  test::Random random = test::seeded(91);
  for (int i = 0; i < 40; ++i) {
    const auto s = settings(random.one_of({8000.0, 44100.0, 48000.0, 96000.0, 192000.0}), random.uniform(0.3, 1),
                            random.one_of({0.0, 1.0, 30.0, 250.0, 5000.0}));
    const auto peaks = random_peaks(random, random.integer(1, 20000));
    test::for_each_simd_level([&] { expect_limits(s, peaks, random.log_uniform(0.2, 8)); });
  }
}

TEST(LimiterCurve, NothingAskedIsNoReductionAndNoSpan) {
  test::Random random = test::seeded(92);
  std::vector<float> peaks(5000);
  for (float& p : peaks) p = static_cast<float>(random.uniform(0, 0.5));
  peaks[77] = 0.5f;
  const LimiterCurve curve = shaped(settings(48000, 1, 0), peaks, 2.0);  // 0.5 * 2 is just the ceiling
  EXPECT_TRUE(curve.spans().empty());
  EXPECT_EQ(curve.max_reduction(), 0);
  for (const float k : curve.reduction()) ASSERT_EQ(k, 0.0f);
}

TEST(LimiterCurve, SpansHoldEveryKnotThatMovesInOrderAndApart) {
  test::Random random = test::seeded(93);
  for (const double release : {0.0, 20.0, 1000.0}) {
    const auto peaks = random_peaks(random, 60000);
    const LimiterCurve curve = shaped(settings(44100, 0.9, release), peaks, 1.0);
    std::vector<bool> covered(curve.reduction().size(), false);
    std::int64_t last = 0;
    for (const GroupSpan& span : curve.spans()) {
      ASSERT_GE(span.first, last);
      ASSERT_GT(span.end, span.first);
      ASSERT_LE(span.end, static_cast<std::int64_t>(covered.size()));
      for (std::int64_t g = span.first; g < span.end; ++g) covered[static_cast<std::size_t>(g)] = true;
      last = span.end;
    }
    for (std::size_t k = 0; k < covered.size(); ++k) {
      if (!covered[k]) {
        ASSERT_EQ(curve.reduction()[k], 0.0f) << k;
      }
    }
  }
}

TEST(LimiterCurve, MoreDriveNeverReducesLess) {
  test::Random random = test::seeded(94);
  const auto peaks = random_peaks(random, 20000);
  for (const double release : {0.0, 100.0}) {
    LimiterCurve curve(settings(48000, 1, release), 20000);
    std::vector<float> before(20001, 0.0f);
    for (const double gain : {0.1, 0.3, 0.5, 0.9, 1.0, 1.5, 3.0, 10.0}) {
      curve.shape(peaks, gain);
      for (std::size_t k = 0; k < before.size(); ++k)
        ASSERT_GE(curve.reduction()[k], before[k] - kMoreDriveLimit) << gain << " " << k;
      before.assign(curve.reduction().begin(), curve.reduction().end());
    }
  }
}

TEST(LimiterCurve, ShapingAgainForgetsTheTimeBefore) {
  test::Random random = test::seeded(95);
  const auto loud = random_peaks(random, 9000);
  std::vector<float> sparse(9000, 0.1f);
  sparse[4000] = 1.5f;
  LimiterCurve curve(settings(48000, 0.8, 0), 9000);
  for (const auto& peaks : {loud, sparse, std::vector<float>(9000, 0.1f), loud}) {
    curve.shape(peaks, 1.3);
    const LimiterCurve fresh = shaped(settings(48000, 0.8, 0), peaks, 1.3);
    EXPECT_TRUE(test::same_bits(curve.reduction(), fresh.reduction()));
    EXPECT_EQ(curve.max_reduction(), fresh.max_reduction());
    EXPECT_EQ(curve.spans().size(), fresh.spans().size());
  }
}

// The same passage, alone and minutes into a track full of other peaks, at another offset of the pieces it is shaped
// in.
TEST(LimiterCurve, APassageDoesNotDependOnWhatLiesFarAway) {
  test::Random random = test::seeded(96);
  for (const double release : {0.0, 5.0, 100.0}) {
    const auto passage = random_peaks(random, 4000);
    const LimiterCurve alone = shaped(settings(48000, 0.9, release), passage, 1);
    const std::size_t before = 300007, quiet = 40000;  // quiet: 6.7 s of nothing between
    std::vector<float> track = random_peaks(random, static_cast<std::int64_t>(before));
    track.resize(before + quiet, 0.1f);
    track.insert(track.end(), passage.begin(), passage.end());
    const LimiterCurve within = shaped(settings(48000, 0.9, release), track, 1);
    EXPECT_TRUE(
        test::same_bits(within.reduction().last(passage.size() + 1).subspan(200), alone.reduction().subspan(200)))
        << release;
  }
}

TEST(LimiterCurve, AFixedReleaseFallsByItsTimeConstantAndAutoSlowsDownAfterLongLimiting) {
  const double rate = 48000, group_ms = 8000.0 / rate;
  const auto at = [&](const LimiterCurve& curve, std::size_t peak, double after_ms) {
    return static_cast<double>(curve.reduction()[peak + static_cast<std::size_t>(after_ms / group_ms)]);
  };
  std::vector<float> single(20000, 0.1f), sustained(20000, 0.1f);
  single[10000] = 2.0f;
  std::fill(sustained.begin() + 2000, sustained.begin() + 10001, 2.0f);
  const LimiterCurve fixed = shaped(settings(rate, 1, 100), single, 1);
  EXPECT_NEAR(at(fixed, 10000, 0), 0.5, 0.001);
  EXPECT_NEAR(at(fixed, 10000, 150) / at(fixed, 10000, 50), std::exp(-1.0), 0.005);
  const LimiterCurve short_auto = shaped(settings(rate, 1, 0), single, 1),
                     long_auto = shaped(settings(rate, 1, 0), sustained, 1);
  EXPECT_LT(at(short_auto, 10000, 200), 0.1);
  EXPECT_GT(at(long_auto, 10000, 200), 2 * at(short_auto, 10000, 200));
  EXPECT_LT(at(long_auto, 10000, 1600), 0.1);
}

// No pumping: what is given back in a group is never more than the release would, smoothed or not.
TEST(LimiterCurve, GivesBackNoFasterThanItsRelease) {
  test::Random random = test::seeded(100);
  const double group_ms = 8000.0 / 44100;
  for (const double release : {0.0, 30.0, 250.0}) {
    const auto peaks = random_peaks(random, 20000);
    const LimiterCurve curve = shaped(settings(44100, 0.9, release), peaks, 1.0);
    const double steepest =
        curve.max_reduction() * (1 - std::exp(-group_ms / (release > 0 ? release : 30.0))) + kCurveLimit;
    for (std::size_t k = 1; k < curve.reduction().size(); ++k)
      ASSERT_LE(curve.reduction()[k - 1] - curve.reduction()[k], steepest) << k;
  }
}

// Peaks that come again within 13 ms are bridged at the lower of two, a lone one is let go at once.
TEST(LimiterCurve, BridgesPeaksThatComeAgainAndHoldsNothingAfterALoneOne) {
  std::vector<float> twice(4000, 0.1f), far(4000, 0.1f);
  const std::size_t near_groups = 65, far_groups = 90;  // 11.8 and 16.3 ms at 44.1 kHz
  twice[1000] = far[1000] = 2.0f;
  twice[1000 + near_groups] = far[1000 + far_groups] = 1.25f;
  const LimiterCurve bridged = shaped(settings(44100, 1, 1), twice, 1), apart = shaped(settings(44100, 1, 1), far, 1);
  const auto least = [](const LimiterCurve& curve, std::size_t from, std::size_t to) {
    const auto k = curve.reduction();
    return *std::min_element(k.begin() + static_cast<std::ptrdiff_t>(from),
                             k.begin() + static_cast<std::ptrdiff_t>(to));
  };
  EXPECT_NEAR(least(bridged, 1000, 1000 + near_groups), 0.2, 1e-4);
  EXPECT_LT(least(apart, 1000, 1000 + far_groups), 1e-3);  // 16 ms, less the attack, of a release of 1 ms
}

TEST(LimiterCurve, SizesOfNothingAndOfAFewGroupsWork) {
  for (const std::int64_t groups : {0, 1, 2, 7, 8, 9, 511, 512, 513}) {
    SCOPED_TRACE(groups);
    const std::vector<float> peaks(static_cast<std::size_t>(groups), 2.0f);
    const LimiterCurve curve = shaped(settings(48000, 1, 0), peaks, 1);
    ASSERT_EQ(curve.reduction().size(), peaks.size() + 1);
    if (groups == 0) continue;
    for (const float k : curve.reduction()) ASSERT_NEAR(k, 0.5, 1e-5);
  }
}

TEST(LimiterCurve, RefusesWhatItCannotDo) {
  EXPECT_THROW(LimiterCurve(settings(0, 1, 0), 10), std::invalid_argument);
  EXPECT_THROW(LimiterCurve(settings(48000, 0, 0), 10), std::invalid_argument);
  EXPECT_THROW(LimiterCurve(settings(48000, 1, 0.5), 10), std::invalid_argument);
  EXPECT_THROW(LimiterCurve(settings(48000, 1, 5001), 10), std::invalid_argument);
  EXPECT_THROW(LimiterCurve(settings(48000, 1, -1), 10), std::invalid_argument);
  LimiterCurve curve(settings(48000, 1, 0), 10);
  EXPECT_THROW(curve.shape(std::vector<float>(9), 1), std::invalid_argument);
}

TEST(Limiter, TheGainAppliedIsTheCurveInterpolated) {
  test::Random random = test::seeded(97);
  for (const std::int64_t frames : {0, 1, 7, 8, 9, 31, 32, 33, 4095, 4096, 4097}) {
    SCOPED_TRACE(frames);
    const FloatTrack x({test::white_noise(random, 0.3, frames)});
    std::vector<float> knots(static_cast<std::size_t>((frames + 7) / 8 + 1));
    for (float& k : knots) k = static_cast<float>(random.uniform(0, 0.9));
    const Signal want = test::gained(x.signal(0), 1.7, knots, kPeakGroup);
    test::for_each_simd_level([&] {
      FloatTrack y(1, frames);
      apply_limited_gain(x.channel(0).data(), frames, 1.7, knots.data(), y.channel(0).data());
      if (frames > 0) {
        EXPECT_LT(test::residual_db(y.signal(0), want), kGainLimitDb);
      }
      FloatTrack in_place = x;
      apply_limited_gain(in_place.channel(0).data(), frames, 1.7, knots.data(), in_place.channel(0).data());
      EXPECT_TRUE(test::same_bits(in_place, y));
    });
  }
}

// The whole promise: exact group peaks in, and what comes out stays under the ceiling between the samples as well. The
// gain's corners move a peak by less than 0.02 dB.
TEST(Limiter, DrivenSignalsStayUnderTheCeilingBetweenSamplesToo) {
  test::Random random = test::seeded(98);
  const test::TruePeakOracle oracle(16);
  const std::int64_t frames = 12000;
  std::vector<Signal> signals = {test::white_noise(random, 0.2, frames), test::programme(random, 44100, frames),
                                 test::sweep(30, 19000, 0.9, 44100, frames), test::square(100, 0.8, frames)};
  signals.push_back(test::Multitone(random, 8, 0.45, frames).samples());
  for (std::size_t i = 0; i < signals.size(); ++i) {
    SCOPED_TRACE(i);
    Signal& x = signals[i];
    test::fade(x, 200);
    const std::vector<double> exact = oracle.group_peaks(x, kPeakGroup);
    const std::vector<float> peaks(exact.begin(), exact.end());
    const double loudest = *std::max_element(exact.begin(), exact.end()), ceiling = 0.8912509;  // -1 dBTP
    for (const double drive_db : {2.0, 12.0}) {
      for (const double release : {0.0, 50.0}) {
        const double gain = ceiling / loudest * std::pow(10.0, drive_db / 20);
        const LimiterCurve curve = shaped(settings(44100, ceiling, release), peaks, gain);
        FloatTrack out({x});
        apply_limited_gain(out.channel(0).data(), frames, gain, curve.reduction().data(), out.channel(0).data());
        const double peak = test::db(oracle.peak(out.signal(0)));
        EXPECT_LT(peak, test::db(ceiling) + kCeilingLimitDb) << drive_db << " dB, release " << release;
        EXPECT_GT(peak, test::db(ceiling) - 1.0) << "a limiter that turns everything down is not one";
      }
    }
  }
}

// A sine driven 6 dB into the ceiling, as the peers were measured: x42's dpl gives -73 dB at 50 Hz and ffmpeg's
// alimiter at 4x -36. Frequencies that divide the rate, and others: peaks that fall elsewhere between the samples each
// time.
TEST(Limiter, ASteadyToneGetsASteadyGain) {
  const std::int64_t frames = 72000, from = 24000, to = 64000;  // what is cut off at the end is another signal
  const double rate = 44100, ceiling = 0.8912509;
  for (const double freq : {40.0, 50.0, 61.7, 100.0, 997.0, 1000.0, 9987.0, 10000.0}) {
    SCOPED_TRACE(freq);
    const Signal x = test::sine(freq, 2 * ceiling, rate, frames);
    Signal padded(static_cast<std::size_t>(frames + 2 * kInterpolationHalo), 0.0);
    std::copy(x.begin(), x.end(), padded.begin() + kInterpolationHalo);
    const FloatTrack searched({padded});
    std::vector<float> peaks(static_cast<std::size_t>(frames / kPeakGroup), 0.0f);
    interpolation_kernels().group_peaks(search_bank(), searched.channel(0).data() + kInterpolationHalo, frames,
                                        peaks.data());
    FloatTrack out({x});
    const LimiterCurve curve = shaped(settings(rate, ceiling, 0), peaks, 1);
    apply_limited_gain(out.channel(0).data(), frames, 1, curve.reduction().data(), out.channel(0).data());
    // THD+N of the middle: what is left when the best-fitting sine is taken away.
    const Signal all = out.signal(0), y(all.begin() + from, all.begin() + to);
    Signal fundamental(y.size());
    double in_phase = 0, across = 0, sin_sin = 0, cos_cos = 0, sin_cos = 0;
    const auto at = [&](std::size_t n) {
      return 2 * std::numbers::pi * std::fmod(freq * static_cast<double>(n + from) / rate, 1.0);
    };
    for (std::size_t n = 0; n < y.size(); ++n) {
      const double s = std::sin(at(n)), c = std::cos(at(n));
      in_phase += y[n] * s;
      across += y[n] * c;
      sin_sin += s * s;
      cos_cos += c * c;
      sin_cos += s * c;
    }
    const double determinant = sin_sin * cos_cos - sin_cos * sin_cos;
    const double a = (in_phase * cos_cos - across * sin_cos) / determinant,
                 b = (across * sin_sin - in_phase * sin_cos) / determinant;
    for (std::size_t n = 0; n < y.size(); ++n) fundamental[n] = a * std::sin(at(n)) + b * std::cos(at(n));
    EXPECT_LT(test::residual_db(y, fundamental), kSteadyToneLimitDb);
  }
}

// The loudest that could be: peaks taken down alone, with the gain back at once. A plain limiter as they are written
// everywhere, 5 ms of linear attack and a release of 50 ms, is the yardstick.
TEST(Limiter, KeepsAsMuchOfTheLevelAsAPlainLimiterDoes) {
  test::Random random = test::seeded(101);
  double kept = 0, plain = 0;
  for (int i = 0; i < 6; ++i) {
    const auto groups = static_cast<std::size_t>(30000);
    const Signal x = test::programme(random, 44100, static_cast<std::int64_t>(groups) * kPeakGroup);
    std::vector<float> peaks(groups, 0.0f);
    std::vector<double> power(groups, 0.0);
    for (std::size_t n = 0; n < groups * kPeakGroup; ++n) {
      peaks[n / kPeakGroup] = std::max(peaks[n / kPeakGroup], static_cast<float>(std::abs(x[n])));
      power[n / kPeakGroup] += x[n] * x[n];
    }
    const double ceiling = *std::max_element(peaks.begin(), peaks.end()) / 2;
    const LimiterCurve curve = shaped(settings(44100, ceiling, 0), peaks, 1);
    const std::vector<double> reference = test::plain_limiter(needed(peaks, 1, ceiling), 8000.0 / 44100);
    for (std::size_t g = 0; g < groups; ++g) {
      kept += power[g] * std::pow(1 - curve.reduction()[g], 2);
      plain += power[g] * std::pow(1 - reference[g], 2);
    }
  }
  EXPECT_GT(10 * std::log10(kept / plain), -0.2) << "a limiter must not be softer for the sake of smoothness";
}

TEST(Limiter, Avx2AndAvx512GiveTheSameBits) {
  LATHE_NEEDS_AVX512();
  test::Random random = test::seeded(99);
  const auto peaks = random_peaks(random, 30011);
  const FloatTrack x({test::white_noise(random, 0.3, 30011 * 8 - 3)});
  const auto run = [&] {
    const LimiterCurve curve = shaped(settings(44100, 0.7, 0), peaks, 1.4);
    std::vector<float> all(curve.reduction().begin(), curve.reduction().end());
    FloatTrack y(1, x.frames());
    apply_limited_gain(x.channel(0).data(), x.frames(), 1.4, curve.reduction().data(), y.channel(0).data());
    all.insert(all.end(), y.channel(0).begin(), y.channel(0).end());
    return all;
  };
  EXPECT_TRUE(test::same_bits(test::at_level(SimdLevel::avx2, run), test::at_level(SimdLevel::avx512, run)));
}

}  // namespace
}  // namespace lathe
