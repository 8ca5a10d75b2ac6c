// An album's signature comes back as it was, and what is none is refused.
#include "host/mastering/album_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/host/audio_file/scratch.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;

class Signatures : public ::testing::Test {
 protected:
  Signatures() {
    std::filesystem::create_directories(album());
    AudioFormat format;
    format.encoding = Encoding::pcm24;
    format.frames = 3 * 44100;
    for (const char* name : {"1.wav", "2.wav"}) testing::write_audio(album() / name, format, testing::music(format));
  }
  std::filesystem::path album() const { return folder_ / "album"; }
  std::string refusal(const std::string& text) {
    testing::spill(folder_ / "bad.json", text);
    try {
      read_signature(folder_ / "bad.json");
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "taken";
  }
  testing::ScratchFolder folder_;
};

TEST_F(Signatures, WhatIsReadIsBitForBitWhatWasMeasured) {
  const AlbumSignature made = measure_signature(album(), [] {});
  testing::spill(folder_ / "a.json", signature_json(made, "lathe test"));
  const AlbumSignature read = read_signature(folder_ / "a.json");
  const ReferenceReading of_folder = ReferenceTones().get(album(), [] {});
  const ReferenceReading of_signature = ReferenceTones().get(folder_ / "a.json", [] {});
  for (const ReferenceReading& reading : {read.reading, of_signature}) {
    EXPECT_EQ(reading.integrated_lufs, of_folder.integrated_lufs);
    EXPECT_EQ(reading.tone.whole.db, of_folder.tone.whole.db);
    EXPECT_EQ(reading.tone.whole.first, of_folder.tone.whole.first);
    EXPECT_EQ(reading.tone.whole.last, of_folder.tone.whole.last);
    EXPECT_EQ(reading.tone.mid.db, of_folder.tone.mid.db);
    EXPECT_EQ(reading.tone.side.db, of_folder.tone.side.db);
  }
  ASSERT_EQ(read.made_of.size(), 2u);
  EXPECT_EQ(read.made_of[1].name, "2.wav");
  EXPECT_EQ(read.made_of[0].sha256.size(), 64u);
  EXPECT_EQ(read.made_of[0].frames, 3 * 44100);
  EXPECT_EQ(read.loudness_range_lu, made.loudness_range_lu);
  EXPECT_EQ(read.true_peak_dbtp, made.true_peak_dbtp);
}

TEST_F(Signatures, WhatIsNoneIsRefusedByItsName) {
  const std::string whole = signature_json(measure_signature(album(), [] {}), "lathe test");
  EXPECT_EQ(refusal(whole), "taken");
  EXPECT_THAT(refusal("{}"), HasSubstr("no album's signature"));
  EXPECT_THAT(refusal("no json"), HasSubstr("bad.json"));
  EXPECT_THAT(refusal(whole.substr(0, whole.size() / 2)), HasSubstr("no album's signature"));
  const auto with = [&whole](const std::string& from, const std::string& to) {
    std::string text = whole;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_THAT(refusal(with("\"points_per_octave\": 24", "\"points_per_octave\": 12")), HasSubstr("another grid"));
  EXPECT_THAT(refusal(with("\"integrated_lufs\": ", "\"integrated_lufs\": 1e9, \"x\": ")),
              HasSubstr("integrated_lufs"));
  EXPECT_THAT(refusal(with("\"made_of\"", "\"made\"")), HasSubstr("no whole signature"));
  EXPECT_THAT(refusal(with("\"first\": ", "\"first\": -5, \"x\": ")), HasSubstr("spectrum"));
  EXPECT_THROW(read_signature(folder_ / "none.json"), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
