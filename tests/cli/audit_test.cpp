// `lathe audit` from outside: what it reads, what it refuses to put a number to, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "tests/cli/music.h"
#include "tests/cli/program.h"
#include "tests/cli/sound_file.h"
#include "tests/cli/workspace.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

ProgramResult audit(const Workspace& work, const std::vector<std::string>& more = {}) {
  ProgramCall call;
  call.arguments = {"audit", work.in().string(), "--format", "json", "--no-cache"};
  call.arguments.insert(call.arguments.end(), more.begin(), more.end());
  return run_program(call);
}

nlohmann::json file_named(const nlohmann::json& report, const std::string& name) {
  for (const auto& file : report.at("files")) {
    if (fs::path(file.at("path").get<std::string>()).filename() == name) return file;
  }
  ADD_FAILURE() << name << " is not in the report";
  return nlohmann::json::object();
}

Sound tone(int rate, const std::vector<double>& amplitudes, double seconds, double hz = 1000) {
  Sound sound{rate, {}};
  for (const double amplitude : amplitudes) {
    Signal x(static_cast<std::size_t>(seconds * rate));
    for (std::size_t n = 0; n < x.size(); ++n)
      x[n] = amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(n) / rate);
    sound.channels.push_back(std::move(x));
  }
  return sound;
}

double level(double dbfs) { return std::pow(10.0, dbfs / 20); }

TEST(Audit, ReadsEveryEncodingAndRateAsLibebur128Does) {
  Random random = seeded(301);
  const Workspace work;
  const std::pair<const char*, std::pair<int, Stored>> cases[] = {
      {"8bit.wav", {44100, kWav8}}, {"16.wav", {12000, kWav16}},        {"24.wav", {48000, kWav24}},
      {"32.wav", {96000, kWav32}},  {"float.wav", {352800, kWavFloat}}, {"24.flac", {88200, kFlac24}}};
  for (const auto& [name, how] : cases)
    write_sound(work.in() / name, wandering(random, how.first, 2, 4, 0.6), how.second);
  const ProgramResult result = audit(work);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json report = result.json();
  EXPECT_EQ(report.at("schema"), "lathe.audit.v1");
  for (const auto& [name, how] : cases) {
    SCOPED_TRACE(name);
    const nlohmann::json file = file_named(report, name);
    const Sound stored = read_sound(work.in() / name);
    EXPECT_EQ(file.at("state"), "MEASURED");
    EXPECT_EQ(file.at("sample_rate_hz"), how.first);
    EXPECT_EQ(file.at("frames"), stored.frames());
    // Away from 48 kHz libebur128 does not keep the response of the standard (k_weighting.h).
    const double limit_lu = how.first < 44100 ? 0.15 : how.first > 96000 ? 0.05 : how.first > 48000 ? 0.03 : 0.01;
    EXPECT_NEAR(file.at("integrated_lufs").get<double>(), integrated_lufs(stored), limit_lu);
    EXPECT_NEAR(file.at("true_peak_dbtp").get<double>(), true_peak_dbtp(stored), 0.05);
  }
}

TEST(Audit, AFloatFileThreeDecibelsOverFullScaleReadsThree) {
  const Workspace work;
  write_sound(work.in() / "hot.wav", tone(48000, {level(3), level(3)}, 5), kWavFloat);
  const nlohmann::json file = file_named(audit(work).json(), "hot.wav");
  EXPECT_NEAR(file.at("true_peak_dbtp").get<double>(), 3.0, 0.02);
  EXPECT_NEAR(file.at("integrated_lufs").get<double>(), 3.0, 0.05);
}

// The -23 dBFS tone of BS.1770-5's layout 0+7+0: three at the front, two at the side (1.41), two behind.
TEST(Audit, SevenPointOneWeighsItsLoudspeakersByTheStandard) {
  const Workspace work;
  const double a = level(-23);
  write_sound(work.in() / "71.wav", tone(48000, {a, a, a, a, a, a, a, a}, 5), kWav24);
  write_sound(work.in() / "71_without_lfe.wav", tone(48000, {a, a, a, 0, a, a, a, a}, 5), kWav24);
  const nlohmann::json report = audit(work).json();
  const double all = file_named(report, "71.wav").at("integrated_lufs").get<double>();
  EXPECT_NEAR(all, -17.07, 0.05);
  EXPECT_NEAR(file_named(report, "71_without_lfe.wav").at("integrated_lufs").get<double>(), all, 1e-4);
}

TEST(Audit, WhatHasNoLoudnessIsUnmeasurableAndNeverANumber) {
  const Workspace work;
  Random random = seeded(302);
  write_sound(work.in() / "good.wav", wandering(random, 44100, 2, 3, 0.5), kWav16);
  write_sound(work.in() / "silence.wav", silence(44100, 2, 3), kWav16);
  write_sound(work.in() / "short.wav", tone(44100, {0.5, 0.5}, 0.3), kWav16);
  write_sound(work.in() / "empty.wav", {44100, {{}, {}}}, kWav16);
  Sound broken = tone(44100, {0.5, 0.5}, 3);
  broken.channels[1][44100] = std::numeric_limits<double>::quiet_NaN();
  write_sound(work.in() / "nan.wav", broken, kWavFloat);
  broken.channels[1][44100] = std::numeric_limits<double>::infinity();
  write_sound(work.in() / "inf.wav", broken, kWavFloat);
  const ProgramResult result = audit(work);
  EXPECT_EQ(result.exit_code, kUnmeasurable);
  const nlohmann::json report = result.json();
  const std::map<std::string, std::string> reasons{{"silence.wav", "silence"},
                                                   {"short.wav", "shorter than 400 ms"},
                                                   {"empty.wav", "0 frames"},
                                                   {"nan.wav", "channel 2 at frame 44100 (1.000 s)"},
                                                   {"inf.wav", "channel 2 at frame 44100 (1.000 s)"}};
  for (const auto& [name, reason] : reasons) {
    SCOPED_TRACE(name);
    const nlohmann::json file = file_named(report, name);
    EXPECT_EQ(file.at("state"), "UNMEASURABLE");
    EXPECT_NE(file.at("reason").get<std::string>().find(reason), std::string::npos) << file.at("reason");
    EXPECT_TRUE(file.at("integrated_lufs").is_null());
    EXPECT_TRUE(file.at("loudness_range_lu").is_null());
    const bool is_broken = name == "nan.wav" || name == "inf.wav";
    ASSERT_EQ(file.at("findings").size(), is_broken ? 1u : name == "short.wav" ? 2u : 0u) << file.at("findings");
    if (!is_broken) continue;
    EXPECT_EQ(file.at("findings")[0].at("code"), "non-finite");
    EXPECT_EQ(file.at("findings")[0].at("severity"), "error");
    EXPECT_EQ(file.at("findings")[0].at("at_s"), 1.0);
  }
  EXPECT_EQ(file_named(report, "good.wav").at("state"), "MEASURED");
}

TEST(Audit, WhatCannotBeReadSaysWhyAndTheRestGoesOn) {
  const Workspace work;
  Random random = seeded(303);
  write_sound(work.in() / "good.wav", wandering(random, 44100, 2, 3, 0.5), kWav16);
  write_sound(work.in() / "cut.flac", wandering(random, 44100, 2, 3, 0.5), kFlac24);
  const std::string whole = slurp(work.in() / "cut.flac");
  spill(work.in() / "cut.flac", std::string_view(whole).substr(0, whole.size() / 2));
  spill(work.in() / "text.wav", "this is no audio");
  const ProgramResult result = audit(work, {(work.in() / "missing.wav").string()});
  EXPECT_EQ(result.exit_code, kUnmeasurable);
  const nlohmann::json report = result.json();
  for (const char* name : {"cut.flac", "text.wav", "missing.wav"}) {
    const nlohmann::json file = file_named(report, name);
    EXPECT_EQ(file.at("state"), "UNREADABLE") << name;
    EXPECT_FALSE(file.at("reason").get<std::string>().empty()) << name;
    EXPECT_TRUE(file.at("integrated_lufs").is_null()) << name;
  }
  EXPECT_EQ(file_named(report, "good.wav").at("state"), "MEASURED");
  const Workspace nothing;
  spill(nothing.in() / "text.wav", "this is no audio");
  EXPECT_EQ(audit(nothing).exit_code, kNothingRead);
}

// Two tracks that differ by 20 LU: pooled blocks are not the mean of two figures.
TEST(Audit, AnAlbumIsGatedOverItsTracksTogether) {
  const Workspace work;
  write_sound(work.in() / "album/1 loud.wav", tone(44100, {level(-10), level(-10)}, 10), kWav24);
  write_sound(work.in() / "album/2 soft.wav", tone(44100, {level(-30), level(-30)}, 10), kWav24);
  const nlohmann::json report = audit(work).json();
  ASSERT_EQ(report.at("albums").size(), 1u);
  const nlohmann::json album = report.at("albums").at(0);
  // The soft track is more than 10 LU under the mean of all, so the relative gate leaves the loud one alone.
  EXPECT_NEAR(album.at("integrated_lufs").get<double>(), -10.0, 0.1);
  EXPECT_NEAR(album.at("true_peak_dbtp").get<double>(), -10.0, 0.05);
}

nlohmann::json album_named(const nlohmann::json& report, const std::string& name) {
  for (const auto& album : report.at("albums")) {
    if (fs::path(album.at("path").get<std::string>()).filename() == name) return album;
  }
  ADD_FAILURE() << name << " is not in the report";
  return nlohmann::json::object();
}

// A concert whose names stand against the order of play, which its tags know.
TEST(Audit, AnAlbumCutAtOddFramesReadsWhatTheUncutOneDoes) {
  const Workspace work;
  Random random = seeded(306);
  const Sound whole = wandering(random, 44100, 2, 40, 0.6);
  write_sound(work.in() / "whole/concert.wav", whole, kWav24);
  const std::size_t cuts[] = {0, 400'001, 900'003, static_cast<std::size_t>(whole.frames())};
  for (std::size_t t = 0; t + 1 < std::size(cuts); ++t) {
    Sound part{whole.sample_rate_hz, {}};
    for (const Signal& x : whole.channels)
      part.channels.emplace_back(x.begin() + static_cast<std::ptrdiff_t>(cuts[t]),
                                 x.begin() + static_cast<std::ptrdiff_t>(cuts[t + 1]));
    write_sound(work.in() / "cut" / (std::to_string(9 - t) + ".flac"), part, kFlac24,
                {{SF_STR_TRACKNUMBER, std::to_string(t + 1)}});
  }
  const nlohmann::json report = audit(work).json();
  const nlohmann::json uncut = album_named(report, "whole"), cut = album_named(report, "cut"),
                       parted = album_named(audit(work, {"--contiguous", "never"}).json(), "cut");
  EXPECT_EQ(cut.at("joins"), 2);
  for (const char* figure : {"integrated_lufs", "loudness_range_lu", "max_momentary_lufs", "max_short_term_lufs",
                             "true_peak_dbtp", "sample_peak_dbfs"}) {
    EXPECT_EQ(cut.at(figure), uncut.at(figure)) << figure;
  }
  EXPECT_NE(parted.at("integrated_lufs"), uncut.at("integrated_lufs"));
}

TEST(Audit, ReportsTheSameHoweverManyJobs) {
  const Workspace work;
  Random random = seeded(304);
  for (int i = 0; i < 12; ++i) {
    write_sound(work.in() / ("album" + std::to_string(i / 4)) / (std::to_string(i) + ".wav"),
                wandering(random, 44100, 2, 1.5, 0.1 + 0.05 * i), kWav16);
  }
  nlohmann::json one = audit(work, {"--jobs", "1"}).json(), many = audit(work, {"--jobs", "4"}).json();
  for (nlohmann::json* report : {&one, &many}) report->at("summary").erase("wall_s");
  for (nlohmann::json* report : {&one, &many}) report->at("summary").erase("realtime_factor");
  EXPECT_EQ(one, many);
}

TEST(Audit, AProfileThatIsNotMetIsAViolation) {
  const Workspace work;
  write_sound(work.in() / "at_target.wav", tone(48000, {level(-23), level(-23)}, 20), kWav24);
  EXPECT_EQ(audit(work, {"--profile", "ebu-r128"}).exit_code, 0);
  write_sound(work.in() / "too_loud.wav", tone(48000, {level(-14), level(-14)}, 20), kWav24);
  const ProgramResult result = audit(work, {"--profile", "ebu-r128"});
  EXPECT_EQ(result.exit_code, kViolations);
  const nlohmann::json report = result.json();
  EXPECT_EQ(file_named(report, "at_target.wav").at("profiles").at(0).at("verdict"), "PASS");
  const nlohmann::json failed = file_named(report, "too_loud.wav").at("profiles").at(0);
  EXPECT_EQ(failed.at("name"), "ebu-r128");
  EXPECT_EQ(failed.at("verdict"), "FAIL");
  EXPECT_FALSE(failed.at("reasons").empty());
  EXPECT_EQ(audit(work, {"--profile", "ebu-r129"}).exit_code, 2);
}

// From 40 to 42 kHz there is something above 20 kHz and no room for the filter that takes it away.
TEST(Audit, AnyRateIsMeasuredWhateverItHoldsAbove20Khz) {
  const Workspace work;
  Random random = seeded(411);
  for (const int rate : {32000, 40001, 41000, 42000, 42001, 43000, 44099}) {
    Sound sound{rate, {white_noise(random, 0.1, 2 * rate)}};
    write_sound(work.in() / (std::to_string(rate) + ".wav"), sound, kWavFloat);
  }
  for (const char* checks : {"default", "all"}) {
    const ProgramResult result = audit(work, {"--checks", checks});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.json().at("summary").at("measured"), 7);
  }
}

// Columns and verdicts go by the profile's name.
TEST(Audit, TwoProfilesOfOneNameAreRefused) {
  const Workspace work;
  write_sound(work.in() / "one.wav", tone(48000, {0.1}, 1), kWav16);
  const fs::path mine = work.root() / "mine.yaml";
  spill(mine, run_program({"profile", "show", "ebu-r128"}).out);
  for (const std::string& second : {mine.string(), std::string("ebu-r128")}) {
    const ProgramResult result = audit(work, {"--profile", "ebu-r128", "--profile", second});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, ::testing::HasSubstr("'ebu-r128'"));
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace
}  // namespace lathe::test
