// Every way a file can be wrong gives its own fault and a message that says what, where and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

using Fault = AudioFileError::Fault;
using ::testing::HasSubstr;

class DamagedFile : public ::testing::Test {
 protected:
  Fault fault_of_bytes(std::string_view bytes) {
    spill(path_, bytes);
    return fault_of_reading(path_, &message_);
  }
  // A good file of one second, as bytes.
  std::string good(Container container, int channels = 2) {
    const AudioFormat format{container, Encoding::pcm16, 44100, channels, 44100, 0, 0};
    write_audio(path_, format, music(format));
    return slurp(path_);
  }

  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "track.wav";
  std::string message_;
};

TEST_F(DamagedFile, ATextFileNamedWavIsNotAudioAndItsFirstWordsAreShown) {
  EXPECT_EQ(fault_of_bytes("hello world, this is text\n"), Fault::not_audio);
  EXPECT_THAT(message_, HasSubstr(path_.string()));
  EXPECT_THAT(message_, HasSubstr("not an audio file: it starts with 'hello world,'; expected RIFF"));
}

TEST_F(DamagedFile, AnEmptyFileIsNotAudio) {
  EXPECT_EQ(fault_of_bytes(""), Fault::not_audio);
  EXPECT_THAT(message_, HasSubstr("empty"));
}

TEST_F(DamagedFile, BinaryJunkIsNotAudioAndShownInHexadecimal) {
  EXPECT_EQ(fault_of_bytes(std::string("\0\1\2\3", 4)), Fault::not_audio);
  EXPECT_THAT(message_, HasSubstr("00 01 02 03"));
}

TEST_F(DamagedFile, ForeignAudioIsUnsupportedAndTheAcceptedContainersAreNamed) {
  EXPECT_EQ(fault_of_bytes("OggS" + std::string(60, '\0')), Fault::unsupported);
  EXPECT_THAT(message_, HasSubstr("Ogg"));
  EXPECT_THAT(message_, HasSubstr("accepted are WAV, RF64, W64, AIFF, CAF and FLAC"));
  EXPECT_EQ(fault_of_bytes("ID3\3" + std::string(60, '\0')), Fault::unsupported);
  EXPECT_THAT(message_, HasSubstr("MP3"));
  EXPECT_EQ(fault_of_bytes("\xff\xfb\x90\x64" + std::string(60, '\0')), Fault::unsupported);
  EXPECT_THAT(message_, HasSubstr("MP3"));
  EXPECT_EQ(fault_of_bytes(be(32, 4) + "ftypM4A " + std::string(60, '\0')), Fault::unsupported);
  EXPECT_EQ(fault_of_bytes("RIFF" + le(100, 4) + "AVI " + std::string(60, '\0')), Fault::unsupported);
  EXPECT_EQ(fault_of_bytes("BW64" + le(100, 4) + "WAVE" + std::string(60, '\0')), Fault::unsupported);
}

TEST_F(DamagedFile, MissingFoldersPipesAndForbiddenFilesAreToldApart) {
  EXPECT_EQ(fault_of_reading(folder_ / "nothing.wav"), Fault::not_found);
  EXPECT_EQ(fault_of_reading(folder_.path(), &message_), Fault::unreadable);
  EXPECT_THAT(message_, HasSubstr("folder"));
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(fault_of_reading(folder_ / "pipe"), Fault::unreadable);
}

TEST_F(DamagedFile, AFileWithoutPermissionIsUnreadable) {
  if (::geteuid() == 0) GTEST_SKIP() << "SKIPPED: root may read everything, so no file is forbidden";
  spill(path_, good(Container::wav));
  ::chmod(path_.c_str(), 0);
  EXPECT_EQ(fault_of_reading(path_), Fault::unreadable);
}

TEST_F(DamagedFile, EveryContainerCutShortIsTruncatedAndSaysHowMuchIsThere) {
  for (const Container c :
       {Container::wav, Container::rf64, Container::w64, Container::aiff, Container::caf, Container::flac}) {
    const std::string bytes = good(c);
    for (const double share : {0.3, 0.5, 0.9, 0.9999}) {
      const auto kept = static_cast<std::size_t>(share * static_cast<double>(bytes.size()));
      EXPECT_EQ(fault_of_bytes(bytes.substr(0, kept)), Fault::truncated) << container_name(c) << " " << share;
      EXPECT_THAT(message_, HasSubstr("promises 44100 frames, the file holds")) << container_name(c);
    }
  }
}

TEST_F(DamagedFile, FlacCutAnywhereIsNeverTakenForWhole) {
  const std::string bytes = good(Container::flac);
  for (std::size_t kept = bytes.size() - 1; kept > bytes.size() / 2; kept -= 97) {
    EXPECT_EQ(fault_of_bytes(bytes.substr(0, kept)), Fault::truncated) << kept << " of " << bytes.size() << message_;
  }
}

TEST_F(DamagedFile, AWavWhoseHeaderPromisesMoreIsTruncated) {
  std::string bytes = good(Container::wav);
  bytes.replace(40, 4, le(44100 * 4 * 2, 4));
  EXPECT_EQ(fault_of_bytes(bytes), Fault::truncated);
  EXPECT_THAT(message_, HasSubstr("promises 88200 frames, the file holds 44100"));
}

TEST_F(DamagedFile, AnAiffWhoseCommonChunkPromisesMoreIsTruncated) {
  std::string bytes = good(Container::aiff);
  bytes.replace(22, 4, be(50000, 4));
  EXPECT_EQ(fault_of_bytes(bytes), Fault::truncated);
}

TEST_F(DamagedFile, AnyFlippedBitInFlacAudioIsCorrupt) {
  const std::string bytes = good(Container::flac);
  for (std::size_t at = bytes.size() / 3; at < bytes.size(); at += 1009) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    EXPECT_EQ(fault_of_bytes(flipped), Fault::corrupt) << "byte " << at << ": " << message_;
  }
}

TEST_F(DamagedFile, AWrongMd5InFlacIsCorruptAndAnAbsentOneIsNot) {
  std::string bytes = good(Container::flac);
  bytes[30] = static_cast<char>(bytes[30] ^ 1);
  EXPECT_EQ(fault_of_bytes(bytes), Fault::corrupt);
  EXPECT_THAT(message_, HasSubstr("MD5"));
  bytes.replace(26, 16, std::string(16, '\0'));
  spill(path_, bytes);
  AudioReader reader(path_);
  EXPECT_EQ(read_audio(reader).size(), 44100U * 4);
}

TEST_F(DamagedFile, AFlacThatHoldsMoreThanItPromisesIsCorrupt) {
  std::string bytes = good(Container::flac);
  bytes.replace(22, 4, be(40000, 4));
  bytes.replace(26, 16, std::string(16, '\0'));
  EXPECT_EQ(fault_of_bytes(bytes), Fault::corrupt);
  EXPECT_THAT(message_, HasSubstr("more audio than the 40000 frames"));
}

TEST_F(DamagedFile, AFlacThatPromisesAbsurdlyMuchIsRefusedAtOnce) {
  std::string bytes = good(Container::flac);
  bytes[21] = static_cast<char>(bytes[21] | 0x0f);
  spill(path_, bytes);
  EXPECT_EQ(fault_of([&] { AudioReader reader(path_); }), Fault::truncated);
}

TEST_F(DamagedFile, LimitsOnRateAndChannelsHold) {
  const auto file = [](int channels, int rate) {
    return riff_file(wave_format(channels, rate, 16) + riff_chunk("data", std::string(channels * 20, 'x')));
  };
  EXPECT_EQ(fault_of_bytes(file(2, 1'000'000'000)), Fault::limits);
  EXPECT_EQ(fault_of_bytes(file(2, 7999)), Fault::limits);
  EXPECT_EQ(fault_of_bytes(file(25, 44100)), Fault::limits);
  EXPECT_EQ(fault_of_bytes(file(1024, 44100)), Fault::limits);
  EXPECT_THAT(message_, HasSubstr("1024 channels; 1 to 24"));
  EXPECT_EQ(fault_of_bytes(file(0, 44100)), Fault::limits);
  spill(path_, file(24, 384000));
  EXPECT_EQ(AudioReader(path_).format().frames, 10);
}

TEST_F(DamagedFile, TooManyChunksAreLimits) {
  std::string chunks = wave_format(1, 44100, 16);
  for (int i = 0; i < 10'001; ++i) chunks += riff_chunk("junq", "");
  EXPECT_EQ(fault_of_bytes(riff_file(chunks + riff_chunk("data", "ab"))), Fault::limits);
}

TEST_F(DamagedFile, CompressedWavIsUnsupportedByName) {
  const std::string ulaw = riff_chunk("fmt ", le(7, 2) + le(1, 2) + le(8000, 4) + le(8000, 4) + le(1, 2) + le(8, 2));
  EXPECT_EQ(fault_of_bytes(riff_file(ulaw + riff_chunk("data", std::string(100, 'x')))), Fault::unsupported);
  EXPECT_THAT(message_, HasSubstr("u-law"));
  const std::string wma = riff_chunk("fmt ", le(0x161, 2) + le(1, 2) + le(8000, 4) + le(8000, 4) + le(1, 2) + le(8, 2));
  const Fault fault = fault_of_bytes(riff_file(wma + riff_chunk("data", std::string(100, 'x'))));
  EXPECT_EQ(fault, Fault::unsupported) << message_;
  EXPECT_THAT(message_, HasSubstr("Windows Media Audio"));
  const std::string alac = "desc" + be(32, 8) + be(0x40e7700000000000, 8) + "alac" + std::string(20, '\0');
  EXPECT_EQ(fault_of_bytes("caff" + be(0x00010000, 4) + alac), Fault::unsupported);
  EXPECT_THAT(message_, HasSubstr("'alac'"));
}

TEST_F(DamagedFile, AWavWithoutFormatOrAudioIsCorrupt) {
  EXPECT_EQ(fault_of_bytes(riff_file(wave_format(1, 44100, 16))), Fault::corrupt);
  EXPECT_EQ(fault_of_bytes(riff_file(riff_chunk("data", "abcd"))), Fault::corrupt);
  EXPECT_EQ(fault_of_bytes("RIFF" + le(4, 4) + "WAVE"), Fault::corrupt);
  EXPECT_EQ(fault_of_bytes("RIFF"), Fault::truncated);
}

TEST_F(DamagedFile, AFileThatShrinksWhileItIsReadIsTruncated) {
  good(Container::wav);
  AudioReader reader(path_);
  std::filesystem::resize_file(path_, 50'000);
  EXPECT_EQ(fault_of([&] { read_audio(reader); }), Fault::truncated);
}

}  // namespace
}  // namespace lathe::testing
