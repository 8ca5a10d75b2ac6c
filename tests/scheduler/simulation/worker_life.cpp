#include "tests/scheduler/simulation/worker_life.h"

namespace lathe::scheduler::simulation {
namespace {

// As in scheduler/worker/farm_worker.cpp.
constexpr std::int64_t kRegisterDeadlineMs = 15'000;

}  // namespace

SimulatedWorker::Life::Life(SimulatedWorker& worker, std::int64_t number)
    : worker_(worker),
      ground_(worker.ground_),
      random_(worker.random_.fork()),
      id_(fmt::format("{}:{}", worker.setting_.name, number)),
      replica_(static_cast<std::size_t>(random_.below(static_cast<int>(worker.replicas_.size())))) {}

void SimulatedWorker::Life::begin() {
  ground_.timeline.say("{} starts", id_);
  slots_.resize(static_cast<std::size_t>(worker_.setting_.slots));
  for (int s = 0; s < worker_.setting_.slots; ++s) start_executor(s);
  tick();
}

void SimulatedWorker::Life::end() {
  is_over_ = true;
  if (session_) worker_.fenced_ += session_->fenced();
  for (Slot& slot : slots_) {
    if (slot.executor) slot.executor->vanish();
  }
  if (end_acquire_ && random_.chance(0.5)) end_acquire_();
}

// --- its one thread ---

void SimulatedWorker::Life::post(std::function<void()> event) {
  if (is_over_) return;
  if (is_stopped_) {
    inbox_.push_back(std::move(event));
    return;
  }
  event();
  turn();
}

void SimulatedWorker::Life::turn() {
  if (is_over_) return;
  if (!session_) {
    if (is_ending_) worker_.ended(0);
    return;
  }
  session_->tick(ground_.timeline.now_ms());
  if (!session_->is_over()) return;
  // Unknown to the scheduler: at once again under a new id. Told to end: somebody starts it again some time.
  const bool is_gone = session_->standing() == WorkerSession::Standing::kGone && !is_ending_;
  worker_.ended(is_gone ? 0 : random_.between(1'000, 20'000));
}

void SimulatedWorker::Life::tick() {
  ground_.timeline.after(worker_.setting_.tick_ms, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->is_over_) return;
    self->tick();
    if (!self->is_stopped_) self->turn();
  });
}

void SimulatedWorker::Life::stand_still(std::int64_t for_ms, bool executors_too) {
  if (is_stopped_ || is_over_) return;
  is_stopped_ = true;
  ground_.timeline.say("{} stands still for {} ms{}", id_, for_ms, executors_too ? ", its executors too" : "");
  for (Slot& slot : slots_) {
    if (executors_too && slot.executor) slot.executor->stop();
  }
  ground_.timeline.after(for_ms, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->is_over_) return;
    self->ground_.timeline.say("{} goes on", self->id_);
    self->is_stopped_ = false;
    for (std::size_t s = 0; s < self->slots_.size(); ++s) {
      if (const auto executor = self->slots_[s].executor) executor->go_on();
    }
    std::vector<std::function<void()>> inbox;
    inbox.swap(self->inbox_);
    for (const auto& event : inbox) {
      if (!self->is_over_) event();
    }
    self->turn();
  });
}

void SimulatedWorker::Life::drain(bool gives_back) {
  post([this, gives_back] {
    is_ending_ = true;
    if (!session_) return;
    if (gives_back) {
      session_->stop(ground_.timeline.now_ms());
    } else {
      session_->drain(ground_.timeline.now_ms());
    }
  });
}

void SimulatedWorker::Life::lose_gpu() {
  post([this] {
    if (!session_ || !trouble_.empty()) return;
    trouble_ = "the GPU was lost";
    worker_.in_trouble_.push_back(id_);
    session_->give_up(0, ground_.timeline.now_ms());
  });
}

std::string SimulatedWorker::Life::at_work(const LeaseId& except) const {
  for (const auto& [lease, until_ms] : valid_until_ms_) {
    if (lease.task_id != except.task_id || lease.token == except.token) continue;
    const std::int64_t early_ms = ground_.clock.forward_since(until_ms - ground_.lease_ms);
    if (until_ms - early_ms <= ground_.timeline.now_ms()) continue;
    for (const Slot& slot : slots_) {
      if (slot.executor && slot.executor->has(lease)) return fmt::format("{}, token {}", id_, lease.token);
    }
  }
  return {};
}

// --- registration ---

void SimulatedWorker::Life::register_worker() {
  if (is_registering_ || session_ || is_ending_) return;
  is_registering_ = true;
  WorkerSpec spec;
  spec.id = id_;
  spec.name = worker_.setting_.name;
  spec.engine = worker_.setting_.engine;
  spec.slots = worker_.setting_.slots;
  call_farm<WorkerState>(
      kRegisterDeadlineMs,
      [spec](Replica& replica, const Reply<WorkerState>& reply, const auto&) {
        replica.answer(reply, [&] { return replica.register_worker(spec); });
      },
      [this](CallStatus status, const WorkerState&) {
        is_registering_ = false;
        if (is_ending_) return;
        if (status != CallStatus::kOk) {
          const std::int64_t wait_ms = Backoff{200, 5'000}.wait_ms(++tries_, random_.real01());
          ground_.timeline.after(wait_ms, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->post([life = self.get()] { life->register_worker(); });
          });
          return;
        }
        SessionSetting setting;
        setting.slots = worker_.setting_.slots;
        const bool is_careless = ground_.bug != nullptr && ground_.bug->worker_does_not_fence;
        setting.lease_ms = ground_.lease_ms;
        // Half of the workers tell progress between the heartbeats that leases need.
        if (worker_.setting_.slots % 2 == 0) setting.progress_ms = 2'000;
        if (is_careless) setting.lease_ms = kCarelessLeaseMs;
        session_ = std::make_unique<WorkerSession>(setting, static_cast<WorkerPort&>(*this),
                                                   [this] { return random_.real01(); });
        for (int s = 0; s < worker_.setting_.slots; ++s) {
          if (slots_[static_cast<std::size_t>(s)].is_ready) session_->on_executor_ready(s, ground_.timeline.now_ms());
        }
      });
}

// --- executors ---

std::function<void(std::function<void()>)> SimulatedWorker::Life::pipe_of(int slot) {
  Slot& state = slots_[static_cast<std::size_t>(slot)];
  return [weak = weak_from_this(), slot, generation = state.generation](std::function<void()> event) {
    const auto self = weak.lock();
    if (!self || self->is_over_) return;
    Slot& there = self->slots_[static_cast<std::size_t>(slot)];
    there.pipe_ms = std::max(there.pipe_ms, self->ground_.timeline.now_ms() + self->random_.between(0, 2));
    self->ground_.timeline.at(there.pipe_ms, [weak, slot, generation, event = std::move(event)] {
      const auto life = weak.lock();
      if (!life) return;
      life->post([life = life.get(), slot, generation, event] {
        if (life->slots_[static_cast<std::size_t>(slot)].generation == generation) event();
      });
    });
  };
}

void SimulatedWorker::Life::start_executor(int slot) {
  Slot& state = slots_[static_cast<std::size_t>(slot)];
  ++state.generation;
  state.is_ready = false;
  const auto pipe = pipe_of(slot);
  const auto now = [this] { return ground_.timeline.now_ms(); };
  SimulatedExecutor::Events events;
  events.ready = [=, this] {
    pipe([=, this] {
      slots_[static_cast<std::size_t>(slot)].is_ready = true;
      if (session_) return session_->on_executor_ready(slot, now());
      register_worker();
    });
  };
  events.started = [=, this](LeaseKey lease) { pipe([=, this] { session_->on_started(lease); }); };
  events.recall = [=, this](LeaseKey lease, const std::function<void(const std::optional<Recalled>&)>& answer) {
    pipe([=, this] { ask_recall(lease, answer, 0); });
  };
  events.finished = [=, this](LeaseKey lease, const Commit& commit) {
    pipe([=, this] {
      const auto work = work_.find(lease);
      if (work == work_.end()) return;
      work->second.commit = commit;
      session_->on_finished(lease, !commit.outputs.empty(), now());
    });
  };
  events.published = [=, this](LeaseKey lease) { pipe([=, this] { session_->on_published(lease, now()); }); };
  events.failed = [=, this](LeaseKey lease, const AttemptFailure& failure) {
    pipe([=, this] { session_->on_attempt_failed(lease, failure, now()); });
  };
  events.dropped = [=, this](LeaseKey lease) { pipe([=, this] { session_->on_dropped(lease, now()); }); };
  events.ended = [=, this] { pipe([=, this] { on_executor_ended(slot); }); };
  events.stop_worker = [this](std::int64_t for_ms, JobId job) {
    stand_still(for_ms, true);
    worker_.on_stopped_at_rename(job);
  };
  state.executor = std::make_shared<SimulatedExecutor>(ground_.timeline, random_.fork(), worker_.setting_,
                                                       worker_.folder_, ground_.witness, std::move(events));
  state.executor->boot();
}

void SimulatedWorker::Life::on_executor_ended(int slot) {
  slots_[static_cast<std::size_t>(slot)].is_ready = false;
  ground_.timeline.say("{}: the executor of slot {} has ended", id_, slot);
  if (session_)
    session_->on_executor_gone(slot, {FailureClass::kCrash, "EXECUTOR_DIED", ""}, ground_.timeline.now_ms());
  ground_.timeline.after(1, [weak = weak_from_this(), slot] {
    if (const auto self = weak.lock()) self->post([life = self.get(), slot] { life->start_executor(slot); });
  });
}

void SimulatedWorker::Life::send_to(int slot, std::function<void(SimulatedExecutor&)> command) {
  if (const auto executor = slots_[static_cast<std::size_t>(slot)].executor; executor && executor->is_alive())
    command(*executor);
}

void SimulatedWorker::Life::start(int slot, LeaseKey lease) {
  Work& work = work_[lease];
  work.slot = slot;
  send_to(slot, [&](SimulatedExecutor& executor) { executor.start(lease, work.grant); });
}

void SimulatedWorker::Life::publish(int slot, LeaseKey lease, std::int64_t until_ms) {
  send_to(slot, [&](SimulatedExecutor& executor) { executor.publish(lease, until_ms); });
}

void SimulatedWorker::Life::drop(int slot, LeaseKey lease) {
  send_to(slot, [&](SimulatedExecutor& executor) { executor.drop(lease); });
}

void SimulatedWorker::Life::kill(int slot) {
  ground_.timeline.say("{}: kills the executor of slot {}", id_, slot);
  send_to(slot, [](SimulatedExecutor& executor) { executor.kill(); });
}

}  // namespace lathe::scheduler::simulation
