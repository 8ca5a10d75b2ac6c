// Which tracks stand out of an album, and which do not.
#include "host/audit/album_ladder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/host/audit/audited.h"

namespace lathe {
namespace {

using testing::audited;
using ::testing::HasSubstr;
using testing::unmeasured;

OctaveFigures balanced() {
  OctaveFigures octaves;
  octaves.level_db = {-8, -2, 0, -3, -5, -7, -9, -13, -20};
  octaves.octave_width_db = {-38, -30, -16, -12, -10, -9, -8, -8, -7};
  octaves.width_db = -10;
  octaves.balance_db = 0.1f;
  return octaves;
}

FileAudit track(double lufs, int number, const OctaveFigures& octaves = balanced()) {
  FileAudit file = audited(lufs, lufs + 13, std::to_string(number) + ".wav");
  file.octaves = octaves;
  return file;
}

// Five songs within 0.6 LU, which differ a little in everything.
std::vector<FileAudit> album() {
  std::vector<FileAudit> files;
  for (int i = 0; i < 5; ++i) {
    OctaveFigures octaves = balanced();
    const float off = 0.3f * static_cast<float>(i - 2);
    for (float& level_db : octaves.level_db) level_db += off;
    for (float& width_db : octaves.octave_width_db) width_db -= off;
    octaves.width_db += off;
    files.push_back(track(-14 + 0.15 * i, i + 1, octaves));
  }
  return files;
}

AlbumLadder ladder_of_files(const std::vector<FileAudit>& files) {
  std::vector<const FileAudit*> pointers;
  for (const FileAudit& file : files) pointers.push_back(&file);
  return ladder_of(pointers);
}

TEST(AlbumLadderTest, AnEvenAlbumHasAMiddleAndNobodyOutOfIt) {
  const AlbumLadder ladder = ladder_of_files(album());
  EXPECT_EQ(ladder.state, LadderState::compared);
  EXPECT_TRUE(ladder.reason.empty());
  EXPECT_NEAR(ladder.middle.integrated_lufs, -13.7, 1e-4);
  EXPECT_NEAR(ladder.middle.peak_to_loudness_db, 13, 1e-4);
  EXPECT_NEAR(ladder.middle.octaves.level_db[4], -5, 1e-4);
  EXPECT_TRUE(ladder.outliers.empty());
  EXPECT_NEAR(distance_of(ladder.tracks[0].figures, ladder.middle).integrated_lufs, -0.3, 1e-4);
  EXPECT_EQ(ladder_summary(ladder), "5 tracks compared, none stands out");
}

TEST(AlbumLadderTest, ALouderTrackIsNamedWithWhatItIsLouderBy) {
  std::vector<FileAudit> files = album();
  files.push_back(track(-9.6, 6));
  const AlbumLadder ladder = ladder_of_files(files);
  ASSERT_EQ(ladder.outliers.size(), 1u);
  const LadderOutlier& outlier = ladder.outliers[0];
  EXPECT_EQ(outlier.track, 5u);
  EXPECT_EQ(outlier.figure, "integrated_lufs");
  EXPECT_NEAR(outlier.distance, 4.025, 0.001);
  EXPECT_EQ(outlier.message, "track 6 (6.wav) is 4.0 LU louder than the album's middle (-13.6 LUFS)");
  EXPECT_EQ(ladder_summary(ladder), "6 tracks compared, 1 stands out");
}

// 6 LU apart, as movements are: what lies 7 LU under the middle is one more of them.
TEST(AlbumLadderTest, AmongTracksThatDifferOneMoreIsNothing) {
  std::vector<FileAudit> files;
  const double levels_lufs[] = {-16, -22, -18, -25, -19, -14};
  for (const double lufs : levels_lufs) files.push_back(track(lufs, static_cast<int>(files.size()) + 1));
  const AlbumLadder ladder = ladder_of_files(files);
  EXPECT_EQ(ladder.state, LadderState::compared);
  EXPECT_TRUE(ladder.outliers.empty());
}

TEST(AlbumLadderTest, WhatIsLessThanItsLimitIsNoNewsHoweverEvenTheAlbum) {
  std::vector<FileAudit> files(4, track(-14, 1));
  files.push_back(track(-11.6, 5));
  EXPECT_TRUE(ladder_of_files(files).outliers.empty());
  files.back() = track(-11.4, 5);
  EXPECT_EQ(ladder_of_files(files).outliers.size(), 1u);
}

TEST(AlbumLadderTest, ADullTrackIsSaidOnceForAllOctavesThatItLacks) {
  std::vector<FileAudit> files = album();
  OctaveFigures dull = balanced();
  dull.level_db[7] -= 5;
  dull.level_db[8] -= 7;
  files.push_back(track(-13.7, 6, dull));
  const AlbumLadder ladder = ladder_of_files(files);
  ASSERT_EQ(ladder.outliers.size(), 1u);
  EXPECT_EQ(ladder.outliers[0].figure, "spectrum");
  EXPECT_NEAR(ladder.outliers[0].distance, -6, 0.2);
  EXPECT_EQ(ladder.outliers[0].from_hz, 4000);
  EXPECT_EQ(ladder.outliers[0].to_hz, 16000);
  EXPECT_THAT(ladder.outliers[0].message, HasSubstr("dB less above 4 kHz than the album's middle"));
}

// What lacks its heights where these made its loudness has more of all else, said so it would be.
TEST(AlbumLadderTest, AShiftThatHalfOfTheOctavesShareIsNoneOfThem) {
  std::vector<FileAudit> files = album();
  OctaveFigures dull = balanced();
  for (float& level_db : dull.level_db) level_db += 4.5f;
  dull.level_db[8] -= 8;
  files.push_back(track(-13.7, 6, dull));
  const AlbumLadder ladder = ladder_of_files(files);
  ASSERT_EQ(ladder.outliers.size(), 1u);
  EXPECT_THAT(ladder.outliers[0].message, HasSubstr("dB less above 8 kHz"));
  EXPECT_NEAR(ladder.outliers[0].distance, -7.7, 0.01);  // of 8: the sixth track moves the middle a little
  EXPECT_NEAR(distance_of(ladder.tracks[5].figures, ladder.middle).octaves.level_db[2], 0, 0.01);
}

TEST(AlbumLadderTest, OctavesAreNamedByWhereTheyLie) {
  const auto said = [](std::size_t octave, float by_db) {
    std::vector<FileAudit> files = album();
    OctaveFigures odd = balanced();
    odd.level_db[octave] += by_db;
    files.push_back(track(-13.7, 6, odd));
    const AlbumLadder ladder = ladder_of_files(files);
    return ladder.outliers.empty() ? std::string("nothing") : ladder.outliers[0].message;
  };
  EXPECT_THAT(said(0, 6), HasSubstr("dB more below 62.5 Hz"));
  EXPECT_THAT(said(3, -6), HasSubstr("dB less between 250 Hz and 500 Hz"));
  EXPECT_THAT(said(8, 6), HasSubstr("dB more above 8 kHz"));
  EXPECT_EQ(said(3, 2), "nothing");
}

TEST(AlbumLadderTest, AnOctaveThatNobodyHearsStandsOutOfNothing) {
  std::vector<FileAudit> files = album();
  for (FileAudit& file : files) file.octaves->level_db[0] = -60;
  files[3].octaves->level_db[0] = -75;
  EXPECT_TRUE(ladder_of_files(files).outliers.empty());
  files[3].octaves->level_db[0] = -20;
  EXPECT_EQ(ladder_of_files(files).outliers.size(), 1u);
}

TEST(AlbumLadderTest, MonoAmongWideAndWideAmongMono) {
  std::vector<FileAudit> files = album();
  OctaveFigures narrow = balanced();
  narrow.width_db = -36;
  narrow.octave_width_db.fill(-36);
  files.push_back(track(-13.7, 6, narrow));
  AlbumLadder ladder = ladder_of_files(files);
  ASSERT_EQ(ladder.outliers.size(), 1u);  // the octaves' widths say no more
  EXPECT_EQ(ladder.outliers[0].figure, "width_db");
  EXPECT_THAT(ladder.outliers[0].message, HasSubstr("track 6 (6.wav) is nearly mono where the others are wide"));

  files.back().channels = 1;
  ladder = ladder_of_files(files);
  ASSERT_EQ(ladder.outliers.size(), 1u);
  EXPECT_THAT(ladder.outliers[0].message, HasSubstr("is mono where the others are wide"));

  std::vector<FileAudit> old(4, track(-14, 1, narrow));
  old[1].octaves->width_db = -29;  // hiss, no stereo
  EXPECT_TRUE(ladder_of_files(old).outliers.empty());
  old[1] = track(-14, 2);
  ladder = ladder_of_files(old);
  ASSERT_EQ(ladder.outliers.size(), 1u);
  EXPECT_THAT(ladder.outliers[0].message, HasSubstr("is wide where the others are nearly mono"));
}

TEST(AlbumLadderTest, WhatIsNarrowInItsHeightsAloneIsSaidOfThese) {
  std::vector<FileAudit> files = album();
  OctaveFigures odd = balanced();
  odd.octave_width_db[7] = odd.octave_width_db[8] = -24;
  files.push_back(track(-13.7, 6, odd));
  const AlbumLadder ladder = ladder_of_files(files);
  ASSERT_EQ(ladder.outliers.size(), 1u);
  EXPECT_EQ(ladder.outliers[0].figure, "octave_width_db");
  EXPECT_THAT(ladder.outliers[0].message, HasSubstr("dB narrower above 4 kHz than the album's middle"));
}

TEST(AlbumLadderTest, BalanceRangeAndDensityAreFigures) {
  std::vector<FileAudit> files = album();
  OctaveFigures leaning = balanced();
  leaning.balance_db = -2.9f;
  files.push_back(track(-13.7, 6, leaning));
  files.push_back(track(-13.7, 7));
  files.back().figures.loudness_range_lu = 15;
  files.push_back(track(-13.7, 8));
  files.back().figures.true_peak_dbtp = -7;
  const AlbumLadder ladder = ladder_of_files(files);
  ASSERT_EQ(ladder.outliers.size(), 3u);
  EXPECT_THAT(ladder.outliers[0].message, HasSubstr("track 6 (6.wav) leans 3.0 dB further to the right"));
  EXPECT_THAT(ladder.outliers[1].message, HasSubstr("track 7 (7.wav) has a loudness range of 15.0 LU"));
  EXPECT_THAT(ladder.outliers[2].message, HasSubstr("track 8 (8.wav) has its true peak 6.7 dB above its loudness"));
  EXPECT_THAT(ladder.outliers[2].message, HasSubstr("it is denser"));
}

TEST(AlbumLadderTest, OneOrTwoTracksHaveNobodyOutOfThem) {
  const AlbumLadder one = ladder_of_files({track(-14, 1)});
  EXPECT_EQ(one.state, LadderState::too_few);
  EXPECT_EQ(one.reason, "1 track with a loudness: too few to say which stands out");
  EXPECT_TRUE(std::isnan(one.middle.integrated_lufs));
  const AlbumLadder two = ladder_of_files({track(-14, 1), track(-4, 2), unmeasured("silence")});
  EXPECT_EQ(two.state, LadderState::too_few);
  EXPECT_TRUE(two.outliers.empty());
  EXPECT_EQ(two.tracks.size(), 3u);
  EXPECT_EQ(ladder_summary(two), "2 tracks with a loudness: too few to say which stands out");
  EXPECT_EQ(ladder_of_files({unmeasured("silence")}).reason, "no track of it has a loudness");
}

TEST(AlbumLadderTest, TracksWithoutALoudnessAreLeftOutAndCounted) {
  std::vector<FileAudit> files = album();
  files.insert(files.begin(), unmeasured("silence"));
  const AlbumLadder ladder = ladder_of_files(files);
  EXPECT_EQ(ladder.state, LadderState::compared);
  EXPECT_NEAR(ladder.middle.integrated_lufs, -13.7, 1e-4);
  EXPECT_EQ(ladder_summary(ladder), "5 tracks compared, none stands out; 1 track without a loudness is left out");
  EXPECT_TRUE(std::isnan(ladder.tracks[0].figures.integrated_lufs));
}

// Without checks nothing but loudness is measured, and a rate of 22.05 kHz has no highest octave.
TEST(AlbumLadderTest, WhatFewerThanThreeTracksHaveIsNotCompared) {
  std::vector<FileAudit> files = album();
  for (FileAudit& file : files) file.octaves.reset();
  AlbumLadder ladder = ladder_of_files(files);
  EXPECT_TRUE(std::isnan(ladder.middle.octaves.width_db));
  EXPECT_TRUE(ladder.outliers.empty());
  files = album();
  for (std::size_t i = 0; i < 3; ++i) files[i].octaves->level_db[8] = std::nanf("");
  files[4].octaves->level_db[8] = -70;
  ladder = ladder_of_files(files);
  EXPECT_TRUE(std::isnan(ladder.middle.octaves.level_db[8]));
  EXPECT_TRUE(ladder.outliers.empty());
}

TEST(AlbumLadderTest, AFolderOfHundredsIsNoAlbum) {
  const std::vector<FileAudit> files(kMostToCompare + 1, track(-14, 1));
  const AlbumLadder ladder = ladder_of_files(files);
  EXPECT_EQ(ladder.state, LadderState::too_many);
  EXPECT_TRUE(ladder.tracks.empty());
  EXPECT_THAT(ladder_summary(ladder), HasSubstr("501 files are a collection"));
}

}  // namespace
}  // namespace lathe
