// A client's line to the farm's scheduler. Start here.
//
// Calls ride through restarts: what the scheduler could not answer is asked again, with backoff and jitter, until
// patience ends. All of the farm's calls may be repeated. Every attempt has a deadline; a silent line is noticed by
// keepalive. For one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lathe/v1/catalog.pb.h"
#include "lathe/v1/fleet.pb.h"
#include "lathe/v1/job.pb.h"
#include "lathe/v1/report.pb.h"
#include "scheduler/client/farm_error.h"

namespace lathe::scheduler {

struct FarmOptions {
  using Clock = std::chrono::steady_clock;

  std::string scheduler;                  // see farm_address.h
  bool use_tls = false;                   // by the system's authorities; the files below imply it
  std::string tls_ca, tls_cert, tls_key;  // PEM files
  std::string tls_name;                   // what the certificate is for, where that is not the (first) host
  std::string token;                      // sent over TLS, loopback and sockets alone

  // How long a call is repeated once the scheduler has answered anything; and before: a wrong address shows soon.
  std::chrono::milliseconds patience{60'000};
  std::chrono::milliseconds first_patience{15'000};
  std::chrono::milliseconds attempt_deadline{20'000};
  std::chrono::milliseconds stream_deadline{1'800'000};  // a longer stream is opened again where it was
  std::chrono::milliseconds first_backoff{100};          // doubles up to 5 s
  std::optional<Clock::time_point> ends_at;              // the user's deadline for everything

  std::function<void(const std::string&)> say = [](const std::string&) {};  // the line is down, or back
  const std::atomic<bool>* is_interrupted = nullptr;                        // set from a signal handler
};

// The token of a file, without the white space around it. Throws std::invalid_argument when there is none.
std::string read_token(const std::string& file);

class FarmConnection {
 public:
  // Connects at the first call. Throws std::invalid_argument: the address, a file of TLS, or a token that would cross a
  // network in clear.
  explicit FarmConnection(FarmOptions options);
  ~FarmConnection();
  FarmConnection(FarmConnection&&) noexcept;

  // From now on a scheduler that is away is waited for without end. For work that goes on without the client.
  void wait_without_end();

  // One call each. They throw FarmError.
  v1::CreateJobResponse call(const v1::CreateJobRequest& request);
  v1::SealJobResponse call(const v1::SealJobRequest& request);
  v1::GetJobResponse call(const v1::GetJobRequest& request);
  v1::ListJobsResponse call(const v1::ListJobsRequest& request);
  v1::CancelJobResponse call(const v1::CancelJobRequest& request);
  v1::PauseJobResponse call(const v1::PauseJobRequest& request);
  v1::ResumeJobResponse call(const v1::ResumeJobRequest& request);
  v1::UpdateJobResponse call(const v1::UpdateJobRequest& request);
  v1::RetryJobResponse call(const v1::RetryJobRequest& request);
  v1::ListTasksResponse call(const v1::ListTasksRequest& request);
  v1::GetTaskResponse call(const v1::GetTaskRequest& request);
  v1::ExplainTaskResponse call(const v1::ExplainTaskRequest& request);
  v1::GetTaskLogResponse call(const v1::GetTaskLogRequest& request);
  v1::ListWorkersResponse call(const v1::ListWorkersRequest& request);
  v1::DrainWorkerResponse call(const v1::DrainWorkerRequest& request);
  v1::RestoreWorkerResponse call(const v1::RestoreWorkerRequest& request);
  v1::ListCallsResponse call(const v1::ListCallsRequest& request);

  // Sends tasks [from, tasks.size()) in pieces of at most 1,000 and 2 MiB; after a break it goes on from where the
  // scheduler says it is. `on_sent` is told how many the job has, as far as was sent. Returns the job's count.
  std::int64_t add_tasks(std::int64_t job_id, const std::vector<v1::TaskSpec>& tasks, std::int64_t from,
                         const std::function<void(std::int64_t)>& on_sent);

  // Messages until the job has ended and all of it is told, for which its end may take several, or `on_message` says
  // false. After a break it goes on from the last sequence.
  void watch(v1::WatchJobRequest request, const std::function<bool(const v1::WatchJobResponse&)>& on_message);

  // The job, and each of its tracks once, in their order. Job 0: the newest.
  v1::Job report(std::int64_t job_id, const std::function<void(const v1::Task&)>& on_task);

 private:
  struct Line;
  std::unique_ptr<Line> line_;
};

// The job has ended: nothing of it will change by itself.
bool is_over(v1::JobState state);

}  // namespace lathe::scheduler
