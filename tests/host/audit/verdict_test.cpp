// Verdicts at the edges of what is allowed, and what they say when there is nothing to go by.
#include "host/audit/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/host/audit/audited.h"

namespace lathe::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr double kNothing = -std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

const DeliveryProfile& shipped_profile(const char* name) {
  const DeliveryProfile* found = find_shipped_profile(name);
  if (!found) throw std::invalid_argument(name);
  return *found;
}

ProfileResult judged(const char* name, double integrated_lufs, double true_peak_dbtp = -3) {
  return judge(shipped_profile(name), audited(integrated_lufs, true_peak_dbtp));
}

TEST(Verdict, NamesTheProfileAndItsVersion) {
  const ProfileResult result = judged("ebu-r128", -23);
  EXPECT_EQ(result.name, "ebu-r128");
  EXPECT_EQ(result.version, shipped_profile("ebu-r128").version);
}

TEST(Verdict, AToleranceBelongsToWhatIsAllowed) {
  for (const double passing : {-23.2, -23.0, -22.8, -23.0 - 0.2, -23.0 + 0.2}) {
    EXPECT_EQ(judged("ebu-r128", passing).verdict, Verdict::pass) << passing;
  }
  for (const double failing : {-23.200001, -22.799999, -23.24, -22.76, -24.0, -16.0}) {
    EXPECT_EQ(judged("ebu-r128", failing).verdict, Verdict::fail) << failing;
  }
}

TEST(Verdict, AFigureThatWouldRoundToTheLimitIsNotRounded) {
  EXPECT_THAT(judged("ebu-r128", -23.24).reasons, ElementsAre("integrated -23.24 LUFS is below -23.2 (-23 ±0.2)"));
  EXPECT_THAT(judged("ebu-r128", -22.7996).reasons, ElementsAre("integrated -22.7996 LUFS is above -22.8 (-23 ±0.2)"));
  EXPECT_THAT(judged("ebu-r128", -20).reasons, ElementsAre("integrated -20.0 LUFS is above -22.8 (-23 ±0.2)"));
}

TEST(Verdict, EveryBrokenLimitIsAReason) {
  EXPECT_THAT(judged("ebu-r128", -9.5, 0.3).reasons,
              ElementsAre("integrated -9.5 LUFS is above -22.8 (-23 ±0.2)", "true peak 0.3 dBTP is above -1.0"));
  EXPECT_THAT(judged("ebu-r128", -23).reasons, IsEmpty());
}

TEST(Verdict, AtMostTakesTheLimitAndBelowDoesNot) {
  EXPECT_EQ(judged("gyt-282", -24, -2.0).verdict, Verdict::pass);
  EXPECT_EQ(judged("gyt-282", -24, -1.9999).verdict, Verdict::fail);
  EXPECT_EQ(judged("atsc-a85-short", -24, -2.0001).verdict, Verdict::pass);
  const ProfileResult at_the_limit = judged("atsc-a85-short", -24, -2.0);
  EXPECT_EQ(at_the_limit.verdict, Verdict::fail);
  EXPECT_THAT(at_the_limit.reasons, ElementsAre("true peak -2.0 dBTP is not below -2.0"));
}

TEST(Verdict, OneOfSeveralWindowsIsEnough) {
  for (const double passing : {-23.2, -22.8, -20.0, -16.0}) {
    EXPECT_EQ(judged("ebu-r128-s2", passing).verdict, Verdict::pass) << passing;
  }
  EXPECT_THAT(judged("ebu-r128-s2", -21).reasons,
              ElementsAre("integrated -21.0 LUFS is below -20.0, the nearest of what is allowed"));
  EXPECT_THAT(judged("ebu-r128-s2", -22.5).reasons, ElementsAre(HasSubstr("above -22.8 (-23 ±0.2)")));
}

TEST(Verdict, ALouderMasterHasALowerCeiling) {
  EXPECT_EQ(judged("spotify", -14.0, -1.0).verdict, Verdict::pass);
  EXPECT_EQ(judged("spotify", -9.0, -2.0).verdict, Verdict::pass);
  EXPECT_THAT(judged("spotify", -13.9, -1.5).reasons,
              ElementsAre("true peak -1.5 dBTP is above -2.0, for a master louder than -14.0 LUFS"));
  EXPECT_THAT(judged("spotify", -14.0, -0.9).reasons, ElementsAre("true peak -0.9 dBTP is above -1.0"));
}

TEST(Verdict, WhatWasNotMeasuredHasTheFilesReason) {
  for (const DeliveryProfile& shipped : shipped_profiles()) {
    const ProfileResult result = judge(shipped, unmeasured("shorter than 400 ms"));
    EXPECT_EQ(result.verdict, Verdict::unmeasurable) << shipped.name;
    EXPECT_THAT(result.reasons, ElementsAre("not measured: shorter than 400 ms")) << shipped.name;
    EXPECT_FALSE(result.playback_gain_db || result.playback_lufs) << shipped.name;
  }
}

TEST(Verdict, NoFigureIsNeverPlausible) {
  for (const double level : {kNothing, -kNothing, kNan}) {
    const ProfileResult result = judged("ebu-r128", level);
    EXPECT_EQ(result.verdict, Verdict::unmeasurable) << level;
    EXPECT_FALSE(judged("spotify", level).playback_gain_db) << level;
  }
  EXPECT_EQ(judged("ebu-r128", -23, kNan).verdict, Verdict::unmeasurable);
  EXPECT_EQ(judged("atsc-a85-short", -24, kNan).verdict, Verdict::unmeasurable);
  EXPECT_EQ(judged("cinema-feature", -24, kNan).verdict, Verdict::unmeasurable);
}

TEST(Verdict, DialogueIsNeverJudgedByTheProgramme) {
  for (const char* name : {"netflix", "atsc-a85", "ebu-r128-s4", "disney-plus", "prime-video", "apple-tv-plus"}) {
    for (const double integrated : {-31.0, -27.0, -24.0, -23.0, -14.0}) {
      const ProfileResult result = judged(name, integrated, -6);
      EXPECT_EQ(result.verdict, Verdict::unmeasurable) << name << " at " << integrated;
      EXPECT_THAT(result.reasons, ElementsAre(HasSubstr("dialogue measurement"))) << name;
    }
  }
  EXPECT_THAT(judged("acx", -20, -6).reasons, ElementsAre(HasSubstr("RMS")));
  EXPECT_THAT(judged("cinema-trailer", -20, -6).reasons, ElementsAre(HasSubstr("Leq(m)")));
}

TEST(Verdict, ABrokenPeakFailsWhateverElseCouldNotBeMeasured) {
  const ProfileResult result = judged("netflix", -27, -1);
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_THAT(result.reasons, ElementsAre(HasSubstr("dialogue measurement"), "true peak -1.0 dBTP is above -2.0"));
}

TEST(Verdict, ShortProgrammesHaveAShortTermLimit) {
  FileAudit file = audited(-23, -6);
  file.figures.max_short_term_lufs = -18;
  EXPECT_EQ(judge(shipped_profile("ebu-r128-s1"), file).verdict, Verdict::pass);
  file.figures.max_short_term_lufs = -17.96;
  EXPECT_THAT(judge(shipped_profile("ebu-r128-s1"), file).reasons,
              ElementsAre("max short-term -17.96 LUFS is above -18.0"));
  file.figures.max_short_term_lufs = kNothing;
  file.frames = 44100 * 3 - 1;
  EXPECT_EQ(judge(shipped_profile("ebu-r128-s1"), file).verdict, Verdict::unmeasurable);
}

TEST(Verdict, ALoudnessRangeNeedsAMinute) {
  DeliveryProfile ranged = shipped_profile("ebu-r128");
  ranged.limits.max_loudness_range_lu = 5;
  FileAudit file = audited(-23, -6);
  EXPECT_THAT(judge(ranged, file).reasons, ElementsAre("loudness range 6.0 LU is above 5.0"));
  file.figures.loudness_range_lu = 5;
  EXPECT_EQ(judge(ranged, file).verdict, Verdict::pass);
  file.frames = 44100 * 60 - 1;
  EXPECT_EQ(judge(ranged, file).verdict, Verdict::unmeasurable);
}

TEST(Verdict, TheFormatIsJudgedWhereItIsAskedFor) {
  FileAudit file = audited(-20, -6);
  file.sample_rate_hz = 48000;
  EXPECT_EQ(judge(shipped_profile("acx"), file).verdict, Verdict::fail);
  EXPECT_THAT(judge(shipped_profile("acx"), file).reasons, Contains("48000 Hz is not 44100 Hz"));
  file.encoding = "16-bit";
  EXPECT_THAT(judge(shipped_profile("apple-digital-masters"), file).reasons, ElementsAre("16-bit is not 24-bit"));
  file.encoding = "24-bit";
  EXPECT_EQ(judge(shipped_profile("apple-digital-masters"), file).verdict, Verdict::pass);
  file.encoding = "32-bit float";
  EXPECT_THAT(judge(shipped_profile("apple-digital-masters"), file).reasons, ElementsAre("32-bit float is not 24-bit"));
  file.encoding = "";
  EXPECT_EQ(judge(shipped_profile("apple-digital-masters"), file).verdict, Verdict::unmeasurable);
}

TEST(Verdict, AStereoFileSaysNothingOfASurroundRender) {
  const ProfileResult stereo = judged("atmos-music", -30, 2);
  EXPECT_EQ(stereo.verdict, Verdict::unmeasurable);
  EXPECT_THAT(stereo.reasons, ElementsAre("is measured on 6 channels; this has 2"));
  FileAudit render = audited(-18, -1);
  render.channels = 6;
  EXPECT_EQ(judge(shipped_profile("atmos-music"), render).verdict, Verdict::pass);
  render.figures.integrated_lufs = -17.9;
  EXPECT_EQ(judge(shipped_profile("atmos-music"), render).verdict, Verdict::fail);
  render.figures.integrated_lufs = -31.1;
  EXPECT_EQ(judge(shipped_profile("atmos-music"), render).verdict, Verdict::pass);
  EXPECT_EQ(judge(shipped_profile("atmos-music-umg"), render).verdict, Verdict::fail);
}

TEST(Verdict, AProfileThatAsksForNothingSaysSo) {
  for (const char* name : {"bandcamp", "beatport", "qobuz", "youtube", "replaygain2"}) {
    const ProfileResult result = judged(name, -5, 3);
    EXPECT_EQ(result.verdict, Verdict::pass) << name;
    EXPECT_THAT(result.notes, Contains("nothing is asked for, so nothing was judged")) << name;
  }
  EXPECT_THAT(judged("ebu-r128", -23).notes, IsEmpty());
}

TEST(Verdict, ATargetWithoutAToleranceFailsNothingAndIsNoted) {
  const ProfileResult result = judged("umg-vinyl", -9);
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_THAT(result.notes,
              Contains("integrated -9.0 LUFS, target -18.0: no tolerance is known, so it was not judged"));
}

TEST(Verdict, WhatTheSourceAsksForBeyondTheMeterIsNoted) {
  EXPECT_THAT(judged("acx", -20, -6).notes, Contains(HasSubstr("not judged: a noise floor")));
}

}  // namespace
}  // namespace lathe::testing
