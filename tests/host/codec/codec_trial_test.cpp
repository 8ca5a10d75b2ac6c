// Files through the real encoders.
#include "host/codec/codec_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

#include "tests/host/audio_file/scratch.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

constexpr CodecAtRate kCodecs[] = {
    {LossyCodec::aac, 256}, {LossyCodec::mp3, 320}, {LossyCodec::opus, 128}, {LossyCodec::vorbis, 160}};

class CodecTrials : public ::testing::Test {
 protected:
  // Float WAV of a 997 Hz sine on every channel, a second and a half, swelling and dying away: where a tone begins at
  // once, codecs ring.
  std::filesystem::path tone(int rate_hz, int channels, double peak) {
    const std::int64_t frames = 3 * rate_hz / 2;
    return write(rate_hz, channels, frames, [&](std::int64_t n) {
      const double swell = std::sin(std::numbers::pi * static_cast<double>(n) / static_cast<double>(frames));
      return peak * swell * swell * std::sin(2 * std::numbers::pi * 997 * static_cast<double>(n) / rate_hz);
    });
  }

  template <class Sample>
  std::filesystem::path write(int rate_hz, int channels, std::int64_t frames, Sample&& sample) {
    AudioFormat format;
    format.encoding = Encoding::float32;
    format.sample_rate_hz = rate_hz;
    format.channels = channels;
    format.frames = frames;
    testing::Bytes pcm(static_cast<std::size_t>(frames * channels) * 4);
    for (std::int64_t n = 0; n < frames; ++n) {
      const auto x = static_cast<float>(sample(n));
      for (int c = 0; c < channels; ++c)
        std::memcpy(pcm.data() + 4 * static_cast<std::size_t>(n * channels + c), &x, 4);
    }
    const std::filesystem::path path = folder_ / "in.wav";
    testing::write_audio(path, format, pcm);
    return path;
  }

  static CodecTrial tried(const CodecAtRate& codec, const std::filesystem::path& path) {
    return try_codec(CodecPrograms::of_this_machine(), codec, path, [] {});
  }

 private:
  testing::ScratchFolder folder_;
};

// A sine is what every codec does well.
TEST_F(CodecTrials, AToneComesBackAtItsLevel) {
  for (const auto& [rate_hz, channels] : {std::pair(44100, 2), std::pair(48000, 1), std::pair(96000, 2)}) {
    const std::filesystem::path path = tone(rate_hz, channels, 0.5);
    for (const CodecAtRate& codec : kCodecs) {
      const CodecTrial trial = tried(codec, path);
      const std::string of = codec_text(codec) + " at " + std::to_string(rate_hz) + ", " + std::to_string(channels);
      ASSERT_TRUE(trial.was_tried) << of << ": " << trial.why_not;
      EXPECT_NEAR(trial.figures.true_peak_dbtp, -6.02, 0.3) << of;
      EXPECT_EQ(trial.stream_rate_hz, CodecPrograms::stream_rate_hz(codec.codec, rate_hz)) << of;
      EXPECT_FALSE(trial.encoder.empty()) << of;
    }
  }
}

// White noise at full scale: bits are short, and what is decoded passes full scale by decibels. Decoders that clip
// would read 0.
TEST_F(CodecTrials, PeaksAboveFullScaleAreSeen) {
  for (const CodecAtRate& codec : {CodecAtRate{LossyCodec::aac, 96}, CodecAtRate{LossyCodec::mp3, 96},
                                   CodecAtRate{LossyCodec::opus, 64}, CodecAtRate{LossyCodec::vorbis, 64}}) {
    Random random = seeded(31);
    const CodecTrial trial =
        tried(codec, write(44100, 2, 88200, [&](std::int64_t) { return random.uniform(0, 1) < 0.5 ? -0.99 : 0.99; }));
    ASSERT_TRUE(trial.was_tried) << codec_text(codec) << ": " << trial.why_not;
    EXPECT_GT(trial.figures.true_peak_dbtp, 2) << codec_text(codec);
  }
}

TEST_F(CodecTrials, SurroundGoesThroughAllButMp3) {
  const auto path = tone(48000, 6, 0.3);
  for (const CodecAtRate& codec : {CodecAtRate{LossyCodec::aac, 384}, CodecAtRate{LossyCodec::opus, 256}}) {
    const CodecTrial trial = tried(codec, path);
    EXPECT_TRUE(trial.was_tried) << codec_text(codec) << ": " << trial.why_not;
    EXPECT_NEAR(trial.figures.true_peak_dbtp, -10.46, 0.7) << codec_text(codec);
  }
  const CodecTrial mp3 = tried({LossyCodec::mp3, 320}, path);
  EXPECT_FALSE(mp3.was_tried);
  EXPECT_THAT(mp3.why_not, HasSubstr("MP3 holds one or two channels, and this has 6"));
}

TEST_F(CodecTrials, ATrackOfAFewMillisecondsIsTried) {
  for (const CodecAtRate& codec : kCodecs) {
    const CodecTrial trial = tried(codec, write(44100, 2, 441, [](std::int64_t n) { return n % 2 == 0 ? 0.2 : 0.1; }));
    EXPECT_TRUE(trial.was_tried) << codec_text(codec) << ": " << trial.why_not;
  }
}

TEST_F(CodecTrials, WhatAnEncoderRefusesIsItsOwnReason) {
  CodecPrograms::Found found;
  found.ffmpeg = "5";
  found.ffmpeg_encoders = {"aac"};
  // Opus by the name of an encoder that ffmpeg does not have.
  found.opusenc = "";
  const CodecTrial absent = try_codec(CodecPrograms(found), {LossyCodec::opus, 128}, tone(48000, 2, 0.5), [] {});
  EXPECT_FALSE(absent.was_tried);
  EXPECT_THAT(absent.why_not, HasSubstr("install opus-tools"));
  // libvorbis has no mode of 500 kbit/s for one channel.
  const CodecTrial refused = tried({LossyCodec::vorbis, 500}, tone(44100, 1, 0.5));
  EXPECT_FALSE(refused.was_tried);
  EXPECT_THAT(refused.why_not, HasSubstr("ended with code"));
}

TEST_F(CodecTrials, EndWhenTheyAreCalledOff) {
  const auto path = tone(44100, 2, 0.5);
  EXPECT_THROW(
      try_codec(CodecPrograms::of_this_machine(), kCodecs[0], path, [] { throw std::runtime_error("cancelled"); }),
      std::runtime_error);
}

}  // namespace
}  // namespace lathe::test
