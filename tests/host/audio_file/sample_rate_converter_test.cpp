// Sample-rate conversion: against the curve itself, known at every time, and against tones that must vanish.
#include "host/audio_file/sample_rate_converter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "tests/support/signals.h"

namespace lathe::test {
namespace {

struct Rates {
  int from_hz, to_hz;
};
constexpr Rates kRates[] = {{44100, 48000}, {96000, 44100}, {44100, 96000}, {192000, 44100},
                            {48000, 8000},  {22050, 44100}, {88200, 44100}, {44100, 44100}};

// Channels pushed in blocks of `block` frames.
std::vector<Signal> converted(const std::vector<Signal>& in, Rates rates, std::int64_t block) {
  const auto frames = static_cast<std::int64_t>(in[0].size());
  const auto channels = static_cast<int>(in.size());
  SampleRateConverter converter(rates.from_hz, rates.to_hz, channels, frames);
  std::vector<Signal> out(in.size());
  const auto keep = [&out](AudioView view) {
    for (int c = 0; c < view.channels; ++c)
      out[static_cast<std::size_t>(c)].insert(out[static_cast<std::size_t>(c)].end(), view.channel(c),
                                              view.channel(c) + view.frames);
  };
  std::vector<float> samples(static_cast<std::size_t>(block * channels));
  for (std::int64_t done = 0; done < frames; done += block) {
    const std::int64_t count = std::min(block, frames - done);
    for (int c = 0; c < channels; ++c) {
      for (std::int64_t n = 0; n < count; ++n)
        samples[static_cast<std::size_t>(c * block + n)] =
            static_cast<float>(in[static_cast<std::size_t>(c)][static_cast<std::size_t>(done + n)]);
    }
    converter.take(AudioView{samples.data(), channels, count, block}, keep);
  }
  converter.finish(keep);
  return out;
}

double rms_db(const Signal& signal, std::int64_t margin) {
  double sum = 0;
  const auto end = static_cast<std::int64_t>(signal.size()) - margin;
  for (std::int64_t n = margin; n < end; ++n)
    sum += signal[static_cast<std::size_t>(n)] * signal[static_cast<std::size_t>(n)];
  return 10 * std::log10(sum / static_cast<double>(end - margin) + 1e-30);
}

// Float32 input and output leave about -150 dB of rounding noise; the filter's ripple is under that.
TEST(SampleRateConverter, FollowsTheCurveBetweenTheSamplesWithoutDelay) {
  Random random(41);
  for (const Rates& rates : kRates) {
    const double highest = 0.45 * std::min(1.0, static_cast<double>(rates.to_hz) / rates.from_hz);
    const Multitone curve(random, 24, highest, 40000);
    const Signal out = converted({curve.samples()}, rates, 4096)[0];
    double error = 0, power = 0;
    for (std::size_t n = 0; n < out.size(); ++n) {
      const double wanted = curve.at(static_cast<double>(n) * rates.from_hz / rates.to_hz);
      error += (out[n] - wanted) * (out[n] - wanted);
      power += wanted * wanted;
    }
    EXPECT_LT(10 * std::log10(error / power), -135) << rates.from_hz << " to " << rates.to_hz;
  }
}

TEST(SampleRateConverter, TonesAboveTheNewNyquistFrequencyVanish) {
  for (const Rates& rates : {Rates{96000, 44100}, Rates{192000, 44100}, Rates{48000, 44100}, Rates{44100, 22050}}) {
    for (const double above : {1.02, 1.2}) {
      const double tone_hz = above * rates.to_hz / 2;
      if (tone_hz >= rates.from_hz / 2.0) continue;
      Signal tone = sine(tone_hz, 0.5, rates.from_hz, rates.from_hz);
      fade(tone, rates.from_hz / 4);
      const Signal out = converted({tone}, rates, 5000)[0];
      EXPECT_LT(rms_db(out, 0) - rms_db(tone, 0), -140) << tone_hz << " Hz, " << rates.from_hz << " to " << rates.to_hz;
    }
  }
}

TEST(SampleRateConverter, TwentyKilohertzPassWithinAHundredthOfADecibel) {
  for (const Rates& rates : {Rates{96000, 44100}, Rates{44100, 48000}, Rates{44100, 96000}, Rates{192000, 44100}}) {
    for (const double tone_hz : {30.0, 997.0, 10000.0, 19000.0, 20000.0}) {
      const Signal out = converted({sine(tone_hz, 0.5, rates.from_hz, rates.from_hz)}, rates, 4096)[0];
      // Whole periods in half a second, away from the ends.
      double re = 0, im = 0;
      const std::int64_t first = rates.to_hz / 4, count = rates.to_hz / 2;
      for (std::int64_t n = first; n < first + count; ++n) {
        const double turn = 2 * std::numbers::pi * tone_hz * static_cast<double>(n) / rates.to_hz;
        re += out[static_cast<std::size_t>(n)] * std::sin(turn);
        im += out[static_cast<std::size_t>(n)] * std::cos(turn);
      }
      const double amplitude = 2 * std::hypot(re, im) / static_cast<double>(count);
      EXPECT_NEAR(20 * std::log10(amplitude / 0.5), 0, 0.01) << tone_hz << " Hz to " << rates.to_hz;
      EXPECT_NEAR(std::atan2(im, re), 0, 1e-4) << tone_hz << " Hz to " << rates.to_hz;
    }
  }
}

TEST(SampleRateConverter, MakesTheNearestWholeNumberOfFrames) {
  EXPECT_EQ(converted_frames(96000, 96000, 44100), 44100);
  EXPECT_EQ(converted_frames(1, 96000, 44100), 0);
  EXPECT_EQ(converted_frames(2, 96000, 44100), 1);
  EXPECT_EQ(converted_frames(1, 44100, 88200), 2);
  EXPECT_EQ(converted_frames(1, 44100, 22050), 1);  // a half is rounded up
  EXPECT_EQ(converted_frames(std::int64_t{384000} * 86400 * 30, 384000, 8000), std::int64_t{8000} * 86400 * 30);
  for (const Rates& rates : kRates) {
    for (const std::int64_t frames : {1, 2, 31, 588, 4097, 44101}) {
      const Signal out = converted({Signal(static_cast<std::size_t>(frames), 0.25)}, rates, 1000)[0];
      EXPECT_EQ(static_cast<std::int64_t>(out.size()), converted_frames(frames, rates.from_hz, rates.to_hz))
          << frames << " frames, " << rates.from_hz << " to " << rates.to_hz;
    }
  }
}

TEST(SampleRateConverter, TheBlocksItIsPushedInChangeNothing) {
  Random random(42);
  const std::vector<Signal> in = {white_noise(random, 0.1, 30000), white_noise(random, 0.1, 30000)};
  for (const Rates& rates : {Rates{44100, 48000}, Rates{96000, 44100}}) {
    const auto whole = converted(in, rates, 30000);
    EXPECT_EQ(converted(in, rates, 1), whole);
    EXPECT_EQ(converted(in, rates, 777), whole);
    // Channels know nothing of each other.
    EXPECT_EQ(converted({in[1]}, rates, 30000)[0], whole[1]);
  }
}

TEST(SampleRateConverter, RefusesWhatIsNoRate) {
  EXPECT_THROW(SampleRateConverter(0, 44100, 2, 10), std::invalid_argument);
  EXPECT_THROW(SampleRateConverter(44100, -1, 2, 10), std::invalid_argument);
  EXPECT_THROW(SampleRateConverter(44100, 48000, 0, 10), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::test
