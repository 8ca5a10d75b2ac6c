// Metadata that survives mastering: every field and picture of a full set, cue points, chunks and a broadcast extension
// come through or are named; twice the same.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/tagged_file.h"

namespace lathe::test {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

const FieldList kFields = {{"TITLE", "Où vas-tu"},
                           {"ARTIST", "Sigur Rós"},
                           {"ARTIST", "A second one"},
                           {"ALBUM", "日本語"},
                           {"ALBUMARTIST", "Various"},
                           {"TRACKNUMBER", "3"},
                           {"TRACKTOTAL", "12"},
                           {"DISCNUMBER", "1"},
                           {"DISCTOTAL", "2"},
                           {"DATE", "2003-11-02"},
                           {"GENRE", "Post-Rock"},
                           {"GENRE", "Ambient"},
                           {"COMMENT", "some words"},
                           {"COPYRIGHT", "℗ 2003"},
                           {"ISRC", "USRC17607839"},
                           {"UPC", "012345678905"},
                           {"BARCODE", "5099749534728"},
                           {"LABEL", "A label"},
                           {"CATALOGNUMBER", "KR-001"},
                           {"COMPOSER", "A composer"},
                           {"LYRICIST", "A lyricist"},
                           {"CONDUCTOR", "A conductor"},
                           {"PERFORMER", "P (guitar)"},
                           {"PERFORMER", "Q (drums)"},
                           {"PRODUCER", "A producer"},
                           {"ENGINEER", "An engineer"},
                           {"MIXER", "A mixer"},
                           {"REMIXER", "A remixer"},
                           {"LANGUAGE", "isl"},
                           {"MEDIA", "CD"},
                           {"MOOD", "calm"},
                           {"BPM", "120"},
                           {"KEY", "Am"},
                           {"LYRICS", "line one\nline two"},
                           {"MUSICBRAINZ_ALBUMID", "a1b2"},
                           {"MUSICBRAINZ_TRACKID", "c3d4"},
                           {"ARTISTSORT", "Ros, Sigur"},
                           {"ORIGINALDATE", "1999"},
                           {"SUBTITLE", "a subtitle"},
                           {"LICENSE", "CC-BY 4.0"},
                           {"WEBSITE", "http://example.org"},
                           {"MY_OWN_FIELD", "a value"}};

const std::string kCover = "\x89PNG\r\n not quite " + std::string(50'000, 'p');

FieldList comments_of(const std::string& flac) {
  for (const FlacBlockBytes& block : flac_blocks_of(flac)) {
    if (block.type == 4) return comments_in(block.body);
  }
  return {};
}

class MasterMetadata : public ::testing::Test {
 protected:
  // A file of three seconds, by libsndfile.
  std::string sound(Stored stored) const {
    const fs::path file = work_.root() / "sound";
    Random random(5);
    write_sound(file, wandering(random, 44100, 2, 3, 0.3), stored);
    return slurp(file);
  }

  std::string full_flac() const {
    FieldList fields = kFields;
    fields.emplace_back("REPLAYGAIN_TRACK_GAIN", "-7.03 dB");
    return with_flac_blocks(sound(kFlac16), {{4, comment_block(fields)},
                                             {6, picture_block(3, "image/png", "Front", kCover)},
                                             {6, picture_block(4, "image/jpeg", "", "\xff\xd8 back")}});
  }

  // One master of one input, made twice; the report's entry of its output.
  nlohmann::json master(const std::string& name, const std::string& bytes, const std::string& outputs) {
    spill(work_.in() / name, bytes);
    const std::string recipe =
        work_.recipe("recipe: v1\nchain: [{limit: {}}]\nloudness: {target_lufs: -14}\noutputs: [" + outputs + "]\n");
    nlohmann::json output;
    std::string first;
    for (int run = 0; run < 2; ++run) {
      fs::remove_all(work_.out());
      const ProgramResult done = work_.master({"--recipe", recipe, "--json", "--no-cache"});
      EXPECT_EQ(done.exit_code, 0) << done.err;
      output = track_named(done.json(), name).at("outputs").at(0);
      const std::string made = slurp(output.at("path").get<std::string>());
      EXPECT_TRUE(run == 0 || made == first) << "two runs differ";
      first = made;
    }
    bytes_ = first;
    lost_ = output.value("tags_not_representable", std::vector<std::string>());
    return output;
  }

  // Every field of the full set, in FLAC.
  void expect_all_comments() const { EXPECT_THAT(comments_of(bytes_), IsSupersetOf(kFields)); }

  // And in an ID3 tag, with both pictures.
  void expect_all_in_id3() const {
    const auto frames = id3_frames_of(chunk_named(chunks_of(bytes_), "id3 "));
    const auto values = id3_values(frames);
    for (const auto& [name, value] : kFields) {
      if (name == "TRACKTOTAL" || name == "DISCTOTAL") continue;
      const std::string total = name == "TRACKNUMBER" ? "/12" : name == "DISCNUMBER" ? "/2" : "";
      EXPECT_THAT(values, Contains(value + total)) << name;
    }
    int pictures = 0;
    for (const RawChunk& frame : frames) pictures += frame.id == "APIC" && frame.body.ends_with(kCover) ? 1 : 0;
    EXPECT_EQ(pictures, 1);
    const std::string info = chunk_named(chunks_of(bytes_), "LIST", "INFO");
    EXPECT_NE(info.find("INAM" + little(11, 4) + "Où vas-tu"), std::string::npos);
  }

  Workspace work_;
  std::string bytes_;
  std::vector<std::string> lost_;
};

std::vector<RawChunk> id3_of_all_fields() {
  const std::string nul(1, '\0');
  std::vector<RawChunk> frames = {{"TIT2", "\x03Où vas-tu"},
                                  {"TPE1", "\x03Sigur Rós" + nul + "A second one"},
                                  {"TRCK",
                                   "\x03"
                                   "3/12"},
                                  {"TPOS",
                                   "\x03"
                                   "1/2"}};
  for (const auto& [name, value] : kFields) {
    if (name == "TITLE" || name == "ARTIST" || name.starts_with("TRACK") || name.starts_with("DISC")) continue;
    const bool is_second = value == "Ambient" || value == "Q (drums)";
    if (is_second) {
      frames.back().body += nul + value;
    } else {
      frames.push_back({"TXXX", "\x03" + name + nul + value});
    }
  }
  frames.push_back({"APIC", "\x03image/png" + nul +
                                "\x03"
                                "Front" +
                                nul + kCover});
  return frames;
}

std::string cue_chunk(int count) {
  std::string body = little(static_cast<std::uint64_t>(count), 4);
  for (int i = 0; i < count; ++i) {
    const std::string frame = little(static_cast<std::uint64_t>(i) * 800 + 3, 4);
    body += little(static_cast<std::uint64_t>(i) + 1, 4) + frame + "data" + little(0, 8) + frame;
  }
  return body;
}

std::string labels(int count) {
  std::string body = "adtl";
  for (int i = 0; i < count; ++i) {
    const std::string text = little(static_cast<std::uint64_t>(i) + 1, 4) + fmt::format("Point {:03}", i) + '\0';
    body += "labl" + little(text.size(), 4) + text + std::string(text.size() % 2, '\0');
  }
  return body;
}

std::string bext() {
  std::string body(602, '\0');
  body.replace(0, 11, "Description");
  body.replace(338, 8, little(44100, 8));
  body.replace(346, 2, little(1, 2));
  while (body.size() < 602 + 20 * 1024) body += "A=ANALOGUE,M=stereo,T=Studer A816; SN1007; 15 ips\r\n";
  return body;
}

const std::vector<RawChunk> kWaveChunks = {{"bext", bext()},          {"iXML", "<BWFXML><NOTE>é</NOTE></BWFXML>"},
                                           {"cue ", cue_chunk(150)},  {"LIST", labels(150)},
                                           {"zzzz", "anything \x01"}, {"PEAK", std::string(24, 'p')}};

TEST_F(MasterMetadata, FromFlacToFlac) {
  master("in.flac", full_flac(), "{format: flac}");
  EXPECT_THAT(lost_, UnorderedElementsAre("REPLAYGAIN_TRACK_GAIN"));
  expect_all_comments();
  std::vector<std::string> pictures;
  for (const FlacBlockBytes& block : flac_blocks_of(bytes_))
    if (block.type == 6) pictures.push_back(block.body);
  EXPECT_THAT(pictures, UnorderedElementsAre(picture_block(3, "image/png", "Front", kCover),
                                             picture_block(4, "image/jpeg", "", "\xff\xd8 back")));
}

TEST_F(MasterMetadata, FromFlacToWav) {
  master("in.flac", full_flac(), "{format: wav, bits: 24}");
  EXPECT_THAT(lost_, UnorderedElementsAre("REPLAYGAIN_TRACK_GAIN"));
  expect_all_in_id3();
}

TEST_F(MasterMetadata, FromWavToFlacAndBack) {
  std::vector<RawChunk> chunks = kWaveChunks;
  chunks.push_back({"id3 ", id3_tag_of(id3_of_all_fields())});
  master("in.wav", with_chunks(sound(kWav16), chunks), "{format: flac}");
  EXPECT_THAT(lost_, UnorderedElementsAre("PEAK chunk"));
  expect_all_comments();
  std::string kept;
  for (const FlacBlockBytes& block : flac_blocks_of(bytes_)) kept += block.type == 2 ? block.body : "";
  for (const char* id : {"iXML", "cue ", "zzzz", "LIST"}) {
    const std::string body = chunk_named(kWaveChunks, id);
    EXPECT_NE(kept.find("riff" + std::string(id) + little(body.size(), 4) + body), std::string::npos) << id;
  }
  const std::string flac = bytes_;
  fs::remove_all(work_.in());
  master("again.flac", flac, "{format: wav, bits: 16}");
  EXPECT_THAT(lost_, IsEmpty());
  expect_all_in_id3();
  const auto found = chunks_of(bytes_);
  for (const char* id : {"iXML", "cue ", "zzzz"}) EXPECT_EQ(chunk_named(found, id), chunk_named(kWaveChunks, id)) << id;
  EXPECT_EQ(chunk_named(found, "LIST", "adtl"), labels(150));
}

TEST_F(MasterMetadata, FromAiffToWav) {
  std::string marks = big(150, 2);
  for (int i = 0; i < 150; ++i)
    marks += big(static_cast<std::uint64_t>(i) + 1, 2) + big(static_cast<std::uint64_t>(i) * 800 + 3, 4) + "\x09" +
             fmt::format("Point {:03}", i);
  master("in.aiff",
         with_chunks(sound(kAiff16),
                     {{"NAME", "Caf\xe9"},
                      {"MARK", marks},
                      {"iXML", "<BWFXML/>"},
                      {"APPL", "stocx"},
                      {"ID3 ", id3_tag_of(id3_of_all_fields())}},
                     true),
         "{format: wav, bits: 16}");
  EXPECT_THAT(lost_, UnorderedElementsAre("APPL chunk"));
  expect_all_in_id3();
  const auto found = chunks_of(bytes_);
  EXPECT_EQ(chunk_named(found, "cue "), cue_chunk(150));
  EXPECT_EQ(chunk_named(found, "LIST", "adtl"), labels(150));
  EXPECT_EQ(chunk_named(found, "iXML"), "<BWFXML/>");
}

TEST_F(MasterMetadata, TheBroadcastExtensionSaysHowLoudTheFinishedFileIs) {
  const std::string given = bext();
  const nlohmann::json output =
      master("in.wav", with_chunks(sound(kWav16), kWaveChunks), "{format: wav, bits: 24, sample_rate: 48000}");
  EXPECT_THAT(lost_, UnorderedElementsAre("PEAK chunk", "the sample rate in iXML (the chunk is kept as it came)"));
  const auto found = chunks_of(bytes_);
  const std::string body = chunk_named(found, "bext");
  ASSERT_EQ(body.substr(0, 338), given.substr(0, 338));
  EXPECT_EQ(body.substr(338, 10), little(48000, 8) + little(2, 2));
  const auto value = [&body](std::size_t index) {
    return static_cast<std::int16_t>(static_cast<unsigned char>(body[412 + 2 * index]) |
                                     static_cast<unsigned char>(body[413 + 2 * index]) << 8);
  };
  const char* const keys[] = {"integrated_lufs", "loudness_range_lu", "true_peak_dbtp", "max_momentary_lufs",
                              "max_short_term_lufs"};
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& measured = output.at("after").at(keys[i]);
    if (measured.is_null()) continue;
    EXPECT_EQ(value(i), std::lround(100 * measured.get<double>())) << keys[i];
  }
  const std::string history = given.substr(602);
  EXPECT_EQ(body.substr(602, history.size()), history);
  EXPECT_THAT(body.substr(602 + history.size(), body.find_last_not_of('\0') + 1 - 602 - history.size()),
              ::testing::MatchesRegex("A=PCM,F=48000,W=24,M=stereo,T=Lathe [0-9.]+\r\n"));
  EXPECT_EQ(chunk_named(found, "cue ").substr(4 + 24 + 20, 4), little(874, 4));  // 803 at 44.1 kHz
  EXPECT_EQ(chunk_named(found, "iXML"), chunk_named(kWaveChunks, "iXML"));
}

TEST_F(MasterMetadata, AnotherPictureIsAnotherMaster) {
  spill(work_.in() / "in.flac", full_flac());
  EXPECT_EQ(work_.master({"--json"}).exit_code, 0);
  spill(work_.in() / "in.flac", with_flac_blocks(sound(kFlac16), {{4, comment_block(kFields)},
                                                                  {6, picture_block(3, "image/png", "Front", "new")}}));
  const ProgramResult again = work_.master({"--json"});
  EXPECT_EQ(track_named(again.json(), "in.flac").at("state"), "DONE");
  const std::string made =
      slurp(track_named(again.json(), "in.flac").at("outputs").at(0).at("path").get<std::string>());
  EXPECT_NE(made.find(picture_block(3, "image/png", "Front", "new")), std::string::npos);
}

TEST_F(MasterMetadata, ALatin1TagBecomesUtf8AndIsToldSo) {
  spill(work_.in() / "in.wav", with_chunks(sound(kWav16), {{"LIST", "INFO" + std::string("IART") + little(5, 4) +
                                                                        "Caf\xe9" + std::string(2, '\0')}}));
  const ProgramResult done =
      work_.master({"--recipe", work_.recipe("recipe: v1\noutputs: [{format: flac}]\n"), "--json"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const nlohmann::json track = track_named(done.json(), "in.wav");
  EXPECT_THAT(track.at("notes").get<std::vector<std::string>>(),
              Contains("ARTIST was not UTF-8 and is read as Windows-1252"));
  EXPECT_THAT(comments_of(slurp(track.at("outputs").at(0).at("path").get<std::string>())),
              Contains(std::pair<std::string, std::string>("ARTIST", "Café")));
}

}  // namespace
}  // namespace lathe::test
