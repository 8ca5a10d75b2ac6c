// Recipes with a stereo stage or an equaliser of minimum phase, from a file to a file.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/mastering/recipe_chain.h"
#include "host/mastering/track_master.h"
#include "host/recipe/recipe.h"
#include "tests/host/audio_file/scratch.h"
#include "tests/support/comparison.h"
#include "tests/support/eq_oracle.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/stereo_oracle.h"

namespace lathe::test {
namespace {

constexpr int kImageRate = 44100;

class StereoTrack : public ::testing::Test {
 protected:
  // Writes the channels as floats and masters them by these stages.
  MasteredTrack master(const std::string& chain, const std::vector<Signal>& channels) {
    AudioFormat format;
    format.encoding = Encoding::float32;
    format.channels = static_cast<int>(channels.size());
    format.channel_mask = 0;
    format.frames = static_cast<std::int64_t>(channels[0].size());
    testing::Bytes pcm;
    for (std::size_t n = 0; n < channels[0].size(); ++n) {
      for (const Signal& channel : channels) {
        const auto value = static_cast<float>(channel[n]);
        std::byte sample[4];
        std::memcpy(sample, &value, 4);
        pcm.insert(pcm.end(), sample, sample + 4);
      }
    }
    testing::write_audio(folder_ / "in.wav", format, pcm);
    TrackJob job;
    job.input = folder_ / "in.wav";
    job.out_dir = folder_.path();
    job.chain = chain_of(RecipeSource::parse("recipe: v1\nchain: [" + chain + "]\n", "test").effective().recipe);
    job.outputs = {{"", folder_ / "out.wav", Container::wav, Encoding::float32, Dither::none}};
    EXPECT_GT(TrackMaster(designs_).memory_needed(job.chain, job.outputs, format, Backend::cpu).kept_bytes, 0);
    return TrackMaster(designs_).master(job, nullptr, std::atomic<bool>(false));
  }

  static std::vector<Signal> channels_of(const MasteredTrack& track) {
    AudioReader reader(track.files.front().path());
    const testing::Bytes pcm = testing::read_audio(reader);
    const auto count = static_cast<std::size_t>(reader.format().channels);
    std::vector<Signal> channels(count, Signal(pcm.size() / 4 / count));
    for (std::size_t i = 0; i < pcm.size() / 4; ++i) {
      float value;
      std::memcpy(&value, pcm.data() + 4 * i, 4);
      channels[i % count][i / count] = value;
    }
    return channels;
  }

  static double figure(const MasteredTrack& track, const std::string& name) {
    for (const auto& [of, value] : track.report.stages.front().figures) {
      if (of == name) return value;
    }
    ADD_FAILURE() << "the report has no " << name;
    return std::numeric_limits<double>::quiet_NaN();
  }

 private:
  testing::ScratchFolder folder_;
  EqDesigns designs_;
};

TEST_F(StereoTrack, WidthsByFrequencyAndMonoBassAreThoseOfTheRecipe) {
  const std::int64_t centre = kImageRate / 2, frames = kImageRate;
  const auto out = channels_of(master(
      "{stereo: {mono_below_hz: 120, bands: [{up_to_hz: 1000, width: 0.6}, {up_to_hz: 5000, width: 1}, {width: 1.8}]}}",
      {impulses(frames, {centre}, 0.25), impulses(frames, {centre}, 0.05)}));
  ASSERT_EQ(out.size(), 2u);
  Signal mid, side;
  for (std::size_t n = 0; n < out[0].size(); ++n) {
    mid.push_back((out[0][n] + out[1][n]) / 2);
    side.push_back((out[0][n] - out[1][n]) / 2);
  }
  const auto width_db = [&](double hz) {
    const double m = std::abs(response_at(mid, hz / kImageRate, centre)) / 0.15,
                 s = std::abs(response_at(side, hz / kImageRate, centre)) / 0.1;
    EXPECT_NEAR(db(m), 0, 1e-4) << hz;
    return db(s / m);
  };
  for (double hz = 10; hz <= 80; hz += 5) EXPECT_LT(width_db(hz), -40) << hz;
  for (double hz = 201; hz < 840; hz *= 1.1) EXPECT_NEAR(width_db(hz), db(0.6), 0.05) << hz;
  for (double hz = 1200; hz < 4200; hz *= 1.1) EXPECT_NEAR(width_db(hz), 0, 0.05) << hz;
  for (double hz = 6000; hz < 20000; hz *= 1.1) EXPECT_NEAR(width_db(hz), db(1.8), 0.05) << hz;
}

TEST_F(StereoTrack, TheGuardKeepsEverySecondAndTheReportSaysWhatItTook) {
  Random random = seeded(90);
  const std::int64_t frames = 6 * kImageRate + 321;
  Signal left = programme(random, kImageRate, frames), right = programme(random, kImageRate, frames);
  for (std::size_t n = 2 * kImageRate; n < 3 * kImageRate; ++n) right[n] = -left[n];
  const MasteredTrack track =
      master("{stereo: {width: 1.3, min_correlation: 0.2, max_mono_loss_db: 1.5}}", {left, right});
  const auto out = channels_of(track);
  const MonoFold before = worst_second({left, right}, kImageRate, 997),
                 after = worst_second({out[0], out[1]}, kImageRate, 997);
  EXPECT_LT(before.correlation, -0.5);
  EXPECT_GE(after.correlation, 0.2 - 1e-4);
  EXPECT_LE(after.loss_db, 1.5 + 1e-4);
  EXPECT_EQ(track.report.stages.front().name, "stereo");
  EXPECT_EQ(figure(track, "width"), 1.3);
  EXPECT_LT(figure(track, "worst_correlation_before"), -0.5);
  EXPECT_GE(figure(track, "worst_correlation_after"), 0.2 - 1e-3);
  EXPECT_LE(figure(track, "worst_mono_loss_after_db"), 1.5 + 1e-2);
  EXPECT_GT(figure(track, "guarded_share"), 0.1);
  EXPECT_GT(figure(track, "largest_narrowing_db"), 3);
}

TEST_F(StereoTrack, OneChannelIsLeftAloneWithANoteAndThreeAreRefused) {
  Random random = seeded(91);
  const Signal noise = white_noise(random, 0.1, 20000);
  const MasteredTrack mono = master("{stereo: {width: 0.5}}", {noise});
  const Signal out = channels_of(mono)[0];
  for (std::size_t n = 0; n < noise.size(); ++n) ASSERT_EQ(static_cast<float>(out[n]), static_cast<float>(noise[n]));
  ASSERT_FALSE(mono.report.notes.empty());
  EXPECT_NE(mono.report.notes.front().find("one channel"), std::string::npos);
  EXPECT_THROW(master("{stereo: {width: 0.5}}", {noise, noise, noise}), std::invalid_argument);
}

TEST_F(StereoTrack, AnEqualiserOfMinimumPhaseMeetsItsTargetAndNothingComesEarly) {
  const std::int64_t centre = kImageRate / 4, frames = kImageRate;
  const MasteredTrack track = master(
      "{eq: {phase: minimum, bands: [{type: high-pass, freq_hz: 30, slope_db_oct: 24}, {type: bell, freq_hz: 700, "
      "gain_db: 5, q: 3}]}}",
      {impulses(frames, {centre}, 0.25), impulses(frames, {})});
  const Signal out = channels_of(track)[0];
  for (std::int64_t n = 0; n < centre; ++n) ASSERT_LT(std::abs(out[static_cast<std::size_t>(n)]), 1e-6);
  const std::vector<EqBand> bands = {{BandType::high_pass, 30, 0, 0.7, 24}, {BandType::bell, 700, 5, 3}};
  for (double hz = 20; hz < 20000; hz *= 1.15) {
    EXPECT_NEAR(db(std::abs(response_at(out, hz / kImageRate, centre)) / 0.25), db(target_oracle(bands, hz)), 0.05)
        << hz;
  }
  EXPECT_EQ(figure(track, "pre_ring_db"), -300);
  EXPECT_EQ(figure(track, "latency_frames"), 0);
}

}  // namespace
}  // namespace lathe::test
