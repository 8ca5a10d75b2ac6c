#include "scheduler/worker/farm_worker.h"

#include "scheduler/worker/worker_life.h"

namespace lathe::scheduler {

FarmWorker::FarmWorker(FarmWorkerSetting setting, std::function<std::shared_ptr<grpc::Channel>()> connect)
    : setting_(std::move(setting)), connect_(std::move(connect)) {}

FarmWorker::~FarmWorker() = default;

void FarmWorker::run(const std::atomic<WorkerOrder>& order) {
  const auto add = [this](const v1::WorkerLoad& load) {
    const std::lock_guard lock(mutex_);
    busy_.decode_s += load.decode_s();
    busy_.kernels_s += load.kernels_s();
    busy_.limiter_s += load.limiter_s();
    busy_.encode_s += load.encode_s();
    busy_.io_s += load.io_s();
    busy_.audio_s += load.audio_s();
  };
  while (WorkerLife(setting_, connect_, order, add).run()) {
    if (setting_.on_news) setting_.on_news("the scheduler does not know this worker any more: registering anew");
  }
}

FarmWorker::Busy FarmWorker::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

}  // namespace lathe::scheduler
