// A scheduler in the test's process, on a loopback port: the farm's services on a small model in memory, with the
// faults that a client must live with.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lathe/v1/catalog.pb.h"
#include "lathe/v1/fleet.pb.h"
#include "lathe/v1/job.pb.h"

namespace lathe::test {

struct FakeJob {
  v1::Job job;
  std::string request_id;
  std::vector<v1::Task> tasks;
  std::vector<v1::WatchJobResponse::TaskEnd> ended;
  std::vector<std::int64_t> ended_at;  // their sequences
  std::int64_t sequence = 1;
};

// What a call is answered with instead: a code of gRPC's.
struct Refusal {
  int code = 0;
  std::string message;
  int times = 1;
};

// PEM texts.
struct FakeCertificates {
  std::string authority, certificate, key;
};

class FakeFarm {
 public:
  FakeFarm();
  // Speaks TLS alone, with clients that have a certificate of the authority.
  explicit FakeFarm(FakeCertificates certificates);
  ~FakeFarm();

  std::string address() const;
  // Dies: calls under way break off, and nobody listens any more. What it knows stays, as in a store.
  void stop();
  // At the same address.
  void start();
  // As a replica that drains: its health says so.
  void drain();

  // The model, under a lock.
  template <class Body>
  auto with(Body body) {
    const std::lock_guard lock(mutex_);
    return body(jobs_);
  }
  void end_task(std::int64_t job_id, std::int64_t position, v1::TaskState state, const std::string& result_json = "",
                const std::string& reason_code = "", const std::string& message = "");
  std::int64_t calls(const std::string& method);  // so far

  // Faults and answers. Set them before the calls they are for.
  std::map<std::string, Refusal> refusals;  // by method
  std::string token;                        // only calls with it are answered
  std::atomic<bool> is_silent{false};       // takes calls and says nothing
  int pieces_until_break = 0;               // AddTasks breaks off once, after so many pieces
  int messages_until_break = 0;             // streams to the client break off after so many messages, each
  std::vector<std::string> warnings;        // of CreateJob
  std::vector<v1::Worker> workers;
  std::vector<v1::ListCallsResponse::Call> audit_log;
  std::map<std::int64_t, std::vector<std::string>> logs;  // lines by task
  std::function<void(std::int64_t)> on_sealed;            // job; called without the lock

 private:
  struct Server;

 public:  // for its services
  std::mutex mutex_;
  std::vector<FakeJob> jobs_;
  std::map<std::string, std::int64_t> calls_;
  std::atomic<bool> is_stopping_{false};

 private:
  FakeCertificates certificates_;
  int port_ = 0;
  std::unique_ptr<Server> server_;
};

}  // namespace lathe::test
