// Pictures, cue points, cue sheets and chunks through every container.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include "host/audio_file/file_descriptor.h"
#include "host/audio_file/message_digest.h"
#include "host/audio_file/metadata/chunk_files.h"
#include "host/audio_file/metadata/cue_points.h"
#include "host/audio_file/metadata/lost_metadata.h"
#include "host/audio_file/verify_written.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

AudioFormat small(Container container) { return {container, Encoding::pcm16, 44100, 2, 100'000, 0, 0}; }

std::vector<CuePoint> many_cues() {
  std::vector<CuePoint> cues;
  for (int i = 0; i < 150; ++i) cues.push_back({600LL * i + 7, fmt::format("Stück {}", i), "", 0});
  return cues;
}

Metadata with_cues() {
  Metadata metadata;
  metadata.chunks = riff_cue_chunks(many_cues());
  return metadata;
}

struct File {
  Tags tags;
  Metadata metadata;
  std::vector<std::string> lost;
};

class MetadataThrough : public ::testing::Test {
 protected:
  // The sound of the file must be whole, whatever stands around it.
  File through(Container container, const Tags& tags, const Metadata& metadata) {
    const AudioFormat format = small(container);
    write_audio(folder_ / "x", format, music(format), tags, metadata);
    AudioReader reader(folder_ / "x");
    EXPECT_EQ(read_audio(reader), music(format)) << container_name(container);
    EXPECT_THAT(reader.notes(), IsEmpty());
    return {reader.tags(), reader.metadata(), lost_metadata(folder_ / "x", tags, metadata)};
  }
  static MetadataChunk chunk_of(const File& file, std::string_view id) {
    const MetadataChunk* found = file.metadata.find(ChunkFamily::riff, id);
    return found == nullptr ? MetadataChunk() : *found;
  }
  ScratchFolder folder_;
};

TEST_F(MetadataThrough, WavRf64AndFlacKeepChunksByteForByteOnTheirSideOfTheSound) {
  Metadata rich = rich_metadata();
  rich.chunks[0].body += " ";
  for (const Container container : {Container::wav, Container::rf64, Container::flac}) {
    const File file = through(container, {}, rich);
    EXPECT_TRUE(file.metadata.chunks == rich.chunks) << container_name(container);
    ASSERT_EQ(file.metadata.pictures.size(), 1U);
    EXPECT_EQ(file.metadata.pictures[0].data, rich.pictures[0].data);
    EXPECT_EQ(file.metadata.pictures[0].description, "Vorn");
    if (container == Container::flac) {
      EXPECT_THAT(file.lost, ElementsAre("ID3 PRIV frame"));
    } else {
      EXPECT_THAT(file.lost, IsEmpty());
      EXPECT_EQ(file.metadata.frames, rich.frames);
    }
  }
}

TEST_F(MetadataThrough, AnOddChunkOfRf64GoesBehindTheSoundForLibsndfile) {
  Metadata metadata;
  metadata.chunks = {{ChunkFamily::riff, "iXML", "odd", true}, {ChunkFamily::riff, "even", "even", true}};
  const File file = through(Container::rf64, {}, metadata);
  EXPECT_EQ(chunk_of(file, "iXML"), (MetadataChunk{ChunkFamily::riff, "iXML", "odd", false}));
  EXPECT_EQ(chunk_of(file, "even"), metadata.chunks[1]);
  SF_INFO info{};
  SNDFILE* theirs = sf_open((folder_ / "x").c_str(), SFM_READ, &info);
  ASSERT_NE(theirs, nullptr) << sf_strerror(nullptr);
  EXPECT_EQ(info.frames, 100'000);
  sf_close(theirs);
}

TEST_F(MetadataThrough, AHundredAndFiftyCuePointsStayInEveryContainerThatHasSuch) {
  for (const Container container :
       {Container::wav, Container::rf64, Container::aiff, Container::caf, Container::flac}) {
    const File file = through(container, {}, with_cues());
    const CuedTags found = cued(file.tags, file.metadata, 44100);
    EXPECT_EQ(found.cues, many_cues()) << container_name(container);
    EXPECT_THAT(found.tags.fields, IsEmpty());
    EXPECT_THAT(file.lost, IsEmpty()) << container_name(container);
  }
}

TEST_F(MetadataThrough, CuePointsComeBackFromFlacAsTheyWere) {
  const File flac = through(Container::flac, {}, with_cues());
  EXPECT_EQ(flac.tags.first("CHAPTER002"), "00:00:00.014");
  EXPECT_EQ(flac.tags.first("CHAPTER002NAME"), "Stück 1");
  const File back = through(Container::wav, flac.tags, flac.metadata);
  EXPECT_TRUE(back.metadata.chunks == with_cues().chunks);
  EXPECT_THAT(back.tags.fields, IsEmpty());
}

TEST_F(MetadataThrough, ChaptersInCommentsBecomeCuePointsWhereThereAreSuch) {
  Tags tags;
  tags.fields = {{"CHAPTER001", "00:00:00.000"}, {"CHAPTER001NAME", "Intro"}, {"CHAPTER002", "00:00:01.500"}};
  const File wav = through(Container::wav, tags, {});
  EXPECT_EQ(chunk_cues(wav.metadata), (std::vector<CuePoint>{{0, "Intro", "", 0}, {66150, "", "", 0}}));
  EXPECT_THAT(wav.lost, IsEmpty());
  EXPECT_EQ(through(Container::flac, tags, {}).tags.fields, tags.fields);
}

TEST_F(MetadataThrough, ChaptersOfAnId3TagStayThereAndAreCuePointsElsewhere) {
  const std::string title = "TIT2" + be(5, 4) + std::string(2, '\0') + "\x03" + "Solo";
  Metadata metadata;
  metadata.frames = {{"CHAP", "c1" + std::string(1, '\0') + be(500, 4) + be(1500, 4) + be(0, 8) + title}};
  const CuePoint solo{22050, "Solo", "", 44100};
  const File wav = through(Container::wav, {}, metadata);
  EXPECT_EQ(wav.metadata.frames, metadata.frames);
  EXPECT_EQ(chunk_cues(wav.metadata), std::vector<CuePoint>{solo});
  EXPECT_THAT(wav.lost, IsEmpty());
  const File flac = through(Container::flac, {}, metadata);
  EXPECT_EQ(flac.tags.first("CHAPTER001NAME"), "Solo");
  EXPECT_THAT(flac.lost, ElementsAre("lengths of 1 cue point"));
}

TEST_F(MetadataThrough, ACueSheetStaysInFlacAndGivesCuePointsElsewhere) {
  // Two tracks and the lead-out, as RFC 9639 lays them out.
  const auto track = [](std::uint64_t offset, int number, const std::string& isrc, const std::string& indices) {
    return be(offset, 8) + be(static_cast<std::uint64_t>(number), 1) + isrc + std::string(12 - isrc.size(), '\0') +
           std::string(14, '\0') + be(indices.size() / 12, 1) + indices;
  };
  const std::string first = be(0, 8) + be(1, 1) + std::string(3, '\0');
  const std::string sheet = "1234567890123" + std::string(115, '\0') + be(88200, 8) + "\x80" + std::string(258, '\0') +
                            be(3, 1) + track(0, 1, "USRC17607839", first) + track(588 * 100, 2, "", first) +
                            track(588 * 170, 170, "", "");
  Metadata metadata;
  metadata.chunks = {{ChunkFamily::flac, "CUESHEET", sheet, true}, {ChunkFamily::flac, "abcd", "own", true}};
  const File flac = through(Container::flac, {}, metadata);
  EXPECT_TRUE(flac.metadata == metadata);
  EXPECT_THAT(flac.lost, IsEmpty());
  const File wav = through(Container::wav, {}, metadata);
  EXPECT_EQ(chunk_cues(wav.metadata),
            (std::vector<CuePoint>{{0, "Track 1 (USRC17607839)", "", 0}, {58800, "Track 2", "", 0}}));
  EXPECT_THAT(wav.lost, ElementsAre("CUESHEET", "APPLICATION block 'abcd'"));
}

TEST_F(MetadataThrough, WhatAContainerHasNoPlaceForIsNamed) {
  const Metadata rich = rich_metadata();
  const File aiff = through(Container::aiff, {}, rich);
  EXPECT_THAT(aiff.lost, ElementsAre("odd chunk"));
  const File caf = through(Container::caf, {}, rich);
  EXPECT_THAT(caf.lost,
              ElementsAre("PICTURE (front cover, image/png, 1 KiB)", "iXML chunk", "odd chunk", "ID3 PRIV frame"));
  const File w64 = through(Container::w64, {}, rich);
  EXPECT_THAT(w64.lost, Contains("1 cue point"));
  EXPECT_THAT(w64.lost, Contains("iXML chunk"));
}

TEST_F(MetadataThrough, ATwentyKilobyteCodingHistoryIsKeptWithTheLoudnessPutIn) {
  std::string bext(602, '\0');
  while (bext.size() < 21'000) bext += "A=ANALOGUE,M=stereo,T=Studer A816; 15 ips\r\n";
  Metadata metadata;
  metadata.chunks = {{ChunkFamily::riff, "bext", bext, false}};
  std::string expected = bext;
  expected.replace(412, 10,
                   le(static_cast<std::uint64_t>(-1405), 2) + le(620, 2) + le(static_cast<std::uint64_t>(-100), 2) +
                       le(static_cast<std::uint64_t>(-1012), 2) + le(0x7fff, 2));
  for (const Container container : {Container::wav, Container::rf64, Container::flac}) {
    const AudioFormat format = small(container);
    const std::filesystem::path path = folder_ / "x";
    const FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    AudioWriter writer(fd.get(), path, format, {}, metadata);
    writer.write(music(format).data(), format.frames);
    writer.set_loudness({-14.05, 6.2, -1.0, -10.12});
    const WrittenAudio written = writer.finish();
    MessageDigest whole(MessageDigest::Kind::sha256);
    const std::string bytes = slurp(path);
    whole.update(bytes.data(), bytes.size());
    EXPECT_EQ(verify_written(path, format, written), whole.hex());
    const AudioReader reader(path);
    ASSERT_EQ(reader.metadata().chunks.size(), 1U);
    EXPECT_EQ(reader.metadata().chunks[0].body, expected) << container_name(container);
    EXPECT_LT(slurp(path).find("bext"), 1000U) << "not before the sound";
  }
}

TEST_F(MetadataThrough, FieldsInTwoPlacesAreReadOnceAndTheLongerOneWins) {
  const std::string text = std::string(1, '\x03');
  const auto frame = [](const std::string& id, const std::string& body) {
    return id + be(body.size(), 4) + std::string(2, '\0') + body;
  };
  const std::string body = frame("TIT2", text + "A long title") + frame("TPE1", text + "One" + '\0' + "Two");
  const std::string tag = std::string("ID3\x04\0\0\0\0\0", 9) + static_cast<char>(body.size()) + body;
  const std::string info =
      "INFO" + riff_chunk("INAM", "A long") + riff_chunk("IART", "One") + riff_chunk("IPRD", "Album");
  for (const char* id : {"id3 ", "ID3 "}) {
    spill(folder_ / "x", riff_file(wave_format(1, 44100, 16) + riff_chunk("LIST", info) + riff_chunk("data", "abcd") +
                                   riff_chunk(id, tag)));
    const AudioReader reader(folder_ / "x");
    EXPECT_EQ(reader.tags().fields,
              (std::vector<std::pair<std::string, std::string>>{
                  {"TITLE", "A long title"}, {"ARTIST", "One"}, {"ARTIST", "Two"}, {"ALBUM", "Album"}}));
  }
}

TEST_F(MetadataThrough, AWavWithoutListInfoGetsNoneBesideItsId3Tag) {
  Tags tags;
  tags.fields = {{"TITLE", "T"}};
  Metadata metadata;
  for (const bool is_alone : {true, false}) {
    metadata.has_text_in_id3_alone = is_alone;
    const File file = through(Container::wav, tags, metadata);
    EXPECT_EQ(file.tags.fields, tags.fields);
    EXPECT_EQ(file.metadata.has_text_in_id3_alone, is_alone);
    EXPECT_EQ(slurp(folder_ / "x").find("INAM") == std::string::npos, is_alone);
    EXPECT_EQ(slurp(folder_ / "x").find("TIT2") != std::string::npos, is_alone);
  }
}

TEST_F(MetadataThrough, WhereTwoPlacesDisagreeTheFirstCountsAndTheOtherIsSaid) {
  Tags tags;
  tags.fields = {{"TITLE", "New"}, {"ARTIST", "One"}, {"COMMENT", "here"}};
  Metadata metadata;
  std::vector<std::string> notes;
  const std::string info = "INFO" + riff_chunk("INAM", "Old") + riff_chunk("IART", "One") + riff_chunk("ICMT", "there");
  take_chunks({{ChunkFamily::riff, "LIST", info, true}}, tags, metadata, notes);
  EXPECT_EQ(tags.fields, (std::vector<std::pair<std::string, std::string>>{
                             {"TITLE", "New"}, {"ARTIST", "One"}, {"COMMENT", "here"}, {"COMMENT", "there"}}));
  EXPECT_THAT(tags.notes, ElementsAre("TITLE stands in the file twice; \"Old\" is left out"));
}

TEST_F(MetadataThrough, AnInfoCodeOfARecordingIsItsIsrcAndAnythingElseItsSource) {
  const auto fields = [this](const std::string& value) {
    spill(folder_ / "x", riff_file(wave_format(1, 44100, 16) + riff_chunk("data", "abcd") +
                                   riff_chunk("LIST", "INFO" + riff_chunk("ISRC", value + '\0'))));
    return AudioReader(folder_ / "x").tags().fields.front();
  };
  EXPECT_EQ(fields("US-RC1-76-07839"), std::pair(std::string("ISRC"), std::string("US-RC1-76-07839")));
  EXPECT_EQ(fields("City archive"), std::pair(std::string("SOURCE"), std::string("City archive")));
}

TEST_F(MetadataThrough, AnAiffMarkerCommentIsItsNoteAndAFreeOneAComment) {
  const std::string marks = be(1, 2) + be(9, 2) + be(1234, 4) + "\x04Here" + '\0';
  const std::string comments =
      be(2, 2) + be(0, 4) + be(0, 2) + be(4, 2) + "free" + be(0, 4) + be(9, 2) + be(3, 2) + "its" + '\0';
  Metadata metadata;
  metadata.chunks = {{ChunkFamily::aiff, "MARK", marks, true}, {ChunkFamily::aiff, "COMT", comments, true}};
  Tags tags;
  File file = through(Container::aiff, tags, metadata);
  for (int generation = 0; generation < 2; ++generation) {
    EXPECT_EQ(file.tags.fields, (std::vector<std::pair<std::string, std::string>>{{"COMMENT", "free"}}));
    EXPECT_TRUE(file.metadata == metadata);
    file = through(Container::aiff, file.tags, file.metadata);
  }
  const File wav = through(Container::wav, file.tags, file.metadata);
  EXPECT_EQ(chunk_cues(wav.metadata), (std::vector<CuePoint>{{1234, "Here", "its", 0}}));
}

// A few bytes of a file may name one long text a hundred thousand times.
TEST_F(MetadataThrough, ACafsLabelsTakeNoMoreMemoryThanAFilesTextMay) {
  static constexpr std::size_t kMarks = 3000, kText = 60'000;
  const auto bytes_of_labels = [](std::size_t strings) {
    std::string marks, table;
    for (std::size_t i = 0; i < kMarks; ++i)
      marks += be(0, 4) + be(0, 8) + be(std::min(i, strings - 1), 4) + std::string(12, '\0');
    for (std::size_t i = 0; i < strings; ++i) table += be(i, 4) + be(0, 8);
    Metadata metadata;
    metadata.chunks = {{ChunkFamily::caf, "mark", be(0, 4) + be(kMarks, 4) + marks, true},
                       {ChunkFamily::caf, "strg", be(strings, 4) + table + std::string(kText, 'x') + '\0', true}};
    std::size_t bytes = 0;
    const std::vector<CuePoint> cues = chunk_cues(metadata);
    EXPECT_EQ(cues.size(), kMarks);
    EXPECT_EQ(cues.front().label.size(), kText);
    for (const CuePoint& cue : cues) bytes += cue.label.size();
    return bytes;
  };
  EXPECT_LE(bytes_of_labels(1), 4U << 20) << "marks that share a text";
  EXPECT_LE(bytes_of_labels(kMarks), 4U << 20) << "texts that share a place";
}

TEST_F(MetadataThrough, TwoRunsWriteTheSameBytes) {
  Tags tags;
  for (int i = 0; i < 40; ++i) tags.fields.emplace_back(fmt::format("FIELD{}", i), fmt::format("value {}", i));
  for (const Container c : {Container::wav, Container::rf64, Container::aiff, Container::caf, Container::flac}) {
    through(c, tags, rich_metadata());
    const std::string first = slurp(folder_ / "x");
    through(c, tags, rich_metadata());
    EXPECT_TRUE(slurp(folder_ / "x") == first) << container_name(c);
  }
}

TEST_F(MetadataThrough, AChunkCutByTheFilesEndIsSaidAndTheSoundKept) {
  spill(folder_ / "x", riff_file(wave_format(1, 44100, 16) + riff_chunk("data", "abcd")) + "iXML" + le(500, 4) + "<a");
  const AudioReader reader(folder_ / "x");
  EXPECT_EQ(reader.format().frames, 2);
  EXPECT_THAT(reader.notes(), ElementsAre("the iXML chunk reaches past the file's end and is not carried over"));
}

}  // namespace
}  // namespace lathe::testing
