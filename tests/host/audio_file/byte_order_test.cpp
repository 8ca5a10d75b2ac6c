// Turning samples round: every width, and sizes around the words it works in.
#include "host/audio_file/byte_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace lathe {
namespace {

TEST(ByteOrder, EverySampleIsReversedForAllWidthsAndSizes) {
  for (const int width : {1, 2, 3, 4, 8}) {
    for (const std::size_t samples : {0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 257}) {
      std::vector<std::byte> data(samples * width);
      for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 37 + 11);
      std::vector<std::byte> expected = data;
      for (std::size_t s = 0; s < samples; ++s) {
        std::reverse(expected.begin() + s * width, expected.begin() + (s + 1) * width);
      }
      reverse_samples(data.data(), samples, width);
      EXPECT_EQ(data, expected) << width << " bytes, " << samples << " samples";
    }
  }
}

TEST(ByteOrder, SignBitsFlipOnEveryByteIncludingTheTail) {
  for (const std::size_t bytes : {0, 1, 7, 8, 9, 33}) {
    std::vector<std::byte> data(bytes, std::byte{0x01});
    flip_sign_bits(data.data(), bytes);
    EXPECT_EQ(data, std::vector<std::byte>(bytes, std::byte{0x81}));
  }
}

}  // namespace
}  // namespace lathe
