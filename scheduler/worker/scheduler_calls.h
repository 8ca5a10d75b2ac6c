// A worker's calls to the scheduler: started from one thread, answered into a queue of that thread. Included by .cpp
// files only.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "lathe/v1/worker.grpc.pb.h"

namespace lathe::scheduler {

// What is to be done by one thread, handed over by others.
class EventQueue {
 public:
  void post(std::function<void()> event) {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
    }
    changed_.notify_one();
  }
  // Runs what is there; waits for something at most so long.
  void run_for(std::chrono::milliseconds patience) {
    std::deque<std::function<void()>> events;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, patience, [this] { return !events_.empty(); });
      events.swap(events_);
    }
    for (const std::function<void()>& event : events) event();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> events_;
};

// gRPC 1.51 ends its callback threads with the last channel that used them, and that end has a race of its own: now and
// then the process aborts. One call on a channel that leads nowhere, kept for good, keeps the threads.
inline void keep_callback_threads() {
  struct Call {
    std::unique_ptr<v1::WorkerService::Stub> stub =
        v1::WorkerService::NewStub(grpc::CreateChannel("unix:/dev/null/nowhere", grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    v1::AppendLogRequest request;
    v1::AppendLogResponse response;
  };
  static const Call* const kKept = [] {
    Call* call = std::make_unique<Call>().release();
    call->context.set_deadline(std::chrono::system_clock::now());
    call->stub->async()->AppendLog(&call->context, &call->request, &call->response, [](const grpc::Status&) {});
    return call;
  }();
  (void)kKept;
}

class SchedulerCalls {
 public:
  SchedulerCalls(EventQueue& queue, std::shared_ptr<grpc::Channel> channel, std::string token)
      : queue_(queue), token_(std::move(token)), stub_(v1::WorkerService::NewStub(channel)) {
    keep_callback_threads();
  }
  // Cancels what is under way and waits for it; no answer comes any more.
  ~SchedulerCalls() {
    std::unique_lock lock(mutex_);
    is_ending_ = true;
    for (grpc::ClientContext* context : under_way_) context->TryCancel();
    changed_.wait(lock, [this] { return under_way_.empty(); });
  }

  // `method` is a member of the asynchronous stub; `answer(status, response)` runs on the queue's thread.
  // What it returns can cancel the call.
  template <class Request, class Response, class Method, class Answer>
  std::shared_ptr<grpc::ClientContext> start(Method method, Request request, std::chrono::milliseconds deadline,
                                             Answer answer) {
    struct Call {
      grpc::ClientContext context;
      Request request;
      Response response;
    };
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->context.set_deadline(std::chrono::system_clock::now() + deadline);
    if (!token_.empty()) call->context.AddMetadata("authorization", "Bearer " + token_);
    {
      const std::lock_guard lock(mutex_);
      under_way_.insert(&call->context);
    }
    (stub_->async()->*method)(
        &call->context, &call->request, &call->response, [this, call, answer = std::move(answer)](grpc::Status status) {
          const std::lock_guard lock(mutex_);
          if (!is_ending_) {
            queue_.post([call, answer, status = std::move(status)] { answer(status, call->response); });
          }
          under_way_.erase(&call->context);
          changed_.notify_all();
        });
    return {call, &call->context};
  }

  using Async = v1::WorkerService::StubInterface::async_interface;

 private:
  EventQueue& queue_;
  const std::string token_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<grpc::ClientContext*> under_way_;
  bool is_ending_ = false;
};

}  // namespace lathe::scheduler
