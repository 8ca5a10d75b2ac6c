// Dither: the generator it names, the statistics that make it TPDF, and independence of everything it should not know.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/pcm/pcm.h"
#include "tests/support/dither_oracle.h"
#include "tests/support/random.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::noise_of;
using test::philox;
using Words = test::PhiloxWords;
using test::Signal;

// Quantises in place and returns what was written, in steps.
std::vector<Signal> quantised(FloatTrack& track, Encoding encoding, std::uint64_t seed, std::int64_t first_frame = 0) {
  const auto samples = static_cast<std::size_t>(track.frames() * track.channels());
  std::vector<std::int32_t> steps(samples);
  std::vector<std::byte> bytes(samples * 3 + kPcmSlackBytes);
  Quantizer(encoding, Dither::tpdf, seed).pack(track.view(), first_frame, steps.data(), bytes.data());
  std::vector<Signal> out;
  const double scale = std::ldexp(1.0, bits_per_sample(encoding) - 1);
  for (int c = 0; c < track.channels(); ++c) {
    out.push_back(track.signal(c));
    for (double& v : out.back()) v *= scale;
  }
  return out;
}

double mean(const Signal& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

double covariance(const Signal& a, const Signal& b) {
  const double mean_a = mean(a), mean_b = mean(b);
  double sum = 0;
  for (std::size_t n = 0; n < a.size(); ++n) sum += (a[n] - mean_a) * (b[n] - mean_b);
  return sum / static_cast<double>(a.size());
}

double correlation(const Signal& a, const Signal& b) {
  return covariance(a, b) / std::sqrt(covariance(a, a) * covariance(b, b));
}

TEST(Dither, PhiloxGivesItsKnownAnswers) {
  EXPECT_EQ(philox({0, 0}, 0, 7), (Words{0x257a3673, 0xcd26be2a}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff}, 0xffffffff, 7), (Words{0xab302c4d, 0x3dc9d239}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3}, 0x13198a2e, 7), (Words{0xbedbbe6b, 0xe4c770b3}));
  EXPECT_EQ(philox({0, 0}, 0, 10), (Words{0xff1dae59, 0x6cd10df2}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff}, 0xffffffff, 10), (Words{0x2c3f628b, 0xab4fd7ad}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3}, 0x13198a2e, 10), (Words{0xdd7ce038, 0xf62a4c12}));
}

// With quiet input the sum is exact in float, so every level must write exactly what the generator says.
TEST(Dither, TheNoiseIsPhiloxOfSeedChannelAndFrame) {
  test::Random random = test::seeded(71);
  for (const std::int64_t first : {std::int64_t{0}, std::int64_t{16}, std::int64_t{1} << 20,
                                   (std::int64_t{1} << 33) + 48, std::int64_t{1} << 50}) {
    const std::uint64_t seed = random.bits();
    Signal left(301), right(301);
    for (double& v : left) v = static_cast<double>(random.integer(-4096, 4096)) / 1024;
    for (double& v : right) v = static_cast<double>(random.integer(-4096, 4096)) / 1024;
    std::vector<Signal> want = {left, right};
    for (int c = 0; c < 2; ++c) {
      for (std::size_t n = 0; n < left.size(); ++n) {
        auto& v = want[static_cast<std::size_t>(c)][n];
        v = std::nearbyint(v + noise_of(seed, c, first + static_cast<std::int64_t>(n)));
      }
    }
    for (const Encoding encoding : {Encoding::pcm16, Encoding::pcm24}) {
      const double step = std::ldexp(1.0, 1 - bits_per_sample(encoding));
      Signal scaled_left = left, scaled_right = right;
      for (double& v : scaled_left) v *= step;
      for (double& v : scaled_right) v *= step;
      test::for_each_simd_level([&] {
        FloatTrack track({scaled_left, scaled_right});
        EXPECT_EQ(quantised(track, encoding, seed, first), want);
      });
    }
  }
}

constexpr std::int64_t kManyFrames = 400000;  // standard errors: mean 0.0008, variance 0.0006, correlation 0.0016

// Total error of TPDF dither of two steps and the rounding after it: variance 1/6 + 1/12, whatever the input.
TEST(Dither, TheErrorHasMeanZeroAndVarianceAQuarterForAnyConstantInput) {
  for (const double level : {0.0, 0.1, 0.25, 0.5, 0.77, 1.0, -3.3}) {
    FloatTrack track({Signal(kManyFrames, level / 32768)});
    Signal error = quantised(track, Encoding::pcm16, 99)[0];
    for (double& v : error) v -= level;
    EXPECT_NEAR(mean(error), 0, 0.004) << level;
    EXPECT_NEAR(covariance(error, error), 0.25, 0.004) << level;
  }
}

TEST(Dither, TheErrorKnowsNothingOfAQuietSignal) {
  Signal x(kManyFrames);
  for (std::size_t n = 0; n < x.size(); ++n)
    x[n] = static_cast<float>(0.8 / 32768 * std::sin(0.0137 * static_cast<double>(n)));
  FloatTrack track({x});
  Signal error = quantised(track, Encoding::pcm16, 7)[0], square = x, error_square;
  for (std::size_t n = 0; n < error.size(); ++n) {
    error[n] -= x[n] * 32768;
    error_square.push_back(error[n] * error[n]);
    square[n] = x[n] * x[n];
  }
  EXPECT_NEAR(correlation(error, x), 0, 0.008);
  EXPECT_NEAR(correlation(error_square, square), 0, 0.008);  // no noise modulation
  Signal next(error.begin() + 1, error.end()), now(error.begin(), error.end() - 1);
  EXPECT_NEAR(correlation(now, next), 0, 0.008);  // white
}

TEST(Dither, ChannelsAndSeedsShareNothing) {
  FloatTrack track(3, kManyFrames), other(1, kManyFrames);
  const std::vector<Signal> noise = quantised(track, Encoding::pcm16, 1);
  const Signal other_seed = quantised(other, Encoding::pcm16, 2)[0];
  EXPECT_NEAR(correlation(noise[0], noise[1]), 0, 0.008);
  EXPECT_NEAR(correlation(noise[0], noise[2]), 0, 0.008);
  EXPECT_NEAR(correlation(noise[1], noise[2]), 0, 0.008);
  EXPECT_NEAR(correlation(noise[0], other_seed), 0, 0.008);
}

// At 24 bits a loud float has no bits to spare for the noise: the sum rounds to half steps, but it must not lean.
TEST(Dither, LoudSamplesAt24BitsAreNotPushedEitherWay) {
  test::Random random = test::seeded(72);
  Signal x(kManyFrames);
  for (double& v : x) v = static_cast<float>(random.uniform(0.5, 0.99));
  FloatTrack track({x});
  Signal error = quantised(track, Encoding::pcm24, 3)[0];
  for (std::size_t n = 0; n < error.size(); ++n) error[n] -= x[n] * 8388608;
  EXPECT_NEAR(mean(error), 0, 0.004);
  EXPECT_LE(*std::max_element(error.begin(), error.end()), 1.5);
  EXPECT_GE(*std::min_element(error.begin(), error.end()), -1.5);
}

TEST(Dither, DoesNotDependOnWhereTheTrackIsCut) {
  test::Random random = test::seeded(73);
  Signal x(10000), y(10000);
  for (double& v : x) v = random.uniform(-0.9, 0.9);
  for (double& v : y) v = random.uniform(-0.9, 0.9);
  for (const Encoding encoding : {Encoding::pcm16, Encoding::pcm24}) {
    test::for_each_simd_level([&] {
      FloatTrack whole({x, y}), pieces({x, y});
      quantised(whole, encoding, 11);
      std::int64_t first = 0;
      for (const std::int64_t count : test::random_cuts(random, 10000, 16)) {
        std::vector<std::int32_t> steps(static_cast<std::size_t>(2 * count));
        std::vector<std::byte> bytes(static_cast<std::size_t>(6 * count) + kPcmSlackBytes);
        Quantizer(encoding, Dither::tpdf, 11)
            .pack(pieces.view().slice(first, count), first, steps.data(), bytes.data());
        first += count;
      }
      EXPECT_TRUE(test::same_bits(whole, pieces));
    });
  }
  FloatTrack track(1, 32);
  EXPECT_THROW(quantised(track, Encoding::pcm16, 1, 8), std::invalid_argument);
}

TEST(Dither, Avx2AndAvx512GiveTheSameBits) {
  LATHE_NEEDS_AVX512();
  test::Random random = test::seeded(74);
  for (const Encoding encoding : {Encoding::pcm16, Encoding::pcm24}) {
    Signal x(20007);
    for (double& v : x) v = random.uniform(-1.1, 1.1);
    const auto run = [&] {
      FloatTrack track({x});
      return quantised(track, encoding, 12);
    };
    EXPECT_EQ(test::at_level(SimdLevel::avx2, run), test::at_level(SimdLevel::avx512, run));
  }
}

}  // namespace
}  // namespace lathe
