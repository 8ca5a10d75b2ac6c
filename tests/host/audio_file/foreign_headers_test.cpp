// Files as other programs write them: extra chunks, odd sizes, streams of unknown length, other byte orders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;

Bytes bytes_of(std::string_view text) {
  Bytes out;
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
  return out;
}

class ForeignHeader : public ::testing::Test {
 protected:
  AudioReader open(std::string_view bytes) {
    spill(folder_ / "x", bytes);
    return AudioReader(folder_ / "x");
  }
  ScratchFolder folder_;
};

TEST_F(ForeignHeader, JunkOddListAndUnknownChunksBeforeTheAudioArePassed) {
  AudioReader reader =
      open(riff_file(riff_chunk("JUNK", std::string(28, '\0')) + riff_chunk("bext", std::string(602, 'b')) +
                     wave_format(2, 48000, 16) + riff_chunk("LIST", "INFO" + riff_chunk("INAM", "odd")) +
                     riff_chunk("qqqq", "123") + riff_chunk("data", "abcdefgh")));
  EXPECT_EQ(reader.format().frames, 2);
  EXPECT_EQ(read_audio(reader), bytes_of("abcdefgh"));
  EXPECT_TRUE(reader.notes().empty());
  ASSERT_EQ(reader.metadata().chunks.size(), 2U);
  EXPECT_EQ(reader.metadata().chunks[1].body, "123");
}

TEST_F(ForeignHeader, AnRf64WhoseSizeATaggerOverwroteReadsWholeWithTheTag) {
  const std::string frame = "TIT2" + be(6, 4) + std::string(2, '\0') + "\x03Title";
  const std::string tag = std::string("ID3\x04\0\0\0\0\0\x10", 10) + frame;
  const std::string chunks = riff_chunk("ds64", le(1000, 8) + le(8, 8) + le(2, 8) + le(0, 4)) +
                             wave_format(2, 48000, 16) + "data" + le(0xffffffff, 4) + "abcdefgh" +
                             riff_chunk("ID3 ", tag);
  AudioReader reader = open("RF64" + le(chunks.size() + 4, 4) + "WAVE" + chunks);
  EXPECT_EQ(reader.format().container, Container::rf64);
  EXPECT_EQ(read_audio(reader), bytes_of("abcdefgh"));
  EXPECT_EQ(reader.tags().first("TITLE"), "Title");
}

TEST_F(ForeignHeader, AMissingPadByteAfterAnOddChunkIsForgiven) {
  AudioReader reader =
      open(riff_file(wave_format(1, 48000, 16) + "qqqq" + le(3, 4) + "123" + riff_chunk("data", "abcdefgh")));
  EXPECT_EQ(read_audio(reader), bytes_of("abcdefgh"));
}

TEST_F(ForeignHeader, ExtensibleWavGivesMaskAndValidBits) {
  const std::string guid("\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 16);
  const std::string format = riff_chunk("fmt ", le(0xfffe, 2) + le(2, 2) + le(96000, 4) + le(96000 * 6, 4) + le(6, 2) +
                                                    le(24, 2) + le(22, 2) + le(20, 2) + le(0x3, 4) + guid);
  AudioReader reader = open(riff_file(format + riff_chunk("data", "abcdefghijkl")));
  EXPECT_EQ(reader.format().encoding, Encoding::pcm24);
  EXPECT_EQ(reader.format().valid_bits, 20);
  EXPECT_EQ(reader.format().channel_mask, 0x3U);
  EXPECT_EQ(read_audio(reader), bytes_of("abcdefghijkl"));
}

TEST_F(ForeignHeader, A20BitWavStays24BitWithItsWordLengthTold) {
  AudioReader reader = open(riff_file(wave_format(1, 48000, 20) + riff_chunk("data", "abcdef")));
  EXPECT_EQ(reader.format().encoding, Encoding::pcm24);
  EXPECT_EQ(reader.format().valid_bits, 20);
  EXPECT_EQ(read_audio(reader), bytes_of("abcdef"));
}

TEST_F(ForeignHeader, AWavFromAPipeIsReadToItsEndWithANote) {
  AudioReader reader = open("RIFF" + le(0xffffffff, 4) + "WAVE" + wave_format(1, 48000, 16) + "data" +
                            le(0xffffffff, 4) + std::string("abcdefg"));
  EXPECT_EQ(reader.format().frames, 3);
  EXPECT_EQ(read_audio(reader), bytes_of("abcdef"));
  EXPECT_THAT(reader.notes().back(), HasSubstr("read to the file's end"));
}

TEST_F(ForeignHeader, AnUnfinishedRecordingOfSizeZeroHasNoFramesAndSaysSo) {
  AudioReader reader =
      open("RIFF" + le(0, 4) + "WAVE" + wave_format(1, 48000, 16) + "data" + le(0, 4) + std::string(100, '\1'));
  EXPECT_EQ(reader.format().frames, 0);
  EXPECT_EQ(read_audio(reader).size(), 0U);
  EXPECT_THAT(reader.notes().back(), HasSubstr("100 bytes follow"));
}

TEST_F(ForeignHeader, ATailThatIsNoWholeFrameIsLeftOutWithANote) {
  AudioReader reader = open(riff_file(wave_format(2, 48000, 16) + riff_chunk("data", "abcdefghijk")));
  EXPECT_EQ(reader.format().frames, 2);
  EXPECT_THAT(reader.notes().front(), HasSubstr("last 3 bytes"));
}

TEST_F(ForeignHeader, SparseRf64Beyond4GbIsCountedRight) {
  const std::uint64_t data = 5'000'000'000;
  const std::string ds64 = riff_chunk("ds64", le(data + 72, 8) + le(data, 8) + le(data / 4, 8) + le(0, 4));
  const std::string head =
      "RF64" + le(0xffffffff, 4) + "WAVE" + ds64 + wave_format(2, 48000, 16) + "data" + le(0xffffffff, 4);
  spill(folder_ / "x", head);
  std::filesystem::resize_file(folder_ / "x", head.size() + data);
  AudioReader reader(folder_ / "x");
  EXPECT_EQ(reader.format().frames, 1'250'000'000);
  Bytes block(4000, std::byte{1});
  EXPECT_EQ(reader.read(block.data(), 1000), 1000);
  EXPECT_EQ(block, Bytes(4000));
  std::filesystem::resize_file(folder_ / "x", head.size() + data - 1);
  EXPECT_EQ(fault_of_reading(folder_ / "x"), AudioFileError::Fault::truncated);
}

TEST_F(ForeignHeader, AWavWhoseSizeWrappedAt4GbIsCorruptAndNotReadShort) {
  const std::int64_t data = (1LL << 32) + 4000;
  spill(folder_ / "x", "RIFF" + le(data + 36, 4) + "WAVE" + wave_format(2, 48000, 16) + "data" + le(data, 4));
  std::filesystem::resize_file(folder_ / "x", 44 + data);
  std::string message;
  EXPECT_EQ(fault_of_reading(folder_ / "x", &message), AudioFileError::Fault::corrupt);
  EXPECT_THAT(message, HasSubstr("wrapped at 4 GB"));
}

std::string aiff_file(std::string_view kind, std::string_view common_tail, int bits, std::string_view sound) {
  const auto chunk = [](std::string_view id, std::string_view body) {
    return std::string(id) + be(body.size(), 4) + std::string(body) +
           (body.size() % 2 != 0 ? std::string(1, '\0') : "");
  };
  const int frame = (bits + 7) / 8;
  const std::string rate = be(0x400e, 2) + be(44100ULL << 48, 8);
  const std::string chunks =
      chunk("COMM", be(1, 2) + be(sound.size() / frame, 4) + be(bits, 2) + rate + std::string(common_tail)) +
      chunk("SSND", be(0, 8) + std::string(sound));
  return "FORM" + be(chunks.size() + 4, 4) + std::string(kind) + chunks;
}

TEST_F(ForeignHeader, AiffIsTurnedRoundAndSowtIsNot) {
  EXPECT_EQ(open(aiff_file("AIFF", "", 16, "abcd")).format().sample_rate_hz, 44100);
  AudioReader big = open(aiff_file("AIFF", "", 24, "abcdef"));
  EXPECT_EQ(read_audio(big), bytes_of("cbafed"));
  AudioReader little = open(aiff_file("AIFC", "sowt" + std::string(2, '\0'), 16, "abcd"));
  EXPECT_EQ(read_audio(little), bytes_of("abcd"));
}

TEST_F(ForeignHeader, Signed8BitAiffIsOfferedAsOffsetBinary) {
  AudioReader reader = open(aiff_file("AIFF", "", 8, std::string("\x00\x7f\x80\xff", 4)));
  EXPECT_EQ(reader.format().encoding, Encoding::pcm_u8);
  EXPECT_EQ(read_audio(reader), bytes_of(std::string("\x80\xff\x00\x7f", 4)));
}

TEST_F(ForeignHeader, BigEndianCafIsTurnedRoundAndItsOpenEndIsAllowed) {
  const std::string desc =
      "desc" + be(32, 8) + be(0x40e7700000000000, 8) + "lpcm" + be(0, 4) + be(2, 4) + be(1, 4) + be(1, 4) + be(16, 4);
  AudioReader whole = open("caff" + be(0x00010000, 4) + desc + "data" + be(8, 8) + be(0, 4) + "abcd");
  EXPECT_EQ(whole.format().sample_rate_hz, 48000);
  EXPECT_EQ(read_audio(whole), bytes_of("badc"));
  AudioReader open_ended = open("caff" + be(0x00010000, 4) + desc + "data" + be(~0ULL, 8) + be(0, 4) + "abcd");
  EXPECT_EQ(open_ended.format().frames, 2);
  EXPECT_EQ(read_audio(open_ended), bytes_of("badc"));
}

// A CAF of `channels` channels with a channel layout chunk.
std::string caf_with_layout(int channels, const std::string& layout) {
  const std::string desc = "desc" + be(32, 8) + be(0x40e7700000000000, 8) + "lpcm" + be(0, 4) + be(2 * channels, 4) +
                           be(1, 4) + be(channels, 4) + be(16, 4);
  return "caff" + be(0x00010000, 4) + desc + "chan" + be(layout.size(), 8) + layout + "data" + be(4 + 2 * channels, 8) +
         be(0, 4) + std::string(2 * static_cast<std::size_t>(channels), 'a');
}

TEST_F(ForeignHeader, CoreAudioLayoutsGiveTheMaskOrTheNames) {
  const std::string nothing_more = be(0, 8);
  EXPECT_EQ(open(caf_with_layout(6, be(1U << 16, 4) + be(0x60f, 4) + be(0, 4))).format().channel_mask, 0x60fU);
  AudioFormat format = open(caf_with_layout(6, be(121U << 16 | 6, 4) + nothing_more)).format();
  EXPECT_EQ(format.channel_mask, 0x3fU);  // L R C LFE Ls Rs stand as a mask has them
  EXPECT_EQ(format.speakers, "");
  format = open(caf_with_layout(6, be(124U << 16 | 6, 4) + nothing_more)).format();
  EXPECT_EQ(format.channel_mask, 0U);
  EXPECT_EQ(format.speakers, "C L R Ls Rs LFE");
  std::string labels = be(0, 8) + be(3, 4);
  for (const unsigned label : {3U, 37U, 5U}) labels += be(label, 4) + std::string(16, '\0');
  EXPECT_EQ(open(caf_with_layout(3, labels)).format().speakers, "C LFE2 Ls");
}

TEST_F(ForeignHeader, CoreAudioLayoutsThatMakeNoSenseSayNothing) {
  std::string labels = be(0, 8) + be(2, 4);
  for (const unsigned label : {1U, 999U}) labels += be(label, 4) + std::string(16, '\0');
  for (const std::string& layout : {be(121U << 16 | 6, 4) + be(0, 8), be(999U << 16 | 2, 4) + be(0, 8), labels,
                                    be(0, 8) + be(1000000, 4), std::string("short")}) {
    const AudioFormat format = open(caf_with_layout(2, layout)).format();
    EXPECT_EQ(format.channel_mask, 0U);
    EXPECT_EQ(format.speakers, "");
  }
}

class ForeignFlac : public ForeignHeader {
 protected:
  ForeignFlac() {
    write_audio(folder_ / "good", format_, pcm_);
    good_ = slurp(folder_ / "good");
  }
  AudioFormat format_{Container::flac, Encoding::pcm24, 48000, 2, 20000, 0, 0};
  Bytes pcm_ = music(format_);
  std::string good_;
};

TEST_F(ForeignFlac, AnUnknownLengthIsCounted) {
  good_[21] = static_cast<char>(good_[21] & 0xf0);
  good_.replace(22, 4, std::string(4, '\0'));
  AudioReader reader = open(good_);
  EXPECT_EQ(reader.format().frames, 20000);
  EXPECT_EQ(read_audio(reader), pcm_);
  EXPECT_THAT(reader.notes().back(), HasSubstr("was counted"));
}

TEST_F(ForeignFlac, AnId3TagBeforeTheStreamIsJoinedAndOneBehindItPassed) {
  const std::string frame = "TIT2" + be(6, 4) + std::string(3, '\0') + "Title";
  const std::string id3v2 = std::string("ID3\x03\x00\x00\x00\x00\x01\x00", 10) + frame + std::string(112, '\0');
  AudioReader reader = open(id3v2 + good_ + "TAG" + std::string(125, 'x'));
  EXPECT_EQ(read_audio(reader), pcm_);
  EXPECT_EQ(reader.tags().first("TITLE"), "Title");
  EXPECT_TRUE(reader.notes().empty());
}

TEST_F(ForeignFlac, APictureBlockIsRead) {
  const std::string picture = "\x06" + be(40, 3) + be(4, 4) + std::string(24, '\0') + be(8, 4) + std::string(8, 'p');
  AudioReader reader = open(good_.substr(0, 42) + picture + good_.substr(42));
  ASSERT_EQ(reader.metadata().pictures.size(), 1U);
  EXPECT_EQ(reader.metadata().pictures[0].type, 4);
  EXPECT_EQ(reader.metadata().pictures[0].data, std::string(8, 'p'));
  EXPECT_EQ(read_audio(reader), pcm_);
}

}  // namespace
}  // namespace lathe::testing
