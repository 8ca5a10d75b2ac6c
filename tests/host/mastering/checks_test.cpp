// A recipe's checks of its masters: delivery profiles, CD frames, and lossy codecs by the real encoders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/codec/codec_trial.h"
#include "host/mastering/accepted_formats.h"
#include "host/mastering/cd_frames.h"
#include "host/mastering/ceiling_search.h"
#include "host/mastering/track_master.h"
#include "tests/host/audio_file/scratch.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CdFrames, AreWholeOrLeaveARemainder) {
  const CdFrames whole = cd_frames_of({588 * 75}, 0);
  EXPECT_EQ(whole.frames, 75);
  EXPECT_TRUE(whole.is_aligned());
  EXPECT_FALSE(whole.joint);
  EXPECT_EQ(cd_frames_note(whole), "");
  const CdFrames more = cd_frames_of({588 * 75 + 100}, 0);
  EXPECT_EQ(more.remainder_samples, 100);
  EXPECT_THAT(cd_frames_note(more), HasSubstr("filled up with 488 samples"));
}

TEST(CdFrames, OfAJointSayTheShortestWayToOne) {
  const std::vector<std::int64_t> ends{588 * 10 + 100, 588 * 30 - 100, 588 * 40, 588 * 50 + 1};
  const CdFrames first = cd_frames_of(ends, 0), second = cd_frames_of(ends, 1), third = cd_frames_of(ends, 2);
  EXPECT_EQ(first.joint->shift_samples, -100);
  EXPECT_EQ(second.joint->at_sample, 588 * 30 - 100);
  EXPECT_EQ(second.joint->shift_samples, 100);
  EXPECT_EQ(second.frames, 19);  // its own length is another matter
  EXPECT_EQ(second.remainder_samples, 388);
  EXPECT_EQ(third.joint->remainder_samples, 0);
  EXPECT_EQ(cd_frames_note(third), "");
  EXPECT_FALSE(cd_frames_of(ends, 3).joint);
}

// Codecs whose peaks fall by more or less than the ceiling, or jump about: all are held in a few rounds.
TEST(CeilingSearch, HoldsWhatWasAskedForInAFewRounds) {
  for (const double response : {0.65, 0.8, 1.0}) {
    for (const double over : {0.02, 0.4, 1.5, 3.0}) {
      CeilingSearch search(-1);
      const auto decoded = [&] { return -1 + over + response * (search.ceiling_dbtp() + 1); };
      while (search.may_go_on() && decoded() > -1) search.lower("x", decoded());
      EXPECT_LE(decoded(), -1) << response << " " << over;
      EXPECT_LE(search.rounds(), 3) << response << " " << over;
      EXPECT_GT(decoded(), -1.7) << "far lower than asked for: " << response << " " << over;
    }
  }
}

TEST(CeilingSearch, EndsWhereNothingHelps) {
  CeilingSearch search(-1);
  while (search.may_go_on()) search.lower("x", -0.5);
  EXPECT_EQ(search.rounds(), CeilingSearch::kMostRounds);
}

TEST(AcceptedFormats, RefuseWhatIsNotInTheList) {
  v1::Recipe recipe;
  check_accepted(recipe, "a.caf", Container::caf);  // no list: everything
  recipe.mutable_input()->add_accept(v1::INPUT_FORMAT_WAV);
  recipe.mutable_input()->add_accept(v1::INPUT_FORMAT_FLAC);
  check_accepted(recipe, "a.flac", Container::flac);
  try {
    check_accepted(recipe, "a.aiff", Container::aiff);
    FAIL() << "an AIFF is taken";
  } catch (const AudioFileError& error) {
    EXPECT_EQ(error.fault(), AudioFileError::Fault::unsupported);
    EXPECT_EQ(error.reason(), "is AIFF, and the recipe takes only WAV, FLAC (input.accept)");
  }
}

TEST(OutputChecks, AreThoseForTheOutput) {
  v1::Recipe recipe;
  recipe.add_outputs()->set_id("hd");
  recipe.add_outputs()->set_id("cd");
  v1::Check& all = *recipe.add_checks();
  all.set_profile("ebu-r128");
  all.add_codec_check("aac-256");
  v1::Check& one = *recipe.add_checks();
  one.add_outputs("cd");
  one.add_codec_check("aac-256");
  one.add_codec_check("opus-128");
  one.set_on_overs(v1::ON_CODEC_OVERS_LOWER_CEILING);
  const OutputChecks hd = checks_of(recipe, recipe.outputs(0)), cd = checks_of(recipe, recipe.outputs(1));
  EXPECT_THAT(hd.profiles, ElementsAre("ebu-r128"));
  EXPECT_THAT(hd.lowering(), IsEmpty());
  ASSERT_EQ(cd.codecs.size(), 2u);
  EXPECT_TRUE(cd.codecs[0].lowers_ceiling) << "the second asks for more";
  EXPECT_EQ(cd.lowering().size(), 2u);
}

class CheckedMasters : public ::testing::Test {
 protected:
  // Two seconds of dense noise in stereo, at 44.1 kHz.
  std::filesystem::path hot(const std::string& name, std::uint64_t seed, std::int64_t frames = 100'000) {
    Random random = seeded(seed);
    AudioFormat format;
    format.encoding = Encoding::float32;
    format.frames = frames;
    const FloatTrack music({programme(random, 44100, frames), programme(random, 44100, frames)});
    testing::Bytes pcm(static_cast<std::size_t>(frames) * 8);
    for (std::int64_t n = 0; n < frames; ++n) {
      for (int c = 0; c < 2; ++c)
        std::memcpy(pcm.data() + 8 * static_cast<std::size_t>(n) + 4 * static_cast<std::size_t>(c),
                    &music.channel(c)[n], 4);
    }
    testing::write_audio(folder_ / name, format, pcm);
    return folder_ / name;
  }

  // Under -1 dBTP; its outputs are `ids`, each 24 bits.
  TrackJob job(const std::filesystem::path& input, const std::vector<std::string>& ids, double target_lufs = -10) {
    TrackJob job;
    job.input = input;
    job.out_dir = folder_.path();
    job.chain.goal.target_lufs = target_lufs;
    job.chain.goal.limit = LimitGoal{};
    job.outputs = outputs(input, ids);
    return job;
  }

  std::vector<OutputSpec> outputs(const std::filesystem::path& input, const std::vector<std::string>& ids) {
    std::vector<OutputSpec> all;
    for (const std::string& id : ids)
      all.push_back(
          {id, folder_ / (id + "-" + input.filename().string()), Container::wav, Encoding::pcm24, Dither::tpdf});
    return all;
  }

  static MasteredTrack master(const TrackJob& job) {
    EqDesigns designs;
    return TrackMaster(designs).master(job, nullptr, std::atomic<bool>(false));
  }

  static CodecTrial trial_of(const MasteredTrack& track, std::size_t output, const CodecAtRate& codec) {
    return try_codec(CodecPrograms::of_this_machine(), codec, track.files[output].path(), [] {});
  }

 private:
  testing::ScratchFolder folder_;
};

constexpr CodecAtRate kAac{LossyCodec::aac, 96}, kOpus{LossyCodec::opus, 64}, kMp3{LossyCodec::mp3, 320};

TEST_F(CheckedMasters, CodecsOverTheCeilingAreReported) {
  TrackJob job = this->job(hot("in.wav", 11), {"hd"});
  job.outputs[0].checks.codecs = {{kAac, false}, {kOpus, false}};
  const MasteredTrack track = master(job);
  const OutputReport& output = track.report.outputs[0];
  ASSERT_EQ(output.codec_checks.size(), 2u);
  for (const CodecCheck& check : output.codec_checks) {
    EXPECT_EQ(check.state, CodecState::over) << check.codec << " " << check.reason;
    EXPECT_EQ(check.ceiling_dbtp, -1);
    EXPECT_GT(check.over_db(), 0);
    EXPECT_NEAR(check.integrated_lufs, -10, 0.7) << check.codec;
    EXPECT_THAT(track.report.notes, Contains(HasSubstr(check.codec + " decodes to"))) << check.codec;
  }
  EXPECT_EQ(output.codec_checks[0].codec, "aac-96");
  EXPECT_EQ(output.reason, "");
  EXPECT_FALSE(output.codec_ceiling_dbtp);
  // What was measured is what another round trip of the file gives.
  EXPECT_NEAR(trial_of(track, 0, kAac).figures.true_peak_dbtp, output.codec_checks[0].true_peak_dbtp, 1e-9);
}

TEST_F(CheckedMasters, TheCeilingIsLoweredUntilTheyHoldAndTheLoudnessStays) {
  TrackJob job = this->job(hot("in.wav", 12), {"hd", "plain"}, -14);
  job.outputs[0].checks.codecs = {{kAac, true}, {kOpus, true}, {kMp3, true}};
  const MasteredTrack track = master(job);
  const OutputReport& output = track.report.outputs[0];
  ASSERT_TRUE(output.codec_ceiling_dbtp);
  EXPECT_LT(*output.codec_ceiling_dbtp, -1.05);
  EXPECT_LE(output.codec_rounds, 5);
  EXPECT_LE(output.after.figures.true_peak_dbtp, *output.codec_ceiling_dbtp);
  EXPECT_NEAR(output.after.figures.integrated_lufs, -14, 0.05);
  EXPECT_EQ(output.asked_dbtp, -1) << "what was asked for stays what was asked for";
  for (const CodecCheck& check : output.codec_checks) {
    EXPECT_EQ(check.state, CodecState::holds) << check.codec << " " << check.true_peak_dbtp;
    EXPECT_LE(check.true_peak_dbtp, -1);
  }
  for (const CodecAtRate& codec : {kAac, kOpus, kMp3})
    EXPECT_LE(trial_of(track, 0, codec).figures.true_peak_dbtp, -1) << codec_text(codec);
  // The output without a check keeps its ceiling.
  const OutputReport& plain = track.report.outputs[1];
  EXPECT_FALSE(plain.codec_ceiling_dbtp);
  EXPECT_NEAR(plain.after.figures.true_peak_dbtp, -1, 0.1);
  EXPECT_GT(plain.after.figures.true_peak_dbtp, output.after.figures.true_peak_dbtp);
  EXPECT_EQ(track.report.reason, "");
}

TEST_F(CheckedMasters, WhereTheLimiterMayDoNoMoreTheLoudnessGivesWay) {
  TrackJob job = this->job(hot("in.wav", 13), {"hd"});
  job.chain.goal.limit->max_gain_reduction_db = 3;
  const double without = master(job).report.outputs[0].after.figures.integrated_lufs;
  job.outputs[0].checks.codecs = {{kOpus, true}};
  const MasteredTrack track = master(job);
  const OutputReport& output = track.report.outputs[0];
  EXPECT_EQ(output.codec_checks[0].state, CodecState::holds);
  EXPECT_LT(output.after.figures.integrated_lufs, without - 0.1);
  EXPECT_THAT(output.reason, HasSubstr("max_gain_reduction_db"));
}

TEST_F(CheckedMasters, TracksThatRunIntoEachOtherShareACeiling) {
  const auto first = hot("a.wav", 14), second = hot("b.wav", 15);
  TrackJob job = this->job(first, {"hd"});
  job.joined.push_back({second, outputs(second, {"hd"}), nullptr});
  job.outputs[0].checks.codecs = {{kOpus, true}};
  const MasteredTrack track = master(job);
  ASSERT_EQ(track.joined.size(), 1u);
  ASSERT_TRUE(track.report.outputs[0].codec_ceiling_dbtp);
  EXPECT_EQ(track.report.outputs[0].codec_ceiling_dbtp, track.joined[0].report.outputs[0].codec_ceiling_dbtp);
  EXPECT_LE(trial_of(track, 0, kOpus).figures.true_peak_dbtp, -1);
  EXPECT_LE(trial_of(track.joined[0], 0, kOpus).figures.true_peak_dbtp, -1);
}

TEST_F(CheckedMasters, AnAlbumsTracksKeepTheirSharedGain) {
  AlbumJob album;
  for (const auto& [name, seed] : {std::pair("a.wav", 16), std::pair("b.wav", 17)}) {
    TrackJob job = this->job(hot(name, static_cast<std::uint64_t>(seed)), {"hd"}, -14);
    job.chain.goal.scope = LoudnessScope::album;
    job.outputs[0].checks.codecs = {{kOpus, true}};
    album.programmes.push_back(std::move(job));
  }
  EqDesigns designs;
  const MasteredAlbum done = TrackMaster(designs).master(album, nullptr, std::atomic<bool>(false));
  EXPECT_NEAR(done.loudness[0].after.figures.integrated_lufs, -14, 0.05);
  std::vector<double> gains_db;
  for (const MasteredTrack& track : done.programmes) {
    EXPECT_EQ(track.report.outputs[0].codec_checks[0].state, CodecState::holds);
    EXPECT_LE(trial_of(track, 0, kOpus).figures.true_peak_dbtp, -1);
    for (const StageReport& stage : track.report.stages)
      if (stage.name == "loudness") gains_db.push_back(stage.figures[0].second);
  }
  ASSERT_EQ(gains_db.size(), 2u);
  EXPECT_EQ(gains_db[0], gains_db[1]);
}

TEST_F(CheckedMasters, ProfilesJudgeWhatWasWritten) {
  TrackJob job = this->job(hot("in.wav", 18), {"hd"});
  job.outputs[0].checks.profiles = {"ebu-r128", "apple-digital-masters"};
  const MasteredTrack loud = master(job);
  ASSERT_EQ(loud.report.outputs[0].checks.size(), 2u);
  EXPECT_EQ(loud.report.outputs[0].checks[0].verdict, "FAIL");
  EXPECT_THAT(loud.report.outputs[0].checks[0].reasons, Contains(HasSubstr("integrated -10.0 LUFS")));
  EXPECT_THAT(loud.report.notes, Contains(HasSubstr("output hd: fails ebu-r128: ")));
  job.chain.goal.target_lufs = -23;
  const MasteredTrack quiet = master(job);
  EXPECT_EQ(quiet.report.outputs[0].checks[0].verdict, "PASS");
}

TEST_F(CheckedMasters, CdFramesAreToldAndJointsWithThem) {
  const auto first = hot("a.wav", 19, 588 * 100 + 10), second = hot("b.wav", 20, 588 * 100 - 10);
  TrackJob job = this->job(first, {"cd"});
  job.joined.push_back({second, outputs(second, {"cd"}), nullptr});
  job.outputs[0].checks.cd_frames = true;
  const MasteredTrack track = master(job);
  const OutputReport &a = track.report.outputs[0], &b = track.joined[0].report.outputs[0];
  ASSERT_TRUE(a.cd_frames && b.cd_frames);
  EXPECT_EQ(a.cd_frames->frames, 100);
  EXPECT_EQ(a.cd_frames->joint->shift_samples, -10);
  EXPECT_FALSE(b.cd_frames->joint);
  EXPECT_EQ(b.cd_frames->remainder_samples, 578);
  EXPECT_THAT(track.report.notes, Contains(HasSubstr("10 samples earlier")));
}

}  // namespace
}  // namespace lathe::test
