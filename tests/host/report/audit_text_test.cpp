// Words, figures and hostile text as every report shows them.
#include "host/report/audit_text.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/host/report/sample_audit.h"

namespace lathe::testing {
namespace {

TEST(AuditText, WhatIsNotUtf8IsReplacedByteByByte) {
  EXPECT_EQ(code_points("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xB5"), U"a\u00E4\u20AC\U0001F3B5");
  EXPECT_EQ(code_points("\xC3"), U"\uFFFD");
  EXPECT_EQ(code_points("\xC3x\xFF"), U"\uFFFDx\uFFFD");
  EXPECT_EQ(code_points("\xC0\xAF"), U"\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(code_points("\xED\xA0\x80"), U"\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(utf8(U"a\u00E4\u20AC\U0001F3B5"), "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xB5");
}

TEST(AuditText, WhatWouldActUnseenIsNamed) {
  EXPECT_EQ(visible_text("a\x1b[2J\n\x7F"), "a<U+001B>[2J<U+000A><U+007F>");
  EXPECT_EQ(visible_text("\xC2\x9B"
                         "31m"),
            "<U+009B>31m");  // the one-character form of ESC [
  EXPECT_EQ(visible_text("\xE2\x80\xAEgpj"), "<U+202E>gpj");
  EXPECT_EQ(visible_text("\xE2\x81\xA6x\xE2\x81\xA9\xD8\x9C"), "<U+2066>x<U+2069><U+061C>");
  EXPECT_EQ(visible_text("Bj\xC3\xB6rk \xD7\xA9"), "Bj\xC3\xB6rk \xD7\xA9");
}

TEST(AuditText, FiguresHaveNoSignedZeroAndNoInfinity) {
  EXPECT_EQ(figure_text(-14.04, 1), "-14.0");
  EXPECT_EQ(figure_text(-0.04, 1), "0.0");
  EXPECT_EQ(figure_text(0.06, 1), "0.1");
  EXPECT_EQ(figure_text(-std::numeric_limits<double>::infinity(), 1), "");
  EXPECT_EQ(figure_text(std::numeric_limits<double>::quiet_NaN(), 1), "");
}

TEST(AuditText, DurationsAreRoundedOnce) {
  EXPECT_EQ(duration_text(0), "0:00");
  EXPECT_EQ(duration_text(59.6), "1:00");
  EXPECT_EQ(duration_text(3599.6), "1:00:00");
  EXPECT_EQ(duration_text(3723), "1:02:03");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::quiet_NaN()), "0:00");
}

TEST(AuditText, OneWordSaysTheWorst) {
  const ProfileResult passed = judged("a", Verdict::pass);
  const ProfileResult failed = judged("b", Verdict::fail);
  const ProfileResult unjudged = judged("c", Verdict::unmeasurable);
  EXPECT_EQ(outcome_word(AuditState::measured, {}), "MEASURED");
  EXPECT_EQ(outcome_word(AuditState::measured, {passed}), "PASS");
  EXPECT_EQ(outcome_word(AuditState::measured, {passed, unjudged}), "UNMEASURABLE");
  EXPECT_EQ(outcome_word(AuditState::measured, {unjudged, failed, passed}), "FAIL");
  EXPECT_EQ(outcome_word(AuditState::unreadable, {failed}), "UNREADABLE");
}

TEST(AuditText, OnlyAnInfoIsClean) {
  const AuditFinding info{"dual-mono", Severity::info, "", {}, {}};
  const AuditFinding warning{"dc-offset", Severity::warning, "", {}, {}};
  EXPECT_TRUE(is_clean(AuditState::measured, {}, {info}));
  EXPECT_FALSE(is_clean(AuditState::measured, {}, {info, warning}));
  EXPECT_FALSE(is_clean(AuditState::unmeasurable, {}, {}));
  EXPECT_FALSE(is_clean(AuditState::measured, {judged("b", Verdict::fail)}, {}));
}

TEST(AuditText, PlaybackIsALevelAndASignedGain) {
  ProfileResult result = judged("spotify", Verdict::pass);
  EXPECT_EQ(playback_text(result), "");
  result.playback_lufs = -16.0;
  result.playback_gain_db = 4.0;
  result.is_limited_by_peak = true;
  EXPECT_EQ(playback_text(result), "-16.0 LUFS (+4.0 dB, held back by its true peak)");
  result.playback_gain_db = -5.5;
  result.is_limited_by_peak = false;
  EXPECT_EQ(playback_text(result), "-16.0 LUFS (-5.5 dB)");
  for (const double nothing : {0.0, -0.01, 0.01}) {
    result.playback_gain_db = nothing;
    EXPECT_EQ(playback_text(result), "-16.0 LUFS (0.0 dB)");
  }
}

TEST(AuditText, WhatAProfileNeverJudgesIsNoNoteOfAFile) {
  ProfileResult result = judged("spotify", Verdict::fail, {"too loud", "too hot"});
  EXPECT_EQ(reasons_text(result), "too loud; too hot");
  result.notes = {"not judged: the codec", "by the tracks that were measured",
                  "nothing is asked for, so nothing was judged"};
  EXPECT_EQ(own_notes(result), (std::vector<std::string>{"by the tracks that were measured"}));
}

}  // namespace
}  // namespace lathe::testing
