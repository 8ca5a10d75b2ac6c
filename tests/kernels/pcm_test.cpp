// Bytes to floats and back without dither: exact, clamped, and honest about what is not a number.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/pcm/pcm.h"
#include "tests/support/random.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;

// Interleaved little-endian integers of `bytes` bytes each, with the slack the kernels ask for.
std::vector<std::byte> bytes_of(const std::vector<std::int32_t>& values, int bytes) {
  std::vector<std::byte> out;
  for (const std::int32_t v : values) {
    for (int b = 0; b < bytes; ++b) out.push_back(static_cast<std::byte>(static_cast<std::uint32_t>(v) >> (8 * b)));
  }
  out.resize(out.size() + kPcmSlackBytes);
  return out;
}

FloatTrack unpacked(const std::vector<std::byte>& bytes, Encoding encoding, int channels) {
  const auto samples = static_cast<std::int64_t>(bytes.size() - kPcmSlackBytes) / bytes_per_sample(encoding);
  FloatTrack track(channels, samples / channels);
  unpack_pcm(bytes.data(), encoding, track.view());
  return track;
}

std::vector<std::byte> packed(FloatTrack& track, Quantizer quantizer) {
  const auto samples = static_cast<std::size_t>(track.frames() * track.channels());
  std::vector<std::int32_t> steps(samples);
  std::vector<std::byte> bytes(samples * static_cast<std::size_t>(bytes_per_sample(quantizer.encoding())) +
                               kPcmSlackBytes);
  quantizer.pack(track.view(), 0, steps.data(), bytes.data());
  std::fill(bytes.end() - kPcmSlackBytes, bytes.end(), std::byte{});
  return bytes;
}

void expect_exact_both_ways(const std::vector<std::int32_t>& values, Encoding encoding) {
  const double scale = std::ldexp(1.0, bits_per_sample(encoding) - 1);
  const std::vector<std::byte> bytes = bytes_of(values, bytes_per_sample(encoding));
  test::for_each_simd_level([&] {
    for (const int channels : {1, 2, 3, 6}) {
      SCOPED_TRACE(channels);
      const std::size_t whole = values.size() / static_cast<std::size_t>(channels) * static_cast<std::size_t>(channels);
      const std::vector<std::byte> some =
          bytes_of({values.begin(), values.begin() + static_cast<std::ptrdiff_t>(whole)}, bytes_per_sample(encoding));
      FloatTrack track = unpacked(some, encoding, channels);
      for (std::size_t i = 0; i < whole; ++i) {
        ASSERT_EQ(track.channel(static_cast<int>(i) % channels)[i / static_cast<std::size_t>(channels)],
                  values[i] / scale)
            << values[i];
      }
      const FloatTrack before = track;
      ASSERT_EQ(packed(track, Quantizer(encoding, Dither::none, 1)), some);
      ASSERT_TRUE(test::same_bits(track, before));
    }
  });
}

TEST(Pcm, Every16BitCodeIsExactBothWays) {
  std::vector<std::int32_t> values;
  for (std::int32_t v = -32768; v <= 32767; ++v) values.push_back(v);
  expect_exact_both_ways(values, Encoding::pcm16);
}

TEST(Pcm, A24BitSweepIsExactBothWays) {
  std::vector<std::int32_t> values = {-8388608, -8388607, -1, 0, 1, 8388606, 8388607};
  for (std::int32_t v = -8388608; v <= 8388607; v += 97) values.push_back(v);
  expect_exact_both_ways(values, Encoding::pcm24);
}

TEST(Pcm, SizesAroundAVectorAreExactToo) {
  test::Random random = test::seeded(61);
  for (std::size_t size = 0; size <= 70; ++size) {
    std::vector<std::int32_t> values(size);
    for (auto& v : values) v = static_cast<std::int32_t>(random.integer(-32768, 32767));
    SCOPED_TRACE(size);
    if (size > 0) expect_exact_both_ways(values, Encoding::pcm16);
    if (size > 0) expect_exact_both_ways(values, Encoding::pcm24);
  }
}

TEST(Pcm, OtherEncodingsAreReadAsTheyAreDefined) {
  const std::vector<std::byte> eight = bytes_of({0, 127, 128, 129, 255}, 1);
  EXPECT_EQ(unpacked(eight, Encoding::pcm_u8, 1).signal(0), (test::Signal{-1, -1.0 / 128, 0, 1.0 / 128, 127.0 / 128}));
  const std::vector<std::byte> thirty_two = bytes_of({INT32_MIN, -1, 0, 1 << 30, INT32_MAX}, 4);
  EXPECT_EQ(unpacked(thirty_two, Encoding::pcm32, 1).signal(0), (test::Signal{-1, -0x1p-31, 0, 0.5, 1}));
  const double doubles[] = {0.1, -3.5};
  std::vector<std::byte> sixty_four(sizeof doubles + kPcmSlackBytes);
  std::memcpy(sixty_four.data(), doubles, sizeof doubles);
  const FloatTrack read = unpacked(sixty_four, Encoding::float64, 2);
  EXPECT_EQ(read.channel(0)[0], 0.1f);
  EXPECT_EQ(read.channel(1)[0], -3.5f);
}

TEST(Pcm, FloatFilesKeepEveryBit) {
  FloatTrack track({{0.1, -2.5, 0}, {1e-30, 1, -1}});
  track.channel(0)[2] = -0.0f;
  const FloatTrack before = track;
  const std::vector<std::byte> bytes = packed(track, Quantizer(Encoding::float32, Dither::tpdf, 1));
  EXPECT_TRUE(test::same_bits(track, before));
  EXPECT_TRUE(test::same_bits(unpacked(bytes, Encoding::float32, 2), before));
}

TEST(Pcm, RoundsToTheNearestStepAndTiesToEven) {
  const double step16 = 1.0 / 32768, step24 = 1.0 / 8388608;
  test::for_each_simd_level([&] {
    FloatTrack coarse(
        {{0.5 * step16, 1.5 * step16, -0.5 * step16, -1.5 * step16, 0.49 * step16, 0.51 * step16, 100.7 * step16}});
    packed(coarse, Quantizer(Encoding::pcm16, Dither::none, 1));
    EXPECT_EQ(coarse.signal(0), (test::Signal{0, 2 * step16, 0, -2 * step16, 0, step16, 101 * step16}));
    FloatTrack fine({{0.5 * step24, 1.5 * step24, -0.51 * step24}});
    packed(fine, Quantizer(Encoding::pcm24, Dither::none, 1));
    EXPECT_EQ(fine.signal(0), (test::Signal{0, 2 * step24, -step24}));
  });
}

// Loud values meet the clamp with dither on and off, in whole vectors and in the rest behind them.
TEST(Pcm, FullScaleIsAWallAndNothingWraps) {
  test::for_each_simd_level([&] {
    for (const Dither dither : {Dither::none, Dither::tpdf}) {
      for (const auto& [encoding, top] :
           {std::pair{Encoding::pcm16, 32767.0 / 32768}, std::pair{Encoding::pcm24, 8388607.0 / 8388608}}) {
        FloatTrack track(2, 37);
        for (std::size_t n = 0; n < 37; ++n) {
          track.channel(0)[n] = n % 2 == 0 ? 1.5f : 1e30f;
          track.channel(1)[n] = n % 2 == 0 ? -1.5f : -1e30f;
        }
        const std::vector<std::byte> bytes = packed(track, Quantizer(encoding, dither, 5));
        for (std::size_t n = 0; n < 37; ++n) {
          ASSERT_EQ(track.channel(0)[n], top);
          ASSERT_EQ(track.channel(1)[n], -1);
        }
        ASSERT_TRUE(test::same_bits(unpacked(bytes, encoding, 2), track));
      }
    }
  });
  FloatTrack wide({{2.0, -2.0, 1.0, -1.0}});
  const std::vector<std::byte> bytes = packed(wide, Quantizer(Encoding::pcm32, Dither::none, 1));
  EXPECT_EQ(std::vector<std::byte>(bytes.begin(), bytes.end()),
            bytes_of({INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN}, 4));
}

TEST(Pcm, DamagedSamplesAreCountedAndTheFirstIsNamed) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();
  for (const std::int64_t frames : {20, 64, 1001}) {
    FloatTrack track(2, frames);
    track.channel(0)[15] = kInf;
    track.channel(1)[9] = kNan;
    track.channel(1)[static_cast<std::size_t>(frames) - 1] = -kInf;
    track.channel(0)[3] = kLargestSample;  // the last that is music
    track.channel(0)[16] = -std::nextafter(kLargestSample, 2 * kLargestSample);
    NonFinite found = find_non_finite(track.view(), false);
    EXPECT_EQ(found.count, 4);
    EXPECT_EQ(found.first_frame, 9);
    EXPECT_EQ(found.first_channel, 1);
    EXPECT_TRUE(std::isnan(track.channel(1)[9]));
    found = find_non_finite(track.view(), true);
    EXPECT_EQ(found.count, 4);
    EXPECT_EQ(track.channel(1)[9], 0);
    EXPECT_EQ(track.channel(0)[15], 0);
    EXPECT_EQ(track.channel(0)[16], 0);
    EXPECT_EQ(track.channel(0)[3], kLargestSample);
    found = find_non_finite(track.view(), false);
    EXPECT_EQ(found.count, 0);
    EXPECT_EQ(found.first_frame, -1);
  }
}

TEST(Pcm, EncodingsThatAreOnlyReadAreRefusedByTheQuantizer) {
  EXPECT_THROW(Quantizer(Encoding::pcm_u8, Dither::none, 1), std::invalid_argument);
  EXPECT_THROW(Quantizer(Encoding::float64, Dither::none, 1), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
