// Damage is told from identifiers that only look odd.
#include "host/manifest/spreadsheet_damage.h"

#include <gtest/gtest.h>

namespace lathe {
namespace {

TEST(SpreadsheetDamage, NumbersAndDatesThatWereIdentifiersAreFound) {
  for (const char* text : {"8.84978E+11", "8,84978E+11", "9E+12", "884978123456.0", "12-Jan", "Jan-12", "2001-12-01",
                           "1/2/2003", "1. Feb", "2004-01-01 00:00:00", "#NAME?", "#N/A"}) {
    EXPECT_NE(spreadsheet_damage("upc", text), "") << text;
    EXPECT_NE(spreadsheet_damage("isrc", text), "") << text;
  }
  EXPECT_NE(spreadsheet_damage("track", "12-Jan"), "");
}

TEST(SpreadsheetDamage, ALostLeadingZeroIsFoundByTheCheckDigit) {
  // 036000291452 is GS1's own example of a UPC-A.
  EXPECT_NE(spreadsheet_damage("upc", "36000291452").find("036000291452"), std::string::npos);
  EXPECT_EQ(spreadsheet_damage("upc", "036000291452"), "");
  EXPECT_EQ(spreadsheet_damage("upc", "36000291453"), "");  // wrong either way: check_identifiers says so
}

TEST(SpreadsheetDamage, WhatIsWholeIsLeftAlone) {
  for (const char* text : {"USRC17607839", "US-RC1-76-07839", "DEA451200001"})
    EXPECT_EQ(spreadsheet_damage("isrc", text), "") << text;
  for (const char* text : {"1", "01", "1/12", "A1", "B2"}) EXPECT_EQ(spreadsheet_damage("track", text), "") << text;
  for (const char* text : {"2001-12-01", "1E+5", "December", "May", "#1"})
    EXPECT_EQ(spreadsheet_damage("title", text), "") << text;
}

}  // namespace
}  // namespace lathe
