// Random damage to good files: reading ends well or with an AudioFileError, never otherwise, and never gives more than
// said.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

std::uint64_t seed() {
  const char* text = std::getenv("LATHE_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20240229;
}

void mutate(std::string& bytes, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t header = std::min<std::size_t>(bytes.size(), 200);
  for (std::size_t i = 0, count = 1 + below(6); i < count; ++i) {
    const std::size_t at = 4 + below((random() % 4 != 0 ? header : bytes.size()) - 8);  // the magic stays
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
        break;
      case 2:
        bytes.replace(at, 4, random() % 2 != 0 ? std::string(4, '\xff') : std::string(4, '\0'));
        break;
      default:
        bytes.insert(at, bytes.substr(below(header), below(16)));
        break;
    }
  }
  if (random() % 8 == 0) bytes.resize(12 + below(bytes.size() - 12));
}

class Mutation : public ::testing::TestWithParam<Container> {};

TEST_P(Mutation, ADamagedFileOnlyEverThrowsAudioFileError) {
  const ScratchFolder folder;
  AudioFormat format{GetParam(), Encoding::pcm16, 44100, 2, 3000, 0, 0};
  Tags tags;
  tags.fields = {{"TITLE", "T"}, {"ARTIST", "A"}, {"COMMENT", "some words"}};
  write_audio(folder / "good", format, music(format), tags, rich_metadata());
  const std::string good = slurp(folder / "good");
  std::cout << "LATHE_TEST_SEED=" << seed() << "\n";
  std::mt19937_64 random(seed());
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = good;
    mutate(bytes, random);
    spill(folder / "bad", bytes);
    try {
      AudioReader reader(folder / "bad");
      ASSERT_LE(reader.format().frames, static_cast<std::int64_t>(bytes.size() / 8 + 1) * 65535);
      const auto frame = static_cast<std::size_t>(frame_bytes(reader.format()));
      EXPECT_EQ(read_audio(reader).size(), static_cast<std::size_t>(reader.format().frames) * frame);
    } catch (const AudioFileError& error) {
      EXPECT_FALSE(error.reason().empty());
      ++refused;
    } catch (const std::exception& error) {
      FAIL() << "seed " << seed() << ", round " << round << ": " << error.what();
    }
  }
  EXPECT_GT(refused, 50) << "the mutations hardly damage anything";
}

TEST_P(Mutation, GarbageBehindAGoodMagicOnlyEverThrowsAudioFileError) {
  const ScratchFolder folder;
  const AudioFormat format{GetParam(), Encoding::pcm16, 44100, 2, 10, 0, 0};
  write_audio(folder / "good", format, music(format));
  const std::string magic = slurp(folder / "good").substr(0, GetParam() == Container::w64 ? 40 : 12);
  std::mt19937_64 random(seed());
  for (int round = 0; round < 200; ++round) {
    std::string bytes = magic;
    for (std::size_t i = 0, count = random() % 3000; i < count; ++i) bytes += static_cast<char>(random());
    spill(folder / "bad", bytes);
    fault_of_reading(folder / "bad");
  }
}

INSTANTIATE_TEST_SUITE_P(Containers, Mutation,
                         ::testing::Values(Container::wav, Container::rf64, Container::w64, Container::aiff,
                                           Container::caf, Container::flac),
                         [](const auto& test) { return std::string(container_name(test.param)); });

}  // namespace
}  // namespace lathe::testing
