// What match_eq's references give, and that each is read once, whether it can serve or not.
#include "host/mastering/reference_tone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tests/host/audio_file/scratch.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A WAV of 16 bits, one channel, 48 kHz.
void write_wav(const fs::path& path, const test::Signal& signal) {
  std::ofstream file(path, std::ios::binary);
  const auto number = [&file](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.put(static_cast<char>(value >> (8 * i)));
  };
  const auto data = static_cast<std::uint32_t>(2 * signal.size());
  file << "RIFF";
  number(36 + data, 4);
  file << "WAVEfmt ";
  number(16, 4);
  number(1, 2);
  number(1, 2);
  number(48000, 4);
  number(96000, 4);
  number(2, 2);
  number(16, 2);
  file << "data";
  number(data, 4);
  for (const double x : signal) number(static_cast<std::uint16_t>(std::lround(32767 * x)), 2);
}

class References : public ::testing::Test {
 protected:
  // The answer, or why there is none; `blocks_` counts what was read for it.
  std::string asked(const fs::path& reference) {
    blocks_ = 0;
    try {
      reading_ = tones_.get(reference, [this] { ++blocks_; });
      return "";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  }

  testing::ScratchFolder scratch_;
  ReferenceTones tones_;
  ReferenceReading reading_;
  int blocks_ = 0;
};

TEST_F(References, OneThatIsSilentIsReadOnce) {
  const fs::path file = scratch_ / "silent.wav";
  write_wav(file, test::Signal(100000));
  const std::string why = asked(file);
  EXPECT_THAT(why, HasSubstr("it is silent"));
  EXPECT_GT(blocks_, 0);
  EXPECT_EQ(asked(file), why);
  EXPECT_EQ(blocks_, 0);
  // Another content is another question.
  write_wav(file, test::sine(1000, 0.1, 48000, 200000));
  EXPECT_EQ(asked(file), "");
  EXPECT_GT(blocks_, 0);
}

TEST_F(References, OneThatIsBrokenIsReadOnce) {
  const fs::path folder = scratch_ / "album";
  fs::create_directories(folder);
  write_wav(folder / "1.wav", test::sine(1000, 0.1, 48000, 200000));
  std::ofstream(folder / "2.wav") << "no audio at all";
  const std::string why = asked(folder);
  EXPECT_THAT(why, HasSubstr("2.wav"));
  EXPECT_GT(blocks_, 0);
  EXPECT_EQ(asked(folder), why);
  EXPECT_EQ(blocks_, 0);
}

TEST_F(References, LoudnessIsThatOfAllFilesTogether) {
  // A sine of 1 kHz at -20 dBFS is -20 - 3.01 LUFS in one channel; one 10.5 LU softer is below the gate of both.
  const fs::path folder = scratch_ / "album";
  fs::create_directories(folder);
  write_wav(folder / "1.wav", test::sine(1000, 0.1, 48000, 48000 * 5));
  ASSERT_EQ(asked(folder), "");
  EXPECT_NEAR(reading_.integrated_lufs, -23.01, 0.05);
  write_wav(folder / "2.wav", test::sine(1000, 0.05, 48000, 48000 * 5));
  ASSERT_EQ(asked(folder), "");
  EXPECT_NEAR(reading_.integrated_lufs, -23.01 + 10 * std::log10((1 + 0.25) / 2), 0.05);
}

}  // namespace
}  // namespace lathe
