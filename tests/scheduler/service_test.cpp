// The services over gRPC's in-process channel: what callers are told who ask for what cannot be, and what a watch
// tells.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <climits>
#include <cmath>
#include <thread>

#include "lathe/v1/catalog.grpc.pb.h"
#include "lathe/v1/fleet.grpc.pb.h"
#include "lathe/v1/job.grpc.pb.h"
#include "lathe/v1/worker.grpc.pb.h"
#include "scheduler/service/farm_server.h"
#include "scheduler/store/open_job_store.h"
#include "scheduler/store/postgres_database.h"
#include "tests/scheduler/postgres_server.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

// A scheduler on a store, and the calls of all who speak to it.
class Service {
 public:
  explicit Service(std::unique_ptr<JobStore> store) : store_(std::move(store)) {
    FarmServerSetting setting;
    setting.version = "test";
    server_ = std::make_unique<FarmServer>(*store_, setting);
    const auto channel = server_->in_process_channel();
    jobs = v1::JobService::NewStub(channel);
    catalog = v1::CatalogService::NewStub(channel);
    workers = v1::WorkerService::NewStub(channel);
  }

  template <class Stub, class Request, class Response>
  StatusCode call(Stub& stub,
                  grpc::Status (Stub::element_type::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    return (stub.get()->*method)(&context, request, &response).error_code();
  }
  StatusCode add(const v1::AddTasksRequest& request) {
    grpc::ClientContext context;
    v1::AddTasksResponse response;
    const auto writer = catalog->AddTasks(&context, &response);
    writer->Write(request);
    writer->WritesDone();
    return writer->Finish().error_code();
  }

  // An audit of so many tracks, running.
  std::int64_t job_of_tracks(int count, std::size_t manifest_bytes = 0, double first_cost_s = 1) {
    v1::CreateJobRequest create;
    create.set_request_id("request");
    create.mutable_spec()->mutable_audit();
    v1::CreateJobResponse created;
    EXPECT_EQ(call(jobs, &v1::JobService::Stub::CreateJob, create, created), StatusCode::OK);
    for (int i = 0; i < count; ++i) {
      v1::AddTasksRequest piece = task_at(created.job().job_id(), i, i == 0 ? first_cost_s : 1);
      piece.mutable_tasks(0)->set_manifest_json(std::string(manifest_bytes, 'x'));
      EXPECT_EQ(add(piece), StatusCode::OK);
    }
    v1::SealJobRequest seal;
    seal.set_job_id(created.job().job_id());
    seal.set_task_count(count);
    v1::SealJobResponse sealed;
    EXPECT_EQ(call(jobs, &v1::JobService::Stub::SealJob, seal, sealed), StatusCode::OK);
    return created.job().job_id();
  }
  static v1::AddTasksRequest task_at(std::int64_t job, std::int64_t position, double cost_s) {
    v1::AddTasksRequest piece;
    piece.set_job_id(job);
    piece.set_first_position(position);
    piece.add_tasks()->set_input("/in/" + std::to_string(position));
    piece.mutable_tasks(0)->set_predicted_cost_s(cost_s);
    return piece;
  }

  std::vector<v1::LeaseRef> acquire(int count) {
    v1::RegisterRequest enter;
    enter.mutable_worker()->set_worker_id("w");
    enter.mutable_worker()->set_name("w");
    enter.mutable_worker()->set_version("test");
    enter.mutable_worker()->set_slots(count);
    v1::RegisterResponse entered;
    EXPECT_EQ(call(workers, &v1::WorkerService::Stub::Register, enter, entered), StatusCode::OK);
    v1::AcquireTasksRequest request;
    request.set_worker_id("w");
    request.set_max_tasks(count);
    v1::AcquireTasksResponse response;
    EXPECT_EQ(call(workers, &v1::WorkerService::Stub::AcquireTasks, request, response), StatusCode::OK);
    std::vector<v1::LeaseRef> leases;
    for (const v1::LeasedTask& task : response.tasks()) leases.push_back(task.lease());
    return leases;
  }
  StatusCode commit(const v1::LeaseRef& lease, int state = v1::TASK_STATE_DONE) {
    v1::CommitResultRequest request;
    request.set_worker_id("w");
    *request.mutable_lease() = lease;
    request.set_state(static_cast<v1::TaskState>(state));
    request.set_result_json("{}");
    v1::CommitResultResponse response;
    return call(workers, &v1::WorkerService::Stub::CommitResult, request, response);
  }

  std::unique_ptr<v1::JobService::Stub> jobs;
  std::unique_ptr<v1::CatalogService::Stub> catalog;
  std::unique_ptr<v1::WorkerService::Stub> workers;

 private:
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<FarmServer> server_;
};

class ServiceTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  SystemClock clock_;
  Service farm_{open_sqlite_store(folder_.path() + "/farm.sqlite", clock_)};
};

TEST_F(ServiceTest, NumbersWithoutANameAreTheCallersMistake) {
  const std::int64_t job = farm_.job_of_tracks(1);
  const auto lease = farm_.acquire(1);
  ASSERT_EQ(lease.size(), 1u);
  v1::ListJobsRequest jobs;
  jobs.add_states(static_cast<v1::JobState>(99));
  v1::ListJobsResponse some_jobs;
  EXPECT_EQ(farm_.call(farm_.jobs, &v1::JobService::Stub::ListJobs, jobs, some_jobs), StatusCode::INVALID_ARGUMENT);
  v1::ListTasksRequest tasks;
  tasks.set_job_id(job);
  tasks.add_states(static_cast<v1::TaskState>(99));
  v1::ListTasksResponse some_tasks;
  EXPECT_EQ(farm_.call(farm_.catalog, &v1::CatalogService::Stub::ListTasks, tasks, some_tasks),
            StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(farm_.commit(lease[0], 99), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(farm_.commit(lease[0], v1::TASK_STATE_FAILED), StatusCode::INVALID_ARGUMENT);
  v1::FailAttemptRequest fail;
  *fail.mutable_lease() = lease[0];
  fail.set_failure_class(static_cast<v1::FailureClass>(99));
  v1::FailAttemptResponse failed;
  EXPECT_EQ(farm_.call(farm_.workers, &v1::WorkerService::Stub::FailAttempt, fail, failed),
            StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServiceTest, WhatCanNeitherBeStoredNorWorkedOnIsRefused) {
  v1::CreateJobRequest create;
  create.set_request_id("r");
  create.mutable_spec()->mutable_audit();
  v1::CreateJobResponse created;
  ASSERT_EQ(farm_.call(farm_.jobs, &v1::JobService::Stub::CreateJob, create, created), StatusCode::OK);
  const std::int64_t job = created.job().job_id();
  for (const double cost_s : {-1.0, 1e300, HUGE_VAL, std::nan("")}) {
    EXPECT_EQ(farm_.add(Service::task_at(job, 0, cost_s)), StatusCode::INVALID_ARGUMENT) << cost_s;
    create.set_predicted_cost_s(cost_s);
    EXPECT_EQ(farm_.call(farm_.jobs, &v1::JobService::Stub::CreateJob, create, created), StatusCode::INVALID_ARGUMENT)
        << cost_s;
  }
  EXPECT_EQ(farm_.add(Service::task_at(job, INT64_MAX, 1)), StatusCode::INVALID_ARGUMENT) << "an overflow, not a gap";
  EXPECT_EQ(farm_.add(Service::task_at(job, 1, 1)), StatusCode::FAILED_PRECONDITION) << "a gap";
  v1::AddTasksRequest long_path = Service::task_at(job, 0, 1);
  long_path.mutable_tasks(0)->set_input("/" + std::string(5000, 'a'));
  EXPECT_EQ(farm_.add(long_path), StatusCode::INVALID_ARGUMENT);
  v1::AddTasksRequest long_text = Service::task_at(job, 0, 1);
  long_text.mutable_tasks(0)->set_manifest_json(std::string(65537, 'a'));
  EXPECT_EQ(farm_.add(long_text), StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServiceTest, AJobOfUnevenTracksEndsInTheFuture) {
  v1::GetJobRequest request;
  request.set_job_id(farm_.job_of_tracks(2, 0, 1e-300));
  const auto leases = farm_.acquire(1);
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_EQ(farm_.commit(leases[0]), StatusCode::OK);
  v1::GetJobResponse response;
  EXPECT_EQ(farm_.call(farm_.jobs, &v1::JobService::Stub::GetJob, request, response), StatusCode::OK);
  EXPECT_GE(response.job().expected_end_ms(), response.job().created_ms());
}

TEST_F(ServiceTest, APageOfLargeTasksEndsEarlyAndNoneIsMissed) {
  constexpr int kTasks = 120;
  v1::ListTasksRequest request;
  request.set_job_id(farm_.job_of_tracks(kTasks, 60'000));
  request.set_page_size(110);
  std::int64_t next = 0;
  int pages = 0;
  do {
    v1::ListTasksResponse page;
    ASSERT_EQ(farm_.call(farm_.catalog, &v1::CatalogService::Stub::ListTasks, request, page), StatusCode::OK);
    EXPECT_LT(page.ByteSizeLong(), std::size_t{4} << 20) << "more than clients take unless told otherwise";
    for (const v1::Task& task : page.tasks()) EXPECT_EQ(task.position(), next++);
    request.set_page_token(page.next_page_token());
    ASSERT_LT(++pages, 20);
  } while (!request.page_token().empty());
  EXPECT_EQ(next, kTasks);
  EXPECT_GT(pages, 2);
}

// What PostgreSQL does not show yet is waited for: see sql_transaction.h.
TEST(ServiceOnPostgresTest, AWatchTellsOfTheLastTrackBeforeItEnds) {
  if (const std::string why = PostgresServer::absence(); !why.empty()) GTEST_SKIP() << why;
  PostgresServer& server = PostgresServer::shared();
  server.make_schema("watched");
  Service farm(open_job_store(server.url("watched")));
  const std::int64_t job = farm.job_of_tracks(2);
  const auto leases = farm.acquire(2);
  ASSERT_EQ(leases.size(), 2u);
  v1::WatchJobRequest request;
  request.set_job_id(job);
  request.set_with_tasks(true);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 20s);
  const auto reader = farm.jobs->WatchJob(&context, request);
  v1::WatchJobResponse message;
  ASSERT_TRUE(reader->Read(&message));
  PostgresConnection other(server.url("watched"), "somebody's session");
  other.run_script("BEGIN; SELECT pg_current_xact_id()");
  for (const v1::LeaseRef& lease : leases) EXPECT_EQ(farm.commit(lease), StatusCode::OK);
  std::jthread later([&] {
    std::this_thread::sleep_for(1s);  // the desk looks four times; a test that came too soon would pass
    other.run_script("COMMIT");
  });
  std::size_t ended = 0;
  while (reader->Read(&message)) {
    ended += static_cast<std::size_t>(message.ended_size());
    EXPECT_TRUE(ended == 2 || message.job().state() == v1::JOB_STATE_RUNNING) << "the end before the last track";
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(ended, 2u);
}

}  // namespace
}  // namespace lathe::scheduler
