// What --dry-run foresees, held against what the run then does.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <string>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

class MasterDryRun : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random = seeded(71);
    write_sound(work_.in() / "soft.wav", wandering(random, 44100, 2, 4, 0.1), kWav24);
    write_sound(work_.in() / "hard.wav", strokes(random, 44100, 2, 4, -40), kWav24);
  }

  Workspace work_;
};

// Everything but the estimate of time, which no two runs share.
nlohmann::json without_times(nlohmann::json doc) {
  doc.at("summary").erase("estimated_s");
  doc.at("summary").erase("jobs");
  for (auto& track : doc.at("tracks")) track.erase("estimated_s");
  return doc;
}

TEST_F(MasterDryRun, ForeseesWhatTheRunReaches) {
  const nlohmann::json plan = work_.master({"--dry-run", "--json"}).json();
  const ProgramResult run = work_.master({"--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(plan.at("schema"), "lathe.plan.v1");
  EXPECT_GT(plan.at("summary").at("estimated_s").get<double>(), 0);
  for (const char* name : {"soft.wav", "hard.wav"}) {
    SCOPED_TRACE(name);
    const nlohmann::json planned = track_named(plan, name), made = track_named(run.json(), name);
    EXPECT_EQ(planned.at("state"), "PLANNED");
    EXPECT_EQ(planned.at("before"), made.at("before"));
    EXPECT_EQ(planned.at("asked"), made.at("asked"));
    EXPECT_EQ(planned.at("outputs")[0].at("path"), made.at("outputs")[0].at("path"));
    EXPECT_FALSE(planned.at("outputs")[0].at("exists").get<bool>());
    // The header and tags come on top of the samples.
    EXPECT_NEAR(planned.at("outputs")[0].at("bytes_at_most").get<double>(),
                made.at("outputs")[0].at("bytes").get<double>(), 4096);
    // The model's error; the finished file corrects it in the run.
    EXPECT_NEAR(planned.at("expected").at("integrated_lufs").get<double>(),
                made.at("reached").at("integrated_lufs").get<double>(), 0.1);
    const double reached_dbtp = made.at("reached").at("true_peak_dbtp").get<double>();
    if (planned.at("expected").at("true_peak_dbtp").is_null()) {  // the limiter looked at no peak
      EXPECT_LT(reached_dbtp, planned.at("asked").at("true_peak_dbtp").get<double>());
    } else {
      EXPECT_NEAR(planned.at("expected").at("true_peak_dbtp").get<double>(), reached_dbtp, 0.1);
    }
    EXPECT_EQ(planned.at("reason").get<std::string>().empty(), made.at("reason").get<std::string>().empty());
  }
  EXPECT_NE(track_named(plan, "hard.wav").at("reason"), "") << "strokes are out of reach within 6 dB of limiting";
  EXPECT_TRUE(track_named(plan, "hard.wav").at("expected").at("true_peak_dbtp").is_number());
  EXPECT_GT(track_named(plan, "hard.wav").at("expected").at("max_gain_reduction_db").get<double>(), 5);
  EXPECT_TRUE(work_.master({"--dry-run", "--json"}).json().at("tracks")[0].at("outputs")[0].at("exists").get<bool>());
}

TEST_F(MasterDryRun, IsTheSameForAnyNumberOfJobsAndHoweverLittleMemory) {
  const nlohmann::json one = work_.master({"--dry-run", "--json", "--jobs", "1"}).json();
  const nlohmann::json two = work_.master({"--dry-run", "--json", "--jobs", "2", "--memory", "64MiB"}).json();
  EXPECT_EQ(without_times(one), without_times(two));
}

TEST_F(MasterDryRun, SaysWhatWouldFail) {
  const ProgramResult run = work_.master({"--dry-run", "--json", "--set", "loudness.on_conflict=fail"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_EQ(track_named(run.json(), "hard.wav").at("state"), "FAILED");
  EXPECT_EQ(track_named(run.json(), "hard.wav").at("reason_code"), "TARGET_OUT_OF_REACH");
  EXPECT_EQ(track_named(run.json(), "soft.wav").at("state"), "PLANNED");
  EXPECT_EQ(run.json().at("summary").at("failed"), 1);
}

TEST_F(MasterDryRun, GivesEachOutputItsOwnGain) {
  const ProgramResult run = work_.master(
      {"--dry-run", "--json", "--recipe",
       work_.recipe("recipe: v1\nchain:\n  - limit: {}\nloudness: {target_lufs: -18}\noutputs:\n  - {id: a}\n"
                    "  - {id: b, bits: 16, skip: [limit], loudness: {target_lufs: -24}}\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json outputs = track_named(run.json(), "soft.wav").at("outputs");
  ASSERT_EQ(outputs.size(), 2u);
  // 6 dB apart, as far as nothing is limited and each gain settles within 0.05 LU.
  EXPECT_NEAR(
      outputs[0].at("expected").at("gain_db").get<double>() - outputs[1].at("expected").at("gain_db").get<double>(), 6,
      0.1);
  EXPECT_EQ(outputs[1].at("bits"), 16);
}

TEST_F(MasterDryRun, QuickReadsNoSample) {
  const ProgramResult run = work_.master({"--dry-run=quick", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "soft.wav");
  EXPECT_EQ(track.at("before").at("state"), "UNMEASURABLE");
  EXPECT_TRUE(track.at("expected").is_null());
  EXPECT_EQ(track.at("outputs")[0].at("bytes_at_most"), 4 * 44100 * 2 * 3);
  EXPECT_EQ(work_.master({"--dry-run=slow"}).exit_code, 2);
}

TEST_F(MasterDryRun, ShowsATable) {
  const ProgramResult run = work_.master({"--dry-run"});
  EXPECT_EQ(run.exit_code, 0);
  for (const char* words : {"then LUFS", "soft.wav", "short  hard.wav: target -14.0 LUFS", "nothing was written"})
    EXPECT_NE(run.out.find(words), std::string::npos) << words << " is missing in\n" << run.out;
}

}  // namespace
}  // namespace lathe::test
