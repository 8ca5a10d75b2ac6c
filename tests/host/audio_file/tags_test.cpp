// Tags through every container: kept, or named as dropped; never a crash on old text.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "host/audio_file/text_encoding.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

AudioFormat short_format(Container container) { return {container, Encoding::pcm16, 44100, 2, 100, 0, 0}; }

Fields sorted(Fields fields) {
  std::sort(fields.begin(), fields.end());
  return fields;
}

struct Kept {
  Fields fields;
  std::vector<std::string> dropped;
};

Kept through(Container container, const Fields& fields) {
  const ScratchFolder folder;
  Tags tags;
  tags.fields = fields;
  const AudioFormat format = short_format(container);
  const WrittenAudio written = write_audio(folder / "x", format, noise(format), tags);
  AudioReader reader(folder / "x");
  EXPECT_EQ(read_audio(reader), noise(format));
  EXPECT_TRUE(reader.tags().notes.empty());
  return {reader.tags().fields, written.dropped_tags};
}

const Fields kAll = {{"TITLE", "Où vas-tu"},
                     {"ARTIST", "Sigur Rós"},
                     {"ALBUM", "日本語 \xf0\x9f\x8e\xb5"},
                     {"TRACKNUMBER", "7"},
                     {"DISCNUMBER", "2"},
                     {"DATE", "2003-11-02"},
                     {"GENRE", "Post-Rock"},
                     {"COMMENT", "odd"},
                     {"COPYRIGHT", "℗ 2003"},
                     {"ISRC", "USRC17607839"},
                     {"LICENSE", "CC-BY 4.0"},
                     {"ARTIST", "Second Artist"},
                     {"REPLAYGAIN_TRACK_GAIN", "-7.03 dB"}};

TEST(TagsRoundTrip, FlacKeepsEveryFieldEveryValueAndTheirOrder) {
  const Kept kept = through(Container::flac, kAll);
  EXPECT_EQ(kept.fields, kAll);
  EXPECT_TRUE(kept.dropped.empty());
}

TEST(TagsRoundTrip, WavRf64AndAiffKeepEveryFieldAndEveryValue) {
  for (const Container container : {Container::wav, Container::rf64, Container::aiff}) {
    const Kept kept = through(container, kAll);
    EXPECT_EQ(sorted(kept.fields), sorted(kAll)) << container_name(container);
    EXPECT_TRUE(kept.dropped.empty());
  }
}

TEST(TagsRoundTrip, WhatTheContainersOwnFieldsHoldTakesNoId3Tag) {
  const ScratchFolder folder;
  Tags tags;
  tags.fields = {{"TITLE", "T"}, {"ARTIST", "A"}};
  for (const Container container : {Container::wav, Container::aiff}) {
    write_audio(folder / "x", short_format(container), noise(short_format(container)), tags);
    EXPECT_EQ(slurp(folder / "x").find("ID3"), std::string::npos);
  }
}

TEST(TagsRoundTrip, CafKeepsAllButSecondValues) {
  Fields all_but_second_artist = kAll;
  all_but_second_artist.erase(all_but_second_artist.begin() + 11);
  const Kept caf = through(Container::caf, kAll);
  EXPECT_EQ(caf.fields, all_but_second_artist);
  EXPECT_EQ(caf.dropped, std::vector<std::string>{"ARTIST"});
}

TEST(TagsRoundTrip, W64HasNoPlaceForTextAndSaysSo) {
  const Kept kept = through(Container::w64, {{"TITLE", "x"}, {"ARTIST", "y"}});
  EXPECT_TRUE(kept.fields.empty());
  EXPECT_EQ(kept.dropped, (std::vector<std::string>{"TITLE", "ARTIST"}));
}

TEST(TagsRoundTrip, Latin1TextGivenToAnyWriterBecomesUtf8AndHarmsNothing) {
  for (const Container c : {Container::flac, Container::wav, Container::rf64, Container::aiff, Container::caf}) {
    EXPECT_EQ(through(c, {{"ARTIST", "Caf\xe9"}}).fields, (Fields{{"ARTIST", "Café"}})) << container_name(c);
  }
}

TEST(TagsRoundTrip, TextsOfEveryLengthComeBackWhole) {
  for (const Container c : {Container::flac, Container::wav, Container::rf64, Container::aiff, Container::caf}) {
    for (const std::size_t length : {1, 2, 3, 4, 5, 255, 256, 1000, 10000}) {
      const Fields fields = {{"COMMENT", std::string(length, 'x')}};
      EXPECT_EQ(through(c, fields).fields, fields) << container_name(c) << " " << length;
    }
  }
}

TEST(TagsRoundTrip, WhatIsTooLongForTheHeaderIsNamedAndTheAudioIsWhole) {
  for (const Container c : {Container::flac, Container::wav, Container::aiff, Container::caf}) {
    const Kept kept = through(c, {{"COMMENT", std::string(2 << 20, 'x')}, {"TITLE", "short"}});
    EXPECT_EQ(kept.fields, (Fields{{"TITLE", "short"}})) << container_name(c);
    EXPECT_EQ(kept.dropped, (std::vector<std::string>{"COMMENT"}));
  }
}

TEST(TagsReading, Latin1InfoOfAnOldWavIsReadAsWindows1252WithANote) {
  const ScratchFolder folder;
  const std::string list = "INFO" + riff_chunk("IART", std::string("Caf\xe9\0", 5)) + riff_chunk("IENG", "Someone") +
                           riff_chunk("ITRK", "3") + riff_chunk("IXYZ", "?");
  spill(folder / "x.wav", riff_file(wave_format(1, 44100, 16) + riff_chunk("LIST", list) + riff_chunk("data", "abcd")));
  const AudioReader reader(folder / "x.wav");
  EXPECT_EQ(reader.tags().fields,
            (Fields{{"ARTIST", "Café"}, {"ENGINEER", "Someone"}, {"TRACKNUMBER", "3"}, {"IXYZ", "?"}}));
  EXPECT_EQ(reader.tags().notes, std::vector<std::string>{"ARTIST was not UTF-8 and is read as Windows-1252"});
}

TEST(TagsReading, InfoAfterTheAudioIsFoundToo) {
  const ScratchFolder folder;
  spill(folder / "x.wav", riff_file(wave_format(1, 44100, 8) + riff_chunk("data", "abc") +
                                    riff_chunk("LIST", "INFO" + riff_chunk("INAM", "Late"))));
  EXPECT_EQ(AudioReader(folder / "x.wav").tags().first("TITLE"), "Late");
}

TEST(TagsReading, ApplesCafKeysGetTheirVorbisNames) {
  const ScratchFolder folder;
  const std::string desc =
      "desc" + be(32, 8) + be(0x40e7700000000000, 8) + "lpcm" + be(2, 4) + be(2, 4) + be(1, 4) + be(1, 4) + be(16, 4);
  const std::string info = be(2, 4) + std::string("track number\0003\0comments\0hm", 26) + '\0';
  spill(folder / "x.caf",
        "caff" + be(0x00010000, 4) + desc + "info" + be(info.size(), 8) + info + "data" + be(4, 8) + be(0, 4));
  EXPECT_EQ(AudioReader(folder / "x.caf").tags().fields, (Fields{{"TRACKNUMBER", "3"}, {"COMMENT", "hm"}}));
}

TEST(TagsReading, ALyingInfoSizeReadsNothingBeyondItsList) {
  const ScratchFolder folder;
  const std::string list = "INFOINAM" + le(0xfffffff0, 4) + "abc";
  spill(folder / "x.wav", riff_file(wave_format(1, 44100, 16) + riff_chunk("LIST", list) + riff_chunk("data", "abcd")));
  EXPECT_EQ(AudioReader(folder / "x.wav").tags().first("TITLE"), "abc");
}

TEST(TagsReading, TagsAreNotDoubledByRewinding) {
  const ScratchFolder folder;
  Tags tags;
  tags.fields = {{"TITLE", "Once"}};
  const AudioFormat format = short_format(Container::flac);
  write_audio(folder / "x", format, noise(format), tags);
  AudioReader reader(folder / "x");
  read_audio(reader);
  reader.rewind();
  EXPECT_EQ(reader.tags().fields, tags.fields);
}

}  // namespace
}  // namespace lathe::testing
