#include "scheduler/worker/remote_memory.h"

#include "lathe/v1/executor.pb.h"

namespace lathe::scheduler {
namespace {

// One count for both budgets: an answer's number says whose it is.
std::atomic<std::int64_t> requests{0};

}  // namespace

void RemoteMemory::ask(std::int64_t request, std::int64_t bytes) {
  v1::ExecutorEvent event;
  event.mutable_memory_wanted()->set_request(request);
  event.mutable_memory_wanted()->set_bytes(bytes);
  event.mutable_memory_wanted()->set_is_device(is_device_);
  pipe_.send(event);
}

void RemoteMemory::reserve(std::int64_t bytes) {
  if (bytes == 0) return;
  const std::int64_t request = ++requests;
  {
    const std::lock_guard lock(mutex_);
    awaited_.insert(request);
  }
  ask(request, bytes);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return is_ended_ || !awaited_.contains(request); });
}

void RemoteMemory::give_back(std::int64_t bytes) {
  if (bytes != 0) ask(0, -bytes);
}

void RemoteMemory::granted(std::int64_t request) {
  {
    const std::lock_guard lock(mutex_);
    awaited_.erase(request);
  }
  changed_.notify_all();
}

void RemoteMemory::end() {
  {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
  }
  changed_.notify_all();
}

}  // namespace lathe::scheduler
