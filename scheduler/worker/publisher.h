// Puts finished files under their final names and commits their tasks, beside the threads that master the next tracks.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "scheduler/store/job_store.h"
#include "scheduler/worker/path_text.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {

struct PublishedTask {
  Lease lease;
  bool is_unchanged = false;
  std::optional<TaskFailure> failure;  // none: committed, or lost
  // The lease was another's by then, or the task was cancelled: nothing was committed, and the store knows what is to
  // become of the task. Files that had their names already keep them; they are announced as Lathe's own.
  bool is_lost = false;
  double audio_s = 0;
  BusySeconds busy;
};

// Syncing a file to the disk takes as long as mastering it and no processor; so it has its own threads.
class Publisher {
 public:
  struct Work {
    Lease lease;
    FinishedTask task;
  };

  // `on_end` is called from the publisher's threads, one call at a time.
  Publisher(JobStore& store, std::function<void(const PublishedTask&)> on_end);
  // Publishes what is queued, then ends.
  ~Publisher();

  // Queues the work; waits while the queue is full, so that a slow disk slows the workers down.
  void publish(Work work);

 private:
  void run();
  PublishedTask publish_now(Work& work);

  JobStore& store_;
  std::function<void(const PublishedTask&)> on_end_;
  std::mutex end_mutex_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  bool is_ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lathe::scheduler
