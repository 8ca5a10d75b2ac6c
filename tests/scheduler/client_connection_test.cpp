// The client's line to a scheduler that is away, slow, or says no.
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "scheduler/client/farm_connection.h"
#include "tests/scheduler/fake_farm.h"

namespace lathe::test {
namespace {

using scheduler::FarmConnection;
using scheduler::FarmError;
using scheduler::FarmFault;
using scheduler::FarmOptions;
using namespace std::chrono_literals;

constexpr int kUnavailable = 14;

class ClientConnection : public ::testing::Test {
 protected:
  FarmOptions options() {
    FarmOptions options;
    options.scheduler = farm_.address();
    options.first_backoff = 5ms;
    options.patience = options.first_patience = 20s;
    options.say = [this](const std::string& text) { said_.push_back(text); };
    return options;
  }

  std::int64_t make_job(FarmConnection& line) {
    v1::CreateJobRequest create;
    create.set_request_id("r");
    create.mutable_spec()->mutable_master()->set_out_dir("/out");
    return line.call(create).job().job_id();
  }

  std::int64_t seal(FarmConnection& line, std::int64_t job_id, int tracks) {
    std::vector<v1::TaskSpec> specs(static_cast<std::size_t>(tracks));
    for (std::size_t i = 0; i < specs.size(); ++i) specs[i].set_input("/in/" + std::to_string(i));
    line.add_tasks(job_id, specs, 0, {});
    v1::SealJobRequest request;
    request.set_job_id(job_id);
    request.set_task_count(tracks);
    return line.call(request).job().task_count();
  }

  static FarmFault fault_of(const std::function<void()>& body) {
    try {
      body();
    } catch (const FarmError& error) {
      EXPECT_STRNE(error.what(), "");
      return error.fault();
    }
    ADD_FAILURE() << "nothing was thrown";
    return FarmFault::other;
  }

  FakeFarm farm_;
  std::vector<std::string> said_;
};

TEST_F(ClientConnection, ACallIsRepeatedUntilTheSchedulerAnswers) {
  farm_.refusals["ListJobs"] = {kUnavailable, "the store is away", 7};
  FarmConnection line(options());
  line.call(v1::ListJobsRequest());
  EXPECT_EQ(farm_.calls("ListJobs"), 8);
}

TEST_F(ClientConnection, PatienceEndsAndTheMessageSaysWhereAndWhatToDo) {
  farm_.refusals["ListJobs"] = {kUnavailable, "the store is away", 1'000'000};
  FarmOptions few = options();
  few.first_patience = 500ms;
  FarmConnection line(few);
  try {
    line.call(v1::ListJobsRequest());
    FAIL() << "nothing was thrown";
  } catch (const FarmError& error) {
    EXPECT_EQ(error.fault(), FarmFault::unreachable);
    EXPECT_NE(std::string(error.what()).find(farm_.address()), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("the store is away"), std::string::npos) << error.what();
  }
  EXPECT_GE(farm_.calls("ListJobs"), 2);
}

TEST_F(ClientConnection, WhereNobodyListensIsUnreachable) {
  farm_.stop();
  FarmOptions few = options();
  few.first_patience = 300ms;
  FarmConnection line(few);
  EXPECT_EQ(fault_of([&] { line.call(v1::ListJobsRequest()); }), FarmFault::unreachable);
}

TEST_F(ClientConnection, ASilentSchedulerIsGivenUpOn) {
  farm_.is_silent = true;
  FarmOptions few = options();
  few.attempt_deadline = 60ms;
  few.first_patience = 200ms;
  FarmConnection line(few);
  EXPECT_EQ(fault_of([&] { line.call(v1::ListJobsRequest()); }), FarmFault::unreachable);
  EXPECT_GT(farm_.calls("ListJobs"), 1);
}

TEST_F(ClientConnection, TheUsersDeadlineEndsEverything) {
  farm_.is_silent = true;
  FarmOptions until = options();
  until.ends_at = FarmOptions::Clock::now() + 150ms;
  FarmConnection line(until);
  line.wait_without_end();
  EXPECT_EQ(fault_of([&] { line.call(v1::ListJobsRequest()); }), FarmFault::deadline);
  EXPECT_EQ(fault_of([&] { line.watch({}, [](const auto&) { return true; }); }), FarmFault::deadline);
}

TEST_F(ClientConnection, AWrongTokenIsDeniedAtOnceAndTheRightOneIsNot) {
  farm_.token = "secret";
  FarmOptions wrong = options();
  wrong.token = "guess";
  FarmConnection line(wrong);
  EXPECT_EQ(fault_of([&] { line.call(v1::ListJobsRequest()); }), FarmFault::denied);
  EXPECT_EQ(farm_.calls("ListJobs"), 1);
  wrong.token = "secret";
  FarmConnection right(wrong);
  right.call(v1::ListJobsRequest());
}

TEST_F(ClientConnection, ATokenNeverCrossesANetworkInClear) {
  FarmOptions far = options();
  far.token = "secret";
  far.scheduler = "192.0.2.1:7";
  EXPECT_THROW(FarmConnection{far}, std::invalid_argument);
  far.scheduler = "127.0.0.1:7,192.0.2.1:7";
  EXPECT_THROW(FarmConnection{far}, std::invalid_argument);
  for (const char* near : {"127.0.0.1:7", "[::1]:7", "localhost:7", "unix:/nowhere"}) {
    far.scheduler = near;
    EXPECT_NO_THROW(FarmConnection{far}) << near;
  }
}

TEST_F(ClientConnection, EachAnswerHasItsFault) {
  FarmConnection line(options());
  const auto fault = [&](int code) {
    farm_.refusals["GetJob"] = {code, "so it is", 1};
    return fault_of([&] { line.call(v1::GetJobRequest()); });
  };
  EXPECT_EQ(fault(3), FarmFault::invalid);
  EXPECT_EQ(fault(5), FarmFault::not_found);
  EXPECT_EQ(fault(6), FarmFault::invalid);
  EXPECT_EQ(fault(7), FarmFault::denied);
  EXPECT_EQ(fault(9), FarmFault::conflict);
  EXPECT_EQ(fault(12), FarmFault::other);
  EXPECT_EQ(fault(13), FarmFault::other);
  EXPECT_EQ(fault(16), FarmFault::denied);
}

TEST_F(ClientConnection, TracksAreThereOnceEachWhenTheSchedulerBreaksOffInTheMiddle) {
  FarmConnection line(options());
  const std::int64_t job = make_job(line);
  farm_.pieces_until_break = 3;
  EXPECT_EQ(seal(line, job, 5500), 5500);
  farm_.with([](const std::vector<FakeJob>& jobs) {
    ASSERT_EQ(jobs.at(0).tasks.size(), 5500u);
    for (std::size_t i = 0; i < 5500; ++i) EXPECT_EQ(jobs[0].tasks[i].spec().input(), "/in/" + std::to_string(i));
  });
  EXPECT_EQ(farm_.calls("AddTasks"), 2);
  EXPECT_EQ(farm_.calls("AddTasks piece"), 3 + 3) << "what was there was not sent again";
}

TEST_F(ClientConnection, TracksComeInWhenTheSchedulerDiesAndComesBack) {
  FarmConnection line(options());
  const std::int64_t job = make_job(line);
  farm_.pieces_until_break = 1;
  farm_.stop();
  std::jthread later([&] { farm_.start(); });
  EXPECT_EQ(seal(line, job, 2500), 2500);
}

TEST_F(ClientConnection, LargePathsGoInPiecesThatTheSchedulerTakes) {
  FarmConnection line(options());
  const std::int64_t job = make_job(line);
  std::vector<v1::TaskSpec> specs(2000);
  for (v1::TaskSpec& spec : specs) spec.set_input("/" + std::string(4000, 'x'));
  EXPECT_EQ(line.add_tasks(job, specs, 0, {}), 2000);
  EXPECT_GE(farm_.calls("AddTasks piece"), 4);
}

TEST_F(ClientConnection, FiftyThousandTracksTakeSeconds) {
  FarmConnection line(options());
  const std::int64_t job = make_job(line);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(seal(line, job, 50'000), 50'000);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  RecordProperty("seconds", std::to_string(took.count()));
  EXPECT_LT(took.count(), 10) << "some 0.5 s on a quiet machine";
}

TEST_F(ClientConnection, ATokenThatNoHeaderCanHoldIsRefused) {
  for (const char* token : {"two words", "line\nbreak", "\xC3\xBC"}) {
    FarmOptions with = options();
    with.token = token;
    EXPECT_THROW(FarmConnection{with}, std::invalid_argument) << token;
  }
}

TEST_F(ClientConnection, AWatchMissesNothingWhenItBreaksOff) {
  FarmConnection line(options());
  const std::int64_t job = make_job(line);
  seal(line, job, 40);
  farm_.messages_until_break = 3;
  v1::WatchJobRequest request;
  request.set_job_id(job);
  request.set_with_tasks(true);
  std::vector<std::string> ended;
  std::int64_t sequence = 0;
  int next = 0;
  line.watch(request, [&](const v1::WatchJobResponse& message) {
    EXPECT_GE(message.sequence(), sequence) << "a message is older than the one before";
    sequence = message.sequence();
    for (const auto& end : message.ended()) ended.push_back(end.input());
    if (next < 40) farm_.end_task(job, next++, v1::TASK_STATE_DONE);
    return true;
  });
  ASSERT_EQ(ended.size(), 40u);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(ended[i], "/in/" + std::to_string(i));
  EXPECT_GE(farm_.calls("WatchJob"), 40 / 3);
}

TEST_F(ClientConnection, AWatchRidesThroughARestartAndSaysSoOnce) {
  FarmOptions small = options();
  small.patience = small.first_patience = 10ms;
  FarmConnection line(small);
  const std::int64_t job = make_job(line);
  seal(line, job, 1);
  line.wait_without_end();
  std::atomic<bool> is_down_said{false};
  std::jthread restart;
  FarmOptions said = small;
  said.say = [&](const std::string& text) {
    said_.push_back(text);
    is_down_said = true;
  };
  FarmConnection watcher(said);
  watcher.wait_without_end();
  v1::WatchJobRequest request;
  request.set_job_id(job);
  int messages = 0;
  watcher.watch(request, [&](const v1::WatchJobResponse&) {
    if (++messages == 1) {
      restart = std::jthread([&] {
        farm_.stop();
        while (!is_down_said) std::this_thread::sleep_for(5ms);
        farm_.start();
        farm_.end_task(job, 0, v1::TASK_STATE_DONE);
      });
    }
    return true;
  });
  EXPECT_GE(messages, 2);
  ASSERT_EQ(said_.size(), 2u);
  EXPECT_NE(said_[0].find("no answer"), std::string::npos) << said_[0];
  EXPECT_NE(said_[1].find("is back"), std::string::npos) << said_[1];
}

TEST_F(ClientConnection, AnInterruptEndsAWatchThatHearsNothing) {
  std::atomic<bool> interrupted{false};
  FarmOptions with = options();
  with.is_interrupted = &interrupted;
  FarmConnection line(with);
  const std::int64_t job = make_job(line);
  seal(line, job, 1);
  line.wait_without_end();
  v1::WatchJobRequest request;
  request.set_job_id(job);
  EXPECT_EQ(fault_of([&] {
              line.watch(request, [&](const v1::WatchJobResponse&) {
                interrupted = true;
                return true;
              });
            }),
            FarmFault::interrupted);
}

TEST_F(ClientConnection, AReportHasEachTrackOnceWhenItBreaksOff) {
  FarmConnection line(options());
  const std::int64_t job = make_job(line);
  seal(line, job, 21);
  farm_.messages_until_break = 2;
  std::vector<std::int64_t> positions;
  const v1::Job told = line.report(job, [&](const v1::Task& task) { positions.push_back(task.position()); });
  EXPECT_EQ(told.job_id(), job);
  ASSERT_EQ(positions.size(), 21u);
  for (std::int64_t i = 0; i < 21; ++i) EXPECT_EQ(positions[static_cast<std::size_t>(i)], i);
  EXPECT_GT(farm_.calls("StreamReport"), 3);
}

TEST_F(ClientConnection, WhatAReaderThrowsEndsTheStreamAndComesThrough) {
  FarmConnection line(options());
  const std::int64_t job = make_job(line);
  seal(line, job, 5);
  EXPECT_THROW(line.report(job, [](const v1::Task&) { throw std::out_of_range("enough"); }), std::out_of_range);
  v1::WatchJobRequest request;
  EXPECT_THROW(line.watch(request, [](const auto&) -> bool { throw std::out_of_range("enough"); }), std::out_of_range);
  line.call(v1::GetJobRequest());
}

TEST_F(ClientConnection, OfSeveralSchedulersOneThatDiesIsNotMissed) {
  FakeFarm other;
  FarmOptions both = options();
  both.scheduler += "," + other.address();
  FarmConnection line(both);
  line.call(v1::ListJobsRequest());
  other.stop();
  for (int i = 0; i < 50; ++i) line.call(v1::ListJobsRequest());
  EXPECT_GE(farm_.calls("ListJobs"), 50);
}

TEST_F(ClientConnection, OfSeveralSchedulersOneThatDrainsGetsNothingNew) {
  FakeFarm other;
  other.drain();
  FarmOptions both = options();
  both.scheduler += "," + other.address();
  FarmConnection line(both);
  for (int i = 0; i < 50; ++i) line.call(v1::ListJobsRequest());
  EXPECT_EQ(farm_.calls("ListJobs"), 50);
  EXPECT_EQ(other.calls("ListJobs"), 0);
}

}  // namespace
}  // namespace lathe::test
