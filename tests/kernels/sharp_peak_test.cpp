// The curve between samples up to the end of the band: tones of known amplitude.
#include "kernels/limiter/sharp_peak.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/support/signals.h"

namespace lathe::test {
namespace {

constexpr float kAlways = 0, kNever = 1e9f;

// Largest reading over a stretch of a tone of amplitude 1.
float reading(double cycles_a_sample, float worth) {
  constexpr std::int64_t kFrames = 3000;
  const Signal tone = sine(cycles_a_sample * 48000, 1, 48000, kFrames, 0.3);
  std::vector<float> x(tone.begin(), tone.end());
  float most = 0;
  for (std::int64_t n = kSharpPeakHalo; n + kSharpPeakHalo < kFrames; ++n)
    most = std::max(most, sharp_peak(x.data() + n, worth));
  return most;
}

// Between 16 points a peak hides by at most 0.042 dB; 80 dB of attenuation are a ten-thousandth.
TEST(SharpPeak, TonesUpToTheBandsEndReadTheirAmplitude) {
  for (const double f : {0.01, 0.2501, 0.4, 0.45, 0.4701, 0.4801, 0.4875}) {
    const float peak = reading(f, kNever);
    EXPECT_GT(peak, 0.995f) << f;
    EXPECT_LT(peak, 1.0002f) << f;
  }
}

// The other two curves pass less, and so never raise a single tone.
TEST(SharpPeak, TheGentlerCurvesAddNothingToATone) {
  for (const double f : {0.2501, 0.45, 0.4701, 0.4801}) EXPECT_LT(reading(f, kAlways), 1.0002f) << f;
}

TEST(SharpPeak, AnImpulseReadsItsHeight) {
  std::vector<float> x(2 * kSharpPeakHalo + 1, 0.0f);
  x[kSharpPeakHalo] = -0.75f;
  EXPECT_FLOAT_EQ(sharp_peak(x.data() + kSharpPeakHalo, kAlways), 0.75f);
}

}  // namespace
}  // namespace lathe::test
