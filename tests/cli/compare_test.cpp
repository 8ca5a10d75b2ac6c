// `lathe compare`: known delays, gains, polarities, edits and formats, planted and found again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class Compare : public ::testing::Test {
 protected:
  Compare() {
    Random random = seeded(520);
    sound_ = strokes(random, 44100, 2, 6, 30);
    for (Signal& channel : sound_.channels) {
      for (double& x : channel) x *= 0.5;
    }
    put("a.wav", sound_);
  }
  fs::path path(const std::string& name) const { return work_.root() / name; }
  // To the nearest step in every container alike: libsndfile itself rounds down where it may clip.
  void put(const std::string& name, const Sound& sound, Stored stored = kWav24) const {
    if (stored.encoding == SF_FORMAT_FLOAT) return write_sound(path(name), sound, stored);
    std::vector<std::int32_t> samples;
    for (std::size_t n = 0; n < static_cast<std::size_t>(sound.frames()); ++n) {
      for (const Signal& channel : sound.channels)
        samples.push_back(static_cast<std::int32_t>(std::lround(channel[n] * 8388608.0)) * 256);
    }
    write_samples(path(name), samples, sound.sample_rate_hz, static_cast<int>(sound.channels.size()), stored);
  }
  // What is said of these two, which are different.
  Json pair(const std::string& a, const std::string& b) const {
    const ProgramResult run = run_program({"compare", path(a).string(), path(b).string(), "--json"});
    EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
    return run.json().at("pairs").at(0);
  }
  // Later by so many frames (earlier below 0), with the same length, and louder.
  Sound moved(std::int64_t frames, double gain) const {
    Sound result = sound_;
    for (std::size_t c = 0; c < sound_.channels.size(); ++c) {
      const Signal& from = sound_.channels[c];
      for (std::int64_t n = 0; n < std::ssize(from); ++n) {
        const std::int64_t at = n - frames;
        result.channels[c][static_cast<std::size_t>(n)] =
            at >= 0 && at < std::ssize(from) ? gain * from[static_cast<std::size_t>(at)] : 0;
      }
    }
    return result;
  }

  Workspace work_;
  Sound sound_;
};

TEST_F(Compare, TheSameSamplesAreSaidToBeTheSameInAnyContainer) {
  put("a.flac", sound_, kFlac24);
  for (const char* other : {"a.wav", "a.flac"}) {
    const ProgramResult run = run_program({"compare", path("a.wav").string(), path(other).string(), "--json"});
    EXPECT_EQ(run.exit_code, 0) << run.out;
    const Json one = run.json().at("pairs")[0];
    EXPECT_EQ(run.json().at("schema"), "lathe.compare.v1");
    EXPECT_EQ(one.at("state"), "SAME");
    EXPECT_EQ(one.at("same_samples"), true);
    EXPECT_EQ(one.at("delay_frames"), 0);
    EXPECT_EQ(one.at("gain_db"), 0.0);
    EXPECT_TRUE(one.at("residual_db").is_null());
  }
}

TEST_F(Compare, SevenFramesLaterAndThreeTenthsOfADecibelFainterIsSaidExactly) {
  put("b.wav", moved(7, std::pow(10.0, -0.3 / 20)));
  const Json one = pair("a.wav", "b.wav");
  EXPECT_EQ(one.at("delay_frames"), 7);
  EXPECT_NEAR(one.at("fraction_frames").get<double>(), 0, 0.002);
  EXPECT_NEAR(one.at("gain_db").get<double>(), -0.3, 5e-4);
  EXPECT_EQ(one.at("polarity"), "SAME");
  EXPECT_EQ(one.at("channels_swapped"), false);
  // Rounding to 24 bits alone: a third of a step squared, under music at -20 dBFS.
  EXPECT_LT(one.at("residual_db").get<double>(), -110);
  EXPECT_NEAR(one.at("difference").at("integrated_lu").get<double>(), -0.3, 0.01);
  EXPECT_TRUE(one.at("first_difference_s").is_null());
  EXPECT_THAT(one.at("summary").get<std::string>(), HasSubstr("7 frames (0.159 ms) later, at -0.30 dB"));
}

TEST_F(Compare, DelaysUpToFiveSecondsEitherWayAreFoundToTheFrame) {
  Random random = seeded(521);
  sound_ = wandering(random, 44100, 1, 11, 0.4);
  put("long.wav", sound_);
  for (const int frames : {-220000, -1, 23, 220000}) {
    put("moved.wav", moved(frames, 1));
    const Json one = pair("long.wav", "moved.wav");
    EXPECT_EQ(one.at("delay_frames"), frames);
    EXPECT_EQ(one.at("same_when_aligned"), true) << one.dump(1);
  }
}

TEST_F(Compare, PolarityAndExchangedChannelsAreNamed) {
  put("inverted.wav", moved(0, -1));
  EXPECT_EQ(pair("a.wav", "inverted.wav").at("polarity"), "INVERTED");
  EXPECT_TRUE(pair("a.wav", "inverted.wav").at("residual_db").is_null());
  Sound mixed = sound_;
  for (double& x : mixed.channels[1]) x = -x;
  put("mixed.wav", mixed);
  EXPECT_EQ(pair("a.wav", "mixed.wav").at("polarity"), "MIXED");
  Sound swapped = moved(-3, 1);
  std::swap(swapped.channels[0], swapped.channels[1]);
  put("swapped.wav", swapped);
  const Json one = pair("a.wav", "swapped.wav");
  EXPECT_EQ(one.at("channels_swapped"), true);
  EXPECT_EQ(one.at("delay_frames"), -3);
  EXPECT_TRUE(one.at("residual_db").is_null());
}

TEST_F(Compare, AnEditIsFoundWhereItIsAndTheRestIsTheSame) {
  Sound edited = sound_;
  for (std::size_t n = 88200; n < 110250; ++n) edited.channels[0][n] *= 0.8;
  edited.channels[1][200000] += 0.01;
  put("edited.wav", edited);
  const Json one = pair("a.wav", "edited.wav");
  EXPECT_EQ(one.at("gain_db"), 0.0);
  EXPECT_NEAR(one.at("first_difference_s").get<double>(), 2.0, 1e-3);
  ASSERT_GE(one.at("spans").size(), 1U);
  EXPECT_EQ(one.at("spans")[0].at("from_s"), 2.0);
  EXPECT_EQ(one.at("spans")[0].at("to_s"), 2.5);
  EXPECT_GE(one.at("worst_at_s").get<double>(), 1.4);
  EXPECT_LE(one.at("worst_at_s").get<double>(), 2.1);
  EXPECT_GT(one.at("same_share").get<double>(), 0.9);
}

TEST_F(Compare, AKnownResidualIsMeasured) {
  Random random = seeded(522);
  Sound noisy = sound_;
  double power = 0, added = 0;
  for (Signal& channel : noisy.channels) {
    for (double& x : channel) {
      const double noise = 0.001 * random.uniform(-1, 1);
      power += x * x;
      added += noise * noise;
      x += noise;
    }
  }
  put("noisy.wav", noisy);
  EXPECT_NEAR(pair("a.wav", "noisy.wav").at("residual_db").get<double>(), 10 * std::log10(added / power), 0.05);
}

TEST_F(Compare, PartsOfAFrameAreToldInFractions) {
  Signal later(sound_.channels[0].size());  // a short windowed sinc, 0.4 of a frame later
  Random random = seeded(523);
  sound_ = wandering(random, 44100, 1, 4, 0.4);
  later.resize(sound_.channels[0].size());
  for (std::int64_t n = 40; n + 40 < std::ssize(later); ++n) {
    double sum = 0;
    for (std::int64_t k = -32; k <= 32; ++k) {
      const double t = static_cast<double>(k) - 0.4, window = 0.5 + 0.5 * std::cos(M_PI * t / 33);
      sum += sound_.channels[0][static_cast<std::size_t>(n - k)] * window * std::sin(M_PI * t) / (M_PI * t);
    }
    later[static_cast<std::size_t>(n)] = sum;
  }
  put("mono.wav", sound_);
  put("later.wav", {44100, {later}});
  const Json one = pair("mono.wav", "later.wav");
  EXPECT_EQ(one.at("delay_frames"), 0);
  EXPECT_NEAR(one.at("fraction_frames").get<double>(), 0.4, 0.01);
}

TEST_F(Compare, AnotherSampleRateIsComparedAtTheLower) {
  ASSERT_EQ(std::system(("sox " + path("a.wav").string() + " " + path("high.wav").string() + " rate -v 88200").c_str()),
            0);
  const Json one = pair("a.wav", "high.wav");
  EXPECT_EQ(one.at("compared_at_hz"), 44100);
  EXPECT_EQ(one.at("delay_frames"), 0);
  EXPECT_NEAR(one.at("gain_db").get<double>(), 0, 0.01);
  EXPECT_LT(one.at("residual_db").get<double>(), -50);
  EXPECT_THAT(one.at("notes")[0].get<std::string>(), HasSubstr("compared at 44100 Hz"));
}

TEST_F(Compare, MonoAgainstStereoAndOtherLengthsAreComparedAndSaid) {
  Sound mono{44100, {sound_.channels[0]}};
  for (std::size_t n = 0; n < mono.channels[0].size(); ++n)
    mono.channels[0][n] = (sound_.channels[0][n] + sound_.channels[1][n]) / 2;
  put("mono.wav", mono, kWavFloat);
  const Json one = pair("a.wav", "mono.wav");
  EXPECT_LT(one.at("residual_db").get<double>(), -100);
  EXPECT_THAT(one.at("notes")[0].get<std::string>(), HasSubstr("compared as the mean of all"));
  Sound cut = sound_;
  for (Signal& channel : cut.channels) channel.resize(channel.size() - 44100);
  put("cut.wav", cut);
  const Json shorter = pair("a.wav", "cut.wav");
  EXPECT_EQ(shorter.at("same_samples"), false);
  EXPECT_EQ(shorter.at("same_when_aligned"), true);
  EXPECT_EQ(shorter.at("notes")[0], "B is 44100 frames (1.000 s) shorter than A");
  EXPECT_EQ(shorter.at("summary"), "the same samples as far as both go");
}

TEST_F(Compare, SilenceAndStrangersGetWordsAndNoFigures) {
  put("silence.wav", silence(44100, 2, 6));
  const Json silent = pair("a.wav", "silence.wav");
  EXPECT_EQ(silent.at("summary"), "B is silence and the other is not");
  EXPECT_TRUE(silent.at("gain_db").is_null());
  EXPECT_EQ(run_program({"compare", path("silence.wav").string(), path("silence.wav").string()}).exit_code, 0);
  Random random = seeded(524);
  put("stranger.wav", wandering(random, 44100, 2, 6, 0.4));
  const Json stranger = pair("a.wav", "stranger.wav");
  EXPECT_EQ(stranger.at("aligned"), false);
  EXPECT_TRUE(stranger.at("delay_frames").is_null());
  EXPECT_THAT(stranger.at("summary").get<std::string>(), HasSubstr("nothing in common"));
  put("empty.wav", {44100, {{}, {}}});
  EXPECT_EQ(pair("a.wav", "empty.wav").at("summary"), "B is silence and the other is not");
}

TEST_F(Compare, SamplesThatAreNoNumbersAreCountedAndAFileOfThemIsItselfAllTheSame) {
  Sound broken = sound_;
  broken.channels[0][1000] = std::nan("");
  put("nan.wav", broken, kWavFloat);
  EXPECT_EQ(run_program({"compare", path("nan.wav").string(), path("nan.wav").string()}).exit_code, 0);
  const Json one = pair("a.wav", "nan.wav");
  EXPECT_THAT(one.at("notes")[0].get<std::string>(), HasSubstr("0 in A, 1 in B"));
}

TEST_F(Compare, WhatCannotBeReadEndsWith3) {
  spill(path("text.wav"), "no audio at all");
  ProgramResult run = run_program({"compare", path("a.wav").string(), path("text.wav").string(), "--json"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.json().at("pairs")[0].at("state"), "UNREADABLE");
  EXPECT_THAT(run.json().at("pairs")[0].at("reason").get<std::string>(), HasSubstr("B: "));
  EXPECT_EQ(run_program({"compare", path("a.wav").string(), path("none.wav").string()}).exit_code, 3);
  EXPECT_EQ(run_program({"compare", path("a.wav").string(), work_.in().string()}).exit_code, 2);
  EXPECT_EQ(run_program({"compare", path("a.wav").string()}).exit_code, 2);
}

TEST_F(Compare, ALinkThatLeadsInACircleIsUnreadableAndTheOthersAreCompared) {
  put("x/one.wav", sound_);
  put("y/one.wav", sound_);
  put("y/two.wav", sound_);
  fs::create_symlink("two.wav", path("x/two.wav"));
  const ProgramResult run = run_program({"compare", path("x").string(), path("y").string(), "--json"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const Json report = run.json();
  ASSERT_EQ(report.at("pairs").size(), 2u);
  EXPECT_EQ(report.at("pairs")[0].at("state"), "SAME");
  EXPECT_EQ(report.at("pairs")[1].at("state"), "UNREADABLE");
  EXPECT_THAT(report.at("pairs")[1].at("reason").get<std::string>(), HasSubstr("symbolic links"));
}

TEST_F(Compare, FoldersAreComparedFileByFile) {
  put("x/one.wav", sound_);
  put("x/disc/two.wav", sound_);
  put("x/three.wav", sound_);
  put("y/one.flac", sound_, kFlac24);
  put("y/disc/two.wav", moved(5, 1));
  put("y/four.wav", sound_);
  const ProgramResult run = run_program({"compare", path("x").string(), path("y").string(), "--json"});
  EXPECT_EQ(run.exit_code, 1);
  const Json report = run.json();
  EXPECT_EQ(report.at("summary").at("pairs"), 2);
  EXPECT_EQ(report.at("summary").at("same"), 1);
  EXPECT_EQ(report.at("only_in_a")[0], path("x/three.wav").string());
  EXPECT_EQ(report.at("only_in_b")[0], path("y/four.wav").string());
  EXPECT_EQ(report.at("pairs")[0].at("delay_frames"), 5);
  EXPECT_THAT(run_program({"compare", path("x").string(), path("y").string()}).out,
              HasSubstr("2 pairs: 1 the same, 1 different, 0 unreadable; 1 only in A, 1 only in B"));
}

}  // namespace
}  // namespace lathe::test
