// The plot of a track: every loud moment is in it, whatever the length.
#include "host/report/audit_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <regex>

#include "tests/host/report/page_reader.h"
#include "tests/host/report/sample_audit.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr float kNothing = -std::numeric_limits<float>::infinity();

FileAudit track(std::vector<float> levels) {
  FileAudit file = sample_audit().files[1];
  file.frames = static_cast<std::int64_t>(levels.size()) * file.sample_rate_hz / 10;
  file.series = LoudnessSeries{0.1, levels, std::move(levels)};
  return file;
}

Page drawing(const FileAudit& file) { return read_page("<!doctype html>" + loudness_plot(file)); }

std::string curve_of(const FileAudit& file, const std::string& kind) {
  for (const PageElement& element : drawing(file).elements) {
    const auto found = element.attributes.find("class");
    if (found != element.attributes.end() && found->second == kind) return element.attributes.at("d");
  }
  return "no " + kind;
}

// Heights of a curve's points, from the top.
std::vector<double> heights_of(const std::string& curve) {
  std::vector<double> heights;
  const std::regex point("[ML][0-9]+ ([0-9.]+)");
  for (std::sregex_iterator it(curve.begin(), curve.end(), point), end; it != end; ++it)
    heights.push_back(std::stod((*it)[1]));
  return heights;
}

TEST(LoudnessPlot, IsWellFormedAndOnlyThereWithASeries) {
  EXPECT_NO_THROW(drawing(sample_audit().files[1]));
  EXPECT_NO_THROW(read_page("<!doctype html>" + plot_definitions()));
  EXPECT_EQ(loudness_plot(sample_audit().files[0]), "");
  FileAudit file = track({});
  EXPECT_EQ(loudness_plot(file), "");
  file = track({-20});
  file.series->step_s = 0;
  EXPECT_EQ(loudness_plot(file), "");
}

TEST(LoudnessPlot, OneLoudMomentInHoursIsSeen) {
  std::vector<float> levels(100000, -40.0F);
  levels[77777] = 3.0F;
  const std::vector<double> heights = heights_of(curve_of(track(levels), "momentary"));
  EXPECT_LE(heights.size(), 300U);
  EXPECT_GE(heights.size(), 250U);
  EXPECT_DOUBLE_EQ(*std::min_element(heights.begin(), heights.end()), 8.0);
  EXPECT_EQ(std::count(heights.begin(), heights.end(), 8.0), 1);
  EXPECT_LT(loudness_plot(track(levels)).size(), 8000U);
}

TEST(LoudnessPlot, SilenceIsAGap) {
  EXPECT_EQ(curve_of(track({kNothing, -20, -20, kNothing, kNothing, -20}), "momentary"), "M234 54.0L334 54.0M634 54.0");
  EXPECT_EQ(curve_of(track({kNothing, kNothing}), "short"), "");
}

TEST(LoudnessPlot, WhatIsOffTheScaleStaysInThePicture) {
  for (const double height : heights_of(curve_of(track({30, -200, 3, -60}), "momentary"))) {
    EXPECT_TRUE(height == 8.0 || height == 134.0) << height;
  }
  FileAudit file = track({-20, std::numeric_limits<float>::quiet_NaN(), -20});
  file.true_peak_at_s = 1e9;
  file.figures.true_peak_dbtp = 50;
  EXPECT_THAT(loudness_plot(file), HasSubstr("M634.0 8.0l-4"));
  EXPECT_THAT(loudness_plot(file), Not(HasSubstr("nan")));
}

TEST(LoudnessPlot, TheTruePeakIsAMarkWhereItIsKnownToBe) {
  FileAudit file = sample_audit().files[1];
  EXPECT_EQ(curve_of(file, "peak").substr(0, 6), "M230.5");  // 61.25 s of 187 s
  EXPECT_THAT(loudness_plot(file), HasSubstr(">0.3 dBTP</text>"));
  file.true_peak_at_s.reset();
  EXPECT_EQ(curve_of(file, "peak line"), "M34 13.5H634");
  file.figures.true_peak_dbtp = kNothing;
  EXPECT_THAT(loudness_plot(file), Not(HasSubstr("dBTP")));
}

}  // namespace
}  // namespace lathe::testing
