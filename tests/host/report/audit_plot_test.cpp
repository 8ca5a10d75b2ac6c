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

constexpr float kNoLevel = -std::numeric_limits<float>::infinity();

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

// Heights of a curve's points, from the top: "M36 54l3-1 3 2".
std::vector<int> heights_of(const std::string& curve) {
  std::vector<int> heights;
  const std::regex number("M|-?[0-9]+");
  int at = 0;
  int y = 0;
  for (std::sregex_iterator it(curve.begin(), curve.end(), number), end; it != end; ++it) {
    if (it->str() == "M") {
      at = 0;
      continue;
    }
    ++at;
    if (at % 2 == 1) continue;
    y = at == 2 ? std::stoi(it->str()) : y + std::stoi(it->str());
    heights.push_back(y);
  }
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

constexpr int kTop = 22, kBottom = 174;

TEST(LoudnessPlot, OneLoudMomentInHoursIsSeen) {
  std::vector<float> levels(100000, -40.0F);
  levels[77777] = 3.0F;
  const std::vector<int> heights = heights_of(curve_of(track(levels), "short"));
  EXPECT_LE(heights.size(), 260U);
  EXPECT_GE(heights.size(), 200U);
  EXPECT_EQ(*std::min_element(heights.begin(), heights.end()), kTop);
  EXPECT_EQ(std::count(heights.begin(), heights.end(), kTop), 1);
  EXPECT_LT(loudness_plot(track(levels)).size(), 5000U);
}

TEST(LoudnessPlot, SilenceIsAGap) {
  const FileAudit file = track({kNoLevel, -20, -20, kNoLevel, kNoLevel, -20});
  EXPECT_EQ(curve_of(file, "short"), "M296 83l130 0M816 83h1");
  EXPECT_EQ(curve_of(file, "momentary"), "M296 174V83l130 0V174zM816 174V83h1V174z");
  EXPECT_EQ(curve_of(track({kNoLevel, kNoLevel}), "short"), "");
}

TEST(LoudnessPlot, WhatIsOffTheScaleStaysInThePicture) {
  for (const int height : heights_of(curve_of(track({30, -200, 3, -60}), "short"))) {
    EXPECT_TRUE(height == kTop || height == kBottom) << height;
  }
  FileAudit file = track({-20, std::numeric_limits<float>::quiet_NaN(), -20});
  file.true_peak_at_s = 1e9;
  file.figures.true_peak_dbtp = 50;
  EXPECT_THAT(loudness_plot(file), HasSubstr("M816 22l-5-9"));
  EXPECT_THAT(loudness_plot(file), Not(HasSubstr("nan")));
}

TEST(LoudnessPlot, TheTruePeakIsAMarkWhereItIsKnownToBe) {
  FileAudit file = sample_audit().files[1];
  EXPECT_EQ(curve_of(file, "peak").substr(0, 7), "M291 29");  // 61.25 s of 187 s
  EXPECT_THAT(loudness_plot(file), HasSubstr(">0.3 dBTP</text>"));
  file.true_peak_at_s.reset();
  EXPECT_EQ(curve_of(file, "peak line"), "M36 29H816");
  file.figures.true_peak_dbtp = kNoLevel;
  EXPECT_THAT(loudness_plot(file), Not(HasSubstr("</text><path class=\"peak")));
}

TEST(LoudnessPlot, SaysInWordsWhatItShows) {
  for (const PageElement& element : drawing(sample_audit().files[1]).elements) {
    if (element.name != "svg") continue;
    EXPECT_EQ(element.attributes.at("aria-label"),
              "Momentary and short-term loudness over 3:07: integrated -8.5 LUFS, true peak 0.3 dBTP");
  }
}

TEST(LoudnessPlot, TimeHasNoMoreFiguresThanThereIsRoomFor) {
  for (const std::size_t tenths : {1U, 9U, 15U, 95U, 601U, 1870U, 36000U, 500000U, 4000000U}) {
    const Page page = drawing(track(std::vector<float>(tenths, -20.0F)));
    const auto figures = std::count_if(page.elements.begin(), page.elements.end(), [](const PageElement& e) {
      return e.name == "text" && e.attributes.contains("class") && e.attributes.at("class") == "mid";
    });
    EXPECT_GE(figures, 1) << tenths;
    EXPECT_LE(figures, 9) << tenths;
  }
}

}  // namespace
}  // namespace lathe::testing
