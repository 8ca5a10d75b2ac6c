// What lies between the tracks of an album.
#include "host/audit/album_checks.h"

#include <gtest/gtest.h>

#include "tests/host/audit/audited.h"

namespace lathe {
namespace {

using testing::audited;
using testing::unmeasured;

std::vector<AuditFinding> spread_of(const std::vector<FileAudit>& files) {
  std::vector<const FileAudit*> pointers;
  for (const FileAudit& file : files) pointers.push_back(&file);
  std::vector<AuditFinding> findings;
  check_spread(pointers, findings);
  return findings;
}

TEST(AlbumChecksTest, TheLoudestAndTheQuietestTrackAreNamed) {
  const std::vector<AuditFinding> findings = spread_of({audited(-14, -1, "one.wav"), audited(-16.5, -1, "two.wav"),
                                                        audited(-12, -1, "three.wav"), unmeasured("silence")});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].code, "loudness-spread");
  EXPECT_EQ(findings[0].severity, Severity::info);
  EXPECT_EQ(findings[0].figures.at("spread_lu"), 4.5);
  EXPECT_NE(findings[0].message.find("three.wav (-12.0 LUFS)"), std::string::npos);
  EXPECT_NE(findings[0].message.find("two.wav (-16.5 LUFS)"), std::string::npos);
}

TEST(AlbumChecksTest, EightLuAreAWarning) {
  EXPECT_EQ(spread_of({audited(-10, -1), audited(-17.9, -1)})[0].severity, Severity::info);
  EXPECT_EQ(spread_of({audited(-10, -1), audited(-18, -1)})[0].severity, Severity::warning);
}

TEST(AlbumChecksTest, OneMeasuredTrackHasNoSpread) {
  EXPECT_TRUE(spread_of({}).empty());
  EXPECT_TRUE(spread_of({audited(-10, -1), unmeasured("silence")}).empty());
}

}  // namespace
}  // namespace lathe
