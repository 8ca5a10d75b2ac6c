// Previews: what they hold, and what they leave alone: gains, figures and tags of the whole track.
#include "host/mastering/preview.h"

#include <gmock/gmock.h>
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
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr int kSongRate = 44100;

// Stereo of 16 bits; both channels alike.
Bytes pcm16_of(const Signal& mono) {
  Bytes pcm;
  for (const double x : mono) {
    const auto step = static_cast<std::int16_t>(std::lround(x * 32767));
    for (int c = 0; c < 2; ++c) {
      for (int shift = 0; shift < 16; shift += 8) pcm.push_back(static_cast<std::byte>((step >> shift) & 0xff));
    }
  }
  return pcm;
}

std::vector<int> left_of(const Bytes& pcm) {
  std::vector<int> left;
  for (std::size_t at = 0; at + 4 <= pcm.size(); at += 4) {
    std::int16_t step = 0;
    std::memcpy(&step, pcm.data() + at, 2);
    left.push_back(step);
  }
  return left;
}

class Previews : public ::testing::Test {
 protected:
  // `frames` of a programme whose third quarter is 14 dB louder than the rest.
  Signal uneven(std::uint64_t seed, std::int64_t frames) {
    Random random = seeded(seed);
    Signal signal = programme(random, kSongRate, frames);
    for (std::int64_t n = 0; n < frames; ++n)
      signal[static_cast<std::size_t>(n)] *= n >= frames / 2 && n < frames * 3 / 4 ? 0.5 : 0.1;
    return signal;
  }

  std::filesystem::path write(const std::string& name, const Signal& mono, const Tags& tags = {},
                              const Metadata& metadata = {}) {
    AudioFormat format;
    format.container = name.ends_with(".flac") ? Container::flac : Container::wav;
    format.encoding = Encoding::pcm16;
    format.sample_rate_hz = kSongRate;
    format.frames = std::ssize(mono);
    testing::write_audio(folder_ / name, format, pcm16_of(mono), tags, metadata);
    return folder_ / name;
  }

  OutputSpec output(const std::string& id, const std::filesystem::path& input, double preview_s = 0) {
    OutputSpec spec{id, folder_ / (id + "-" + input.filename().string()), Container::wav, Encoding::pcm16,
                    Dither::tpdf};
    if (input.extension() == ".flac") spec.container = Container::flac;
    spec.preview_s = preview_s;
    return spec;
  }

  TrackJob job(const std::filesystem::path& input, std::vector<OutputSpec> outputs) {
    TrackJob job;
    job.input = input;
    job.out_dir = folder_.path();
    job.outputs = std::move(outputs);
    return job;
  }

  static GainGoal goal(double target_lufs, LoudnessScope scope = LoudnessScope::track) {
    GainGoal goal;
    goal.target_lufs = target_lufs;
    goal.scope = scope;
    goal.limit = LimitGoal{};
    return goal;
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

double lufs(const OutputReport& output) { return output.after.figures.integrated_lufs; }

double gain_db_of(const MasteredTrack& track, const std::string& output) {
  for (const StageReport& stage : track.report.stages) {
    const bool is_its = stage.outputs.empty() || stage.outputs.front() == output;
    if (stage.name == "loudness" && is_its) return stage.figures.at(0).second;
  }
  return std::nan("");
}

TEST_F(Previews, AreTheLoudestPassageAtTheGainOfTheTrack) {
  const auto in = write("a.wav", uneven(1, 12 * kSongRate));
  TrackJob both = job(in, {output("preview", in, 3), output("hd", in)});
  both.chain.goal = goal(-20);
  const MasteredTrack done = master(both);
  const OutputReport &preview = done.report.outputs[0], &hd = done.report.outputs[1];
  EXPECT_NEAR(lufs(hd), -20, 0.05) << "the track is what the gain was found for";
  EXPECT_GT(lufs(preview), -18);
  EXPECT_EQ(preview.frames, 3 * kSongRate);
  EXPECT_NEAR(preview.preview_at_s.value(), 6, 0.1);
  EXPECT_FALSE(preview.asked_lufs) << "nobody asked that the passage have this loudness";
  EXPECT_EQ(done.report.reason, "");
}

// The passage is louder than its track: to bring it to the target would be another gain.
TEST_F(Previews, WithALoudnessOfTheirOwnStillHaveAGainOfTheWholeTrack) {
  const auto in = write("a.wav", uneven(2, 12 * kSongRate));
  TrackJob both = job(in, {output("preview", in, 3), output("hd", in)});
  both.chain.goal = goal(-20);
  both.outputs[0].goal = goal(-24);
  const MasteredTrack done = master(both);
  EXPECT_NEAR(gain_db_of(done, "hd") - gain_db_of(done, "preview"), 4, 0.05);
  EXPECT_NEAR(lufs(done.report.outputs[1]), -20, 0.05);
}

TEST_F(Previews, AnAlbumsGainIsOfItsTracksAndNotOfTheirLoudestPassages) {
  AlbumJob album;
  for (const auto& [name, seed] : {std::pair("a.wav", 3), std::pair("b.wav", 4)}) {
    const auto in = write(name, uneven(static_cast<std::uint64_t>(seed), 12 * kSongRate));
    TrackJob track = job(in, {output("hd", in), output("preview", in, 3)});
    track.chain.goal = goal(-20, LoudnessScope::album);
    track.outputs[1].goal = goal(-24, LoudnessScope::album);
    album.programmes.push_back(std::move(track));
  }
  const MasteredAlbum done = master(album);
  ASSERT_EQ(done.loudness.size(), 2u);
  const AlbumLoudness &hd = done.loudness[0], &preview = done.loudness[1];
  EXPECT_NEAR(hd.after.figures.integrated_lufs, -20, 0.05);
  EXPECT_THAT(preview.outputs, ElementsAre("preview"));
  EXPECT_NEAR(hd.gain_db - preview.gain_db, 4, 0.05);
  EXPECT_FALSE(preview.after.is_measurable) << "a passage of each is no album";
  EXPECT_THAT(preview.reason, HasSubstr("previews alone"));
  EXPECT_THAT(preview.reason, ::testing::Not(HasSubstr("the gain is 0 dB")));
  for (const MasteredTrack& track : done.programmes) {
    EXPECT_NEAR(gain_db_of(track, "preview"), preview.gain_db, 1e-6);
    EXPECT_NEAR(track.report.asked_lufs.value(), -20, 1e-9);
  }
}

TEST_F(Previews, AreNotWhatATrackIsReportedBy) {
  const auto in = write("a.wav", uneven(5, 12 * kSongRate));
  TrackJob both = job(in, {output("preview", in, 3), output("hd", in), output("quiet", in)});
  both.chain.goal = goal(-20);
  both.outputs[0].goal = goal(-24);
  both.outputs[2].goal = goal(-24);  // shares a gain with the preview
  const MasteredTrack done = master(both);
  ASSERT_NE(leading_output(done.report), nullptr);
  EXPECT_EQ(leading_output(done.report)->id, "hd");
  EXPECT_EQ(done.report.asked_lufs, -20) << "as it is asked of the output whose figures are the track's";
  const PlannedTrack planned = TrackMaster(designs_).plan(both, nullptr, std::atomic<bool>(false));
  EXPECT_EQ(leading_output(planned.report)->id, "hd");
  EXPECT_EQ(planned.report.asked_lufs, -20);
}

TEST_F(Previews, WhatAStageTookOutIsNoMasterEither) {
  const auto in = write("a.wav", uneven(6, 6 * kSongRate));
  TrackJob both = job(in, {output("preview", in, 3), output("removed", in)});
  DeclickSettings declick;
  both.chain.stages = {RestorationStage{declick, true, {}}};
  both.outputs[1].removed_by = 0;
  const MasteredTrack done = master(both);
  ASSERT_EQ(done.report.outputs.size(), 2u);
  EXPECT_EQ(leading_output(done.report)->id, "preview");
  EXPECT_EQ(leading_output(TrackReport()), nullptr);
}

// A level of a thousand steps, softened over half a second: without dither it would only fall.
TEST_F(Previews, TheirSoftEndsAreDitheredAndTheRestIsAsItWas) {
  Signal level(static_cast<std::size_t>(6 * kSongRate), 1000.0 / 32767);
  const auto in = write("level.wav", level);
  const MasteredTrack done = master(job(in, {output("preview", in, 3)}));
  AudioReader reader(done.files[0].path());
  const std::vector<int> left = left_of(testing::read_audio(reader));
  ASSERT_EQ(left.size(), static_cast<std::size_t>(3 * kSongRate));
  for (std::size_t n = kSongRate; n < 2 * kSongRate; ++n) ASSERT_EQ(left[n], 1000) << n;
  int rises = 0;
  for (std::size_t n = left.size() - kSongRate / 2 + 100; n + 100 < left.size(); ++n) rises += left[n] > left[n - 1];
  EXPECT_GT(rises, 1000);
  EXPECT_NEAR(left.back(), 0, 3);
}

TEST_F(Previews, ArePlacedInCdFramesByThemselves) {
  const auto in = write("a.wav", uneven(7, 588 * 500 + 77)), next = write("b.wav", uneven(8, 588 * 400));
  TrackJob both = job(in, {output("preview", in, 2), output("cd", in)});
  both.joined.push_back({next, {output("preview", next, 2), output("cd", next)}, nullptr});
  for (OutputSpec& output : both.outputs) output.checks.cd_frames = true;
  const MasteredTrack done = master(both);
  ASSERT_EQ(done.joined.size(), 1u);
  for (const MasteredTrack* track : {&done, &done.joined[0]}) {
    const CdFrames preview = track->report.outputs[0].cd_frames.value();
    EXPECT_EQ(preview.frames, 150);
    EXPECT_EQ(preview.remainder_samples, 0);
    EXPECT_FALSE(preview.joint) << "no preview goes on in the next";
  }
  EXPECT_EQ(done.report.outputs[1].cd_frames.value().frames, 500);
  EXPECT_EQ(done.report.outputs[1].cd_frames.value().joint.value().remainder_samples, 77);
}

TEST_F(Previews, KeepTheTracksNameAndPictureAndNothingThatIsOnlyTrueOfTheWhole) {
  Tags tags;
  tags.fields = {{"TITLE", "Song"},
                 {"REPLAYGAIN_TRACK_GAIN", "-7 dB"},
                 {"CHAPTER001", "00:00:01.000"},
                 {"CHAPTER001NAME", "Verse"},
                 {"CUESHEET", "FILE x"}};
  Metadata metadata = testing::rich_metadata();
  metadata.frames.clear();
  const auto in = write("a.flac", uneven(9, 6 * kSongRate), tags, metadata);
  const MasteredTrack done = master(job(in, {output("whole", in), output("preview", in, 2)}));
  const AudioReader whole(done.files[0].path()), preview(done.files[1].path());
  EXPECT_EQ(whole.tags().fields.size(), 5u);
  EXPECT_THAT(preview.tags().fields, ElementsAre(Pair("TITLE", "Song")));
  EXPECT_EQ(preview.metadata().pictures.size(), 1u);
  EXPECT_TRUE(preview.metadata().chunks.empty());
}

}  // namespace
}  // namespace lathe::test
