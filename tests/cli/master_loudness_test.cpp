// Issue's point 2: the masters of a folder of unlike tracks are as loud as asked, and the report tells the truth.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

constexpr double kTarget = -14, kCeiling = -1;
constexpr double kReachedLu = 0.05;   // how near the target a master is
constexpr double kTrueLu = 0.02;      // how true `reached` is by libebur128
constexpr double kPeakDb = 0.02;      // what another oversampler may read above the ceiling
constexpr double kTrimDb = 0.25;     // reduction beyond the recipe's limit that single groups get after the 16x check
constexpr double kReportedDb = 0.06;  // our 16x filter under-reads at most 0.042 dB, soxr's passband ripples the rest

constexpr Stored kWav16{SF_FORMAT_WAV, SF_FORMAT_PCM_16}, kWav24{SF_FORMAT_WAV, SF_FORMAT_PCM_24};
constexpr Stored kWav32{SF_FORMAT_WAV, SF_FORMAT_PCM_32}, kWavFloat{SF_FORMAT_WAV, SF_FORMAT_FLOAT};
constexpr Stored kFlac16{SF_FORMAT_FLAC, SF_FORMAT_PCM_16}, kFlac24{SF_FORMAT_FLAC, SF_FORMAT_PCM_24};

// All that holds for every track that was mastered by `streaming`.
void expect_true_master(const fs::path& input, const nlohmann::json& track) {
  SCOPED_TRACE(input.filename().string());
  ASSERT_EQ(track.at("state"), "DONE") << track.dump(1);
  ASSERT_EQ(track.at("outputs").size(), 1u);
  const auto& written = track.at("outputs").at(0);
  const fs::path output = written.at("path").get<std::string>();
  const Sound before = read_sound(input), after = read_sound(output);
  EXPECT_EQ(after.frames(), before.frames());
  EXPECT_EQ(written.at("frames"), before.frames());
  EXPECT_EQ(after.sample_rate_hz, before.sample_rate_hz);
  EXPECT_EQ(after.channels.size(), before.channels.size());
  EXPECT_EQ(stored_of(output), stored_of(input));
  EXPECT_EQ(tags_of(output), tags_of(input));

  const double lufs = integrated_lufs(after), peak = true_peak_dbtp(after);
  const auto& reached = track.at("reached");
  // One frame is no signal that a resampler can continue.
  if (after.frames() > 100) {
    EXPECT_LE(peak, kCeiling + kPeakDb);
  }
  if (after.frames() > 100 && peak > -60) {
    EXPECT_NEAR(reached.at("true_peak_dbtp").get<double>(), peak, kReportedDb);
  }
  EXPECT_EQ(track.at("asked").at("integrated_lufs"), kTarget);
  if (!std::isfinite(lufs)) {
    EXPECT_TRUE(reached.at("integrated_lufs").is_null());
    EXPECT_NE(track.at("reason"), "");
    return;
  }
  ASSERT_TRUE(reached.at("integrated_lufs").is_number()) << track.dump(1);
  EXPECT_NEAR(reached.at("integrated_lufs").get<double>(), lufs, kTrueLu);
  if (std::abs(lufs - kTarget) > kReachedLu) {
    EXPECT_NE(track.at("reason").get<std::string>().find("limit"), std::string::npos) << track.dump(1);
    EXPECT_LT(lufs, kTarget);
  }
}

void expect_true_batch(const Workspace& work) {
  const Untouched inputs(work.in());
  const ProgramResult run = work.master({"--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json();
  std::size_t tracks = 0;
  for (const auto& [name, bytes] : tree_of(work.in())) {
    ++tracks;
    expect_true_master(work.in() / name, track_named(report, fs::path(name).filename().string()));
  }
  EXPECT_EQ(report.at("tracks").size(), tracks);
  expect_nothing_staged(work.out());
}

double reduction_db(const nlohmann::json& track) {
  for (const auto& stage : track.at("stages")) {
    if (stage.at("name") == "limit") return stage.at("max_gain_reduction_db").get<double>();
  }
  return -1;
}

TEST(MasterLoudness, TracksOfEveryRateAndEncodingReachTheTarget) {
  Random random = seeded(1);
  const Workspace work;
  const SoundTags tags{{SF_STR_TITLE, "Ärger"}, {SF_STR_ARTIST, "Somebody"}, {SF_STR_DATE, "1999"}};
  write_sound(work.in() / "quiet16.wav", wandering(random, 44100, 2, 6, 0.1), kWav16, tags);
  write_sound(work.in() / "loud24.wav", wandering(random, 48000, 2, 6, 0.99), kWav24, tags);
  write_sound(work.in() / "high32.wav", wandering(random, 96000, 2, 4, 0.9), kWav32, tags);
  write_sound(work.in() / "float.wav", wandering(random, 48000, 2, 5, 2.5), kWavFloat, tags);
  write_sound(work.in() / "album/16.flac", wandering(random, 44100, 2, 6, 0.7), kFlac16, tags);
  write_sound(work.in() / "album/24.flac", wandering(random, 96000, 2, 4, 0.3), kFlac24, tags);
  write_sound(work.in() / "mono.wav", wandering(random, 44100, 1, 5, 0.5), kWav16, tags);
  write_sound(work.in() / "surround.wav", wandering(random, 48000, 6, 4, 0.4), kWav24, tags);
  expect_true_batch(work);
}

TEST(MasterLoudness, SilenceAndTracksTooShortToMeasureAreDoneWithAReason) {
  Random random = seeded(2);
  const Workspace work;
  write_sound(work.in() / "silence.wav", silence(44100, 2, 3), kWav16);
  write_sound(work.in() / "silence.flac", silence(48000, 1, 1), kFlac24);
  write_sound(work.in() / "short.wav", wandering(random, 44100, 2, 0.3, 0.9), kWav24);
  write_sound(work.in() / "one_frame.wav", {44100, {{0.99}, {-0.99}}}, kWav24);
  write_sound(work.in() / "just_measurable.wav", wandering(random, 44100, 2, 0.45, 0.4), kWav24);
  expect_true_batch(work);
}

TEST(MasterLoudness, ALimiterThatHasMuchToDoIsEitherOnTargetOrNamed) {
  Random random = seeded(3);
  const Workspace work;
  for (const int bed_db : {-6, -7, -8, -9, -12, -18, -30}) {
    write_sound(work.in() / ("bed" + std::to_string(-bed_db) + ".wav"), strokes(random, 44100, 2, 5, bed_db), kWav24);
  }
  expect_true_batch(work);
  const nlohmann::json report = work.master({"--json"}).json();
  bool hard_and_reached = false, stopped = false;
  for (const auto& track : report.at("tracks")) {
    const double reduction = reduction_db(track);
    EXPECT_LE(reduction, 6 + kTrimDb) << track.dump(1);
    hard_and_reached = hard_and_reached || (track.at("reason") == "" && reduction > 4);
    stopped = stopped || track.at("reason").get<std::string>().find("max_gain_reduction_db") != std::string::npos;
  }
  EXPECT_TRUE(hard_and_reached) << "no track that needed much limiting and got there: the test's signals are too easy\n" << report.dump(1);
  EXPECT_TRUE(stopped) << "no track met the limit on gain reduction: the test's signals are too easy";
}

TEST(MasterLoudness, WithoutALimitOnReductionEveryTrackGetsThere) {
  Random random = seeded(4);
  const Workspace work;
  for (const int bed_db : {-12, -18, -24}) write_sound(work.in() / ("bed" + std::to_string(-bed_db) + ".wav"), strokes(random, 44100, 2, 4, bed_db), kWav24);
  const ProgramResult run = work.master({"--json", "--recipe", work.recipe("recipe: v1\nchain:\n  - limit: {ceiling_dbtp: -1}\nloudness: {target_lufs: -14}\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const auto& track : run.json().at("tracks")) {
    const fs::path output = track.at("outputs").at(0).at("path").get<std::string>();
    EXPECT_NEAR(integrated_lufs(read_sound(output)), kTarget, kReachedLu) << track.dump(1);
    EXPECT_LE(true_peak_dbtp(read_sound(output)), kCeiling + kPeakDb);
  }
}

TEST(MasterLoudnessSlow, LongTracksAreMeasuredAndReachedLikeShortOnes) {
  Random random = seeded(5);
  const Workspace work;
  write_sound(work.in() / "eight_minutes.wav", wandering(random, 44100, 2, 8 * 60, 0.3), kWav16);
  write_sound(work.in() / "five_minutes.flac", strokes(random, 48000, 2, 5 * 60, -14), kFlac24);
  write_sound(work.in() / "four_minutes_high.wav", wandering(random, 192000, 2, 4 * 60, 0.8), kWav24);
  expect_true_batch(work);
}

}  // namespace
}  // namespace lathe::test
