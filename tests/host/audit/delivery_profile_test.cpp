// Profiles as data: the shipped ones, and what a file may not say.
#include "host/audit/delivery_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "host/audit/profile_reader.h"
#include "host/recipe/recipe_problem.h"

namespace lathe::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kHead =
    "profile: v1\nname: mine\ntitle: Mine\nversion: 1\ndate: 2024-05-06\ndate_of: source\nstatus: official\n"
    "source: our label\n";  // eight lines

std::vector<std::string> errors_in(const std::string& text) {
  std::vector<std::string> lines;
  try {
    read_profile(text, "bad.yaml");
  } catch (const RecipeErrors& errors) {
    for (const RecipeProblem& problem : errors.problems()) lines.push_back(problem.text());
  }
  return lines;
}

// Of what stands behind the head, from line 9 on.
std::vector<std::string> errors_after_head(const std::string& text) { return errors_in(kHead + text); }

TEST(ShippedProfiles, AllReadAndNameWhereTheyComeFrom) {
  ASSERT_GE(shipped_profiles().size(), 40u);
  for (const DeliveryProfile& profile : shipped_profiles()) {
    EXPECT_TRUE(shipped_profile_text(profile.name).starts_with("# ")) << profile.name << " explains itself";
    EXPECT_GE(profile.source.size(), 8u) << profile.name;
    EXPECT_FALSE(profile.title.empty() || profile.version.empty() || profile.date.empty()) << profile.name;
    if (!profile.has_limits() && profile.limits.integrated.empty() && !profile.playback) {
      EXPECT_EQ(profile.status, ProfileStatus::folklore) << profile.name << ": official, and asks for nothing";
    }
  }
}

TEST(ShippedProfiles, AreCalledLikeTheirFilesAndSorted) {
  const std::vector<std::string> names = shipped_profile_names();
  EXPECT_TRUE(std::ranges::is_sorted(names));
  ASSERT_EQ(names.size(), shipped_profiles().size());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(shipped_profiles()[i].name, names[i]);
}

TEST(ShippedProfiles, CoverBroadcastStreamingCinemaAndSpeech) {
  const std::vector<std::string> names = shipped_profile_names();
  for (const char* name : {"acx",
                           "aes77-music-album",
                           "aes77-music-track",
                           "aes77-speech",
                           "aes-td1004",
                           "alexa",
                           "amazon-music",
                           "apple-digital-masters",
                           "apple-music",
                           "apple-podcasts",
                           "arib-tr-b32",
                           "atmos-music",
                           "atsc-a85",
                           "atsc-a85-short",
                           "bandcamp",
                           "beatport",
                           "cinema-feature",
                           "deezer",
                           "disney-plus",
                           "ebu-r128",
                           "ebu-r128-live",
                           "ebu-r128-s1",
                           "ebu-r128-s2",
                           "ebu-r128-s4",
                           "gyt-282",
                           "netflix",
                           "op-59",
                           "prss",
                           "qobuz",
                           "replaygain2",
                           "soundcloud",
                           "spotify",
                           "spotify-loud",
                           "spotify-quiet",
                           "tidal",
                           "umg-vinyl",
                           "youtube"}) {
    EXPECT_THAT(names, Contains(name));
  }
}

TEST(ShippedProfiles, SayWhatIsOfficialAndWhatIsFolklore) {
  EXPECT_EQ(find_shipped_profile("ebu-r128")->status, ProfileStatus::official);
  EXPECT_EQ(find_shipped_profile("tidal")->status, ProfileStatus::vendor_told);
  for (const char* name : {"youtube", "apple-music", "amazon-music", "deezer", "soundcloud", "disney-plus"}) {
    EXPECT_EQ(find_shipped_profile(name)->status, ProfileStatus::folklore) << name;
  }
}

TEST(ShippedProfiles, HoldTheFiguresOfTheirSources) {
  const auto words = [](const char* name) { return limits_in_words(*find_shipped_profile(name)); };
  EXPECT_EQ(words("ebu-r128"), "-23 ±0.2 LUFS, true peak at most -1 dBTP");
  EXPECT_EQ(words("ebu-r128-s1"), "-23 ±0.2 LUFS, true peak at most -1 dBTP, short-term at most -18 LUFS");
  EXPECT_EQ(words("ebu-r128-s2"), "-23 ±0.2 LUFS or -20 to -16 LUFS, true peak at most -1 dBTP");
  EXPECT_EQ(words("atsc-a85"), "dialogue -24 ±2 LUFS, true peak below -2 dBTP");
  EXPECT_EQ(words("netflix"), "dialogue -27 ±2 LUFS, true peak at most -2 dBTP");
  EXPECT_EQ(words("spotify"), "true peak at most -1 dBTP, at most -2 dBTP if louder than -14 LUFS");
  EXPECT_EQ(words("aes77-music-album"), "-14 ±0.2 LUFS, the loudest track of an album, true peak at most -1 dBTP");
  EXPECT_EQ(words("atmos-music"), "at most -18 LUFS, true peak at most -1 dBTP, 6 channels");
  EXPECT_EQ(words("acx"), "RMS, not loudness, sample peak at most -3 dBFS, 44100 Hz");
  EXPECT_EQ(words("umg-vinyl"), "-18 LUFS (no tolerance known)");
  EXPECT_EQ(words("bandcamp"), "none");
}

TEST(ShippedProfiles, SayHowTheyPlay) {
  const auto words = [](const char* name) { return playback_in_words(*find_shipped_profile(name)); };
  EXPECT_EQ(words("spotify"), "plays at -14 LUFS, raised as far as -1 dBTP lets it");
  EXPECT_EQ(words("youtube"), "plays at -14 LUFS, turns down only");
  EXPECT_EQ(words("replaygain2"), "plays at -18 LUFS");
  EXPECT_EQ(words("ebu-r128"), "");
}

TEST(ProfileFile, AWholeOneIsReadAsItIsWritten) {
  const DeliveryProfile profile =
      read_profile(std::string(kHead) +
                       "note: for tests\n"
                       "not_judged: [smell]\n"
                       "limits:\n"
                       "  integrated: [{target_lufs: -16, tolerance_lu: 0.5}, {max_lufs: -20}]\n"
                       "  max_true_peak_dbtp: -1.5\n"
                       "  when_louder: {than_lufs: -14, max_true_peak_dbtp: -2}\n"
                       "  sample_rates_hz: [44100, 48000]\n"
                       "  bits: [24]\n"
                       "  album: loudest-track\n"
                       "playback: {target_lufs: -16, mode: spotify, album: loudest-track, peak_ceiling_dbtp: -1}\n",
                   "mine.yaml");
  EXPECT_EQ(profile.name, "mine");
  EXPECT_EQ(profile.version, "1");
  EXPECT_EQ(profile.date, "2024-05-06");
  EXPECT_FALSE(profile.is_date_of_reading);
  EXPECT_THAT(profile.not_judged, ElementsAre("smell"));
  ASSERT_EQ(profile.limits.integrated.size(), 2u);
  EXPECT_EQ(profile.limits.integrated[0].min_lufs, -16.5);
  EXPECT_EQ(profile.limits.integrated[0].max_lufs, -15.5);
  EXPECT_EQ(profile.limits.integrated[1].max_lufs, -20);
  EXPECT_EQ(profile.limits.max_true_peak_dbtp, -1.5);
  EXPECT_EQ(profile.limits.when_louder->max_true_peak_dbtp, -2);
  EXPECT_THAT(profile.limits.sample_rates_hz, ElementsAre(44100, 48000));
  EXPECT_EQ(profile.limits.album, AlbumRule::loudest_track);
  EXPECT_EQ(profile.playback->mode, PlaybackMode::spotify);
  EXPECT_EQ(profile.playback->album, PlaybackAlbum::loudest_track);
  EXPECT_EQ(profile.playback->peak_ceiling_dbtp, -1);
}

TEST(ProfileFile, EveryMissingKeyIsNamed) {
  EXPECT_THAT(errors_in("profile: v1\nname: mine\ntitle: Mine\n"),
              ElementsAre("bad.yaml:1:1: error: the profile needs the key 'date'",
                          "bad.yaml:1:1: error: the profile needs the key 'date_of'",
                          "bad.yaml:1:1: error: the profile needs the key 'source'",
                          "bad.yaml:1:1: error: the profile needs the key 'status'",
                          "bad.yaml:1:1: error: the profile needs the key 'version'"));
  EXPECT_THAT(errors_in(""), ElementsAre(HasSubstr("the profile is a map of profile | name")));
}

TEST(ProfileFile, AnUnknownKeyHasItsPlaceAndItsNeighbour) {
  EXPECT_THAT(errors_after_head("limits:\n  max_true_peek_dbtp: -1\n"),
              ElementsAre("bad.yaml:10:3: error: unknown key 'max_true_peek_dbtp' in limits (did you mean "
                          "'max_true_peak_dbtp'?)"));
  EXPECT_THAT(errors_after_head("colour: red\n"), ElementsAre(HasSubstr("bad.yaml:9:1: error: unknown key 'colour'")));
}

TEST(ProfileFile, AWrongTypeHasItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"limits: {max_true_peak_dbtp: -1 dB}", "9:30: error: max_true_peak_dbtp: expected a number (in dbtp"},
      {"limits: {max_true_peak_dbtp: '-1'}", "9:30: error: max_true_peak_dbtp: expected a number"},
      {"limits: {max_true_peak_dbtp: [-1]}", "9:30: error: max_true_peak_dbtp: expected a number"},
      {"limits: {max_true_peak_dbtp: .nan}", "9:30: error: max_true_peak_dbtp: expected a number"},
      {"limits: {max_true_peak_dbtp: -300}", "9:30: error: max_true_peak_dbtp: -300 is out of range"},
      {"limits: {bits: 24}", "9:16: error: bits: expected a list"},
      {"limits: {bits: [24.5]}", "9:17: error: bits: expected a whole number from 1 to 32"},
      {"limits: {bits: [64]}", "9:17: error: bits: expected a whole number from 1 to 32"},
      {"limits: {measure: speech}", "9:19: error: measure: expected one of programme | dialogue | rms | leq-m"},
      {"limits: -23", "9:9: error: limits is a map of"},
      {"not_judged: smell", "9:13: error: not_judged: expected a list"},
  };
  for (const auto& [text, error] : cases) {
    EXPECT_THAT(errors_after_head(text), ElementsAre(HasSubstr(std::string("bad.yaml:") + error))) << text;
  }
}

TEST(ProfileFile, WhatContradictsItselfIsRefused) {
  const char* const cases[] = {
      "limits: {integrated: {target_lufs: -23, min_lufs: -24}}",
      "limits: {integrated: {tolerance_lu: 1}}",
      "limits: {integrated: {}}",
      "limits: {integrated: {target_lufs: -23, tolerance_lu: -1}}",
      "limits: {integrated: {min_lufs: -10, max_lufs: -20}}",
      "limits: {max_true_peak_dbtp: -1, true_peak_below_dbtp: -1}",
      "limits: {when_louder: {than_lufs: -14}}",
      "playback: {target_lufs: -14, mode: spotify, album: none}",
      "playback: {target_lufs: -14, mode: both, album: none, peak_ceiling_dbtp: -1}",
      "playback: {mode: both, album: none}",
  };
  for (const char* text : cases) EXPECT_EQ(errors_after_head(text).size(), 1u) << text;
}

TEST(ProfileFile, WordsOfTheHeadAreChecked) {
  const auto with = [](const std::string& line, const std::string& other) {
    std::string head = kHead;
    head.replace(head.find(line), line.size(), other);
    return errors_in(head);
  };
  EXPECT_THAT(with("name: mine", "name: My Profile"), ElementsAre(HasSubstr(":2:7: error: name: 'My Profile'")));
  EXPECT_THAT(with("2024-05-06", "2024-13"), ElementsAre(HasSubstr(":5:7: error: date: '2024-13'")));
  EXPECT_THAT(with("2024-05-06", "May 2024"), ElementsAre(HasSubstr("is not YYYY, YYYY-MM or YYYY-MM-DD")));
  EXPECT_THAT(with("status: official", "status: law"), ElementsAre(HasSubstr("official | vendor-told | folklore")));
  EXPECT_THAT(with("date_of: source", "date_of: birth"), ElementsAre(HasSubstr("source | reading")));
  EXPECT_THAT(with("profile: v1", "profile: v2"), ElementsAre(HasSubstr("profile: expected v1")));
  EXPECT_THAT(with("source: our label", "source: ''"), ElementsAre(HasSubstr("source: expected text")));
}

TEST(ProfileFile, IsLoadedByItsPath) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "lathe_delivery_profile.yaml";
  std::ofstream(path) << kHead << "limits: {max_true_peak_dbtp: -1}\n";
  EXPECT_EQ(load_profile(path.string()).limits.max_true_peak_dbtp, -1);
  std::filesystem::remove(path);
  EXPECT_THROW(load_profile(path.string()), RecipeErrors);
}

TEST(ProfileFile, ANameThatIsNoneSuggestsANearOne) {
  try {
    load_profile("ebu-r182");
    FAIL() << "found";
  } catch (const RecipeErrors& errors) {
    EXPECT_THAT(errors.what(), HasSubstr("did you mean 'ebu-r128'?"));
  }
  EXPECT_THROW(shipped_profile_text("nothing-like-it"), std::invalid_argument);
  EXPECT_EQ(find_shipped_profile("nothing-like-it"), nullptr);
}

}  // namespace
}  // namespace lathe::testing
