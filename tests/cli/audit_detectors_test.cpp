// The detectors on files that real encoders and resamplers have made; scripts/audit_study is the long form, on music.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <numbers>
#include <set>

#include "tests/cli/music.h"
#include "tests/cli/program.h"
#include "tests/cli/sound_file.h"
#include "tests/cli/workspace.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

bool ffmpeg(const std::string& arguments) {
  return std::system(("ffmpeg -nostdin -loglevel error -y " + arguments + " 2>/dev/null").c_str()) == 0;
}

#define LATHE_NEEDS_FFMPEG() \
  if (!ffmpeg("-version >/dev/null")) GTEST_SKIP() << "no ffmpeg here: nothing was encoded"

// The codes found in each file.
std::map<std::string, std::set<std::string>> codes_in(const Workspace& work) {
  ProgramCall call;
  call.arguments = {"audit", work.in().string(), "--no-cache", "--format", "json"};
  std::map<std::string, std::set<std::string>> codes;
  const nlohmann::json report = run_program(call).json();
  for (const auto& file : report.at("files")) {
    std::set<std::string>& own = codes[fs::path(file.at("path").get<std::string>()).filename()];
    for (const auto& finding : file.at("findings")) own.insert(finding.at("code"));
  }
  return codes;
}

// Strokes over a bed, falling by 6 dB an octave up to half the rate: a spectrum without an end, as that of cymbals is.
Sound bright_strokes(Random& random, int rate_hz, double seconds) {
  Sound sound{rate_hz, {}};
  for (int c = 0; c < 2; ++c) {
    Signal x = white_noise(random, 0.3, static_cast<std::int64_t>(seconds * rate_hz));
    const double period = rate_hz / 4.0;
    double low = 0;
    for (std::size_t n = 0; n < x.size(); ++n) {
      low += 0.2 * (x[n] - low);
      x[n] = low * (0.02 + std::exp(-std::fmod(static_cast<double>(n), period) / (0.2 * period)));
    }
    sound.channels.push_back(std::move(x));
  }
  return sound;
}

TEST(AuditDetectors, RealEncodersAreFoundAndTheirSourceIsNot) {
  LATHE_NEEDS_FFMPEG();
  Random random = seeded(311);
  const Workspace work;
  const std::string in = work.in().string() + "/";
  write_sound(in + "source.wav", bright_strokes(random, 44100, 10), {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  const std::pair<const char*, const char*> encoders[] = {{"128.mp3", "-c:a libmp3lame -b:a 128k"},
                                                          {"320.mp3", "-c:a libmp3lame -b:a 320k"},
                                                          {"4.ogg", "-c:a libvorbis -q:a 4"},
                                                          {"128.opus", "-c:a libopus -b:a 128k"}};
  for (const auto& [name, how] : encoders) {
    ASSERT_TRUE(ffmpeg("-i '" + in + "source.wav' " + how + " '" + in + name + "'")) << name;
    ASSERT_TRUE(ffmpeg("-i '" + in + name + "' -c:a pcm_s16le '" + in + name + ".wav'")) << name;
  }
  const auto codes = codes_in(work);
  EXPECT_EQ(codes.at("source.wav").count("lossy-source"), 0u);
  for (const auto& encoder : encoders)
    EXPECT_EQ(codes.at(std::string(encoder.first) + ".wav").count("lossy-source"), 1u) << encoder.first;
}

TEST(AuditDetectors, RealResamplersAreFoundGoingUpAndNotGoingDown) {
  LATHE_NEEDS_FFMPEG();
  Random random = seeded(312);
  const Workspace work;
  const std::string in = work.in().string() + "/";
  write_sound(in + "cd.wav", bright_strokes(random, 44100, 8), {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  write_sound(in + "high.wav", bright_strokes(random, 96000, 8), {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
  ASSERT_TRUE(ffmpeg("-i '" + in + "cd.wav' -ar 96000 -c:a pcm_s24le '" + in + "up.wav'"));
  ASSERT_TRUE(ffmpeg("-i '" + in + "cd.wav' -af aresample=48000:resampler=soxr -c:a pcm_s24le '" + in + "up48.wav'"));
  ASSERT_TRUE(ffmpeg("-i '" + in + "cd.wav' -c:a pcm_s24le '" + in + "padded.wav'"));
  ASSERT_TRUE(ffmpeg("-i '" + in + "high.wav' -ar 44100 -c:a pcm_s24le '" + in + "down.wav'"));
  const auto codes = codes_in(work);
  EXPECT_EQ(codes.at("up.wav").count("upsampled"), 1u);
  EXPECT_EQ(codes.at("up48.wav").count("upsampled"), 1u);
  EXPECT_EQ(codes.at("padded.wav").count("unused-bits"), 1u);
  for (const char* honest : {"cd.wav", "high.wav", "down.wav"}) {
    EXPECT_EQ(codes.at(honest).count("upsampled"), 0u) << honest;
    EXPECT_EQ(codes.at(honest).count("lossy-source"), 0u) << honest;
    EXPECT_EQ(codes.at(honest).count("unused-bits"), 0u) << honest;
  }
}

// A tone of 30 kHz as loud as what is heard.
TEST(AuditDetectors, LoudnessThatNobodyHearsIsSaid) {
  Random random = seeded(313);
  const Workspace work;
  Sound sound = wandering(random, 96000, 2, 6, 0.3);
  write_sound(work.in() / "plain.wav", sound, {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
  for (Signal& channel : sound.channels) {
    for (std::size_t n = 0; n < channel.size(); ++n)
      channel[n] += 0.1 * std::sin(2 * std::numbers::pi * 30 / 96 * static_cast<double>(n));
  }
  write_sound(work.in() / "ultrasonic.wav", sound, {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
  ProgramCall call;
  call.arguments = {"audit", work.in().string(), "--no-cache", "--format", "json"};
  const nlohmann::json report = run_program(call).json();
  for (const auto& file : report.at("files")) {
    const double difference = file.at("integrated_lufs").get<double>() - file.at("below_20khz_lufs").get<double>();
    if (fs::path(file.at("path").get<std::string>()).filename() == "plain.wav") {
      EXPECT_LT(std::abs(difference), 0.02);
    } else {
      EXPECT_GT(difference, 0.5);
      EXPECT_EQ(codes_in(work).at("ultrasonic.wav").count("ultrasonic-loudness"), 1u);
    }
    EXPECT_TRUE(file.contains("stereo_correlation"));
    EXPECT_TRUE(file.contains("mono_loss_db"));
  }
}

}  // namespace
}  // namespace lathe::test
