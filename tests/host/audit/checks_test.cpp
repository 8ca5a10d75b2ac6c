// Each finding on a signal with its fault planted, and none on programme without any.
#include "host/audit/checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/audit/spectrum_checks.h"
#include "kernels/math/decibel.h"
#include "tests/support/low_pass.h"
#include "tests/support/signals.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::Signal;
using Channels = std::vector<Signal>;

Inspection inspect(const Channels& channels, double rate_hz) {
  test::FloatTrack track(channels);
  for (int c = 0; c < track.channels(); ++c) {
    for (float& x : track.channel(c)) x = std::clamp(std::round(x * 32768), -32768.0f, 32767.0f) / 32768;
  }
  Inspector inspector({rate_hz, track.channels(), 0x1p-15, true});
  test::push(inspector, track, {track.frames()});
  return inspector.inspection();
}

std::vector<AuditFinding> findings_of(const Channels& channels, double rate_hz = 44100) {
  return check_signal(inspect(channels, rate_hz), Encoding::pcm16, {16});
}

std::string codes(const std::vector<AuditFinding>& findings) {
  std::string all;
  for (const AuditFinding& finding : findings) all += (all.empty() ? "" : " ") + finding.code;
  return all;
}

// What all channels share and what each has for itself, fading at its ends.
Channels programme(int channels, double rate_hz = 44100, double length_s = 4, std::uint64_t seed = 1) {
  test::Random random(seed);
  const auto frames = static_cast<std::int64_t>(length_s * rate_hz);
  const Signal shared = test::programme(random, rate_hz, frames);
  Channels all;
  for (int c = 0; c < channels; ++c) {
    Signal x = test::programme(random, rate_hz, frames);
    for (std::size_t n = 0; n < x.size(); ++n) x[n] = 0.5 * shared[n] + 0.2 * x[n];
    test::fade(x, frames / 20);
    all.push_back(x);
  }
  return all;
}

void scale(Signal& x, double gain) {
  for (double& v : x) v *= gain;
}

// The one finding that there should be.
AuditFinding only_finding(const std::vector<AuditFinding>& findings, const std::string& code) {
  EXPECT_EQ(codes(findings), code);
  return findings.empty() ? AuditFinding{} : findings.front();
}

TEST(ChecksTest, ProgrammeWithoutFaultsHasNoFindings) {
  for (const double rate_hz : {8000.0, 44100.0, 48000.0, 96000.0, 192000.0}) {
    for (const int channels : {1, 2, 6}) {
      for (const std::uint64_t seed : {1, 2, 3}) {
        SCOPED_TRACE(std::to_string(rate_hz) + " Hz, " + std::to_string(channels) + ", seed " + std::to_string(seed));
        EXPECT_EQ(codes(findings_of(programme(channels, rate_hz, 3, seed), rate_hz)), "");
      }
    }
  }
}

TEST(ChecksTest, SilenceAndNothingHaveNoFindings) {
  for (const std::size_t frames : {std::size_t{0}, std::size_t{1}, std::size_t{441000}})
    EXPECT_EQ(codes(findings_of({Signal(frames, 0.0), Signal(frames, 0.0)})), "");
}

TEST(ChecksTest, ManyFlatTopsAreAWarningAndOneIsInformation) {
  Channels x = programme(2);
  for (double& v : x[1]) v = std::clamp(v, -0.1, 0.1) * 9;  // at -0.9 and 0.9
  scale(x[0], 9 * 0.05);
  const std::vector<AuditFinding> findings = findings_of(x);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].code, "clipped-runs");
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_GE(findings[0].figures.at("runs"), 10);
  EXPECT_NEAR(findings[0].figures.at("level_dbfs"), amplitude_to_db(0.9), 0.01);

  Channels one = programme(2);
  for (std::size_t n = 66150; n < 66154; ++n) one[0][n] = 0.95;
  EXPECT_EQ(codes(findings_of(one)), "clipped-runs clicks");
  const AuditFinding finding = findings_of(one).front();
  EXPECT_EQ(finding.severity, Severity::info);
  EXPECT_EQ(finding.at_s, 1.5);
  EXPECT_EQ(finding.figures.at("longest_samples"), 4);
  EXPECT_NEAR(finding.figures.at("longest_ms"), 4 / 44.1, 1e-9);
}

TEST(ChecksTest, DcIsFoundFromMinus50DbfsOn) {
  for (const double dc : {0.0031, -0.0032}) {
    Channels x = programme(2, 44100, 20);
    const double own = std::accumulate(x[1].begin(), x[1].end(), 0.0) / static_cast<double>(x[1].size());
    for (double& v : x[1]) v += dc - own;
    const std::vector<AuditFinding> findings = findings_of(x);
    if (dc > 0) {
      EXPECT_EQ(codes(findings), "");
      continue;
    }
    const AuditFinding finding = only_finding(findings, "dc-offset");
    EXPECT_NEAR(finding.figures.at("offset"), dc, 1e-6);
    EXPECT_EQ(finding.figures.at("channel"), 2);
  }
}

TEST(ChecksTest, SilenceAtTheEndsIsFoundWhereItIsLong) {
  const auto padded = [](double head_s, double tail_s) {
    Channels all = programme(2);
    for (Signal& x : all) {
      x.front() = x.back() = 0.001;
      x.insert(x.begin(), static_cast<std::size_t>(head_s * 44100), 0.0);
      x.resize(x.size() + static_cast<std::size_t>(tail_s * 44100), 0.0);
    }
    return findings_of(all);
  };
  EXPECT_EQ(codes(padded(0.99, 4.99)), "");
  const AuditFinding head = only_finding(padded(1.25, 0), "head-silence");
  EXPECT_NEAR(head.figures.at("silence_s"), 1.25, 1e-9);
  EXPECT_NEAR(head.figures.at("black_s"), 1.25, 1e-9);
  const AuditFinding tail = only_finding(padded(0, 5.5), "tail-silence");
  EXPECT_NEAR(tail.figures.at("silence_s"), 5.5, 1e-9);
  EXPECT_NEAR(*tail.at_s, 4, 1e-4);
}

TEST(ChecksTest, ADropoutIsAGap) {
  test::Random random(3);
  Channels x = {test::white_noise(random, 0.1, 100000), test::white_noise(random, 0.1, 100000)};
  for (Signal& channel : x) {
    test::fade(channel, 5000);
    std::fill_n(channel.begin() + 44100, 256, 0.0);
  }
  const AuditFinding finding = only_finding(findings_of(x), "gap");
  EXPECT_EQ(finding.at_s, 1.0);
  EXPECT_NEAR(finding.figures.at("longest_ms"), 256 / 44.1, 1e-9);
}

TEST(ChecksTest, ATrackThatEndsWhileItPlaysIsCut) {
  test::Random random(4);
  Signal x = test::white_noise(random, 0.1, 100000);
  EXPECT_EQ(codes(findings_of({x})), "cut-tail");
  test::fade(x, 882);  // 20 ms
  EXPECT_EQ(codes(findings_of({x})), "");
}

TEST(ChecksTest, ASilentChannelIsNamed) {
  Channels x = programme(2);
  scale(x[1], 0);
  const AuditFinding finding = only_finding(findings_of(x), "silent-channel");
  EXPECT_EQ(finding.severity, Severity::warning);
  EXPECT_NE(finding.message.find("right"), std::string::npos);
  Channels surround = programme(6);
  scale(surround[3], 0);
  EXPECT_EQ(only_finding(findings_of(surround), "silent-channel").severity, Severity::info);
}

TEST(ChecksTest, TheSameTwiceIsDualMono) {
  const Signal x = programme(1)[0];
  EXPECT_EQ(only_finding(findings_of({x, x}), "dual-mono").figures.count("difference_dbfs"), 0u);
  // As two dithers of 16 bits leave it.
  test::Random random(5);
  Channels dithered = {x, x};
  for (Signal& channel : dithered) {
    for (double& v : channel) v += (random.uniform(-0.5, 0.5) + random.uniform(-0.5, 0.5)) / 32768;
  }
  EXPECT_NEAR(only_finding(findings_of(dithered), "dual-mono").figures.at("difference_dbfs"), -93.3, 0.3);
  Channels near = {x, x};
  const Signal ambience = test::white_noise(random, 1e-4, static_cast<std::int64_t>(x.size()));
  for (std::size_t n = 0; n < x.size(); ++n) near[1][n] += ambience[n];
  test::fade(near[1], 20000);
  EXPECT_EQ(codes(findings_of(near)), "");
}

TEST(ChecksTest, ChannelsThreeLuApartAreUnbalanced) {
  const Channels even = programme(2, 44100, 10);
  const double had_lu = *channel_balance_lu(inspect(even, 44100));
  for (const double wanted_lu : {2.8, 3.2, -3.2}) {
    Channels x = even;
    scale(x[1], db_to_amplitude(had_lu - wanted_lu));
    const std::vector<AuditFinding> findings = findings_of(x);
    if (wanted_lu == 2.8) {
      EXPECT_EQ(codes(findings), "");
      continue;
    }
    EXPECT_NEAR(only_finding(findings, "channel-imbalance").figures.at("left_minus_right_lu"), wanted_lu, 0.01);
  }
}

TEST(ChecksTest, TheBalanceOfTonesIsThatOfTheKWeighting) {
  const Signal middle = test::sine(1000, 0.1, 48000, 192000), high = test::sine(10000, 0.1, 48000, 192000);
  EXPECT_NEAR(*channel_balance_lu(inspect({middle, middle}, 48000)), 0, 1e-9);
  // The shelf of BS.1770's stage 1 and the 0.04 dB of stage 2, against the 0.69 dB at 1 kHz that its -0.691 takes back.
  EXPECT_NEAR(*channel_balance_lu(inspect({high, middle}, 48000)), 4.04 - 0.69, 0.05);
}

TEST(ChecksTest, OppositeChannelsAreLostInMono) {
  const Channels x = programme(2, 44100, 10);
  Channels wide = x, opposite = {x[0], x[0]};
  for (std::size_t n = 0; n < x[0].size(); ++n) {
    const double mid = 0.3 * (x[0][n] + x[1][n]), side = x[0][n] - x[1][n];
    wide[0][n] = mid / 8 + side;
    wide[1][n] = mid / 8 - side;
    opposite[1][n] = -x[0][n];
  }
  const AuditFinding most = only_finding(findings_of(wide), "mono-loss");
  EXPECT_LT(most.figures.at("mono_loss_db"), -6);
  EXPECT_LT(most.figures.at("correlation"), -0.5);
  const AuditFinding all = only_finding(findings_of(opposite), "mono-loss");
  EXPECT_NEAR(all.figures.at("correlation"), -1, 1e-6);
  // What the channels share in DC is no correlation.
  for (std::size_t n = 0; n < x[0].size(); ++n) {
    opposite[0][n] += 0.2;
    opposite[1][n] += 0.2;
  }
  EXPECT_NE(codes(findings_of(opposite)).find("mono-loss"), std::string::npos);
}

TEST(ChecksTest, UnusedBitsAreAWarningWhereALargerWordIsPretended) {
  const Inspection track = inspect(programme(2), 44100);
  const auto severity = [&](Encoding encoding, int used) -> std::optional<Severity> {
    const std::vector<AuditFinding> findings = check_signal(track, encoding, {used});
    if (findings.empty()) return std::nullopt;
    EXPECT_EQ(findings[0].figures.at("used_bits"), used);
    return only_finding(findings, "unused-bits").severity;
  };
  EXPECT_EQ(severity(Encoding::pcm24, 16), Severity::warning);
  EXPECT_EQ(severity(Encoding::pcm24, 20), Severity::info);
  EXPECT_EQ(severity(Encoding::pcm32, 24), Severity::info);
  EXPECT_EQ(severity(Encoding::pcm16, 14), Severity::info);
  EXPECT_EQ(severity(Encoding::pcm24, 24), std::nullopt);
  EXPECT_EQ(severity(Encoding::pcm16, 0), std::nullopt);
  EXPECT_EQ(severity(Encoding::float32, 16), std::nullopt);
}

TEST(ChecksTest, PaddedWordsAreFoundWhereFadesWereCalculatedAnew) {
  const Inspection track = inspect(programme(2), 44100);
  const auto found = [&](Encoding encoding, const WordUse& use) { return check_signal(track, encoding, use); };
  EXPECT_EQ(codes(found(Encoding::pcm24, {24, 1.0 / 256})), "");
  EXPECT_EQ(codes(found(Encoding::pcm24, {24, 0.4})), "");
  const AuditFinding faded = only_finding(found(Encoding::pcm24, {24, 0.9}), "unused-bits");
  EXPECT_EQ(faded.severity, Severity::warning);
  EXPECT_EQ(faded.figures.at("padded_share"), 0.9);
  EXPECT_EQ(only_finding(found(Encoding::pcm24, {20, 0.9}), "unused-bits").severity, Severity::warning);
  EXPECT_EQ(only_finding(found(Encoding::pcm24, {16, 1}), "unused-bits").figures.at("unused_bits"), 8);
}

TEST(ChecksTest, CorrelationAndMonoLossAreThoseOfWhatTheChannelsShare) {
  test::Random random(8);
  const Signal a = test::white_noise(random, 0.1, 200000), b = test::white_noise(random, 0.1, 200000);
  Signal opposite = a;
  scale(opposite, -1);
  const StereoFigures apart = stereo_figures(inspect({a, b}, 44100)).value();
  EXPECT_NEAR(apart.correlation, 0, 0.01);  // four standard deviations of 200,000 samples
  EXPECT_NEAR(apart.mono_loss_db, -3.01, 0.05);
  EXPECT_NEAR(stereo_figures(inspect({a, a}, 44100))->mono_loss_db, 0, 1e-6);
  EXPECT_NEAR(stereo_figures(inspect({a, opposite}, 44100))->correlation, -1, 1e-6);
  EXPECT_FALSE(stereo_figures(inspect({a}, 44100)));
  EXPECT_FALSE(stereo_figures(inspect({a, Signal(200000, 0.0)}, 44100)));
}

TEST(ChecksTest, ClicksAreInformationAndManyAreAWarning) {
  Channels x = programme(2);
  for (Signal& channel : x) scale(channel, 0.2);
  x[0][88200] += 0.3;
  const AuditFinding one = only_finding(findings_of(x), "clicks");
  EXPECT_EQ(one.severity, Severity::info);
  EXPECT_NEAR(*one.at_s, 2, 16.0 / 44100);
  EXPECT_NEAR(one.figures.at("worst_dbfs"), amplitude_to_db(0.3), 1);
  for (std::size_t n = 30000; n < 60000; n += 5000) x[1][n] -= 0.25;
  const AuditFinding many = only_finding(findings_of(x), "clicks");
  EXPECT_EQ(many.severity, Severity::warning);
  EXPECT_EQ(many.figures.at("clicks"), 7);
  EXPECT_NEAR(many.figures.at("per_minute"), 7 * 15, 1e-6);
}

Channels noise_up_to(double highest_hz, double rate_hz) {
  test::Random random(6);
  const auto frames = static_cast<std::int64_t>(3 * rate_hz);
  return {test::band_limited_noise(random, 0.1, highest_hz / rate_hz, frames),
          test::band_limited_noise(random, 0.1, highest_hz / rate_hz, frames)};
}

TEST(ChecksTest, AWallBelow20KhzIsALossySource) {
  for (const double highest_hz : {16000.0, 18000.0, 19500.0}) {
    const AuditFinding finding = only_finding(findings_of(noise_up_to(highest_hz, 44100)), "lossy-source");
    EXPECT_NEAR(finding.figures.at("cutoff_hz"), highest_hz, 600);
  }
  EXPECT_EQ(codes(findings_of(noise_up_to(21000, 44100))), "") << "what converters keep";
  EXPECT_EQ(codes(findings_of(noise_up_to(15000, 32000), 32000)), "") << "the rate's own";
}

// The average has no wall where a codec's low-pass shows in some moments only.
Channels cut_at_moments(double highest_hz, double rate_hz, double share) {
  test::Random random(9);
  const auto frames = static_cast<std::int64_t>(6 * rate_hz);
  Channels all;
  for (int c = 0; c < 2; ++c) {
    Signal x = test::white_noise(random, 0.03, frames);
    const Signal cut = test::band_limited_noise(random, 0.03, highest_hz / rate_hz, frames);
    for (std::size_t n = 0; n < x.size(); ++n) {
      if (static_cast<double>(n) / static_cast<double>(frames) < share) x[n] = cut[n];
    }
    test::fade(x, 4000);
    all.push_back(x);
  }
  return all;
}

TEST(ChecksTest, WallsThatComeAndGoAreALossySource) {
  for (const double highest_hz : {16500.0, 19500.0}) {
    const AuditFinding finding = only_finding(findings_of(cut_at_moments(highest_hz, 44100, 0.3)), "lossy-source");
    EXPECT_NEAR(finding.figures.at("wall_share"), 0.3, 0.05);
    EXPECT_NEAR(finding.figures.at("cutoff_hz"), highest_hz, 900);
  }
  EXPECT_EQ(codes(findings_of(cut_at_moments(16500, 44100, 0.1))), "");
  EXPECT_EQ(codes(findings_of(cut_at_moments(21000, 44100, 0.3))), "") << "what converters keep";
}

// Treble that runs out in a slope, into the floor of 16 bits.
TEST(ChecksTest, DarkMusicIsNoLossySource) {
  test::Random random(10);
  Channels x;
  for (int c = 0; c < 2; ++c) {
    Signal dark = test::white_noise(random, 3, 200000);
    double first = 0, second = 0, third = 0;
    for (double& v : dark) {
      first += 0.15 * (v - first);
      second += 0.15 * (first - second);
      third += 0.15 * (second - third);
      v = 0.3 * third;
    }
    test::fade(dark, 5000);
    x.push_back(dark);
  }
  EXPECT_EQ(codes(findings_of(x)), "");
}

// The cut-off alone is no proof: tape hiss above it says that nothing was taken away.
TEST(ChecksTest, AWallWithNoiseAboveIsNoLossySource) {
  Channels x = noise_up_to(16000, 44100);
  test::Random random(7);
  for (Signal& channel : x) {
    Signal hiss = test::white_noise(random, db_to_amplitude(-75), static_cast<std::int64_t>(channel.size()));
    test::fade(hiss, 4000);
    for (std::size_t n = 0; n < channel.size(); ++n) channel[n] += hiss[n];
  }
  EXPECT_EQ(codes(findings_of(x)), "");
}

TEST(ChecksTest, AnEmptyTopOctaveBehindAWallIsUpSampled) {
  EXPECT_EQ(codes(findings_of(noise_up_to(21500, 96000), 96000)), "upsampled");
  EXPECT_EQ(codes(findings_of(noise_up_to(21500, 88200), 88200)), "upsampled");
  EXPECT_EQ(codes(findings_of(noise_up_to(46000, 192000), 192000)), "upsampled");
  EXPECT_EQ(codes(findings_of(noise_up_to(40000, 96000), 96000)), "");
}

TEST(ChecksTest, TheRateThatAnUpSampledTrackCameFromIsNamed) {
  const std::pair<double, std::pair<double, double>> cases[] = {
      {21500, {96000, 44100}}, {21500, {48000, 44100}}, {23500, {192000, 48000}}, {15500, {96000, 32000}}};
  for (const auto& [highest_hz, rates] : cases) {
    SCOPED_TRACE(highest_hz);
    const AuditFinding finding =
        only_finding(findings_of(noise_up_to(highest_hz, rates.first), rates.first), "upsampled");
    EXPECT_EQ(finding.figures.at("source_rate_hz"), rates.second);
  }
  EXPECT_EQ(codes(findings_of(noise_up_to(23500, 48000), 48000)), "");
}

TEST(ChecksTest, TheShareAbove20KhzIsKWeighted) {
  const double rate_hz = 96000;
  const Signal low = test::sine(1000, 0.1, rate_hz, 192000), high = test::sine(25000, 0.1, rate_hz, 192000);
  Signal both = low;
  for (std::size_t n = 0; n < both.size(); ++n) both[n] += high[n];
  // The shelf adds 4.04 dB - 0.69 dB against 1 kHz: 1 + 10^0.335 times the power.
  EXPECT_NEAR(share_above_20khz_lu(inspect({both}, rate_hz)), power_to_db(1 + db_to_power(3.35)), 0.05);
  EXPECT_LT(share_above_20khz_lu(inspect({low}, rate_hz)), 1e-3);
  EXPECT_EQ(share_above_20khz_lu(inspect({both}, 40000)), 0);
}

}  // namespace
}  // namespace lathe
