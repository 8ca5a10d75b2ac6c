// Loudness without what nobody hears, and the finding made of it.
#include "host/audit/audible_loudness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "host/audit/spectrum_checks.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::Signal;

double audible_lufs(const std::vector<Signal>& channels, double rate_hz, const std::vector<std::int64_t>& cuts = {}) {
  const test::FloatTrack track(channels);
  AudibleLoudness loudness(rate_hz, std::vector<double>(channels.size(), 1.0));
  std::int64_t done = 0;
  for (const std::int64_t cut : cuts.empty() ? std::vector<std::int64_t>{track.frames()} : cuts) {
    loudness.take(track.view().slice(done, cut));
    done += cut;
  }
  return loudness.finish();
}

double lufs(const Signal& x, double rate_hz) {
  const test::FloatTrack track({x});
  LoudnessMeter meter({rate_hz, {1.0}, false, false, 0});
  meter.take(track.view());
  meter.finish();
  return meter.figures().integrated_lufs;
}

Signal sum(const Signal& a, const Signal& b) {
  Signal both = a;
  for (std::size_t n = 0; n < both.size(); ++n) both[n] += b[n];
  return both;
}

// 80 dB down from 21 kHz on, and what is below 20 kHz is left as it is.
TEST(AudibleLoudnessTest, TonesAbove21KhzAreLeftOutAndThoseBelow20KhzStay) {
  for (const double rate_hz : {44100.0, 48000.0, 96000.0, 192000.0}) {
    SCOPED_TRACE(rate_hz);
    const auto frames = static_cast<std::int64_t>(3 * rate_hz);
    const Signal low = test::sine(1000, 0.1, rate_hz, frames), high = test::sine(19500, 0.1, rate_hz, frames),
                 inaudible = test::sine(21100, 0.5, rate_hz, frames);
    EXPECT_NEAR(audible_lufs({sum(low, high)}, rate_hz), lufs(sum(low, high), rate_hz), 0.005);
    EXPECT_NEAR(audible_lufs({sum(low, inaudible)}, rate_hz), lufs(low, rate_hz), 0.005);
  }
  EXPECT_THROW(AudibleLoudness(40000, {1.0}), std::invalid_argument);
}

TEST(AudibleLoudnessTest, HowTheTrackIsCutChangesNothing) {
  test::Random random = test::seeded(31);
  const Signal a = test::white_noise(random, 0.1, 300001), b = test::white_noise(random, 0.1, 300001);
  const double whole = audible_lufs({a, b}, 96000);
  EXPECT_EQ(audible_lufs({a, b}, 96000, test::random_cuts(random, 300001)), whole);
}

TEST(AudibleLoudnessTest, ATenthOfALuIsSaid) {
  std::vector<AuditFinding> findings;
  check_ultrasonic(-14, -14.09, findings);
  EXPECT_TRUE(findings.empty());
  check_ultrasonic(-14, -14.25, findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].code, "ultrasonic-loudness");
  EXPECT_NEAR(findings[0].figures.at("difference_lu"), 0.25, 1e-12);
  check_ultrasonic(-14, -std::numeric_limits<double>::infinity(), findings);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(findings[1].figures.empty());
}

}  // namespace
}  // namespace lathe
