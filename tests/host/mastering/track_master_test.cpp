// One track through TrackMaster, file in and file out, on every backend that masters: each does what it was asked to do
// where it was asked, and both make the same master.
#include "host/mastering/track_master.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "tests/host/audio_file/scratch.h"
#include "tests/support/comparison.h"
#include "tests/support/gpu.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

// A made-up track, and its masters in float: no dither between what was computed and what is compared.
class TrackMasterOn : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == Backend::cuda) LATHE_NEEDS_GPU();
    Random random = seeded(701);
    format_.encoding = Encoding::float32;
    format_.frames = 150'000;
    const FloatTrack music({programme(random, format_.sample_rate_hz, format_.frames),
                            programme(random, format_.sample_rate_hz, format_.frames)});
    testing::Bytes pcm;
    for (std::size_t n = 0; n < static_cast<std::size_t>(format_.frames); ++n) {
      for (int c = 0; c < 2; ++c) {
        std::byte sample[4];
        std::memcpy(sample, &music.channel(c)[n], 4);
        pcm.insert(pcm.end(), sample, sample + 4);
      }
    }
    testing::write_audio(folder_ / "in.wav", format_, pcm);
  }

  MasteredTrack master(Backend backend, const std::string& name) {
    EqBand rumble{BandType::high_pass, 24, 0, 0.7, 24}, bell{BandType::bell, 320, -1.2, 0.9};
    bell.channel = BandChannel::mid;
    TrackJob job;
    job.input = folder_ / "in.wav";
    job.out_dir = folder_.path();
    job.chain.stages = {EqStage{{rumble, bell}}, GainStage{-1}};
    job.chain.goal.target_lufs = -16;
    job.chain.goal.limit = LimitGoal{};
    job.outputs = {{"", folder_ / name, Container::wav, Encoding::float32, Dither::none}};
    job.backend = backend;
    return TrackMaster(designs_).master(job, nullptr, std::atomic<bool>(false));
  }

  static std::vector<float> samples_of(const MasteredTrack& track) {
    AudioReader reader(track.files.front().path());
    const testing::Bytes pcm = testing::read_audio(reader);
    std::vector<float> samples(pcm.size() / 4);
    std::memcpy(samples.data(), pcm.data(), pcm.size());
    return samples;
  }

 private:
  testing::ScratchFolder folder_;
  AudioFormat format_;
  EqDesigns designs_;
};

TEST_P(TrackMasterOn, MastersAsTheCpuDoesAndReportsWhereEachStageWasComputed) {
  const std::string name = GetParam() == Backend::cuda ? "cuda" : "cpu";
  const std::int64_t launches_before = cuda::kernel_launches();
  const MasteredTrack got = master(GetParam(), "got.wav");
  EXPECT_EQ(cuda::kernel_launches() > launches_before, GetParam() == Backend::cuda);

  ASSERT_EQ(got.report.stages.size(), 4u);
  const std::string stages[] = {"eq", "gain", "loudness", "limit"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(got.report.stages[i].name, stages[i]);
    EXPECT_EQ(got.report.stages[i].backend, i < 2 ? name : "cpu") << stages[i];
  }
  ASSERT_TRUE(got.report.outputs.front().after.is_measurable);
  EXPECT_NEAR(got.report.outputs.front().after.figures.integrated_lufs, -16, 0.05);

  const MasteredTrack want = master(Backend::cpu, "want.wav");
  const LoudnessFigures got_before = got.report.before.figures, want_before = want.report.before.figures;
  EXPECT_NEAR(got_before.integrated_lufs, want_before.integrated_lufs, 1e-4);
  EXPECT_NEAR(got_before.true_peak_dbtp, want_before.true_peak_dbtp, 1e-4);
  EXPECT_EQ(got_before.sample_peak_dbfs, want_before.sample_peak_dbfs);
  EXPECT_NEAR(got.report.outputs.front().after.figures.integrated_lufs,
              want.report.outputs.front().after.figures.integrated_lufs, 1e-3);
  EXPECT_EQ(got.report.payload_hash, want.report.payload_hash);
  const std::vector<float> got_samples = samples_of(got), want_samples = samples_of(want);
  EXPECT_EQ(want_samples.size(), 300'000u);
  // The gain follows the loudness, which may differ by 1e-4 LU: 1e-5 of the samples.
  EXPECT_LT(residual_db(got_samples, want_samples), -95);
}

INSTANTIATE_TEST_SUITE_P(Backends, TrackMasterOn, ::testing::Values(Backend::cpu, Backend::cuda),
                         [](const auto& backend) {
                           return std::string(backend.param == Backend::cuda ? "cuda" : "cpu");
                         });

}  // namespace
}  // namespace lathe::test
