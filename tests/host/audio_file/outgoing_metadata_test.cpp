// What of a file's metadata is still true of its master.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/audio_file/metadata/cue_points.h"
#include "host/audio_file/metadata/outgoing.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AudioFormat at_rate(int rate_hz, Encoding encoding = Encoding::pcm24) {
  return {Container::wav, encoding, rate_hz, 2, 1000, 0, 0};
}

Metadata with_chunk(const std::string& id, const std::string& body, ChunkFamily family = ChunkFamily::riff) {
  Metadata metadata;
  metadata.chunks = {{family, id, body, true}};
  return metadata;
}

OutgoingMetadata converted(const Metadata& metadata) {
  return outgoing_metadata({}, metadata, at_rate(48000), at_rate(96000), false);
}

TEST(OutgoingMetadata, WhatTellsTheLoudnessGoesWithItAndIsNamed) {
  Tags tags;
  tags.fields = {
      {"TITLE", "T"}, {"REPLAYGAIN_TRACK_GAIN", "-7 dB"}, {"R128_TRACK_GAIN", "12"}, {"COMMENT:ITUNNORM", "00"}};
  Metadata metadata = with_chunk("PEAK", "x");
  metadata.frames = {{"RVA2", "x"}, {"PRIV", "x"}};
  const AudioFormat format = at_rate(48000);
  const OutgoingMetadata louder = outgoing_metadata(tags, metadata, format, format, false);
  EXPECT_THAT(louder.tags.fields, ElementsAre(std::pair("TITLE", "T")));
  EXPECT_THAT(louder.left_out, ElementsAre("REPLAYGAIN_TRACK_GAIN", "R128_TRACK_GAIN", "COMMENT:ITUNNORM",
                                           "ID3 RVA2 frame", "PEAK chunk"));
  EXPECT_THAT(louder.metadata.chunks, IsEmpty());
  const OutgoingMetadata same = outgoing_metadata(tags, metadata, format, format, true);
  EXPECT_EQ(same.tags.fields, tags.fields);
  EXPECT_TRUE(same.metadata == metadata);
  EXPECT_THAT(same.left_out, IsEmpty());
}

TEST(OutgoingMetadata, AChecksumOfTheSoundNeverGoesAlong) {
  const AudioFormat format = at_rate(48000);
  EXPECT_THAT(outgoing_metadata({}, with_chunk("MD5 ", "x"), format, format, true).left_out, ElementsAre("MD5 chunk"));
}

TEST(OutgoingMetadata, PositionsMoveWithTheRate) {
  Metadata metadata;
  metadata.chunks = riff_cue_chunks({{100, "a", "", 50}, {4801, "b", "", 0}});
  const OutgoingMetadata out = converted(metadata);
  EXPECT_EQ(chunk_cues(out.metadata), (std::vector<CuePoint>{{200, "a", "", 100}, {9602, "b", "", 0}}));
  EXPECT_THAT(out.left_out, IsEmpty());
  for (const auto& chunks : {aiff_cue_chunks({{101, "a", "", 0}}), caf_cue_chunks({{101, "a", "", 0}})}) {
    Metadata other;
    other.chunks = chunks;
    EXPECT_EQ(chunk_cues(converted(other).metadata), (std::vector<CuePoint>{{202, "a", "", 0}}));
  }
}

TEST(OutgoingMetadata, ACueSheetMovesWithTheRateAndIsNoCdsAnyMore) {
  const std::string index = be(588, 8) + be(1, 1) + std::string(3, '\0');
  const std::string track = be(0, 8) + be(1, 1) + std::string(26, '\0') + be(1, 1) + index;
  const std::string lead_out = be(88200, 8) + be(170, 1) + std::string(27, '\0');
  const std::string sheet =
      std::string(128, '\0') + be(88200, 8) + "\x80" + std::string(258, '\0') + be(2, 1) + track + lead_out;
  const OutgoingMetadata out =
      outgoing_metadata({}, with_chunk("CUESHEET", sheet, ChunkFamily::flac), at_rate(44100), at_rate(96000), false);
  EXPECT_EQ(chunk_cues(out.metadata), (std::vector<CuePoint>{{1280, "Track 1", "", 0}}));
  const std::string& body = out.metadata.chunks.at(0).body;
  EXPECT_EQ(body.substr(128, 9), be(192000, 8) + std::string(1, '\0'));
  EXPECT_EQ(body.substr(body.size() - 36, 8), be(192000, 8));
  EXPECT_EQ(outgoing_metadata({}, with_chunk("CUESHEET", sheet.substr(0, 400), ChunkFamily::flac), at_rate(44100),
                              at_rate(96000), false)
                .left_out,
            std::vector<std::string>{"CUESHEET"});
}

TEST(OutgoingMetadata, SamplerLoopsMoveWithTheRateAndItsPeriodIsTheNewOne) {
  const std::string body = std::string(8, '\0') + le(20833, 4) + std::string(16, '\0') + le(1, 4) + le(0, 4) +
                           le(0, 8) + le(1000, 4) + le(2000, 4) + le(0, 8);
  const std::string scaled = std::string(8, '\0') + le(10417, 4) + std::string(16, '\0') + le(1, 4) + le(0, 4) +
                             le(0, 8) + le(2000, 4) + le(4000, 4) + le(0, 8);
  EXPECT_EQ(converted(with_chunk("smpl", body)).metadata.chunks.at(0).body, scaled);
}

TEST(OutgoingMetadata, RegionsThatNobodyCanReadAreNamedAtAnotherRate) {
  EXPECT_THAT(converted(with_chunk("regn", "xxxx")).left_out, ElementsAre("regn chunk"));
  const OutgoingMetadata xml = converted(with_chunk("iXML", "<a/>"));
  EXPECT_EQ(xml.metadata.chunks.size(), 1U);
  EXPECT_EQ(xml.left_out.size(), 1U);
}

std::string bext_body(int version, const std::string& history) {
  std::string body(602, '\0');
  body.replace(0, 4, "Text");
  body.replace(338, 8, le(48'000'000'001, 8));
  body.replace(346, 2, le(static_cast<std::uint64_t>(version), 2));
  body.replace(348, 64, std::string(64, 'U'));
  body.replace(412, 10, std::string(10, 'L'));
  body.replace(422, 180, std::string(180, 'R'));
  return body + history;
}

TEST(OutgoingMetadata, ABroadcastExtensionGetsOneLineOfHistoryAndVersionTwo) {
  const OutgoingMetadata out = outgoing_metadata({}, with_chunk("bext", bext_body(1, "A=ANALOGUE\r\n")), at_rate(48000),
                                                 at_rate(44100, Encoding::pcm16), false);
  const std::string body = out.metadata.chunks.at(0).body;
  EXPECT_EQ(body.substr(0, 4), "Text");
  EXPECT_EQ(body.substr(338, 8), le(44'100'000'001, 8));
  EXPECT_EQ(body.substr(346, 2), le(2, 2));
  EXPECT_EQ(body.substr(348, 64), std::string(64, 'U'));
  for (std::size_t i = 412; i < 422; i += 2) EXPECT_EQ(body.substr(i, 2), le(0x7fff, 2));
  EXPECT_EQ(body.substr(422, 180), std::string(180, '\0'));
  EXPECT_THAT(body.substr(602),
              ::testing::MatchesRegex("A=ANALOGUE\r\nA=PCM,F=44100,W=16,M=stereo,T=Lathe [0-9.]+\r\n"));
}

TEST(OutgoingMetadata, ABroadcastExtensionOfVersionZeroHasNoUmidAndAShortOneIsFilled) {
  const AudioFormat format = at_rate(48000);
  const std::string zero =
      outgoing_metadata({}, with_chunk("bext", bext_body(0, std::string("open end\0\0", 10))), format, format, false)
          .metadata.chunks.at(0)
          .body;
  EXPECT_EQ(zero.substr(348, 64), std::string(64, '\0'));
  EXPECT_TRUE(zero.substr(602).starts_with("open end\r\nA=PCM,"));
  const std::string brief =
      outgoing_metadata({}, with_chunk("bext", "Text"), format, format, false).metadata.chunks.at(0).body;
  EXPECT_EQ(brief.substr(0, 4), "Text");
  EXPECT_TRUE(brief.substr(602).starts_with("A=PCM,"));
}

}  // namespace
}  // namespace lathe::testing
