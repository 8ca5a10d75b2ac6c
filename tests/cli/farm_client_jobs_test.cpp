// The verbs that look at a farm's jobs, tracks and workers and steer them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include "tests/cli/workspace.h"
#include "tests/scheduler/fake_farm.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

class FarmClientJobs : public ::testing::Test {
 protected:
  void SetUp() override {
    add_job("first", 2);
    add_job("second", 3);
  }

  void add_job(const std::string& name, int tracks) {
    farm_.with([&](std::vector<FakeJob>& jobs) {
      FakeJob& job = jobs.emplace_back();
      job.job.set_job_id(static_cast<std::int64_t>(jobs.size()));
      job.job.set_kind(v1::JOB_KIND_MASTER);
      job.job.mutable_spec()->set_name(name);
      job.job.mutable_spec()->mutable_master()->set_out_dir("/out");
      job.job.set_state(v1::JOB_STATE_RUNNING);
      job.job.set_created_ms(1'700'000'000'000);
      job.job.set_task_count(tracks);
      job.job.mutable_counts()->set_pending(tracks);
      for (int i = 0; i < tracks; ++i) {
        v1::Task& task = job.tasks.emplace_back();
        task.set_task_id(job.job.job_id() * 100 + i);
        task.set_job_id(job.job.job_id());
        task.set_position(i);
        task.set_state(v1::TASK_STATE_PENDING);
        task.mutable_spec()->set_input("/in/" + std::to_string(i) + ".wav");
      }
    });
  }

  ProgramResult lathe(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--scheduler", farm_.address(), "--patience", "5"});
    return run_program(arguments);
  }
  nlohmann::json json(std::vector<std::string> arguments, const std::string& schema) const {
    arguments.push_back("--json");
    const ProgramResult run = lathe(arguments);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    const nlohmann::json doc = run.json();
    EXPECT_EQ(doc.value("schema", ""), schema) << run.out;
    return doc;
  }

  FakeFarm farm_;
};

TEST_F(FarmClientJobs, StatusIsOfTheNewestOrTheOneNamedAndNamesWhatFailed) {
  farm_.end_task(2, 1, v1::TASK_STATE_FAILED, "", "CORRUPT", "frame 7 is damaged");
  const nlohmann::json newest = json({"status"}, "lathe.job.v1");
  EXPECT_EQ(newest.at("job_id"), 2);
  EXPECT_EQ(newest.at("kind"), "MASTER");
  EXPECT_EQ(newest.at("state"), "RUNNING");
  EXPECT_EQ(newest.at("tasks"), 3);
  EXPECT_EQ(newest.at("counts").at("failed"), 1);
  EXPECT_EQ(newest.at("finished_ms"), nullptr);
  ASSERT_EQ(newest.at("failed_tasks").size(), 1u);
  EXPECT_EQ(newest.at("failed_tasks").at(0).at("task_id"), 201);
  EXPECT_EQ(json({"status", "1"}, "lathe.job.v1").at("name"), "first");
  EXPECT_EQ(json({"status", "latest"}, "lathe.job.v1").at("job_id"), 2);
  const ProgramResult text = lathe({"status"});
  EXPECT_THAT(text.out, HasSubstr("job 2"));
  EXPECT_THAT(text.out, HasSubstr("frame 7 is damaged"));
}

TEST_F(FarmClientJobs, AJobThatIsNotThereIsAUsageErrorWithASentence) {
  for (const char* job : {"77", "x", "-1", "0"}) {
    const ProgramResult run = lathe({"cancel", job});
    EXPECT_EQ(run.exit_code, 2) << job;
    EXPECT_THAT(run.err, ::testing::AnyOf(HasSubstr("no such job"), HasSubstr("JOB (or `latest`) is a number"))) << job;
  }
}

TEST_F(FarmClientJobs, TheListIsNewestFirstAndAllOfItWhereAskedFor) {
  for (int i = 0; i < 60; ++i) add_job("more", 1);
  EXPECT_EQ(json({"list"}, "lathe.jobs.v1").at("jobs").size(), 50u);
  const nlohmann::json all = json({"list", "--all"}, "lathe.jobs.v1").at("jobs");
  ASSERT_EQ(all.size(), 62u);
  EXPECT_EQ(all.at(0).at("job_id"), 62);
  EXPECT_EQ(json({"list", "--limit", "3"}, "lathe.jobs.v1").at("jobs").size(), 3u);
  EXPECT_THAT(lathe({"list"}).out, HasSubstr("submitted"));
}

TEST_F(FarmClientJobs, JobsArePausedResumedAndCancelledAndOnceMoreIsNoError) {
  EXPECT_EQ(json({"pause", "1"}, "lathe.job.v1").at("state"), "PAUSED");
  EXPECT_EQ(json({"pause", "1"}, "lathe.job.v1").at("state"), "PAUSED");
  EXPECT_EQ(json({"resume", "1"}, "lathe.job.v1").at("state"), "RUNNING");
  EXPECT_EQ(json({"priority", "1", "-5"}, "lathe.job.v1").at("priority"), -5);
  EXPECT_EQ(json({"cancel", "1"}, "lathe.job.v1").at("state"), "CANCELLED");
  EXPECT_EQ(json({"cancel", "1"}, "lathe.job.v1").at("state"), "CANCELLED");
  const ProgramResult run = lathe({"pause", "1"});
  EXPECT_EQ(run.exit_code, 1) << "a cancelled job cannot be paused";
  EXPECT_THAT(run.err, HasSubstr("does not run"));
}

TEST_F(FarmClientJobs, FailedTracksAreTriedAgain) {
  farm_.end_task(1, 0, v1::TASK_STATE_FAILED, "", "CORRUPT", "damaged");
  EXPECT_EQ(json({"retry", "1", "--failed"}, "lathe.job.v1").at("retried"), 1);
}

TEST_F(FarmClientJobs, WatchingIsALineOfJsonForEachMessageAndEndsAsTheJobDoes) {
  ProgramCall call;
  call.arguments = {"watch", "1", "--json", "--scheduler", farm_.address()};
  RunningProgram program(call);
  while (farm_.calls("WatchJob") == 0 && !program.ends_within(5)) {
  }
  farm_.end_task(1, 0, v1::TASK_STATE_DONE);
  farm_.end_task(1, 1, v1::TASK_STATE_FAILED, "", "CORRUPT", "damaged");
  const ProgramResult run = program.wait();
  EXPECT_EQ(run.exit_code, 1) << run.err;
  std::istringstream lines(run.out);
  nlohmann::json last;
  std::size_t ended = 0;
  for (std::string line; std::getline(lines, line);) {
    last = nlohmann::json::parse(line);
    EXPECT_EQ(last.at("schema"), "lathe.watch.v1");
    ended += last.at("ended").size();
  }
  EXPECT_EQ(last.at("job").at("state"), "SUCCEEDED_WITH_FAILURES");
  EXPECT_GE(ended, 1u);
}

TEST_F(FarmClientJobs, WatchingWithATimeoutIsFiveAndTheJobGoesOn) {
  const ProgramResult run = lathe({"watch", "1", "--timeout", "0.3"});
  EXPECT_EQ(run.exit_code, 5) << run.err;
  EXPECT_THAT(run.err, HasSubstr("the job goes on"));
}

TEST_F(FarmClientJobs, ATracksLogAndItsReasonsAreShown) {
  farm_.logs[100] = {"decoding", "a bell \a rings"};
  const nlohmann::json log = json({"logs", "100"}, "lathe.log.v1");
  EXPECT_EQ(log.at("lines").at(0).at("text"), "decoding");
  EXPECT_THAT(lathe({"logs", "100"}).out, HasSubstr("a bell <U+0007> rings"));
  const nlohmann::json why = json({"explain", "100"}, "lathe.task.v1");
  EXPECT_EQ(why.at("task_id"), 100);
  EXPECT_EQ(why.at("sentences").at(0), "It waits for a worker.");
  EXPECT_EQ(why.at("attempt_list").at(0).at("outcome"), "LOST");
  EXPECT_EQ(lathe({"explain", "7"}).exit_code, 2);
}

TEST_F(FarmClientJobs, WorkersAreListedDrainedAndRestored) {
  EXPECT_EQ(json({"workers", "list"}, "lathe.workers.v1").at("workers").size(), 0u);
  v1::Worker& worker = farm_.workers.emplace_back();
  worker.mutable_spec()->set_name("node-1");
  worker.mutable_spec()->set_slots(4);
  worker.set_state(v1::WORKER_STATE_ACTIVE);
  EXPECT_EQ(json({"workers", "list"}, "lathe.workers.v1").at("workers").at(0).at("slots"), 4);
  EXPECT_EQ(json({"workers", "drain", "node-1"}, "lathe.worker.v1").at("state"), "DRAINING");
  EXPECT_EQ(json({"workers", "restore", "node-1"}, "lathe.worker.v1").at("state"), "ACTIVE");
  EXPECT_EQ(lathe({"workers", "drain", "nobody"}).exit_code, 2);
  EXPECT_THAT(lathe({"workers", "list"}).out, HasSubstr("node-1"));
}

TEST_F(FarmClientJobs, TheRecordOfCallsIsForThoseWhoMaySeeIt) {
  auto& call = farm_.audit_log.emplace_back();
  call.set_who("ann");
  call.set_method("CancelJob");
  EXPECT_EQ(json({"calls"}, "lathe.calls.v1").at("calls").at(0).at("who"), "ann");
  farm_.refusals["ListCalls"] = {7, "only admins may", 1};
  const ProgramResult run = lathe({"calls"});
  EXPECT_EQ(run.exit_code, 4);
  EXPECT_THAT(run.err, HasSubstr("only admins may"));
}

TEST_F(FarmClientJobs, AnEstimateTellsCostAndTimeWhereThereAreWorkers) {
  const Workspace work;
  spill(work.in() / "1.wav", std::string(2'500'000, 'x'));
  const nlohmann::json idle = json({"estimate", work.in().string()}, "lathe.estimate.v1");
  EXPECT_EQ(idle.at("tracks"), 1);
  EXPECT_NEAR(idle.at("predicted_cost_s").get<double>(), 0.03, 1e-6);
  EXPECT_EQ(idle.at("expected_s"), nullptr);
  v1::Worker& worker = farm_.workers.emplace_back();
  worker.mutable_spec()->set_slots(3);
  worker.set_state(v1::WORKER_STATE_ACTIVE);
  EXPECT_NEAR(json({"estimate", work.in().string()}, "lathe.estimate.v1").at("expected_s").get<double>(), 0.01, 1e-6);
}

TEST_F(FarmClientJobs, WithoutASchedulerNamedTheOptionIsAskedFor) {
  const ProgramResult run = run_program({"status"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err + run.out, HasSubstr("--scheduler"));
  EXPECT_EQ(run_program({"status", "--scheduler", "nonsense"}).exit_code, 2);
}

}  // namespace
}  // namespace lathe::test
