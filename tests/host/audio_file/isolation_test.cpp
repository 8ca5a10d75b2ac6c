// A file read in a child is the file read in the process; and what a child may not do, it cannot.
#include <gmock/gmock.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "host/audio_file/isolation/decoder_error.h"
#include "host/audio_file/isolation/decoders.h"
#include "host/audio_file/isolation/header_wire.h"
#include "host/audio_file/isolation/warm_up.h"
#include "host/audio_file/isolation/wire.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// All that a reader gives, or how it fails.
struct Seen {
  std::string format;
  Fields tags;
  Metadata metadata;
  std::vector<std::string> notes, tag_notes;
  Bytes pcm;
  std::string fault;
  bool operator==(const Seen&) const = default;
};

Seen look_at(const std::filesystem::path& path, Reading reading, std::int64_t block_frames = 1000) {
  Seen seen;
  try {
    AudioReader reader(path, Md5::compared, reading);
    const AudioFormat& f = reader.format();
    seen.format = ::testing::PrintToString(
                      std::vector<std::int64_t>{static_cast<int>(f.container), static_cast<int>(f.encoding),
                                                f.sample_rate_hz, f.channels, f.frames, f.channel_mask, f.valid_bits}) +
                  f.speakers;
    seen.tags = reader.tags().fields;
    seen.metadata = reader.metadata();
    seen.tag_notes = reader.tags().notes;
    seen.notes = reader.notes();
    Bytes block(static_cast<std::size_t>(block_frames * frame_bytes(f)));
    while (const std::int64_t got = reader.read(block.data(), block_frames))
      seen.pcm.insert(seen.pcm.end(), block.begin(), block.begin() + got * frame_bytes(f));
  } catch (const AudioFileError& error) {
    seen.fault = std::string(fault_name(error.fault())) + " " + error.what();
  }
  return seen;
}

void expect_the_same(const std::filesystem::path& path) {
  for (const Reading reading : {Reading::samples, Reading::header}) {
    for (const std::int64_t block : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{200'000}}) {
      if (block == 1 && std::filesystem::file_size(path) > 100'000) continue;
      const Seen inside = look_at(path, Reading::own_output, block), outside = look_at(path, reading, block);
      EXPECT_EQ(inside.format, outside.format);
      EXPECT_EQ(inside.tags, outside.tags);
      EXPECT_TRUE(inside.metadata == outside.metadata);
      EXPECT_EQ(inside.notes, outside.notes);
      EXPECT_EQ(inside.tag_notes, outside.tag_notes);
      EXPECT_EQ(inside.fault, outside.fault);
      EXPECT_TRUE(inside.pcm == outside.pcm) << inside.pcm.size() << " and " << outside.pcm.size() << " bytes";
    }
  }
}

class EveryContainer : public ::testing::TestWithParam<Container> {};

TEST_P(EveryContainer, InEveryEncodingWholeOrCutIsTheSameInAChild) {
  const ScratchFolder folder;
  Tags tags;
  tags.fields = {{"TITLE", "Sp\u00e4t"}, {"ARTIST", "A"}, {"COMMENT", std::string(3000, 'x')}};
  int kinds = 0;
  for (const Encoding encoding :
       {Encoding::pcm_u8, Encoding::pcm16, Encoding::pcm24, Encoding::pcm32, Encoding::float32, Encoding::float64}) {
    for (const int channels : {1, 2, 6}) {
      const AudioFormat format{GetParam(), encoding, 48000, channels, 30'000, 0, 0};
      if (!unwritable_reason(format).empty()) continue;
      ++kinds;
      SCOPED_TRACE(::testing::Message() << bits_per_sample(encoding) << " bits, " << channels << " channels");
      write_audio(folder / "x", format, noise(format), tags, rich_metadata());
      expect_the_same(folder / "x");
      const std::string good = slurp(folder / "x");
      for (const double share : {0.01, 0.5, 0.999}) {
        spill(folder / "cut", good.substr(0, static_cast<std::size_t>(share * static_cast<double>(good.size()))));
        expect_the_same(folder / "cut");
      }
    }
  }
  EXPECT_GE(kinds, 6);
}

TEST_P(EveryContainer, DamagedAtRandomIsTheSameInAChild) {
  const ScratchFolder folder;
  const AudioFormat format{GetParam(), Encoding::pcm16, 44100, 2, 20'000, 0, 0};
  Tags tags;
  tags.fields = {{"TITLE", "T"}, {"COMMENT", "some words"}};
  write_audio(folder / "good", format, music(format), tags);
  const std::string good = slurp(folder / "good");
  std::mt19937_64 random(7);
  for (int round = 0; round < 60; ++round) {
    std::string bytes = good;
    for (std::uint64_t i = 0; i < 1 + random() % 4; ++i)
      bytes[4 + random() % ((random() % 2 != 0 ? 300 : bytes.size()) - 4)] = static_cast<char>(random());
    spill(folder / "bad", bytes);
    const Seen inside = look_at(folder / "bad", Reading::own_output);
    EXPECT_EQ(inside, look_at(folder / "bad", Reading::samples)) << "round " << round << " " << inside.fault;
    EXPECT_EQ(inside, look_at(folder / "bad", Reading::header)) << "round " << round << " " << inside.fault;
  }
}

INSTANTIATE_TEST_SUITE_P(Containers, EveryContainer,
                         ::testing::Values(Container::wav, Container::rf64, Container::w64, Container::aiff,
                                           Container::caf, Container::flac),
                         [](const auto& test) { return std::string(container_name(test.param)); });

TEST(IsolatedReader, ReadsAgainAfterARewindWhereverItStood) {
  const ScratchFolder folder;
  const AudioFormat format{Container::flac, Encoding::pcm24, 44100, 2, 400'000, 0, 0};
  write_audio(folder / "x", format, music(format));
  AudioReader reader(folder / "x");
  const Bytes whole = read_audio(reader);
  for (const std::int64_t frames : {0, 1, 100'000}) {
    reader.rewind();
    Bytes some(static_cast<std::size_t>(frames * frame_bytes(format)));
    EXPECT_EQ(reader.read(some.data(), frames), frames);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), whole.begin()));
  }
  reader.rewind();
  EXPECT_TRUE(read_audio(reader) == whole);
}

TEST(IsolatedReader, TakesBlocksLargerThanItsRing) {
  const ScratchFolder folder;
  const AudioFormat format{Container::flac, Encoding::pcm24, 192000, 8, 200'000, 0, 0};
  write_audio(folder / "x", format, noise(format));
  EXPECT_EQ(look_at(folder / "x", Reading::samples, 200'000), look_at(folder / "x", Reading::own_output, 777));
}

TEST(IsolatedReader, ServesManyThreadsAtOnce) {
  const ScratchFolder folder;
  const AudioFormat format{Container::flac, Encoding::pcm16, 44100, 2, 100'000, 0, 0};
  write_audio(folder / "x", format, music(format));
  const Seen whole = look_at(folder / "x", Reading::own_output);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) EXPECT_EQ(look_at(folder / "x", Reading::samples), whole);
    });
  }
}

TEST(WarmUp, DecodesItsOwnFile) { EXPECT_TRUE(isolation::warm_up()); }

// The children of this process's nursery, one of which has this file open.
std::vector<pid_t> processes_with(const std::filesystem::path& file) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const int pid = std::atoi(process.path().filename().c_str());
    if (pid == 0 || pid == ::getpid()) continue;
    for (const auto& fd : std::filesystem::directory_iterator(process.path() / "fd", error)) {
      if (std::filesystem::read_symlink(fd.path(), error) == file) found.push_back(pid);
    }
  }
  return found;
}

TEST(IsolatedReader, SaysThatItsDecoderWasKilledFromOutside) {
  const ScratchFolder folder;
  const AudioFormat format{Container::flac, Encoding::pcm16, 44100, 2, 2'000'000, 0, 0};
  write_audio(folder / "x", format, music(format));
  AudioReader reader(folder / "x");
  Bytes block(400'000);
  reader.read(block.data(), 1000);
  const std::vector<pid_t> decoders = processes_with(folder / "x");
  if (decoders.empty()) GTEST_SKIP() << "only root sees whose files are whose";
  ASSERT_EQ(decoders.size(), 1U);
  ::kill(decoders[0], SIGKILL);
  try {
    while (reader.read(block.data(), 100'000) > 0) {
    }
    FAIL() << "read to its end";
  } catch (const DecoderDied& error) {
    EXPECT_EQ(error.code_name(), "DECODER_KILLED");
    EXPECT_THAT(error.what(), ::testing::HasSubstr((folder / "x").string() + ": its decoder was killed"));
  }
  // The next file has a decoder.
  EXPECT_EQ(AudioReader(folder / "x").format().frames, format.frames);
}

TEST(IsolatedReader, LeavesNoDecoderBehind) {
  const ScratchFolder folder;
  const AudioFormat format{Container::flac, Encoding::pcm16, 44100, 2, 2'000'000, 0, 0};
  write_audio(folder / "x", format, music(format));
  {
    AudioReader reader(folder / "x");
    Bytes block(4000);
    reader.read(block.data(), 1000);
  }
  for (int wait = 0; wait < 500 && !processes_with(folder / "x").empty(); ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(processes_with(folder / "x").empty());
}

// What a child says of a header is held against the file.
class HeaderOfAChild : public ::testing::Test {
 protected:
  HeaderOfAChild() : file_(write(folder_ / "x")) {
    header_.format = {Container::wav, Encoding::pcm16, 44100, 2, 100, 0, 0};
    header_.stored.offset = 44;
  }

  void expect_refused(Container container = Container::wav) {
    isolation::HeaderOnly found;
    EXPECT_THROW(isolation::unpack_header(isolation::pack_header(header_), file_, container, found),
                 isolation::WireError);
  }

  static std::filesystem::path write(const std::filesystem::path& path) {
    spill(path, std::string(444, 'x'));
    return path;
  }

  ScratchFolder folder_;
  InputFile file_;
  isolation::HeaderOnly header_;
};

TEST_F(HeaderOfAChild, IsTakenWhereItFitsTheFile) {
  isolation::HeaderOnly found;
  isolation::unpack_header(isolation::pack_header(header_), file_, Container::wav, found);
  EXPECT_EQ(found.format.frames, 100);
  EXPECT_EQ(found.stored.offset, 44);
}

TEST_F(HeaderOfAChild, MayNotPointBehindTheFile) {
  header_.stored.offset = 45;
  expect_refused();
  header_.stored.offset = -1;
  expect_refused();
}

TEST_F(HeaderOfAChild, MayNotPromiseMoreThanTheFileHolds) {
  header_.stored.offset = 0;
  header_.format.frames = 112;
  expect_refused();
  header_.format.frames = INT64_MAX;
  expect_refused();
  expect_refused(Container::flac);
  header_.format.frames = -1;
  expect_refused();
}

TEST_F(HeaderOfAChild, MayNotLeaveTheLimits) {
  for (const int channels : {0, -1, kMaxChannels + 1}) {
    header_.format.channels = channels;
    expect_refused();
  }
  header_.format.channels = 1;
  for (const int rate : {0, kMinSampleRateHz - 1, kMaxSampleRateHz + 1}) {
    header_.format.sample_rate_hz = rate;
    expect_refused();
  }
  header_.format.sample_rate_hz = 44100;
  header_.format.valid_bits = 17;
  expect_refused();
  header_.format.valid_bits = 0;
  header_.format.encoding = static_cast<Encoding>(6);
  expect_refused();
}

TEST_F(HeaderOfAChild, MayHaveOnlyTextForText) {
  header_.notes = {"\xff"};
  expect_refused();
  header_.notes.clear();
  header_.tags.fields = {{"A=B", "x"}};
  expect_refused();
  header_.tags.fields = {{"TITLE", "\xc0\x80"}};
  expect_refused();
}

TEST_F(HeaderOfAChild, MayHaveOnlyPicturesAndChunksThatCanBe) {
  const Metadata good = rich_metadata();
  const auto expect_refused_with = [this, &good](const std::function<void(Metadata&)>& spoil) {
    header_.metadata = good;
    spoil(header_.metadata);
    expect_refused();
  };
  expect_refused_with([](Metadata& m) { m.pictures[0].type = 21; });
  expect_refused_with([](Metadata& m) { m.pictures[0].width = -1; });
  expect_refused_with([](Metadata& m) { m.pictures[0].description = "\xff"; });
  expect_refused_with([](Metadata& m) { m.frames[0].id = "TOO LONG"; });
  expect_refused_with([](Metadata& m) { m.chunks[0].id = "a\nb "; });
  expect_refused_with([](Metadata& m) { m.chunks[0].family = static_cast<ChunkFamily>(4); });
}

TEST_F(HeaderOfAChild, CutAnywhereIsRefused) {
  header_.tags.fields = {{"TITLE", "x"}};
  header_.metadata = rich_metadata();
  const std::string whole = isolation::pack_header(header_);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    isolation::HeaderOnly found;
    EXPECT_THROW(isolation::unpack_header(whole.substr(0, bytes), file_, Container::wav, found), isolation::WireError);
  }
  isolation::HeaderOnly found;
  EXPECT_THROW(isolation::unpack_header(whole + "x", file_, Container::wav, found), isolation::WireError);
}

}  // namespace
}  // namespace lathe::testing
