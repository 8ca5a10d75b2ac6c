// A worker: leases, heartbeats and executors. It never touches audio: its executors do.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace grpc {
class Channel;
}

namespace lathe::scheduler {

struct FarmWorkerSetting {
  std::string name;        // stays over restarts
  std::string executable;  // that has the verb `executor`: this program
  int slots = 1;           // tracks at once, an executor each
  std::int64_t memory_bytes = 0;
  std::string backend = "auto";
  std::filesystem::path spool_dir;
  std::vector<std::string> roots;  // inputs and outputs lie below these, links followed; none: anywhere
  std::int64_t only_job = 0;       // takes tracks of this job alone; 0: of any
  // The only worker there is: it also gets back what it failed itself, and goes on with the CPU when `auto` has lost
  // its GPU. Any other worker quarantines itself then.
  bool is_sole = false;
  std::string version;
  std::string token;  // sent with each call; empty: none

  // From the thread that runs the worker; may be empty.
  std::function<void(const std::string&)> on_news;                      // for the log
  std::function<void(std::int64_t task_id, double share)> on_progress;  // of a track in work
  std::function<void(const std::string& why)> on_gpu_lost;
};

// The worker cannot work: no backend, executors that die at once, a scheduler of another version.
class WorkerUnfit : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The scheduler does not let this worker in.
class WorkerDenied : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class WorkerOrder {
  kWork,
  kDrain,  // ends what it has begun
  kStop,   // gives back what it has begun
  kAbort,  // leaves everything as it is; leases run out
};

class FarmWorker {
 public:
  // `connect` gives a channel of its own at each call: heartbeats have one for themselves, so that nothing big is
  // before them.
  FarmWorker(FarmWorkerSetting setting, std::function<std::shared_ptr<grpc::Channel>()> connect);
  ~FarmWorker();

  // Works until it was told to drain or stop, by `order` or by the scheduler, and holds nothing any more. Rides through
  // a scheduler that is away. Throws WorkerUnfit, WorkerDenied. Executors live as long as the thread that calls this.
  void run(const std::atomic<WorkerOrder>& order);

  // Seconds that the executors were busy, by kind of work, and audio they finished, so far.
  struct Busy {
    double decode_s = 0, kernels_s = 0, limiter_s = 0, encode_s = 0, io_s = 0, audio_s = 0;
  };
  Busy busy() const;

 private:
  FarmWorkerSetting setting_;
  std::function<std::shared_ptr<grpc::Channel>()> connect_;
  mutable std::mutex mutex_;
  Busy busy_;
};

}  // namespace lathe::scheduler
