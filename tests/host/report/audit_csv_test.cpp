// The CSV of an audit: RFC 4180, and no cell that a spreadsheet would compute.
#include "host/report/audit_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <regex>
#include <stdexcept>

#include "host/audio_file/text_encoding.h"
#include "tests/host/report/sample_audit.h"

namespace lathe::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Row = std::vector<std::string>;

// By the letter of RFC 4180: every line ends in CR LF, quotes only around whole cells, doubled inside.
std::vector<Row> read_strictly(const std::string& csv) {
  std::vector<Row> rows;
  std::size_t at = 0;
  const auto peek = [&](std::size_t ahead = 0) { return at + ahead < csv.size() ? csv[at + ahead] : '\0'; };
  while (at < csv.size()) {
    Row row;
    while (true) {
      std::string cell;
      if (peek() == '"') {
        for (++at; peek() != '"' || peek(1) == '"'; ++at) {
          if (at >= csv.size()) throw std::runtime_error("a quote is not closed");
          if (peek() == '"') ++at;
          cell += peek();
        }
        ++at;
      } else {
        for (; at < csv.size() && peek() != ',' && peek() != '\r'; ++at) {
          if (peek() == '"' || peek() == '\n') throw std::runtime_error("a cell should be quoted: " + cell);
          cell += peek();
        }
      }
      row.push_back(cell);
      if (peek() != ',') break;
      ++at;
    }
    if (peek() != '\r' || peek(1) != '\n') throw std::runtime_error("a line does not end in CR LF");
    at += 2;
    rows.push_back(row);
  }
  return rows;
}

// As a spreadsheet set to this delimiter takes it: quotes count at a cell's start only, any line break ends a row.
Row spreadsheet_cells(const std::string& csv, char delimiter) {
  Row cells;
  for (std::size_t at = 0; at < csv.size(); ++at) {
    std::string cell;
    if (csv[at] == '"') {
      for (++at; at < csv.size() && (csv[at] != '"' || (at + 1 < csv.size() && csv[at + 1] == '"')); ++at) {
        if (csv[at] == '"') ++at;
        cell += csv[at];
      }
      ++at;
    }
    for (; at < csv.size() && csv[at] != delimiter && csv[at] != '\r' && csv[at] != '\n'; ++at) cell += csv[at];
    cells.push_back(cell);
  }
  return cells;
}

bool is_computed(std::string cell) {
  static const std::regex number("-?[0-9]+([.][0-9]+)?");
  cell.erase(0, cell.find_first_not_of(' '));
  if (cell.empty() || std::regex_match(cell, number)) return false;
  if (std::string("=+-@\t\r\n").find(cell[0]) != std::string::npos) return true;
  for (const char* wide : {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"}) {
    if (cell.starts_with(wide)) return true;
  }
  return false;
}

std::map<std::string, std::string> by_column(const std::vector<Row>& rows, std::size_t row) {
  std::map<std::string, std::string> cells;
  for (std::size_t i = 0; i < rows[0].size(); ++i) cells[rows[0][i]] = rows[row].at(i);
  return cells;
}

std::vector<Row> rows_of(const SampleAudit& audit) { return read_strictly(report_of(audit, make_audit_csv)); }

TEST(AuditCsv, HasAHeaderAndOneRowAFileOfTheSameWidth) {
  const std::vector<Row> rows = rows_of(sample_audit());
  ASSERT_EQ(rows.size(), 5U);
  for (const Row& row : rows) EXPECT_EQ(row.size(), rows[0].size());
  EXPECT_EQ(rows[0][0], "path");
  EXPECT_EQ(rows_of({}).size(), 1U);
}

TEST(AuditCsv, NumbersStayNumbers) {
  auto cells = by_column(rows_of(sample_audit()), 2);
  EXPECT_EQ(cells["path"], "/music/album/02 Two.wav");
  EXPECT_EQ(cells["state"], "MEASURED");
  EXPECT_EQ(cells["integrated_lufs"], "-8.500");
  EXPECT_EQ(cells["loudness_range_lu"], "0.000");
  EXPECT_EQ(cells["true_peak_dbtp"], "0.260");
  EXPECT_EQ(cells["true_peak_at_s"], "61.250");
  EXPECT_EQ(cells["below_20khz_lufs"], "-8.510");
  EXPECT_EQ(cells["duration_s"], "187.000");
  EXPECT_EQ(cells["frames"], "8246700");
  EXPECT_EQ(cells["findings"], "clipped-runs dual-mono");
  EXPECT_EQ(cells["finding_messages"],
            "clipped-runs at 12.300 s: 12 runs of clipped samples; dual-mono: both channels are the same");
}

TEST(AuditCsv, EachProfileHasItsVerdictAndReasons) {
  const std::vector<Row> rows = rows_of(sample_audit());
  auto failing = by_column(rows, 2);
  EXPECT_EQ(failing["spotify_verdict"], "FAIL");
  EXPECT_EQ(failing["spotify_reasons"], "true peak 0.3 dBTP is above -1.0; and louder than -14");
  EXPECT_EQ(failing["spotify_version"], "2");
  EXPECT_EQ(failing["spotify_notes"], "codec not judged; not judged: the codec");
  EXPECT_EQ(failing["spotify_playback_gain_db"], "-5.500");
  EXPECT_EQ(failing["spotify_playback_lufs"], "-14.000");
  EXPECT_EQ(failing["spotify_limited_by_peak"], "yes");
  EXPECT_EQ(by_column(rows, 1)["spotify_limited_by_peak"], "no");
  EXPECT_EQ(failing["ebu-r128_limited_by_peak"], "");
  EXPECT_EQ(failing["ebu-r128_verdict"], "UNMEASURABLE");
  EXPECT_EQ(failing["ebu-r128_playback_gain_db"], "");
  EXPECT_EQ(by_column(rows, 1)["ebu-r128_verdict"], "PASS");
  EXPECT_EQ(by_column(rows, 3)["ebu-r128_verdict"], "");  // was not judged by it
}

TEST(AuditCsv, EveryRowSaysHowItsFiguresCameAbout) {
  const std::vector<Row> rows = rows_of(sample_audit());
  for (std::size_t row = 1; row < rows.size(); ++row) {
    auto cells = by_column(rows, row);
    EXPECT_EQ(cells["engine"], "lathe 0.1.0");
    EXPECT_EQ(cells["standard"], "ITU-R BS.1770-5");
    EXPECT_EQ(cells["filter"], "true peak: 16x");
    EXPECT_EQ(cells["backend"], "cpu/avx2");
  }
}

TEST(AuditCsv, WhatWasNotMeasuredIsEmpty) {
  const std::vector<Row> rows = rows_of(sample_audit());
  for (const std::size_t row : {3, 4}) {
    auto cells = by_column(rows, row);
    for (const char* column : {"integrated_lufs", "loudness_range_lu", "true_peak_dbtp", "sample_peak_dbfs"}) {
      EXPECT_EQ(cells[column], "") << column;
    }
  }
  EXPECT_EQ(by_column(rows, 4)["reason_code"], "TRUNCATED");
  EXPECT_EQ(by_column(rows, 4)["sample_rate_hz"], "");
}

TEST(AuditCsv, FormulaeAreMadeHarmless) {
  EXPECT_EQ(csv_text("=1+1"), "'=1+1");
  EXPECT_EQ(csv_text("+1"), "'+1");
  EXPECT_EQ(csv_text("-1"), "'-1");
  EXPECT_EQ(csv_text("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(csv_text("\t=1"), "\"'\t'=1\"");
  EXPECT_EQ(csv_text("\rx"), "\"'\rx\"");
  EXPECT_EQ(csv_text("  =1"), "'  =1");
  EXPECT_EQ(csv_text("\xEF\xBC\x9D"
                     "1"),
            "'\xEF\xBC\x9D"
            "1");
  EXPECT_EQ(csv_text("a;=1"), "\"a;'=1\"");
  EXPECT_EQ(csv_text("a\n=1"), "\"a\n'=1\"");
}

TEST(AuditCsv, OtherTextIsLeftAlone) {
  EXPECT_EQ(csv_text("/music/a-b = c + d @ e.wav"), "/music/a-b = c + d @ e.wav");
  EXPECT_EQ(csv_text("it's"), "it's");
  EXPECT_EQ(csv_text("say \"x\", y"), "\"say \"\"x\"\", y\"");
  EXPECT_EQ(csv_text("Bj\xC3\xB6rk"), "Bj\xC3\xB6rk");
  EXPECT_EQ(csv_text("bad \xFF, \x1b"), "\"bad \xEF\xBF\xBD, \xEF\xBF\xBD\"");
  EXPECT_EQ(csv_text(""), "");
}

TEST(AuditCsv, NoCellOfAHostileAuditIsComputedWhateverTheDelimiter) {
  const std::string csv = report_of(audit_saying(kHostileText), make_audit_csv);
  EXPECT_TRUE(is_utf8(csv));
  for (const Row& row : read_strictly(csv)) {
    for (const std::string& cell : row) EXPECT_FALSE(is_computed(cell)) << cell;
  }
  for (const char delimiter : {',', ';', '\t'}) {
    for (const std::string& cell : spreadsheet_cells(csv, delimiter)) EXPECT_FALSE(is_computed(cell)) << cell;
  }
}

TEST(AuditCsv, NoCellOfRandomTextIsComputedWhateverTheDelimiter) {
  ASSERT_TRUE(is_computed("=1"));
  ASSERT_FALSE(is_computed("-14.000"));
  const Row pieces = {"=",        "+",   "-", "@", ";", ",", "\t", "\r", "\n", "\"", "'", " ", "a", "1", "\xEF\xBC\x9D",
                      "\xC2\xA0", "\xFF"};
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int left = static_cast<int>(random() % 9); left >= 0; --left) text += pieces[random() % pieces.size()];
    SampleAudit audit = audit_saying(text);
    audit.files.resize(2);
    const std::string csv = report_of(audit, make_audit_csv);
    ASSERT_EQ(read_strictly(csv).size(), 3U) << text;
    for (const char delimiter : {',', ';', '\t'}) {
      for (const std::string& cell : spreadsheet_cells(csv, delimiter)) {
        ASSERT_FALSE(is_computed(cell)) << "[" << cell << "] of [" << text << "] with " << delimiter;
      }
    }
  }
}

}  // namespace
}  // namespace lathe::testing
