// What is written is what is read: every container, encoding, channel count and rate, bit for bit.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "host/audio_file/file_descriptor.h"
#include "host/audio_file/verify_written.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

constexpr Container kEveryContainer[] = {Container::wav,  Container::rf64, Container::w64,
                                         Container::aiff, Container::caf,  Container::flac};
constexpr Encoding kEveryEncoding[] = {Encoding::pcm_u8, Encoding::pcm16,   Encoding::pcm24,
                                       Encoding::pcm32,  Encoding::float32, Encoding::float64};

std::string describe(const AudioFormat& f) {
  return fmt::format("{} {} bits{} {} ch {} Hz {} frames", container_name(f.container), bits_per_sample(f.encoding),
                     is_float(f.encoding) ? " float" : "", f.channels, f.sample_rate_hz, f.frames);
}

void expect_round_trip(const ScratchFolder& folder, const AudioFormat& format) {
  SCOPED_TRACE(describe(format));
  const auto path = folder / "x";
  const Bytes pcm = noise(format);
  const WrittenAudio written = write_audio(path, format, pcm);
  EXPECT_TRUE(written.dropped_tags.empty());
  EXPECT_EQ(written.bytes, static_cast<std::int64_t>(std::filesystem::file_size(path)));

  AudioReader reader(path);
  EXPECT_EQ(reader.format().container, format.container);
  EXPECT_EQ(reader.format().encoding, format.encoding);
  EXPECT_EQ(reader.format().channels, format.channels);
  EXPECT_EQ(reader.format().sample_rate_hz, format.sample_rate_hz);
  EXPECT_EQ(reader.format().frames, format.frames);
  EXPECT_EQ(reader.format().valid_bits, bits_per_sample(format.encoding));
  EXPECT_TRUE(reader.notes().empty()) << reader.notes().front();
  EXPECT_EQ(read_audio(reader, 77), pcm);
  reader.rewind();
  EXPECT_EQ(read_audio(reader, 5000), pcm) << "after rewind";

  EXPECT_EQ(verify_written(path, format, written).size(), 64U);
  EXPECT_EQ(written.pcm_md5.size(), format.container == Container::flac ? 32U : 0U);
}

class RoundTrip : public ::testing::TestWithParam<Container> {};

TEST_P(RoundTrip, EveryEncodingChannelCountAndRateComesBackBitExact) {
  const ScratchFolder folder;
  for (const Encoding encoding : kEveryEncoding) {
    for (const int channels : {1, 2, 6}) {
      for (const int rate : {8000, 44100, 192000, 384000}) {
        const AudioFormat format{GetParam(), encoding, rate, channels, 4321, channels == 6 ? 0x3fU : 0U, 0};
        if (!unwritable_reason(format).empty() || format.container == Container::w64) continue;
        expect_round_trip(folder, format);
      }
    }
    for (const int channels : {1, 2, 6, 8}) {
      const AudioFormat format{GetParam(), encoding, 48000, channels, 4321, 0, 0};
      if (unwritable_reason(format).empty()) expect_round_trip(folder, format);
    }
  }
}

TEST_P(RoundTrip, NoFramesOneFrameAndBlockBoundariesComeBack) {
  const ScratchFolder folder;
  for (const std::int64_t frames : {0, 1, 2, 31, 32, 33, 4095, 4096, 4097, 70000}) {
    expect_round_trip(folder, {GetParam(), Encoding::pcm16, 44100, 1, frames, 0, 0});
    expect_round_trip(folder, {GetParam(), Encoding::pcm24, 44100, 2, frames, 0, 0});
  }
}

TEST_P(RoundTrip, TwoWritesOfTheSameGiveTheSameBytes) {
  const ScratchFolder folder;
  Tags tags;
  tags.fields = {{"TITLE", "Same"}, {"ARTIST", "Twice"}};
  for (const Encoding encoding : kEveryEncoding) {
    const AudioFormat format{GetParam(), encoding, 48000, 2, 3000, 0, 0};
    if (!unwritable_reason(format).empty()) continue;
    write_audio(folder / "a", format, noise(format), tags);
    write_audio(folder / "b", format, noise(format), tags);
    EXPECT_EQ(slurp(folder / "a"), slurp(folder / "b")) << describe(format);
    EXPECT_EQ(slurp(folder / "a").find("PEAK"), std::string::npos);
    EXPECT_EQ(slurp(folder / "a").find("libsndfile"), std::string::npos);
  }
}

TEST_P(RoundTrip, ASpeakerLayoutIsKeptOrNamedAsDropped) {
  const ScratchFolder folder;
  const AudioFormat format{GetParam(), Encoding::pcm24, 48000, 6, 100, 0x60f, 0};
  const WrittenAudio written = write_audio(folder / "x", format, noise(format));
  const bool is_kept = AudioReader(folder / "x").format().channel_mask == 0x60f;
  EXPECT_EQ(is_kept, written.dropped_tags.empty());
  EXPECT_EQ(is_kept, GetParam() != Container::w64);
}

INSTANTIATE_TEST_SUITE_P(Containers, RoundTrip, ::testing::ValuesIn(kEveryContainer),
                         [](const auto& test) { return std::string(container_name(test.param)); });

TEST(WavHeader, StereoIsPlainPcmAndSurroundIsExtensible) {
  const ScratchFolder folder;
  const auto format_tag = [&](AudioFormat format) {
    write_audio(folder / "x.wav", format, noise(format));
    const std::string bytes = slurp(folder / "x.wav");
    EXPECT_EQ(bytes.substr(0, 4), "RIFF");
    EXPECT_EQ(bytes.substr(8, 8), "WAVEfmt ");
    return static_cast<unsigned char>(bytes[20]) | static_cast<unsigned char>(bytes[21]) << 8;
  };
  EXPECT_EQ(format_tag({Container::wav, Encoding::pcm24, 96000, 2, 10, 0, 0}), 1);
  EXPECT_EQ(format_tag({Container::wav, Encoding::float32, 96000, 2, 10, 0, 0}), 3);
  EXPECT_EQ(format_tag({Container::wav, Encoding::pcm24, 96000, 6, 10, 0x3f, 0}), 0xfffe);
  EXPECT_EQ(format_tag({Container::wav, Encoding::pcm24, 96000, 2, 10, 0x3, 0}), 0xfffe);
}

TEST(Writer, RefusesWhatAContainerCannotHold) {
  EXPECT_NE(unwritable_reason({Container::flac, Encoding::float32, 44100, 2, 1, 0, 0}), "");
  EXPECT_NE(unwritable_reason({Container::flac, Encoding::pcm32, 44100, 2, 1, 0, 0}), "");
  EXPECT_NE(unwritable_reason({Container::flac, Encoding::pcm24, 44100, 9, 1, 0, 0}), "");
  EXPECT_NE(unwritable_reason({Container::wav, Encoding::pcm24, 44100, 25, 1, 0, 0}), "");
  EXPECT_NE(unwritable_reason({Container::wav, Encoding::pcm24, 400000, 2, 1, 0, 0}), "");
  EXPECT_NE(unwritable_reason({Container::aiff, Encoding::pcm24, 44100, 2, 1LL << 30, 0, 0}), "");
  EXPECT_EQ(unwritable_reason({Container::wav, Encoding::pcm24, 44100, 2, 1LL << 40, 0, 0}), "");
}

TEST(Writer, FewerOrMoreFramesThanPromisedAreErrors) {
  const ScratchFolder folder;
  const AudioFormat format{Container::wav, Encoding::pcm16, 44100, 2, 10, 0, 0};
  const Bytes pcm = noise({Container::wav, Encoding::pcm16, 44100, 2, 20, 0, 0});
  const auto path = folder / "x.wav";
  spill(path, "");
  std::FILE* file = std::fopen(path.c_str(), "r+b");
  {
    AudioWriter writer(fileno(file), path, format, {});
    writer.write(pcm.data(), 9);
    EXPECT_EQ(fault_of([&] { writer.finish(); }), AudioFileError::Fault::write_failed);
    EXPECT_THROW(writer.write(pcm.data(), 2), std::invalid_argument);
  }
  std::fclose(file);
}

TEST(Flac, OddRatesAndHighRatesAreWrittenToo) {
  const ScratchFolder folder;
  for (const int rate : {8001, 11025, 65537, 96001, 352800, 383999}) {
    expect_round_trip(folder, {Container::flac, Encoding::pcm24, rate, 2, 5000, 0, 0});
  }
}

TEST(Verify, AChangedByteInAWrittenFlacIsFound) {
  const ScratchFolder folder;
  const AudioFormat format{Container::flac, Encoding::pcm24, 44100, 2, 5000, 0, 0};
  const WrittenAudio written = write_audio(folder / "x", format, music(format));
  std::string bytes = slurp(folder / "x");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  spill(folder / "x", bytes);
  EXPECT_EQ(fault_of([&] { verify_written(folder / "x", format, written); }), AudioFileError::Fault::corrupt);
}

TEST(Verify, PlainSamplesThatDoNotComeBackFailAsTheyAreWritten) {
  const ScratchFolder folder;
  for (const Container container : kEveryContainer) {
    if (container == Container::flac) continue;
    const AudioFormat format{container, Encoding::pcm24, 44100, 2, 5000, 0, 0};
    // A file that is not empty and takes what is written only at its end: the first bytes come back as they were.
    spill(folder / "x", "in the way");
    const FileDescriptor fd(::open((folder / "x").c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    const auto fault =
        fault_of([&] { AudioWriter(fd.get(), folder / "x", format, {}).write(music(format).data(), 5000); });
    EXPECT_EQ(fault, AudioFileError::Fault::write_failed);
  }
}

TEST(Verify, AnotherLengthOrFormatThanWasWrittenIsFound) {
  const ScratchFolder folder;
  for (const Container container : kEveryContainer) {
    AudioFormat format{container, Encoding::pcm24, 44100, 2, 5000, 0, 0};
    const WrittenAudio written = write_audio(folder / "x", format, music(format));
    std::ofstream(folder / "x", std::ios::app) << "more";
    EXPECT_EQ(fault_of([&] { verify_written(folder / "x", format, written); }), AudioFileError::Fault::write_failed);
    format.sample_rate_hz = 48000;
    EXPECT_EQ(fault_of([&] { verify_written(folder / "x", format, written); }), AudioFileError::Fault::write_failed);
  }
}

TEST(Verify, TheSha256IsThatOfTheFile) {
  const ScratchFolder folder;
  const AudioFormat format{Container::wav, Encoding::pcm16, 44100, 1, 2, 0, 0};
  const WrittenAudio written = write_audio(folder / "x", format, Bytes(4, std::byte{0}));
  const std::string header = riff_file(wave_format(1, 44100, 16) + riff_chunk("data", std::string(4, '\0')));
  EXPECT_EQ(slurp(folder / "x"), header);
  // Of those 48 bytes, by coreutils' sha256sum.
  EXPECT_EQ(verify_written(folder / "x", format, written),
            "0588c6a627c6603830a9e5d87ab258d4977c02876b9bac8f9598fccef098c1cf");
}

}  // namespace
}  // namespace lathe::testing
