// What every call goes through: who is it, may they, is there room, and what came of it. Included by the services' own
// .cpp files only.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "scheduler/service/bounded_executor.h"
#include "scheduler/service/caller.h"
#include "scheduler/service/token_file.h"
#include "scheduler/store/job_store.h"

namespace lathe::scheduler {

struct CallKind {
  const char* name;  // "CancelJob"
  Role needed;
  bool is_noted = false;  // changes something on a person's behalf: a row in the audit log
};

class CallGate {
 public:
  // Without tokens, whoever can reach the server without TLS is its owner: it listens on loopback only then.
  CallGate(JobStore& store, std::unique_ptr<TokenFile> tokens, int threads, std::size_t queued_at_most,
           std::function<void(const std::exception&)> on_store_failure);

  // Answers a unary call from the executor's threads. `subject` is for the audit log: "job 12".
  grpc::ServerUnaryReactor* answer(grpc::CallbackServerContext* context, const CallKind& kind, std::string subject,
                                   std::function<grpc::Status(const Caller&)> handler);

  // For calls that are not unary: OK and a caller, or why not.
  grpc::Status admit(grpc::CallbackServerContext& context, const CallKind& kind, Caller& caller);

  // Runs the handler; exceptions become statuses. Notes it where the kind says so.
  grpc::Status guarded(const CallKind& kind, const Caller& caller, const std::string& subject,
                       const std::function<grpc::Status()>& handler);

  bool try_post(std::function<void()> work) { return executor_.try_post(std::move(work)); }

 private:
  grpc::Status identify(grpc::CallbackServerContext& context, Caller& caller);
  void note(const CallKind& kind, const Caller& caller, const std::string& subject, const grpc::Status& status);

  JobStore& store_;
  std::unique_ptr<TokenFile> tokens_;
  std::function<void(const std::exception&)> on_store_failure_;
  BoundedExecutor executor_;  // last: its threads use the others
};

// The one place where exceptions become statuses.
grpc::Status status_of(const std::exception& error);

}  // namespace lathe::scheduler
