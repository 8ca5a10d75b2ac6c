// Stems as outputs: their files sum to the master before its limiter, whatever the bus does to the mix.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "host/mastering/unusable_audio.h"
#include "kernels/math/decibel.h"
#include "tests/host/mastering/stem_session.h"
#include "tests/support/comparison.h"

namespace lathe::test {
namespace {

// Floats of half a dozen roundings a sample; what the bus does in common is the same to the last bit.
constexpr double kSumDb = -125;

CompressStage bus_compressor() {
  CompressStage compress;
  compress.settings.sample_rate_hz = kStemRate;
  compress.settings.bands.resize(1);
  compress.settings.bands[0].threshold_db = -30;
  compress.settings.bands[0].ratio = 4;
  compress.settings.bands[0].makeup_db = 2;
  compress.settings.sidechain_high_pass_hz = 80;
  compress.settings.link = 0.6;
  return compress;
}

CompressStage three_bands() {
  CompressStage compress;
  compress.settings.sample_rate_hz = kStemRate;
  compress.settings.crossovers_hz = {200, 3000};
  compress.settings.bands.resize(3);
  for (CompressorBand& band : compress.settings.bands) {
    band.threshold_db = -36;
    band.ratio = 3;
  }
  return compress;
}

StereoStage wider() {
  StereoStage stereo;
  stereo.settings.width = 1.3;
  stereo.settings.mono_below_hz = 120;
  stereo.settings.balance_db = 0.5;
  return stereo;
}

EqStage bus_eq(EqPhase phase = EqPhase::linear) {
  return {{{BandType::high_pass, 30, 0, 0.7, 24},
           {BandType::bell, 900, -4, 0.9, 12, BandChannel::mid},
           {BandType::high_shelf, 7000, 3, 0.7}},
          phase};
}

class StemOutputs : public StemSession {
 protected:
  // "pre", a float master without the limiter, and, as output "stems", a file for each of the stems.
  TrackJob with_stems(TrackJob mix, Encoding encoding = Encoding::float32) {
    mix.outputs[0].id = "pre";
    for (std::size_t i = 0; i < mix.stems.size(); ++i) {
      OutputSpec spec = mix.outputs[0];
      spec.id = "stems";
      spec.path = folder_ / ("stem-" + std::to_string(i) + ".wav");
      spec.encoding = encoding;
      spec.dither = encoding == Encoding::float32 ? Dither::none : Dither::tpdf;
      spec.stem = StemPart{i, mix.stems[i].input, mix.stems[i].role};
      mix.outputs.push_back(spec);
    }
    return mix;
  }

  // The stems' files, added up in double.
  static std::vector<double> sum_in(const MasteredTrack& done, std::size_t first = 1) {
    std::vector<double> sum;
    for (std::size_t i = first; i < done.files.size(); ++i) {
      const StemSamples one = samples_in(done, i);
      sum.resize(std::max(sum.size(), one.size()), 0.0);
      for (std::size_t n = 0; n < one.size(); ++n) sum[n] += static_cast<double>(one[n]);
    }
    return sum;
  }

  // How far the stems' sum is from "pre", once it has been shown that the report says the same.
  static double error_of(const MasteredTrack& done) {
    const double error_db = residual_db(sum_in(done), samples_in(done, 0));
    for (std::size_t i = 1; i < done.report.outputs.size(); ++i) {
      const auto& stem = done.report.outputs[i].stem;
      EXPECT_TRUE(stem && stem->sum_error_db);
      if (!stem || !stem->sum_error_db || std::isinf(error_db)) continue;
      EXPECT_NEAR(*stem->sum_error_db, error_db, 0.01);
    }
    return error_db;
  }
};

TEST_F(StemOutputs, WithoutABusAreTheStems) {
  const std::vector<StemSamples> stems = write_three();
  const MasteredTrack done = master(with_stems(job(3)));
  ASSERT_EQ(done.files.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(samples_in(done, i + 1) == stems[i]) << i;
  EXPECT_TRUE(std::isinf(error_of(done)));
  EXPECT_TRUE(std::isinf(*done.report.outputs[1].stem->sum_error_db));
  EXPECT_EQ(done.report.outputs[2].stem->input, folder_ / "1.wav");
}

TEST_F(StemOutputs, SumToTheMasterThroughFiltersGainsAndWidth) {
  write_three();
  for (const EqPhase phase : {EqPhase::linear, EqPhase::minimum}) {
    TrackJob mix = job(3);
    mix.stems[1].stages = {bus_compressor()};
    mix.stems[2].gain_db = 4;
    mix.chain.stages = {bus_eq(phase), GainStage{-3}, wider()};
    mix.chain.goal.target_lufs = -23;
    EXPECT_LT(error_of(master(with_stems(mix))), kSumDb);
  }
}

// The gains are those of the mix: each stem by itself would be turned down by less.
TEST_F(StemOutputs, SumToTheMasterThroughCompressors) {
  const std::vector<StemSamples> stems = write_three();
  for (const CompressStage& compress : {bus_compressor(), three_bands()}) {
    TrackJob mix = job(3);
    mix.chain.stages = {bus_eq(), compress, wider(), GainStage{1}};
    mix.chain.goal.target_lufs = -20;
    const MasteredTrack done = master(with_stems(mix));
    EXPECT_LT(error_of(done), kSumDb);
    TrackJob uncompressed = mix;
    uncompressed.chain.stages.erase(uncompressed.chain.stages.begin() + 1);
    EXPECT_GT(residual_db(samples_in(master(with_stems(uncompressed))), samples_in(done, 0)), -40)
        << "the compressor did nothing";
  }
}

TEST_F(StemOutputs, SumToTheMasterThroughARide) {
  std::vector<StemSamples> stems{stem_music(1, 60 * kStemRate, 0.3), stem_music(2, 60 * kStemRate, 0.2)};
  for (StemSamples& stem : stems) {
    for (std::size_t n = 0; n < stem.size(); ++n) {
      if (n / 2 / (15 * kStemRate) % 2 == 0) stem[n] *= 0.125F;
    }
  }
  for (std::size_t i = 0; i < stems.size(); ++i) write(std::to_string(i) + ".wav", stems[i]);
  TrackJob mix = job(2);
  mix.chain.stages = {LevelStage{{4, 6}}, bus_compressor()};
  mix.chain.goal.target_lufs = -20;
  const MasteredTrack done = master(with_stems(mix));
  EXPECT_LT(error_of(done), kSumDb);
  bool rides = false;
  for (const StageReport& stage : done.report.stages) {
    for (const auto& [name, value] : stage.figures) rides = rides || (name == "max_gain_db" && value > 2);
  }
  EXPECT_TRUE(rides) << "nothing was ridden";
}

// The curve is found on the mix; each stem's own would be another.
TEST_F(StemOutputs, SumToTheMasterThroughAMatch) {
  write_three();
  TrackJob mix = job(3);
  MatchEqStage match;
  match.target = "pop";
  mix.chain.stages = {match, bus_compressor()};
  EXPECT_LT(error_of(master(with_stems(mix))), kSumDb);
}

TEST_F(StemOutputs, SumToTheMasterAtAnotherRate) {
  write_three();
  for (const bool by_the_chain : {true, false}) {
    TrackJob mix = job(3);
    mix.chain.stages = {bus_eq(), bus_compressor(), wider()};
    mix.chain.goal.target_lufs = -20;
    if (by_the_chain) mix.chain.sample_rate_hz = 48000;
    if (!by_the_chain) mix.outputs[0].sample_rate_hz = 48000;
    const MasteredTrack done = master(with_stems(mix));
    EXPECT_LT(error_of(done), -120) << by_the_chain;
    for (const OutputReport& output : done.report.outputs) {
      EXPECT_EQ(output.sample_rate_hz, 48000);
      EXPECT_EQ(output.frames, 5 * 48000);
    }
  }
}

// Of a limited master the stems have the gain, and not the limiter.
TEST_F(StemOutputs, HaveTheLimitedMastersGain) {
  write_three();
  TrackJob mix = job(3);
  mix.chain.stages = {bus_compressor()};
  mix.chain.goal.target_lufs = -9;
  mix.chain.goal.limit = LimitGoal{};
  const MasteredTrack done = master(with_stems(mix));
  const StemOutput& stem = *done.report.outputs[1].stem;
  ASSERT_TRUE(stem.sum_error_db && stem.limited_error_db);
  EXPECT_LT(*stem.sum_error_db, kSumDb);
  EXPECT_NEAR(*stem.limited_error_db, residual_db(sum_in(done), samples_in(done, 0)), 0.01);
  EXPECT_GT(*stem.limited_error_db, -50) << "nothing was limited";
  // By the gain of the report they are what the bus made of the mix.
  double gain_db = 0;
  for (const StageReport& stage : done.report.stages) {
    for (const auto& [name, value] : stage.figures) gain_db = stage.name == "loudness" ? value : gain_db;
  }
  EXPECT_GT(gain_db, 1);
  mix.chain.goal = {};
  std::vector<double> expected;
  for (const float x : samples_in(master(mix))) expected.push_back(db_to_amplitude(gain_db) * static_cast<double>(x));
  EXPECT_LT(residual_db(sum_in(done), expected), -120);
}

TEST_F(StemOutputs, InIntegersSumToWhatDitherAllows) {
  write_three();
  TrackJob mix = job(3);
  mix.chain.stages = {bus_eq()};
  mix.chain.goal.target_lufs = -20;
  const MasteredTrack done = master(with_stems(mix, Encoding::pcm16));
  const OutputReport& one = done.report.outputs[1];
  ASSERT_TRUE(one.stem->sum_error_db.has_value());
  // Three noises of a step's half: power 3 / 4 of a step of 2^-15, against a master of about -20 dBFS.
  const double noise_db = 10 * std::log10(0.75) + 20 * std::log10(std::pow(2.0, -15));
  EXPECT_NEAR(*one.stem->sum_error_db, noise_db + 20, 4);
}

// Spooled it is the same to the last bit.
TEST_F(StemOutputs, MonoAndShortStemsComeOutAsWideAndLongAsTheMix) {
  const std::vector<StemSamples> stems = write_three();
  StemSamples mono;
  for (std::size_t n = 0; n < stems[1].size() / 2; n += 2) mono.push_back(stems[1][n]);
  write("1.wav", mono, kStemRate, 1);
  TrackJob mix = job(3);
  mix.chain.stages = {wider(), three_bands()};
  mix.chain.goal.target_lufs = -20;
  const MasteredTrack done = master(with_stems(mix));
  EXPECT_LT(error_of(done), kSumDb);
  EXPECT_EQ(done.report.outputs[2].channels, 2);
  EXPECT_EQ(done.report.outputs[2].frames, 5 * kStemRate);
  mix.spool_dir = folder_.path();
  const MasteredTrack spooled = master(with_stems(mix));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(samples_in(spooled, i) == samples_in(done, i)) << i;
}

TEST_F(StemOutputs, AloneNeedNoMaster) {
  write_three();
  TrackJob mix = with_stems(job(3));
  mix.chain.stages = {bus_compressor()};
  mix.chain.goal.target_lufs = -20;
  const StemSamples pre = samples_in(master(mix), 0);
  mix.outputs.erase(mix.outputs.begin());
  const MasteredTrack done = master(mix);
  ASSERT_EQ(done.files.size(), 3u);
  EXPECT_LT(residual_db(sum_in(done, 0), pre), kSumDb);
}

// Beside a version without a stem, which has a run of its own.
TEST_F(StemOutputs, StandBesideAnInstrumental) {
  write_three();
  TrackJob mix = job(3);
  mix.stems[0].role = "vocals";
  mix.chain.stages = {bus_compressor()};
  mix.chain.goal.target_lufs = -20;
  mix = with_stems(mix);
  OutputSpec instrumental = mix.outputs[0];
  instrumental.id = "instrumental";
  instrumental.path = folder_ / "instrumental.wav";
  instrumental.without = {"vocals"};
  mix.outputs.insert(mix.outputs.begin() + 1, instrumental);
  const MasteredTrack done = master(mix);
  ASSERT_EQ(done.files.size(), 5u);
  EXPECT_FALSE(done.report.outputs[1].stem.has_value());
  EXPECT_LT(residual_db(sum_in(done, 2), samples_in(done, 0)), kSumDb);
}

// What a bus cannot do to single stems is refused before anything is written.
TEST_F(StemOutputs, AreRefusedWhereTheBusCannotBePutToThem) {
  write_three();
  StereoStage guarded = wider();
  guarded.settings.min_correlation = 0.2;
  const std::vector<std::pair<ChainStage, std::string>> cases{
      {RestorationStage{DeclickSettings{}, false, {}}, "declick on the bus"}, {guarded, "min_correlation"}};
  for (const auto& [stage, text] : cases) {
    TrackJob mix = with_stems(job(3));
    mix.chain.stages = {stage};
    try {
      master(mix);
      ADD_FAILURE() << text << " was taken";
    } catch (const UnusableAudio& error) {
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("into the stems' chains"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace lathe::test
