// Everyone who watches a job: one thread looks at each watched job a few times a second and tells who has not heard
// yet.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "lathe/v1/job.grpc.pb.h"
#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

class WatchDesk {
 public:
  explicit WatchDesk(FarmContext& farm);
  ~WatchDesk();
  WatchDesk(const WatchDesk&) = delete;
  WatchDesk& operator=(const WatchDesk&) = delete;

  grpc::ServerWriteReactor<v1::WatchJobResponse>* watch(grpc::CallbackServerContext& context,
                                                        const v1::WatchJobRequest& request);
  // Ends every watch with UNAVAILABLE: clients go on at another replica, or here after the restart.
  void stop();

 private:
  class Watch;
  void run(const std::stop_token& stopping);
  void look_at(Watch& watch);

  FarmContext& farm_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<std::shared_ptr<Watch>> watches_;
  bool is_stopped_ = false;
  std::jthread thread_;
};

}  // namespace lathe::scheduler
