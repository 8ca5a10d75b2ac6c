// `lathe submit` against a scheduler in the test's process: what is sent, what is said, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"
#include "tests/scheduler/fake_farm.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FarmClientSubmit : public ::testing::Test {
 protected:
  void SetUp() override {
    spill(work_.in() / "a" / "1.wav", std::string(1000, 'x'));
    spill(work_.in() / "b" / "2.flac", std::string(9000, 'x'));
  }

  ProgramCall call(std::vector<std::string> arguments) const {
    ProgramCall call;
    call.arguments = std::move(arguments);
    call.arguments.insert(call.arguments.end(), {"--scheduler", farm_.address(), "--patience", "5"});
    return call;
  }
  ProgramResult submit(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"submit", work_.in().string(), "--out", work_.out().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(call(arguments));
  }
  FakeJob job(std::int64_t id = 1) {
    return farm_.with([id](std::vector<FakeJob>& jobs) { return jobs.at(static_cast<std::size_t>(id - 1)); });
  }
  std::size_t job_count() {
    return farm_.with([](const std::vector<FakeJob>& jobs) { return jobs.size(); });
  }

  Workspace work_;
  FakeFarm farm_;
};

TEST_F(FarmClientSubmit, TheJobHoldsTheTracksTheirPlacesAndTheWholeRecipe) {
  const ProgramResult run = submit({"--json", "--set", "loudness.target_lufs=-16", "--priority", "7", "--space", "jazz",
                                    "--overwrite", "--pcm-md5", "--no-cache", "--memory", "1GiB"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json doc = run.json();
  EXPECT_EQ(doc.at("schema"), "lathe.submit.v1");
  EXPECT_EQ(doc.at("job_id"), 1);
  EXPECT_EQ(doc.at("state"), "RUNNING");
  EXPECT_EQ(doc.at("tasks"), 2);
  EXPECT_EQ(doc.at("warnings"), nlohmann::json::array());
  const FakeJob made = job();
  EXPECT_EQ(made.job.state(), v1::JOB_STATE_RUNNING);
  const v1::JobSpec& spec = made.job.spec();
  EXPECT_EQ(spec.name(), "in");
  EXPECT_EQ(spec.priority(), 7);
  EXPECT_EQ(spec.space(), "jazz");
  EXPECT_EQ(spec.master().out_dir(), work_.out().string());
  EXPECT_TRUE(spec.master().overwrite() && spec.master().pcm_md5() && spec.master().no_cache());
  EXPECT_THAT(spec.master().recipe(), HasSubstr("\"target_lufs\":-16"));
  ASSERT_EQ(made.tasks.size(), 2u);
  EXPECT_EQ(made.tasks[0].spec().input(), (work_.in() / "a/1.wav").string());
  EXPECT_EQ(made.tasks[0].spec().relative(), "a/1");
  EXPECT_EQ(made.tasks[0].spec().album(), (work_.in() / "a").string());
  EXPECT_EQ(made.tasks[0].spec().memory_bytes(), 1 << 30);
  EXPECT_EQ(made.tasks[1].spec().plan_rank(), 0) << "the longest goes first";
}

TEST_F(FarmClientSubmit, PeopleAreToldTheJobAndHowToWatchIt) {
  farm_.warnings = {"cannot be ready by 06:00"};
  const ProgramResult run = submit();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("job 1: 2 tracks"));
  EXPECT_THAT(run.out, HasSubstr("lathe watch 1 --scheduler " + farm_.address()));
  EXPECT_THAT(run.err, HasSubstr("cannot be ready by 06:00"));
}

TEST_F(FarmClientSubmit, TheEnvironmentNamesTheScheduler) {
  ProgramCall call;
  call.arguments = {"submit", work_.in().string(), "--out", work_.out().string()};
  call.environment["LATHE_SCHEDULER"] = farm_.address();
  const ProgramResult run = run_program(call);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("lathe watch 1\n"));
}

TEST_F(FarmClientSubmit, ARecipeMistakeIsSaidBeforeAnythingIsSent) {
  const ProgramResult run = submit({"--recipe", work_.recipe("recipe: v1\nname: x\nchain: [{bel: {}}]\n")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("recipe.yaml:3"));
  EXPECT_EQ(farm_.calls("CreateJob"), 0);
}

TEST_F(FarmClientSubmit, WhatMakesNoSenseIsRefusedBeforeAnythingIsSent) {
  const std::string in = work_.in().string();
  const std::vector<std::vector<std::string>> wrong{
      {"submit", in},                                                     // no --out
      {"submit", in, "--out", (work_.in() / "masters").string()},         // in an input folder
      {"submit", in, "--out", (work_.in() / "a/1.wav").string()},         // a file
      {"submit", in, "--out", work_.out().string(), "--profile", "x"},    // without --audit
      {"submit", in, "--audit", "--out", work_.out().string()},           // masters of an audit
      {"submit", in, "--audit", "--profile", "no-such-profile"},          //
      {"submit", in, "--out", work_.out().string(), "--finish-by", "x"},  //
      {"submit", in, "--out", work_.out().string(), "--priority", "5000"},
      {"submit", "", "--out", work_.out().string()},
  };
  for (const auto& arguments : wrong) {
    const ProgramResult run = run_program(call(arguments));
    EXPECT_EQ(run.exit_code, 2) << ::testing::PrintToString(arguments) << run.err;
    EXPECT_THAT(run.err, Not(::testing::IsEmpty())) << ::testing::PrintToString(arguments);
  }
  EXPECT_EQ(farm_.calls("CreateJob"), 0);
}

TEST_F(FarmClientSubmit, NothingToReadIsThree) {
  const ProgramResult run = run_program(call({"submit", "/no/such/folder", "--out", work_.out().string()}));
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(farm_.calls("CreateJob"), 0);
}

TEST_F(FarmClientSubmit, NoSchedulerIsThreeAWrongTokenFourAndASlowOneFive) {
  farm_.token = "secret";
  EXPECT_EQ(submit().exit_code, 4);
  ProgramCall with_token = call({"submit", work_.in().string(), "--out", work_.out().string()});
  with_token.environment["LATHE_TOKEN"] = "secret";
  EXPECT_EQ(run_program(with_token).exit_code, 0);
  farm_.token.clear();
  farm_.is_silent = true;
  EXPECT_EQ(submit({"--timeout", "0.2"}).exit_code, 5);
  farm_.is_silent = false;
  farm_.stop();
  ProgramCall gone = call({"submit", work_.in().string(), "--out", work_.out().string()});
  gone.arguments.back() = "0.3";
  const ProgramResult run = run_program(gone);
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr(farm_.address()));
}

TEST_F(FarmClientSubmit, ADryRunMakesNoJob) {
  const ProgramResult run = submit({"--dry-run", "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json doc = run.json();
  EXPECT_EQ(doc.at("dry_run"), true);
  EXPECT_EQ(doc.at("job_id"), nullptr);
  EXPECT_EQ(doc.at("tasks"), 2);
  EXPECT_GT(doc.at("predicted_cost_s"), 0);
  EXPECT_EQ(farm_.calls("CreateJob"), 1);
  EXPECT_EQ(job_count(), 0u);
}

TEST_F(FarmClientSubmit, TheSameRequestIsOneJobAndGoesOnWhereItStopped) {
  farm_.refusals["SealJob"] = {13, "a defect", 1};
  const ProgramResult broken = submit({"--request-id", "night-7"});
  EXPECT_EQ(broken.exit_code, 3);
  EXPECT_THAT(broken.err, HasSubstr("--request-id night-7"));
  const ProgramResult run = submit({"--request-id", "night-7", "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.json().at("job_id"), 1);
  EXPECT_EQ(job_count(), 1u);
  EXPECT_EQ(job().tasks.size(), 2u);
  EXPECT_EQ(submit({"--request-id", "night-7"}).exit_code, 0) << "also when it runs";
  spill(work_.in() / "b" / "3.wav", "one more");
  EXPECT_THAT(submit({"--request-id", "night-7"}).err, HasSubstr("it has 2 tracks, where these inputs are 3"));
}

TEST_F(FarmClientSubmit, AManifestsMissingRowIsATrackWithAProblem) {
  spill(work_.root() / "list.csv", "path,title\nin/a/1.wav,One\nin/none.wav,None\n");
  const ProgramResult run =
      run_program(call({"submit", (work_.root() / "list.csv").string(), "--audit", "--profile", "ebu-r128", "--json"}));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.json().at("problems"), 1);
  const FakeJob made = job();
  ASSERT_EQ(made.tasks.size(), 2u);
  EXPECT_EQ(made.job.spec().audit().profiles(0), "ebu-r128");
  EXPECT_EQ(made.tasks[0].spec().problem(), "");
  EXPECT_EQ(nlohmann::json::parse(made.tasks[0].spec().manifest_json()).at("tags").at("title"), "One");
  EXPECT_THAT(made.tasks[1].spec().problem(), HasSubstr("none.wav: no such file"));
}

TEST_F(FarmClientSubmit, WaitingGivesTheExitCodeOfTheJob) {
  farm_.on_sealed = [&](std::int64_t id) {
    farm_.end_task(
        id, 0, v1::TASK_STATE_DONE,
        R"({"input":"x","outputs":[],"before":null,"after":null,"asked":null,"reached":null,"stages":[],"reason":""})");
    farm_.end_task(id, 1, v1::TASK_STATE_FAILED, "", "CORRUPT", "frame 7 is damaged");
  };
  const ProgramResult run = submit({"--wait", "--json"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_EQ(report.at("schema"), "lathe.master.v1");
  EXPECT_EQ(report.at("summary").at("failed"), 1);
  EXPECT_EQ(report.at("tracks").at(1).at("reason"), "frame 7 is damaged");
  farm_.on_sealed = [&](std::int64_t id) {
    for (int i : {0, 1}) farm_.end_task(id, i, v1::TASK_STATE_FAILED, "", "CORRUPT", "damaged");
  };
  EXPECT_EQ(submit({"--wait"}).exit_code, 3) << "nothing could be read";
}

TEST_F(FarmClientSubmit, WhatFailedIsSaidThoughQuietAndThoughItWasBeforeTheWatching) {
  farm_.on_sealed = [&](std::int64_t id) {
    farm_.end_task(id, 0, v1::TASK_STATE_FAILED, "", "CORRUPT", "frame 7 is damaged");
    farm_.with([](std::vector<FakeJob>& jobs) {
      jobs.back().ended.back().set_part("02 Song");
      jobs.back().ended.back().set_more_tracks(2);
    });
    farm_.end_task(
        id, 1, v1::TASK_STATE_UNCHANGED,
        R"({"input":"x","outputs":[],"before":null,"after":null,"asked":null,"reached":null,"stages":[],"reason":""})");
  };
  const ProgramResult run = submit({"--wait", "-q"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_THAT(run.err, HasSubstr((work_.in() / "a/1.wav").string() + " (02 Song) and 2 more tracks"));
  EXPECT_THAT(run.err, HasSubstr("frame 7 is damaged"));
  EXPECT_THAT(run.err, Not(HasSubstr("job 1")));
}

TEST_F(FarmClientSubmit, CancelledIsSixAndLateIsFive) {
  farm_.on_sealed = [&](std::int64_t) {
    farm_.with([](std::vector<FakeJob>& jobs) {
      jobs.back().job.set_state(v1::JOB_STATE_CANCELLED);
      ++jobs.back().sequence;
    });
  };
  EXPECT_EQ(submit({"--wait"}).exit_code, 6);
  farm_.on_sealed = [&](std::int64_t id) {
    farm_.with([](std::vector<FakeJob>& jobs) {
      jobs.back().job.mutable_spec()->set_finish_by_ms(jobs.back().job.created_ms() + 1);
    });
    for (int i : {0, 1})
      farm_.end_task(
          id, i, v1::TASK_STATE_UNCHANGED,
          R"({"input":"x","outputs":[],"before":null,"after":null,"asked":null,"reached":null,"stages":[],"reason":""})");
  };
  const ProgramResult run = submit({"--wait"});
  EXPECT_EQ(run.exit_code, 5) << run.err;
  EXPECT_THAT(run.err, HasSubstr("it was to be ready by"));
}

TEST_F(FarmClientSubmit, CtrlCDetachesAndSaysHowToComeBack) {
  RunningProgram program(call({"submit", work_.in().string(), "--out", work_.out().string(), "--wait"}));
  while (farm_.calls("WatchJob") == 0 && !program.ends_within(5)) {
  }
  program.send(SIGINT);
  const ProgramResult run = program.wait();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("the job goes on"));
  EXPECT_THAT(run.err, HasSubstr("lathe watch 1"));
  EXPECT_EQ(job().job.state(), v1::JOB_STATE_RUNNING);
}

TEST_F(FarmClientSubmit, WaitingRidesThroughARestart) {
  RunningProgram program(call({"submit", work_.in().string(), "--out", work_.out().string(), "--wait"}));
  while (farm_.calls("WatchJob") == 0 && !program.ends_within(5)) {
  }
  farm_.stop();
  EXPECT_FALSE(program.ends_within(700));
  farm_.start();
  for (int i : {0, 1})
    farm_.end_task(
        1, i, v1::TASK_STATE_DONE,
        R"({"input":"x","outputs":[],"before":null,"after":null,"asked":null,"reached":null,"stages":[],"reason":""})");
  const ProgramResult run = program.wait();
  EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST_F(FarmClientSubmit, FiftyThousandRowsTakeSeconds) {
  std::ofstream list(work_.root() / "list.csv");
  list << "path,title,isrc\n";
  for (int i = 0; i < 50'000; ++i) list << "/nowhere/album " << i / 12 << "/track " << i << ".wav,Title " << i << ",\n";
  list.close();
  const ProgramResult run =
      run_program(call({"submit", (work_.root() / "list.csv").string(), "--out", work_.out().string(), "--json"}));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.json().at("tasks"), 50'000);
  EXPECT_EQ(job().tasks.size(), 50'000u);
#ifdef __SANITIZE_ADDRESS__
  constexpr double kMost_s = 60;  // 12 s were measured
#else
  constexpr double kMost_s = 10;
#endif
  EXPECT_LT(run.cpu_s, kMost_s) << "1.5 s on a quiet machine";
  RecordProperty("cpu_s", std::to_string(run.cpu_s));
}

}  // namespace
}  // namespace lathe::test
