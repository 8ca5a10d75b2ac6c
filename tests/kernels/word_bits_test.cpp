// Which bits of words are used, ever and mostly.
#include "kernels/inspection/word_bits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/random.h"

namespace lathe {
namespace {

int used_bits(Encoding encoding, const std::vector<std::int64_t>& words) {
  std::vector<std::byte> bytes;
  for (const std::int64_t word : words) {
    for (int b = 0; b < bytes_per_sample(encoding); ++b) bytes.push_back(static_cast<std::byte>(word >> 8 * b & 255));
  }
  WordBits whole(encoding), cut(encoding);
  whole.take(bytes.data(), static_cast<std::int64_t>(words.size()));
  for (std::size_t n = 0; n < words.size(); ++n)
    cut.take(bytes.data() + n * static_cast<std::size_t>(bytes_per_sample(encoding)), 1);
  EXPECT_EQ(whole.use().used_bits, cut.use().used_bits);
  EXPECT_EQ(whole.use().padded_share, cut.use().padded_share);
  return whole.use().used_bits;
}

TEST(WordBitsTest, UsedBitsEndAtTheLowestThatIsEverSet) {
  test::Random random(12);
  std::vector<std::int64_t> sixteen, padded, one_more, eight;
  for (int n = 0; n < 1001; ++n) {
    sixteen.push_back(random.integer(-32768, 32767));
    padded.push_back(sixteen.back() * 256);
    eight.push_back(random.integer(0, 255));
  }
  one_more = padded;
  one_more[997] += 128;
  EXPECT_EQ(used_bits(Encoding::pcm16, sixteen), 16);
  EXPECT_EQ(used_bits(Encoding::pcm24, padded), 16);
  EXPECT_EQ(used_bits(Encoding::pcm24, one_more), 17);
  EXPECT_EQ(used_bits(Encoding::pcm32, padded), 24);
  EXPECT_EQ(used_bits(Encoding::pcm_u8, eight), 8);
}

double padded_share(Encoding encoding, const std::vector<std::int64_t>& words) {
  std::vector<std::byte> bytes;
  for (const std::int64_t word : words) {
    for (int b = 0; b < bytes_per_sample(encoding); ++b) bytes.push_back(static_cast<std::byte>(word >> 8 * b & 255));
  }
  WordBits whole(encoding), cut(encoding);
  const auto count = static_cast<std::int64_t>(words.size());
  whole.take(bytes.data(), count);
  for (std::int64_t at = 0; at < count; at += 77)
    cut.take(bytes.data() + at * bytes_per_sample(encoding), std::min<std::int64_t>(77, count - at));
  EXPECT_EQ(whole.use().padded_share, cut.use().padded_share);
  return whole.use().padded_share;
}

TEST(WordBitsTest, TheShareOfPaddedWordsIsThatOfWordsThatSound) {
  test::Random random(34);
  std::vector<std::int64_t> honest, faded, long_words;
  double low = 0;
  for (int n = 0; n < 60001; ++n) {
    honest.push_back(random.integer(-8388608, 8388607));
    faded.push_back(256 * random.integer(1, 32767));
    if (n % 4 == 0) faded.back() += random.integer(1, 255);
    low += honest.back() % 256 == 0 && honest.back() != 0;
    long_words.push_back(65536 * random.integer(1, 32767) + (n % 10 == 0 ? 256 : 0));
  }
  EXPECT_NEAR(padded_share(Encoding::pcm24, honest), low / 60001, 1e-12);
  EXPECT_NEAR(padded_share(Encoding::pcm24, honest), 1.0 / 256, 0.001);  // four standard deviations
  EXPECT_NEAR(padded_share(Encoding::pcm24, faded), 0.75, 1e-4);
  EXPECT_NEAR(padded_share(Encoding::pcm32, long_words), 0.9, 1e-4);
  std::vector<std::int64_t> silent_half = honest;
  silent_half.resize(120002, 0);
  EXPECT_NEAR(padded_share(Encoding::pcm24, silent_half), low / 60001, 1e-12);
  EXPECT_EQ(padded_share(Encoding::pcm16, faded), 0);
  EXPECT_EQ(padded_share(Encoding::float32, faded), 0);
  EXPECT_EQ(padded_share(Encoding::pcm24, {}), 0);
}

TEST(WordBitsTest, SilenceAndFloatUseNone) {
  EXPECT_EQ(used_bits(Encoding::pcm24, std::vector<std::int64_t>(100, 0)), 0);
  EXPECT_EQ(used_bits(Encoding::pcm_u8, std::vector<std::int64_t>(100, 128)), 0);
  EXPECT_EQ(used_bits(Encoding::float32, std::vector<std::int64_t>(100, 0x3f000001)), 0);
}

}  // namespace
}  // namespace lathe
