// The first pass on every backend: unpacking, the steps in order, what is measured where, damaged samples, segments.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;
using test::TestBackend;

constexpr double kFirstPassRate = 44100;

class FirstPassOn : public test::BackendTest {};

// Planar samples as they are handed on.
class Keep final : public AudioSink {
 public:
  explicit Keep(int count) : channels(static_cast<std::size_t>(count)) {}
  void take(AudioView frames) override {
    for (int c = 0; c < frames.channels; ++c) {
      auto& row = channels[static_cast<std::size_t>(c)];
      row.insert(row.end(), frames.channel(c), frames.channel(c) + frames.frames);
    }
  }
  void finish() override { ++finished; }
  std::vector<std::vector<float>> channels;
  int finished = 0;
};

FirstPassResult push(FirstPass& pass, const std::vector<std::byte>& bytes, std::int64_t frame_bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    std::int64_t frames = std::min<std::int64_t>(1000, static_cast<std::int64_t>(bytes.size() - at) / frame_bytes);
    std::byte* room = pass.room(frames);
    std::memcpy(room, bytes.data() + at, static_cast<std::size_t>(frames * frame_bytes));
    pass.take(frames);
    at += static_cast<std::size_t>(frames * frame_bytes);
  }
  return pass.finish();
}

FirstPassSetup setup_for(Encoding encoding, int channels, std::int64_t frames) {
  FirstPassSetup setup;
  setup.encoding = encoding;
  setup.sample_rate_hz = kFirstPassRate;
  setup.frames = frames;
  setup.weights.assign(static_cast<std::size_t>(channels), 1.0);
  return setup;
}

TEST_P(FirstPassOn, EveryEncodingUnpacksToTheSameBitsAsTheCpus) {
  test::Random random = test::seeded(120);
  for (const Encoding encoding :
       {Encoding::pcm_u8, Encoding::pcm16, Encoding::pcm24, Encoding::pcm32, Encoding::float32, Encoding::float64}) {
    for (const int channels : {1, 2, 3, 6}) {
      const std::int64_t frames = random.integer(1, 5000);
      SCOPED_TRACE(std::to_string(static_cast<int>(encoding)) + " " + std::to_string(channels) + " " +
                   std::to_string(frames));
      const std::int64_t samples = frames * channels;
      std::vector<std::byte> bytes(static_cast<std::size_t>(samples * bytes_per_sample(encoding)));
      for (std::int64_t i = 0; i < samples; ++i) {
        const double x = random.uniform(-1, 1);
        const auto f = static_cast<float>(x);
        std::byte* at = bytes.data() + i * bytes_per_sample(encoding);
        if (encoding == Encoding::float32) {
          std::memcpy(at, &f, 4);
        } else if (encoding == Encoding::float64) {
          std::memcpy(at, &x, 8);
        } else {
          const std::uint64_t bits = random.bits();
          std::memcpy(at, &bits, static_cast<std::size_t>(bytes_per_sample(encoding)));
        }
      }
      Keep out(channels);
      const auto pass = test::make_first_pass(GetParam(), setup_for(encoding, channels, frames), &out);
      push(*pass, bytes, channels * bytes_per_sample(encoding));
      EXPECT_EQ(out.finished, 1);
      bytes.resize(bytes.size() + kPcmSlackBytes);
      FloatTrack want(channels, frames);
      unpack_pcm(bytes.data(), encoding, want.view());
      for (int c = 0; c < channels; ++c)
        EXPECT_TRUE(test::same_bits(out.channels[static_cast<std::size_t>(c)], want.channel(c)));
    }
  }
}

TEST_P(FirstPassOn, DamagedSamplesAreCountedPlacedAndMended) {
  constexpr std::int64_t kFrames = 70000;
  std::vector<float> samples(2 * kFrames, 0.25f);
  samples[2 * 5000 + 1] = std::numeric_limits<float>::quiet_NaN();
  samples[2 * 5001] = -std::numeric_limits<float>::infinity();
  samples[2 * 69999 + 1] = 2e4f;
  std::vector<std::byte> bytes(samples.size() * 4);
  std::memcpy(bytes.data(), samples.data(), bytes.size());
  for (const bool scrub : {false, true}) {
    FirstPassSetup setup = setup_for(Encoding::float32, 2, kFrames);
    setup.scrub = scrub;
    Keep out(2);
    const auto pass = test::make_first_pass(GetParam(), setup, &out);
    const FirstPassResult result = push(*pass, bytes, 8);
    EXPECT_EQ(result.non_finite.count, 3);
    EXPECT_EQ(result.non_finite.first_frame, 5000);
    EXPECT_EQ(result.non_finite.first_channel, 1);
    if (!scrub) continue;
    EXPECT_EQ(out.channels[1][5000], 0.0f);
    EXPECT_EQ(out.channels[0][5001], 0.0f);
    EXPECT_EQ(out.channels[1][69999], 0.0f);
    EXPECT_EQ(out.channels[0][5000], 0.25f);
    EXPECT_NEAR(result.before.sample_peak, 0.25, 0);
  }
}

TEST_P(FirstPassOn, ATrackOfOtherLengthThanPromisedIsRefused) {
  needs_no_kernel();
  const auto pass = test::make_first_pass(GetParam(), setup_for(Encoding::pcm16, 1, 100), nullptr);
  std::int64_t frames = 99;
  std::memset(pass->room(frames), 0, 2 * 99);
  ASSERT_EQ(frames, 99);
  pass->take(frames);
  EXPECT_THROW(pass->finish(), std::logic_error);
}

LATHE_INSTANTIATE_BACKENDS(FirstPassOn);

}  // namespace
}  // namespace lathe
