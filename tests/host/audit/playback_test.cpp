// Predicted playback gains against the platforms' published examples, and albums.
#include "host/audit/playback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/audit/verdict.h"
#include "tests/host/audit/audited.h"

namespace lathe::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const DeliveryProfile& profile(const char* name) {
  const DeliveryProfile* found = find_shipped_profile(name);
  if (!found) throw std::invalid_argument(name);
  return *found;
}

ProfileResult played(const char* name, double integrated_lufs, double true_peak_dbtp) {
  return judge(profile(name), audited(integrated_lufs, true_peak_dbtp));
}

void expect_gain(const ProfileResult& result, double gain_db, double lufs, bool is_limited) {
  ASSERT_TRUE(result.playback_gain_db && result.playback_lufs);
  EXPECT_NEAR(*result.playback_gain_db, gain_db, 1e-9);
  EXPECT_NEAR(*result.playback_lufs, lufs, 1e-9);
  EXPECT_EQ(result.is_limited_by_peak, is_limited);
}

TEST(Playback, SpotifysOwnExampleComesOutAsPublished) {
  expect_gain(played("spotify", -20, -5), 4, -16, true);  // "we only lift the track up to -16 dB LUFS"
}

TEST(Playback, SpotifyTurnsDownFreelyAndUpAsFarAsThereIsRoom) {
  expect_gain(played("spotify", -8, 1.5), -6, -14, false);
  expect_gain(played("spotify", -14, -1), 0, -14, false);
  expect_gain(played("spotify", -16, -6), 2, -14, false);
  expect_gain(played("spotify", -16, -3), 2, -14, false);  // exactly the room there is
  expect_gain(played("spotify", -16, -2.5), 1.5, -14.5, true);
}

TEST(Playback, ARaiseWithoutRoomIsNoneAndNeverACut) {
  expect_gain(played("spotify", -20, -0.5), 0, -20, true);
  expect_gain(played("spotify", -20, 2), 0, -20, true);
}

TEST(Playback, LoudHasALimiterAndQuietHasNot) {
  expect_gain(played("spotify-loud", -16, -1), 5, -11, false);
  expect_gain(played("spotify-quiet", -16, -1), -3, -19, false);
  expect_gain(played("spotify-quiet", -23, -3), 2, -21, true);
}

TEST(Playback, DownOnlyServicesNeverRaise) {
  expect_gain(played("youtube", -9, 0), -5, -14, false);
  expect_gain(played("youtube", -20, -10), 0, -20, false);
  expect_gain(played("tidal", -20, -10), 0, -20, false);
}

TEST(Playback, WithoutAFormulaThereIsNoGain) {
  EXPECT_FALSE(played("ebu-r128", -23, -3).playback_gain_db);
  EXPECT_FALSE(played("soundcloud", -9, -3).playback_gain_db);
}

class AlbumVerdict : public ::testing::Test {
 protected:
  // The loud track, then the quiet one; together -12 LUFS and -0.5 dBTP.
  AlbumVerdict() : files_{audited(-10, -2, "loud.wav"), audited(-20, -0.5, "quiet.wav")} {
    album_.path = "/album";
    album_.tracks = 2;
    album_.figures = audited(-12, -0.5).figures;
  }

  ProfileResult judged(const DeliveryProfile& by) const {
    std::vector<const FileAudit*> files;
    for (const FileAudit& file : files_) files.push_back(&file);
    return judge(by, album_, files);
  }
  ProfileResult judged(const char* name) const { return judged(profile(name)); }

  std::vector<FileAudit> files_;
  AlbumAudit album_;
};

TEST_F(AlbumVerdict, TheGainIsOneForTheAlbum) {
  expect_gain(judged("spotify"), -2, -14, false);
  expect_gain(judge(profile("spotify"), files_[0]), -4, -14, false);
  expect_gain(judge(profile("spotify"), files_[1]), 0, -20, true);
}

TEST_F(AlbumVerdict, ARaiseStopsAtTheAlbumsHighestPeak) {
  album_.figures = audited(-18, -3).figures;
  expect_gain(judged("spotify"), 2, -16, true);
}

TEST_F(AlbumVerdict, TheLoudestTrackIsTheReferenceWhereTheFormulaSaysSo) {
  expect_gain(judged("aes77-music-album"), -4, -16, false);
  EXPECT_FALSE(judged("aes77-music-track").playback_gain_db);
}

TEST_F(AlbumVerdict, PassesWhenEveryTrackDoes) {
  files_ = {audited(-23, -3, "a.wav"), audited(-23.1, -3, "b.wav")};
  EXPECT_EQ(judged("ebu-r128").verdict, Verdict::pass);
  files_.push_back(audited(-20, -3, "c.wav"));
  const ProfileResult result = judged("ebu-r128");
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_THAT(result.reasons, ElementsAre("1 of 3 tracks fail: c.wav"));
}

TEST_F(AlbumVerdict, NamesThreeTracksAndCountsTheRest) {
  files_.clear();
  for (const char* name : {"1.wav", "2.wav", "3.wav", "4.wav", "5.wav"}) files_.push_back(audited(-9, -3, name));
  EXPECT_THAT(judged("ebu-r128").reasons, ElementsAre("5 of 5 tracks fail: 1.wav, 2.wav, 3.wav and 2 more"));
}

TEST_F(AlbumVerdict, AnUnmeasuredTrackLeavesItOpenUnlessAnotherFails) {
  files_ = {audited(-23, -3, "a.wav"), unmeasured("silence", "b.wav")};
  const ProfileResult open = judged("ebu-r128");
  EXPECT_EQ(open.verdict, Verdict::unmeasurable);
  EXPECT_THAT(open.reasons, ElementsAre("1 of 2 tracks could not be judged: b.wav"));
  files_.push_back(audited(-9, -3, "c.wav"));
  EXPECT_EQ(judged("ebu-r128").verdict, Verdict::fail);
}

TEST_F(AlbumVerdict, AGainWithoutAllTracksSaysSo) {
  files_.push_back(unmeasured("silence", "b.wav"));
  EXPECT_THAT(judged("spotify").notes, Contains(HasSubstr("not by b.wav")));
}

TEST_F(AlbumVerdict, OnlyTheLoudestTrackHasToBeAtTheTarget) {
  files_ = {audited(-14.2, -3, "a.wav"), audited(-30, -3, "b.wav")};
  EXPECT_EQ(judged("aes77-music-album").verdict, Verdict::pass);
  files_[0] = audited(-14.3, -3, "a.wav");
  EXPECT_EQ(judge(profile("aes77-music-album"), files_[0]).verdict, Verdict::pass) << "it may not be the loudest";
  EXPECT_THAT(judged("aes77-music-album").reasons,
              ElementsAre("loudest track 'a.wav' at -14.3 LUFS is below -14.2 (-14 ±0.2)"));
  files_[0] = audited(-13, -3, "a.wav");
  EXPECT_EQ(judge(profile("aes77-music-album"), files_[0]).verdict, Verdict::fail);
  EXPECT_EQ(judged("aes77-music-album").verdict, Verdict::fail);
  files_ = {audited(-14, -3, "a.wav"), unmeasured("damaged", "b.wav")};
  EXPECT_EQ(judged("aes77-music-album").verdict, Verdict::unmeasurable) << "b.wav may be louder";
}

TEST_F(AlbumVerdict, NothingMeasuredIsNoVerdict) {
  album_.figures.reset();
  files_ = {unmeasured("silence")};
  const ProfileResult result = judged("spotify");
  EXPECT_EQ(result.verdict, Verdict::unmeasurable);
  EXPECT_THAT(result.reasons, ElementsAre("nothing of the album was measured"));
  EXPECT_FALSE(result.playback_gain_db);
}

}  // namespace
}  // namespace lathe::testing
