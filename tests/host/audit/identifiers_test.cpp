// ISRC and UPC against published ones, and against every single wrong digit.
#include "host/audit/identifiers.h"

#include <gtest/gtest.h>

namespace lathe {
namespace {

TEST(IdentifiersTest, IsrcsAreTakenInAllTheirForms) {
  for (const char* isrc : {"USRC17607839", "US-RC1-76-07839", "us-rc1-76-07839", "GBAYE6800011", "QZ-5AB-19-00001"})
    EXPECT_EQ(isrc_problem(isrc), "") << isrc;
}

TEST(IdentifiersTest, WhatIsNoIsrcIsRefusedWithTheReason) {
  EXPECT_EQ(isrc_problem("USRC1760783"), "11 characters, not 12");
  EXPECT_EQ(isrc_problem("USRC176078390"), "13 characters, not 12");
  EXPECT_EQ(isrc_problem("U1RC17607839"), "does not begin with two letters");
  EXPECT_EQ(isrc_problem("USR 17607839"), "characters 3 to 5 are not all letters or digits");
  EXPECT_EQ(isrc_problem("USRC1A607839"), "the last seven characters are not all digits");
  EXPECT_EQ(isrc_problem("USRC1760783O"), "the last seven characters are not all digits");
  for (const char* isrc : {"US-RC17607839", "USR-C1-76-07839", "US-RC1-7607839", "------------"})
    EXPECT_EQ(isrc_problem(isrc), "hyphens belong as in CC-XXX-YY-NNNNN, or nowhere") << isrc;
  EXPECT_EQ(isrc_problem(std::string("USRC17607\0"
                                     "39",
                                     12)),
            "the last seven characters are not all digits");
}

TEST(IdentifiersTest, PublishedUpcsAndEansCheck) {
  // UPC-A and EAN-8 of GS1's and the encyclopaedias' own examples, an EAN-13 and a GTIN-14.
  for (const char* upc : {"036000291452", "4006381333931", "73513537", "10614141000415"})
    EXPECT_EQ(upc_problem(upc), "") << upc;
}

TEST(IdentifiersTest, EverySingleWrongDigitIsFound) {
  for (const std::string upc : {"036000291452", "4006381333931"}) {
    for (std::size_t i = 0; i < upc.size(); ++i) {
      for (char digit = '0'; digit <= '9'; ++digit) {
        std::string wrong = upc;
        wrong[i] = digit;
        EXPECT_EQ(upc_problem(wrong).empty(), digit == upc[i]) << wrong;
      }
    }
  }
  EXPECT_EQ(upc_problem("036000291453"), "its check digit is 3, not 2");
}

TEST(IdentifiersTest, UpcsOfOtherLengthsAndSignsAreRefused) {
  EXPECT_EQ(upc_problem("03600029145"), "11 digits, not 8, 12, 13 or 14");
  EXPECT_EQ(upc_problem("03600029145X"), "not all digits");
  EXPECT_EQ(upc_problem("0-36000-29145-2"), "not all digits");
}

TEST(IdentifiersTest, TagsWithoutIdentifiersOrWithGoodOnesHaveNoFindings) {
  EXPECT_TRUE(check_identifiers({}).empty());
  EXPECT_TRUE(check_identifiers({{"isrc", " "}, {"upc", ""}, {"title", "USRC"}}).empty());
  EXPECT_TRUE(check_identifiers({{"isrc", " USRC17607839 "}, {"upc", "036000291452\n"}}).empty());
}

TEST(IdentifiersTest, BadOnesAreFindingsThatNameThem) {
  const std::vector<AuditFinding> findings = check_identifiers({{"isrc", "USRC1760783"}, {"upc", "036000291453"}});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].code, "isrc-invalid");
  EXPECT_EQ(findings[0].message, "'USRC1760783' is no ISRC: 11 characters, not 12");
  EXPECT_EQ(findings[1].code, "upc-invalid");
  EXPECT_EQ(findings[1].severity, Severity::warning);
}

}  // namespace
}  // namespace lathe
