// The table of an audit: aligned, short enough, and nothing in it that a terminal would obey.
#include "host/report/audit_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "host/audio_file/text_encoding.h"
#include "host/report/audit_text.h"
#include "tests/host/report/sample_audit.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string table_of(const SampleAudit& audit, const TableStyle& style = {}) {
  return report_of(audit, [&](std::ostream& out, const AuditHead& head) { return make_audit_table(out, head, style); });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string line_with(const std::string& table, const std::string& part) {
  for (const std::string& line : lines_of(table)) {
    if (line.find(part) != std::string::npos) return line;
  }
  return "no line with " + part;
}

TEST(AuditTable, ColumnsAreAligned) {
  const std::string table = table_of(sample_audit());
  EXPECT_EQ(line_with(table, "One.wav"), " -14.0    6.1   -11.2    -1.3  PASS          /music/album/01 One.wav");
  EXPECT_EQ(line_with(table, "Two.wav"), "  -8.5    0.0    -7.1     0.3  FAIL          /music/album/02 Two.wav");
  EXPECT_EQ(line_with(table, "Nothing.wav"),
            "     -      -       -       -  UNMEASURABLE  /music/album/03 Nothing.wav");
  EXPECT_EQ(line_with(table, "Cut.wav"), "     -      -       -       -  UNREADABLE    /music/album/04 Cut.wav");
  EXPECT_EQ(line_with(table, "max S"), "  LUFS    LRA   max S    dBTP                file");
}

TEST(AuditTable, WhatIsWrongStandsBeneathItsFile) {
  const std::vector<std::string> lines = lines_of(table_of(sample_audit()));
  const auto file = std::find_if(lines.begin(), lines.end(), [](const auto& l) { return l.ends_with("Two.wav"); });
  ASSERT_LT(file + 7, lines.end());
  EXPECT_THAT(file[1], ::testing::EndsWith("spotify FAIL: true peak 0.3 dBTP is above -1.0; and louder than -14"));
  EXPECT_THAT(file[2], HasSubstr("ebu-r128 UNMEASURABLE: needs a dialogue measurement"));
  EXPECT_THAT(file[3], HasSubstr("error: clipped-runs at 12.300 s: 12 runs of clipped samples"));
  EXPECT_THAT(file[4], ::testing::EndsWith("plays at: spotify -14.0 LUFS (-5.5 dB, held back by its true peak)"));
  EXPECT_THAT(file[5], HasSubstr("03 Nothing.wav"));  // what is only an info is not shown
  EXPECT_THAT(file[6], HasSubstr("silence: no 400 ms block is above -70 LUFS"));
  EXPECT_THAT(file[7], HasSubstr("04 Cut.wav"));  // of silence, no profile needs to say that it cannot judge it
}

TEST(AuditTable, TheHeadSaysWhatProfilesAskForAndWhatIsNotJudged) {
  const std::string table = table_of(sample_audit());
  EXPECT_THAT(table, HasSubstr("profile spotify 2 (official): https://support.spotify.com/loudness, 2026-01-01\n"
                               "  asks for: true peak at most -1 dBTP\n  plays at -14 LUFS\n"));
  EXPECT_THAT(table, HasSubstr("  asks for: -23 \u00B10.2 LUFS\n  not judged here: the codec\n"));
  EXPECT_EQ(table.find("the codec"), table.rfind("the codec"));  // not with every file again
}

TEST(AuditTable, WhatPassesStillSaysHowItPlays) {
  const std::vector<std::string> lines = lines_of(table_of(sample_audit()));
  const auto file = std::find_if(lines.begin(), lines.end(), [](const auto& l) { return l.ends_with("One.wav"); });
  ASSERT_LT(file + 1, lines.end());
  EXPECT_THAT(file[1], ::testing::EndsWith("  plays at: spotify -14.0 LUFS (0.0 dB)"));
}

TEST(AuditTable, EndsInASummary) {
  const std::string table = table_of(sample_audit());
  EXPECT_THAT(table,
              HasSubstr("4 files: 2 measured, 1 unmeasurable, 1 unreadable; 1 remembered from an earlier audit\n"));
  EXPECT_THAT(table, HasSubstr("9:21 of audio in 0.5 s, 1122 times as fast as it plays\n"));
  EXPECT_THAT(table, HasSubstr("spotify: 1 file failed\n"));
  EXPECT_THAT(table, HasSubstr("clipped-runs: 1 finding\n"));
  EXPECT_THAT(table, Not(HasSubstr("interrupted")));
  SampleAudit audit = sample_audit();
  audit.summary.was_interrupted = true;
  EXPECT_THAT(table_of(audit), HasSubstr("interrupted: there are files that were not looked at\n"));
}

TEST(AuditTable, AlbumsHaveAHeadOfTheirOwn) {
  const std::string table = table_of(sample_audit());
  EXPECT_THAT(table, HasSubstr("                album\n"));
  EXPECT_THAT(table, HasSubstr(" -10.4    5.0    -7.1     0.3  FAIL          /music/album\n"));
  EXPECT_THAT(table, HasSubstr("     -      -       -       -  UNMEASURABLE  /music/empty\n"));
  SampleAudit audit = sample_audit();
  audit.albums.clear();
  EXPECT_THAT(table_of(audit), Not(HasSubstr("album\n")));
}

TEST(AuditTable, ColourOnlyWhenAskedForAndOnlyOurs) {
  EXPECT_THAT(table_of(audit_saying(kHostileText)), Not(HasSubstr("\x1b")));
  EXPECT_THAT(table_of(sample_audit(), {100, true}), HasSubstr("\x1b[31mFAIL        \x1b[0m"));
  const std::string coloured = table_of(audit_saying(kHostileText), {100, true});
  const std::string left = std::regex_replace(coloured, std::regex("\x1b\\[(0|31|32|33)m"), "");
  EXPECT_EQ(left, table_of(audit_saying(kHostileText)));
}

TEST(AuditTable, HostileTextStaysOnItsLine) {
  const std::string hostile = table_of(audit_saying(kHostileText));
  EXPECT_TRUE(is_utf8(hostile));
  EXPECT_EQ(lines_of(hostile).size(), lines_of(table_of(audit_saying("x"))).size());
  EXPECT_EQ(visible_text(hostile).find("<U+202E>"), hostile.find("<U+202E>"));
  for (const char c : hostile) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

TEST(AuditTable, LongPathsLoseTheirMiddle) {
  EXPECT_EQ(shortened("/music/album/track.wav", 22), "/music/album/track.wav");
  EXPECT_EQ(shortened("/music/album/track.wav", 15),
            "/music/\xE2\x80\xA6"
            "ack.wav");
  EXPECT_EQ(shortened("abc", 1), "\xE2\x80\xA6");
  for (int columns = 1; columns < 40; ++columns) {
    EXPECT_LE(code_points(shortened("/a/long/path/with/many/folders/and/a/name.wav", columns)).size(), columns);
  }
  SampleAudit audit = sample_audit();
  audit.files[0].path = "/music/" + std::string(300, 'x') + "/01 One.wav";
  const std::string row = line_with(table_of(audit, {80, false}), "One.wav");
  EXPECT_EQ(code_points(row).size(), 80U);
}

TEST(AuditTable, WidthsAreThoseOfATerminal) {
  const std::string wide = "\xE9\x9F\xB3\xE6\xA5\xBD\xE9\x9F\xB3\xE6\xA5\xBD";  // four characters of two columns
  EXPECT_EQ(shortened(wide, 8), wide);
  EXPECT_EQ(shortened(wide, 7), "\xE9\x9F\xB3\xE2\x80\xA6\xE6\xA5\xBD");
  const std::string combining =
      "e\xCC\x81"
      "e\xCC\x81"
      "e\xCC\x81";
  EXPECT_EQ(shortened(combining, 3), combining);
}

}  // namespace
}  // namespace lathe::testing
