// Which program encodes what, from what is found on a machine.
#include "host/codec/codec_programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/audit/delivery_profile.h"
#include "host/recipe/delivery_profiles.h"

namespace lathe::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kAll{"aac", "libmp3lame", "libopus", "libvorbis"};

TEST(CodecPrograms, TheirOwnProgramsGoFirstAndAacIsFfmpegs) {
  const CodecPrograms programs({"5.1.9", "3.100", "0.2", "1.4.2", kAll});
  EXPECT_EQ(programs.encoder(LossyCodec::aac), "ffmpeg 5.1.9 aac");
  EXPECT_EQ(programs.encoder(LossyCodec::mp3), "lame 3.100");
  EXPECT_EQ(programs.encoder(LossyCodec::opus), "opusenc 0.2");
  EXPECT_EQ(programs.encoder(LossyCodec::vorbis), "ffmpeg 5.1.9 libvorbis");
  EXPECT_EQ(programs.decoder(), "ffmpeg 5.1.9");
}

TEST(CodecPrograms, FraunhofersAacIsPreferredWhereFfmpegHasIt) {
  const CodecPrograms programs({"6.0", "", "", "", {"aac", "libfdk_aac"}});
  EXPECT_EQ(programs.encoder(LossyCodec::aac), "ffmpeg 6.0 libfdk_aac");
}

TEST(CodecPrograms, FfmpegStandsInForWhatIsMissing) {
  const CodecPrograms programs({"5.1.9", "", "", "", kAll});
  EXPECT_EQ(programs.encoder(LossyCodec::mp3), "ffmpeg 5.1.9 libmp3lame");
  EXPECT_EQ(programs.encoder(LossyCodec::opus), "ffmpeg 5.1.9 libopus");
}

// What decodes to integers would hide the very peaks that are looked for.
TEST(CodecPrograms, WithoutFfmpegNothingIsTriedAndTheReasonSaysWhatToInstall) {
  const CodecPrograms programs({"", "3.100", "0.2", "1.4.2", {}});
  for (const LossyCodec codec : kLossyCodecs) {
    EXPECT_EQ(programs.encoder(codec), "") << word_of(codec);
    EXPECT_THAT(programs.absence(codec), HasSubstr("ffmpeg")) << word_of(codec);
  }
}

TEST(CodecPrograms, AnFfmpegBuiltWithoutACodecIsNotAskedForIt) {
  const CodecPrograms programs({"5.1.9", "", "", "", {"aac"}});
  EXPECT_EQ(programs.absence(LossyCodec::aac), "");
  EXPECT_THAT(programs.absence(LossyCodec::mp3), HasSubstr("no program in PATH encodes it"));
}

TEST(CodecPrograms, StreamsRunAtRatesOfMusic) {
  EXPECT_EQ(CodecPrograms::stream_rate_hz(LossyCodec::opus, 44100), 48000);
  EXPECT_EQ(CodecPrograms::stream_rate_hz(LossyCodec::aac, 44100), 44100);
  EXPECT_EQ(CodecPrograms::stream_rate_hz(LossyCodec::mp3, 176400), 44100);
  EXPECT_EQ(CodecPrograms::stream_rate_hz(LossyCodec::vorbis, 96000), 48000);
  EXPECT_EQ(CodecPrograms::stream_rate_hz(LossyCodec::mp3, 22050), 44100);
}

TEST(CodecPrograms, ARateThatMp3DoesNotHaveIsConvertedByFfmpegNotByLame) {
  const CodecPrograms programs({"5.1.9", "3.100", "", "", kAll});
  EXPECT_EQ(programs.encode_command({LossyCodec::mp3, 320}, {44100, 2}).words.front(), "lame");
  const EncodeCommand converted = programs.encode_command({LossyCodec::mp3, 320}, {96000, 2});
  EXPECT_EQ(converted.encoder, "ffmpeg 5.1.9 libmp3lame");
  EXPECT_TRUE(converted.takes_float);
  EXPECT_THAT(converted.words, Contains("48000"));
}

TEST(CodecPrograms, TheProfilesThatRecipesMayNameAreThoseThatAuditHas) {
  EXPECT_EQ(delivery_profile_names(), shipped_profile_names());
}

}  // namespace
}  // namespace lathe::test
