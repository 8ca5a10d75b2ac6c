// Several files as one: tracks that run into each other, and programmes that share a gain.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "host/mastering/track_master.h"
#include "tests/host/audio_file/scratch.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

using testing::Bytes;

// Stereo noise of two programmes, 24 bits.
Bytes pcm_of(std::uint64_t seed, int rate_hz, std::int64_t frames, double level = 0.5) {
  Random random = seeded(seed);
  const Signal left = programme(random, rate_hz, frames), right = programme(random, rate_hz, frames);
  Bytes pcm;
  for (std::size_t n = 0; n < static_cast<std::size_t>(frames); ++n) {
    for (const double x : {left[n], right[n]}) {
      const auto step = static_cast<std::int32_t>(std::lround(x * level * 8388607));
      for (int shift = 0; shift < 24; shift += 8) pcm.push_back(static_cast<std::byte>((step >> shift) & 0xff));
    }
  }
  return pcm;
}

class Programmes : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, int rate_hz, const Bytes& pcm) {
    AudioFormat format;
    format.sample_rate_hz = rate_hz;
    format.frames = static_cast<std::int64_t>(pcm.size()) / 6;
    testing::write_audio(folder_ / name, format, pcm);
    return folder_ / name;
  }

  // A master for each of two outputs: the chain's rate in 24 bits, and 16 bits with shaped dither at `other_rate_hz`.
  std::vector<OutputSpec> outputs(const std::string& name, int other_rate_hz) {
    OutputSpec hd{"hd", folder_ / ("hd-" + name), Container::wav, Encoding::pcm24, Dither::tpdf};
    OutputSpec cd{"cd", folder_ / ("cd-" + name), Container::wav, Encoding::pcm16, Dither::shaped};
    cd.sample_rate_hz = other_rate_hz;
    return {hd, cd};
  }

  TrackJob job(const std::filesystem::path& input) {
    TrackJob job;
    job.input = input;
    job.out_dir = folder_.path();
    job.chain.goal.target_lufs = -16;
    job.chain.goal.limit = LimitGoal{};
    return job;
  }

  static Bytes pcm_in(const MasteredTrack& track, std::size_t output) {
    AudioReader reader(track.files[output].path());
    return testing::read_audio(reader);
  }

  MasteredTrack master(const TrackJob& job) {
    return TrackMaster(designs_).master(job, nullptr, std::atomic<bool>(false));
  }
  MasteredAlbum master(const AlbumJob& album) {
    return TrackMaster(designs_).master(album, nullptr, std::atomic<bool>(false));
  }

  testing::ScratchFolder folder_;
  EqDesigns designs_;
};

std::vector<ChainStage> every_stage(int rate_hz) {
  CompressStage compress;
  compress.settings.sample_rate_hz = rate_hz;
  compress.settings.crossovers_hz = {800};
  compress.settings.bands.resize(2);
  for (CompressorBand& band : compress.settings.bands) band.threshold_db = -30, band.ratio = 3;
  StereoStage stereo;
  stereo.settings.width = 1.2;
  stereo.settings.mono_below_hz = 120;
  DeclickSettings declick;
  DenoiseSettings denoise;
  LevelStage level;
  level.settings.range_lu = 6;
  MatchEqStage match;
  match.target = "pop";
  return {RestorationStage{declick, false, {}},
          RestorationStage{denoise, false, {}},
          EqStage{{{BandType::high_pass, 24, 0, 0.7, 24}, {BandType::high_shelf, 9000, 2, 0.7}}},
          match,
          stereo,
          compress,
          level};
}

class JoinedProgrammes : public Programmes, public ::testing::WithParamInterface<int> {};

TEST_P(JoinedProgrammes, CutAtOddFramesTheirJoinedMastersAreThoseOfTheUncutFile) {
  const int rate_hz = GetParam();
  const int other_rate_hz = rate_hz == 44100 ? 48000 : 44100;
  const std::int64_t frames = 14 * rate_hz + 1,
                     cuts[] = {0, 3 * rate_hz + 777, 3 * rate_hz + 778, 9 * rate_hz - 5, frames};
  const Bytes pcm = pcm_of(5, rate_hz, frames);
  TrackJob whole = job(write("whole.wav", rate_hz, pcm));
  whole.chain.stages = every_stage(rate_hz);
  whole.outputs = outputs("whole.wav", other_rate_hz);
  TrackJob cut = whole;
  for (int i = 0; i < 4; ++i) {
    const std::string name = std::to_string(i) + ".wav";
    const auto input = write(name, rate_hz, {pcm.begin() + cuts[i] * 6, pcm.begin() + cuts[i + 1] * 6});
    if (i == 0) {
      cut.input = input;
      cut.outputs = outputs(name, other_rate_hz);
    } else {
      cut.joined.push_back({input, outputs(name, other_rate_hz), nullptr});
    }
  }
  const MasteredTrack uncut = master(whole);
  ASSERT_FALSE(uncut.report.reason.size() > 0) << uncut.report.reason;
  for (const std::string& spool : {std::string(), folder_.path().string()}) {
    cut.spool_dir = spool;
    const MasteredTrack first = master(cut);
    ASSERT_EQ(first.joined.size(), 3u);
    for (std::size_t output = 0; output < 2; ++output) {
      Bytes joined = pcm_in(first, output);
      std::int64_t at = first.report.outputs[output].frames;
      for (std::size_t i = 0; i < 3; ++i) {
        const Bytes more = pcm_in(first.joined[i], output);
        joined.insert(joined.end(), more.begin(), more.end());
        const double ratio = output == 0 ? 1.0 : static_cast<double>(other_rate_hz) / rate_hz;
        EXPECT_EQ(at, std::llround(static_cast<double>(cuts[i + 1]) * ratio));
        at += first.joined[i].report.outputs[output].frames;
      }
      EXPECT_TRUE(joined == pcm_in(uncut, output)) << "output " << output;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Rates, JoinedProgrammes, ::testing::Values(44100, 96000), ::testing::PrintToStringParamName());

TEST_F(Programmes, AJoinedTracksReportIsOfItsOwnFileAndSaysWhoseTheTargetIs) {
  const int rate_hz = 44100;
  const Bytes loud = pcm_of(1, rate_hz, 5 * rate_hz), quiet = pcm_of(2, rate_hz, 4 * rate_hz, 0.1);
  TrackJob both = job(write("a.wav", rate_hz, loud));
  both.outputs = outputs("a.wav", rate_hz);
  both.joined.push_back({write("b.wav", rate_hz, quiet), outputs("b.wav", rate_hz), nullptr});
  const MasteredTrack a = master(both);
  const MasteredTrack& b = a.joined.front();
  TrackJob alone = job(folder_ / "b.wav");
  alone.outputs = outputs("alone.wav", rate_hz);
  const MasteredTrack expected = master(alone);
  EXPECT_EQ(b.report.payload_hash, expected.report.payload_hash);
  EXPECT_EQ(b.report.frames, expected.report.frames);
  EXPECT_EQ(b.report.before.figures.integrated_lufs, expected.report.before.figures.integrated_lufs);
  EXPECT_EQ(b.report.outputs[0].path, folder_ / "hd-b.wav");
  EXPECT_LT(b.report.outputs[0].after.figures.integrated_lufs, -20);
  EXPECT_NE(b.report.reason.find("target of -16.0 LUFS is that of the tracks that run into each other"),
            std::string::npos)
      << b.report.reason;
}

TEST_F(Programmes, FilesOfDifferentRatesCannotBeJoined) {
  TrackJob both = job(write("a.wav", 44100, pcm_of(1, 44100, 44100)));
  both.outputs = outputs("a.wav", 44100);
  both.joined.push_back({write("b.wav", 48000, pcm_of(2, 48000, 48000)), outputs("b.wav", 44100), nullptr});
  EXPECT_THROW(master(both), std::invalid_argument);
}

// Three programmes, 14 LU between the loudest and the quietest; the second at another rate.
class SharedGain : public Programmes {
 protected:
  AlbumJob album(LoudnessScope scope, double target_lufs) {
    AlbumJob album;
    const double levels[] = {0.5, 0.2, 0.1};
    const int rates[] = {44100, 96000, 44100};
    for (int i = 0; i < 3; ++i) {
      const std::string name = std::to_string(i) + ".wav";
      TrackJob track =
          job(write(name, rates[i], pcm_of(10u + static_cast<unsigned>(i), rates[i], 8 * rates[i], levels[i])));
      track.chain.goal.target_lufs = target_lufs;
      track.chain.goal.scope = scope;
      track.outputs = {{"", folder_ / ("out-" + name), Container::wav, Encoding::pcm24, Dither::tpdf}};
      album.programmes.push_back(std::move(track));
    }
    return album;
  }
  static double before(const MasteredTrack& t) { return t.report.before.figures.integrated_lufs; }
  static double after(const MasteredTrack& t) { return t.report.outputs.front().after.figures.integrated_lufs; }
};

TEST_F(SharedGain, KeepsTheLadderOfTheAlbumAndReachesItsTarget) {
  const MasteredAlbum done = master(album(LoudnessScope::album, -30));
  ASSERT_EQ(done.loudness.size(), 1u);
  EXPECT_NEAR(done.loudness.front().after.figures.integrated_lufs, -30, 0.02);
  EXPECT_EQ(done.loudness.front().reason, "");
  for (const MasteredTrack& track : done.programmes)
    EXPECT_NEAR(after(track) - before(track), done.loudness.front().gain_db, 0.02) << "nothing was limited";
}

TEST_F(SharedGain, ByTheLoudestTrackBringsThatOneToTheTargetThroughTheLimiter) {
  const MasteredAlbum done = master(album(LoudnessScope::loudest_track, -13));
  double loudest = -100;
  for (const MasteredTrack& track : done.programmes) loudest = std::max(loudest, after(track));
  EXPECT_NEAR(loudest, -13, 0.05);
  EXPECT_NEAR(done.loudness.front().after.figures.integrated_lufs, loudest, 1e-9);
  EXPECT_LE(done.loudness.front().after.figures.true_peak_dbtp, -1.0);
  EXPECT_NE(done.programmes[2].report.reason.find("the album's loudest track"), std::string::npos);
}

TEST_F(SharedGain, StopsWhereOneOfThemWouldBeLimitedTooMuchAndSaysSoForAll) {
  AlbumJob hot = album(LoudnessScope::album, -9);
  for (TrackJob& track : hot.programmes) track.chain.goal.limit->max_gain_reduction_db = 2;
  const MasteredAlbum done = master(hot);
  EXPECT_LT(done.loudness.front().after.figures.integrated_lufs, -9.5);
  EXPECT_NE(done.loudness.front().reason.find("max_gain_reduction_db of 2.0 dB"), std::string::npos);
  for (const MasteredTrack& track : done.programmes)
    EXPECT_NE(track.report.reason.find("max_gain_reduction_db"), std::string::npos);
}

TEST_F(SharedGain, SidesHaveGainsOfTheirOwn) {
  AlbumJob sides = album(LoudnessScope::side, -28);
  sides.programmes[0].side = "A";
  sides.programmes[1].side = sides.programmes[2].side = "B";
  const MasteredAlbum done = master(sides);
  ASSERT_EQ(done.loudness.size(), 2u);
  for (const AlbumLoudness& side : done.loudness) EXPECT_NEAR(side.after.figures.integrated_lufs, -28, 0.02);
  EXPECT_NEAR(after(done.programmes[0]), -28, 0.02);
  EXPECT_NEAR(after(done.programmes[1]) - after(done.programmes[2]),
              before(done.programmes[1]) - before(done.programmes[2]), 0.02);
}

}  // namespace
}  // namespace lathe::test
