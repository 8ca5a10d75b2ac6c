#include "tests/scheduler/simulation/simulated_worker.h"

#include <algorithm>

#include "tests/scheduler/simulation/worker_life.h"

namespace lathe::scheduler::simulation {

SimulatedWorker::SimulatedWorker(const Ground& ground, const WorkerSetting& setting, Endpoint endpoint,
                                 std::vector<std::unique_ptr<Replica>>& replicas, Folder& folder, Random random)
    : ground_(ground), setting_(setting), endpoint_(endpoint), replicas_(replicas), folder_(folder), random_(random) {}

SimulatedWorker::~SimulatedWorker() = default;

void SimulatedWorker::start() {
  if (life_) return;
  life_ = std::make_shared<Life>(*this, ++lives_);
  life_->begin();
}

void SimulatedWorker::ended(std::int64_t back_after_ms) {
  if (!life_) return;
  ground_.timeline.say("{} ends", life_->id());
  life_->end();
  // It may be its own event that brought it here.
  ground_.timeline.after(0, [life = life_] {});
  life_.reset();
  ground_.timeline.after(back_after_ms, [this] { start(); });
}

void SimulatedWorker::crash(std::int64_t back_after_ms) {
  if (life_) ground_.timeline.say("{} is killed", life_->id());
  ended(back_after_ms);
}

void SimulatedWorker::stand_still(std::int64_t for_ms, bool executors_too) {
  if (life_) life_->stand_still(for_ms, executors_too);
}

void SimulatedWorker::end(bool gives_back) {
  if (life_) life_->drain(gives_back);
}

void SimulatedWorker::lose_gpu() {
  if (life_) life_->lose_gpu();
}

void SimulatedWorker::calm() {
  setting_.executor_crashes = 0;
  setting_.stopped_at_rename = 0;
}

std::string SimulatedWorker::at_work(const LeaseId& except) const { return life_ ? life_->at_work(except) : ""; }

bool SimulatedWorker::was_in_trouble(const std::string& id) const {
  return std::find(in_trouble_.begin(), in_trouble_.end(), id) != in_trouble_.end();
}

}  // namespace lathe::scheduler::simulation
