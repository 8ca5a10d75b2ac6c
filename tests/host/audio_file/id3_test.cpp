// ID3v2 tags of every version as other programs write them, read; and what is made of fields, judged by a reader of its
// own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/audio_file/metadata/id3_fields.h"
#include "host/audio_file/metadata/id3_tag.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

std::string synchsafe(std::size_t size) {
  std::string out;
  for (int shift = 21; shift >= 0; shift -= 7) out += static_cast<char>((size >> shift) & 0x7f);
  return out;
}

std::string tag_of(int version, const std::string& body, int flags = 0) {
  return "ID3" + le(static_cast<std::uint64_t>(version), 1) + '\0' + static_cast<char>(flags) + synchsafe(body.size()) +
         body;
}

std::string frame_3(const std::string& id, const std::string& body) {
  return id + be(body.size(), 4) + std::string(2, '\0') + body;
}
std::string frame_4(const std::string& id, const std::string& body, int flags = 0) {
  return id + synchsafe(body.size()) + '\0' + static_cast<char>(flags) + body;
}

TagFields fields_of(const Id3Tag& tag) {
  TagFields fields;
  for (const Id3Frame& frame : tag.frames) {
    const TagFields more = fields_of_frame(frame);
    fields.insert(fields.end(), more.begin(), more.end());
  }
  return fields;
}

const std::string kNul(1, '\0');

TEST(Id3Reading, TheThreeVersionsGiveTheSameFields) {
  const std::string text = kNul + "Caf\xe9";
  const std::string of_2 =
      "TT2" + be(text.size(), 3) + text + "TRK" + be(5, 3) + kNul + "3/12" + "TYE" + be(5, 3) + kNul + "1999";
  const std::string of_3 = frame_3("TIT2", text) + frame_3("TRCK", kNul + "3/12") + frame_3("TYER", kNul + "1999");
  const std::string of_4 = frame_4("TIT2", text) + frame_4("TRCK", kNul + "3/12") + frame_4("TDRC", kNul + "1999");
  const TagFields expected = {{"TITLE", "Café"}, {"TRACKNUMBER", "3"}, {"TRACKTOTAL", "12"}, {"DATE", "1999"}};
  EXPECT_EQ(fields_of(parse_id3_tag(tag_of(2, of_2))), expected);
  EXPECT_EQ(fields_of(parse_id3_tag(tag_of(3, of_3))), expected);
  EXPECT_EQ(fields_of(parse_id3_tag(tag_of(4, of_4))), expected);
}

TEST(Id3Reading, TextOfAllFourEncodingsBecomesUtf8) {
  const std::string little = "\x01\xff\xfe" + std::string("C\0a\0f\0\xe9\0\0\0=\xd8\x0a\xde", 14);
  const std::string big = "\x02" + std::string("\0C\0a\0f\0\xe9", 8);
  const Id3Tag tag = parse_id3_tag(tag_of(4, frame_4("TPE1", little) + frame_4("TALB", big) +
                                                 frame_4("TIT2",
                                                         "\x03"
                                                         "Café") +
                                                 frame_4("TCOM", kNul + "Caf\xe9")));
  EXPECT_EQ(fields_of(tag), (TagFields{{"ARTIST", "Café"},
                                       {"ARTIST", "\xf0\x9f\x98\x8a"},
                                       {"ALBUM", "Café"},
                                       {"TITLE", "Café"},
                                       {"COMPOSER", "Café"}}));
}

TEST(Id3Reading, UnsynchronisationExtendedHeaderAndPaddingAreUndone) {
  const std::string picture = kNul + "image/png" + kNul + '\x03' + kNul + std::string("\xff\x00\xff\xfb", 4);
  std::string stored = frame_3("APIC", picture) + frame_3("TIT2", kNul + "T");
  const std::size_t at = stored.find('\xff');
  stored.replace(at, 1, std::string("\xff\0", 2));
  const std::string extended = be(6, 4) + std::string(6, '\0');
  const Id3Tag of_3 = parse_id3_tag(tag_of(3, extended + stored + std::string(50, '\0'), 0xc0));
  ASSERT_EQ(of_3.pictures.size(), 1U);
  EXPECT_EQ(of_3.pictures[0].data, std::string("\xff\x00\xff\xfb", 4));
  EXPECT_EQ(fields_of(of_3), (TagFields{{"TITLE", "T"}}));
  const Id3Tag of_4 = parse_id3_tag(tag_of(4, frame_4("TIT2", be(4, 4) + "\x03T\xff" + kNul + "x", 0x03)));
  EXPECT_EQ(fields_of(of_4), (TagFields{{"TITLE", "T\u00ffx"}}));
}

TEST(Id3Reading, SizesThatAreNotSynchsafeInVersion4AreUnderstood) {
  const std::string body = "\x03" + std::string(299, 'x');
  const std::string wrong = "TIT2" + be(body.size(), 4) + std::string(2, '\0') + body;
  const Id3Tag tag = parse_id3_tag(tag_of(4, wrong + frame_4("TALB",
                                                             "\x03"
                                                             "Album")));
  EXPECT_EQ(fields_of(tag), (TagFields{{"TITLE", std::string(299, 'x')}, {"ALBUM", "Album"}}));
}

TEST(Id3Reading, DescribedFramesKeepTheirDescription) {
  const Id3Tag tag = parse_id3_tag(tag_of(4, frame_4("TXXX",
                                                     "\x03"
                                                     "MusicBrainz Album Id" +
                                                         kNul + "ab") +
                                                 frame_4("TXXX",
                                                         "\x03"
                                                         "upc" +
                                                             kNul + "0123") +
                                                 frame_4("COMM",
                                                         "\x03"
                                                         "eng" +
                                                             kNul + "words") +
                                                 frame_4("COMM",
                                                         "\x03"
                                                         "engwho" +
                                                             kNul + "me") +
                                                 frame_4("UFID", "http://musicbrainz.org" + kNul + "rec") +
                                                 frame_4("PRIV", "x" + kNul + "y")));
  EXPECT_EQ(fields_of(tag), (TagFields{{"MUSICBRAINZ_ALBUMID", "ab"},
                                       {"UPC", "0123"},
                                       {"COMMENT", "words"},
                                       {"COMMENT:WHO", "me"},
                                       {"MUSICBRAINZ_TRACKID", "rec"}}));
}

TEST(Id3Reading, WhatIsDamagedOrPackedIsSaidAndTheRestKept) {
  const std::string good = frame_4("TIT2",
                                   "\x03"
                                   "T");
  const Id3Tag cut = parse_id3_tag(tag_of(4, good + "TALB" + synchsafe(500) + std::string(2, '\0') +
                                                 "\x03"
                                                 "A"));
  EXPECT_EQ(fields_of(cut), (TagFields{{"TITLE", "T"}}));
  EXPECT_THAT(cut.notes, ElementsAre(HasSubstr("damaged")));
  const Id3Tag packed = parse_id3_tag(tag_of(4, frame_4("TALB", "xxxxxxx", 0x08) + good));
  EXPECT_EQ(fields_of(packed), (TagFields{{"TITLE", "T"}}));
  EXPECT_THAT(packed.notes, ElementsAre(HasSubstr("TALB")));
  EXPECT_THAT(parse_id3_tag("ID3\x09 and so on").notes, ElementsAre(HasSubstr("none that is known")));
  for (std::size_t size = 0; size < 60; ++size) parse_id3_tag(tag_of(3, good + good + good).substr(0, size));
}

TEST(Id3Reading, APicturesSizeIsThatOfItsData) {
  const std::string png =
      "\x89PNG\r\n\x1a\n" + be(13, 4) + "IHDR" + be(640, 4) + be(480, 4) + "\x08\x02" + std::string(7, '\0');
  const std::string jpeg =
      "\xff\xd8\xff\xe0" + be(4, 2) + "xx\xff\xc0" + be(17, 2) + "\x08" + be(30, 2) + be(40, 2) + "\x03 more";
  const auto picture = [](const std::string& data) {
    return frame_4("APIC", kNul + "image/x" + kNul + "\x03" + kNul + data);
  };
  const Id3Tag tag = parse_id3_tag(tag_of(4, picture(png) + picture(jpeg) + picture("\x89PNG\r\n cut")));
  ASSERT_EQ(tag.pictures.size(), 3U);
  EXPECT_EQ(tag.pictures[0], (Picture{3, "image/x", "", 640, 480, 24, 0, png}));
  EXPECT_EQ(tag.pictures[1], (Picture{3, "image/x", "", 40, 30, 24, 0, jpeg}));
  EXPECT_EQ(tag.pictures[2].width, 0);
}

// Frames by id and body of a tag without flags, by the letter of the standard.
std::vector<std::pair<std::string, std::string>> frames_in(const std::string& tag) {
  std::vector<std::pair<std::string, std::string>> frames;
  EXPECT_EQ(tag.substr(0, 6), std::string("ID3\x04\0\0", 6));
  for (std::size_t at = 10; at + 10 <= tag.size();) {
    std::size_t size = 0;
    for (int i = 4; i < 8; ++i) size = size << 7 | static_cast<unsigned char>(tag[at + static_cast<std::size_t>(i)]);
    frames.emplace_back(tag.substr(at, 4), tag.substr(at + 10, size));
    at += 10 + size;
  }
  return frames;
}

TEST(Id3Writing, FieldsStandInTheFramesOfTheirNames) {
  const TagFields fields = {{"TITLE", "T"},       {"ARTIST", "One"}, {"ARTIST", "Two"},        {"TRACKNUMBER", "3"},
                            {"TRACKTOTAL", "12"}, {"COMMENT", "c"},  {"ISRC", "USRC17607839"}, {"MY_OWN", "x"}};
  const auto frames = frames_in(make_id3_tag(frames_of_fields(fields, {}), {}));
  EXPECT_THAT(frames, UnorderedElementsAreArray(
                          std::vector<std::pair<std::string, std::string>>{{"TIT2", "\x03T"},
                                                                           {"TPE1", "\x03One" + kNul + "Two"},
                                                                           {"TRCK",
                                                                            "\x03"
                                                                            "3/12"},
                                                                           {"COMM", "\x03XXX" + kNul + "c"},
                                                                           {"TSRC", "\x03USRC17607839"},
                                                                           {"TXXX", "\x03MY_OWN" + kNul + "x"}}));
}

TEST(Id3Writing, FramesThatSayWhatIsWantedStayAsTheyCame) {
  const Id3Frame title{"TIT2", std::string("\x01\xff\xfeT\0", 5)},
      gone{"TALB",
           "\x03"
           "Gone"},
      artist{"TPE1", "\x03One"}, own{"TXXX", "\x03My Own" + kNul + "x"}, raw{"PRIV", "abc"};
  const auto frames = frames_of_fields({{"TITLE", "T"}, {"ARTIST", "One"}, {"ARTIST", "Two"}, {"MY OWN", "x"}},
                                       {title, gone, artist, own, raw});
  EXPECT_THAT(frames, UnorderedElementsAreArray({title, own, raw, Id3Frame{"TPE1", "\x03One" + kNul + "Two"}}));
}

TEST(Id3Writing, WhatWasWrittenIsReadBackAlike) {
  const TagFields fields = {{"TITLE", "日本語"},           {"COMMENT", "a"},         {"COMMENT", "b"},
                            {"COMMENT:WHO", "me"},         {"LYRICS", "line\nline"}, {"WEBSITE", "http://example.org"},
                            {"LICENSE", "CC-BY 4.0"},      {"DISCNUMBER", "A"},      {"DISCTOTAL", "2"},
                            {"MUSICBRAINZ_ALBUMID", "ab"}, {"PRODUCER", "P"}};
  const Picture picture{4, "image/jpeg", "Rück", 0, 0, 0, 0, std::string("\xff\xd8\0\0", 4)};
  const Id3Tag tag = parse_id3_tag(make_id3_tag(frames_of_fields(fields, {}), {picture}));
  EXPECT_THAT(fields_of(tag), UnorderedElementsAreArray(fields));
  EXPECT_THAT(tag.pictures, ElementsAre(picture));
  EXPECT_TRUE(tag.notes.empty());
}

}  // namespace
}  // namespace lathe::testing
