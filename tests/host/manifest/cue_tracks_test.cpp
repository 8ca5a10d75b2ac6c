// Which frames of which files a cue sheet's tracks are.
#include "host/manifest/cue_tracks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/recipe/recipe_problem.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CueTracksOf : public ::testing::Test {
 protected:
  // 16 bits, stereo, so many seconds of it.
  void audio(const std::string& name, int rate_hz, double seconds, Container container = Container::wav) {
    AudioFormat format;
    format.container = container;
    format.encoding = Encoding::pcm16;
    format.sample_rate_hz = rate_hz;
    format.frames = static_cast<std::int64_t>(seconds * rate_hz);
    std::filesystem::create_directories((folder_ / name).parent_path());
    testing::write_audio(folder_ / name, format, testing::music(format));
  }
  CueTracks read(const std::string& text) {
    testing::spill(folder_ / "album.cue", text);
    return read_cue_tracks(folder_ / "album.cue");
  }
  std::vector<std::string> mistakes(const std::string& text) {
    std::vector<std::string> all;
    try {
      read(text);
    } catch (const RecipeErrors& errors) {
      for (const RecipeProblem& problem : errors.problems())
        all.push_back(std::to_string(problem.line) + ": " + problem.message);
    }
    return all;
  }
  static FilePart part(const CueTracks& cue, std::size_t row) { return cue.manifest.rows.at(row).part; }

  testing::ScratchFolder folder_;
};

std::string tracks_at(const std::string& file, const std::vector<std::string>& starts) {
  std::string text = "TITLE \"Album\"\nPERFORMER \"Band\"\nFILE \"" + file + "\" WAVE\n";
  for (std::size_t i = 0; i < starts.size(); ++i)
    text += "TRACK " + std::to_string(i + 1) + " AUDIO\nINDEX 01 " + starts[i] + "\n";
  return text;
}

TEST_F(CueTracksOf, ASecondHas75FramesAndEachHas588AtTheRateOfACompactDisc) {
  audio("album.wav", 44100, 9);
  const CueTracks cue = read(tracks_at("album.wav", {"00:00:00", "00:03:07", "00:05:74"}));
  ASSERT_EQ(cue.manifest.rows.size(), 3u);
  EXPECT_EQ(part(cue, 0), (FilePart{0, (3 * 75 + 7) * 588}));
  EXPECT_EQ(part(cue, 1), (FilePart{(3 * 75 + 7) * 588, (5 * 75 + 74) * 588}));
  EXPECT_EQ(part(cue, 2), (FilePart{(5 * 75 + 74) * 588, 9 * 44100}));
  EXPECT_EQ(cue.manifest.rows[0].contiguous, true);
  EXPECT_EQ(cue.manifest.rows[2].contiguous, std::nullopt);
  EXPECT_EQ(cue.manifest.rows[1].tags.at("album"), "Album");
  EXPECT_EQ(cue.manifest.rows[1].tags.at("artist"), "Band");
  EXPECT_EQ(cue.manifest.rows[1].tags.at("track"), "2");
}

TEST_F(CueTracksOf, AtOtherRatesTheCutIsTheNearestFrame) {
  audio("album.wav", 48000, 3);
  const CueTracks cue = read(tracks_at("album.wav", {"00:00:00", "00:01:01"}));
  EXPECT_EQ(part(cue, 1).first_frame, 48640);  // 76 / 75 s * 48000
  audio("album.wav", 22050, 3);
  EXPECT_EQ(part(read(tracks_at("album.wav", {"00:00:00", "00:01:01"})), 1).first_frame, 22344);
  audio("album.wav", 8000, 3);
  EXPECT_EQ(part(read(tracks_at("album.wav", {"00:00:00", "00:01:01"})), 1).first_frame, 8107);  // 8106.67
}

TEST_F(CueTracksOf, AShortPregapBeginsTheFirstTrackAndALongOneIsATrackOfItsOwn) {
  audio("album.wav", 44100, 12);
  EXPECT_EQ(part(read(tracks_at("album.wav", {"00:02:00", "00:09:00"})), 0), (FilePart{0, 9 * 44100}));
  const CueTracks hidden = read(tracks_at("album.wav", {"00:05:00", "00:09:00"}));
  ASSERT_EQ(hidden.manifest.rows.size(), 3u);
  EXPECT_EQ(hidden.manifest.rows[0].tags.at("track"), "0");
  EXPECT_EQ(part(hidden, 0), (FilePart{0, 5 * 44100}));
  EXPECT_EQ(part(hidden, 1), (FilePart{5 * 44100, 9 * 44100}));
}

TEST_F(CueTracksOf, AFileOfOneTrackIsThatTrackAsAWhole) {
  audio("1.wav", 44100, 1);
  audio("2.wav", 44100, 1);
  const CueTracks cue = read(
      "FILE 1.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nTITLE B\nINDEX 00 00:00:60\n"
      "FILE 2.wav WAVE\nINDEX 01 00:00:30\n");
  ASSERT_EQ(cue.manifest.rows.size(), 2u);
  EXPECT_TRUE(part(cue, 0).is_whole());
  EXPECT_TRUE(part(cue, 1).is_whole());
  EXPECT_EQ(cue.manifest.rows[1].path, (folder_ / "2.wav").string());
  EXPECT_EQ(cue.manifest.rows[0].contiguous, std::nullopt);  // the sound tells
}

TEST_F(CueTracksOf, AFileThatWasCompressedSinceIsFoundAndSaid) {
  audio("Album.flac", 44100, 2, Container::flac);
  const CueTracks cue = read(tracks_at("album.wav", {"00:00:00", "00:01:00"}));
  EXPECT_EQ(cue.manifest.rows[0].path, (folder_ / "Album.flac").string());
  EXPECT_THAT(cue.notes, ElementsAre(HasSubstr("album.cue:3: album.wav is not there, and Album.flac is taken")));
  audio("album.flac", 44100, 2, Container::flac);  // the same case goes before
  EXPECT_EQ(read(tracks_at("album.wav", {"00:00:00"})).manifest.rows[0].path, (folder_ / "album.flac").string());
}

std::string tracks_each_with(const std::vector<std::string>& files, const std::vector<std::string>& starts) {
  std::string text;
  for (std::size_t i = 0; i < files.size(); ++i)
    text += "FILE \"" + files[i] + "\" WAVE\nTRACK " + std::to_string(i + 1) + " AUDIO\nINDEX 01 " + starts[i] + "\n";
  return text;
}

// Each track would be all of the file.
TEST_F(CueTracksOf, AFileNamedBeforeEachOfItsTracksIsCutAsIfNamedOnce) {
  audio("album.flac", 44100, 9, Container::flac);
  const std::vector<std::vector<std::string>> sheets{{"album.flac", "album.flac", "album.flac"},
                                                     {"album.wav", "Album.WAV", "./album.flac"}};
  for (const std::vector<std::string>& files : sheets) {
    const CueTracks cue = read(tracks_each_with(files, {"00:00:00", "00:03:00", "00:05:00"}));
    ASSERT_EQ(cue.manifest.rows.size(), 3u) << files[1];
    EXPECT_EQ(part(cue, 0), (FilePart{0, 3 * 44100}));
    EXPECT_EQ(part(cue, 1), (FilePart{3 * 44100, 5 * 44100}));
    EXPECT_EQ(part(cue, 2), (FilePart{5 * 44100, 9 * 44100}));
    EXPECT_EQ(cue.manifest.rows[0].contiguous, true);
    EXPECT_EQ(cue.manifest.rows[2].path, (folder_ / "album.flac").string());
  }
}

TEST_F(CueTracksOf, TimesThatBeginAnewInTheSameFileAreAMistake) {
  audio("a.wav", 44100, 9);
  const std::vector<std::string> twice{"a.wav", "a.wav"};
  EXPECT_THAT(mistakes(tracks_each_with(twice, {"00:00:00", "00:00:00"})),
              ElementsAre(HasSubstr("6: track 2 begins at 0.00 s of a.wav, and track 1 before it at 0.00 s")));
  EXPECT_THAT(mistakes(tracks_each_with(twice, {"00:05:00", "00:02:00"})), ElementsAre(HasSubstr("6: track 2")));
}

TEST_F(CueTracksOf, APipeOfASheetsNameIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe.cue").c_str(), 0600), 0);
  EXPECT_THROW(read_cue_tracks(folder_ / "pipe.cue"), RecipeErrors);
}

TEST_F(CueTracksOf, IdentifiersThatAreNoneAreNotUsed) {
  audio("a.wav", 44100, 2);
  const CueTracks cue = read(
      "CATALOG 0602498614748\nFILE a.wav WAVE\nTRACK 01 AUDIO\nISRC 000000000000\nINDEX 01 00:00:00\n"
      "TRACK 02 AUDIO\nISRC nonsense\nINDEX 01 00:01:00\n");
  for (const ManifestRow& row : cue.manifest.rows) {
    EXPECT_FALSE(row.tags.contains("isrc"));
    EXPECT_FALSE(row.tags.contains("upc"));
  }
  EXPECT_THAT(cue.notes, ElementsAre(HasSubstr("check digit is 8, not 7"), HasSubstr("album.cue:6: 'nonsense'")));
}

TEST_F(CueTracksOf, TracksOfDataEndTheTrackBeforeThem) {
  audio("a.wav", 44100, 3);
  const CueTracks cue =
      read("FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 MODE1/2352\nINDEX 01 00:02:00\n");
  ASSERT_EQ(cue.manifest.rows.size(), 1u);
  EXPECT_EQ(part(cue, 0), (FilePart{0, 88200}));
  EXPECT_EQ(cue.manifest.rows[0].contiguous, false);
}

TEST_F(CueTracksOf, PathsThatLeadOutAreRefusedAndSoIsWhatTheFileDoesNotHold) {
  audio("a.wav", 44100, 2);
  for (const char* name : {"../a.wav", "/etc/passwd", "C:\\a.wav", "x/../../a.wav", "..\\a.wav"})
    EXPECT_THAT(mistakes(tracks_at(name, {"00:00:00"})), ElementsAre(HasSubstr("3: "))) << name;
  EXPECT_THAT(mistakes(tracks_at("none.wav", {"00:00:00"})), ElementsAre(HasSubstr("3: none.wav: no such file")));
  EXPECT_THAT(mistakes(tracks_at("a.wav", {"00:00:00", "00:02:00"})),
              ElementsAre(HasSubstr("7: track 2 begins at 2.00 s, and a.wav ends at 2.00 s")));
  testing::spill(folder_ / "text.wav", "no audio");
  EXPECT_THAT(mistakes(tracks_at("text.wav", {"00:00:00"})), ElementsAre(HasSubstr("3: ")));
}

}  // namespace
}  // namespace lathe
