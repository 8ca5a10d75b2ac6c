#include "scheduler/worker/worker_life.h"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/worker/boot_clock.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;

// And ten times the predicted work: reading from slow storage says nothing while it waits.
constexpr std::int64_t kStallMs = 10 * 60'000;
// An executor that dies so often in a row without having become ready will not get better.
constexpr int kDeathsUnready = 3;

FailureClass failure_class_of(v1::FailureClass failure_class) {
  switch (failure_class) {
    case v1::FAILURE_CLASS_INFRA:
      return FailureClass::kInfra;
    case v1::FAILURE_CLASS_PERMANENT:
      return FailureClass::kPermanent;
    case v1::FAILURE_CLASS_CRASH:
      return FailureClass::kCrash;
    default:
      return FailureClass::kTask;
  }
}

}  // namespace

WorkerLife::WorkerLife(const FarmWorkerSetting& setting, Connect connect, const std::atomic<WorkerOrder>& order,
                       std::function<void(const v1::WorkerLoad&)> on_load)
    : on_load_(std::move(on_load)),
      setting_(setting),
      order_(order),
      calls_(std::make_unique<SchedulerCalls>(queue_, connect(), setting.token)),
      beats_(std::make_unique<SchedulerCalls>(queue_, connect(), setting.token)),
      memory_(setting.memory_bytes) {}

WorkerLife::~WorkerLife() {
  calls_.reset();
  beats_.reset();
  for (auto& slot : slots_) slot.process.reset();
}

bool WorkerLife::run() {
  // Executors first: they know what kind of arithmetic this worker has.
  slots_.resize(static_cast<std::size_t>(setting_.slots));
  for (int s = 0; s < setting_.slots; ++s) start_executor(s);
  while (!engine_ && !is_told_to_end()) turn();
  if (!register_worker()) return false;
  while (!session_->is_over() && order_.load() != WorkerOrder::kAbort) {
    obey();
    turn();
    session_->tick(boot_ms());
  }
  const bool is_forgotten = session_->standing() == WorkerSession::Standing::kGone && !is_told_to_end();
  if (!is_forgotten && order_.load() != WorkerOrder::kAbort) say_goodbye();
  return is_forgotten;
}

bool WorkerLife::is_told_to_end() const { return order_.load() != WorkerOrder::kWork; }

void WorkerLife::news(const std::string& text) const {
  if (setting_.on_news) setting_.on_news(text);
}

void WorkerLife::turn() {
  queue_.run_for(kTick);
  if (unfit_) throw WorkerUnfit(*unfit_);
  if (denied_) throw WorkerDenied(*denied_);
  for (int s = 0; s < std::ssize(slots_); ++s) {
    Slot& slot = slots_[static_cast<std::size_t>(s)];
    if (slot.restart_ms == 0 || slot.restart_ms > boot_ms()) continue;
    slot.restart_ms = 0;
    slot.process.reset();
    start_executor(s);
  }
  if (session_) end_stalled();
}

void WorkerLife::end_stalled() {
  const std::int64_t now = boot_ms();
  for (auto& [key, work] : work_) {
    if (work.heard_ms == 0) continue;
    const std::int64_t patience = kStallMs + static_cast<std::int64_t>(work.task.spec().predicted_cost_s() * 10'000);
    if (now - work.heard_ms < patience) continue;
    news(
        fmt::format("the executor has said nothing of {} for {} s: killed", work.task.spec().input(), patience / 1000));
    work.heard_ms = 0;
    session_->on_stalled(key, now);
    return;
  }
}

void WorkerLife::obey() {
  const WorkerOrder order = order_.load();
  if (order == obeyed_) return;
  obeyed_ = order;
  if (order == WorkerOrder::kDrain) session_->drain(boot_ms());
  if (order == WorkerOrder::kStop) session_->stop(boot_ms());
}

void WorkerLife::start_executor(int s) {
  Slot& slot = slots_[static_cast<std::size_t>(s)];
  const std::int64_t generation = ++slot.generation;
  slot.is_ready = false;
  v1::ExecutorSetting setting;
  setting.set_backend(setting_.backend);
  setting.set_spool_dir(setting_.spool_dir.string());
  setting.set_memory_bytes(setting_.memory_bytes);
  setting.set_slots(setting_.slots);
  setting.set_gpu_is_lost(gpu_is_lost_);
  // A local run keeps no logs: nobody could ask for them, and its report says it all.
  if (!setting_.is_sole) setting.set_log_name(fmt::format("{} on {}", setting_.name, host_name()));
  for (const std::string& root : setting_.roots) setting.add_roots(root);
  slot.process = std::make_unique<ExecutorProcess>(
      setting_.executable, setting,
      ExecutorProcess::Callbacks{[this, s, generation](v1::ExecutorEvent event) {
                                   queue_.post([this, s, generation, event = std::move(event)] {
                                     if (slots_[static_cast<std::size_t>(s)].generation == generation)
                                       on_event(s, event);
                                   });
                                 },
                                 [this, s, generation](const std::string& how) {
                                   queue_.post([this, s, generation, how] {
                                     if (slots_[static_cast<std::size_t>(s)].generation == generation)
                                       on_executor_end(s, how);
                                   });
                                 }});
}

void WorkerLife::on_executor_end(int s, const std::string& how) {
  Slot& slot = slots_[static_cast<std::size_t>(s)];
  slot.deaths_unready = slot.is_ready ? 0 : slot.deaths_unready + 1;
  if (slot.deaths_unready >= kDeathsUnready && !unfit_)
    unfit_ = fmt::format("executors end before they are ready: {}", how);
  slot.is_ready = false;
  slot.restart_ms = boot_ms() + 100 * slot.deaths_unready + 1;
  for (const auto& [request, granted] : memory_.release(s)) grant(granted, request);
  if (session_) {
    session_->on_executor_gone(
        s, {FailureClass::kCrash, "EXECUTOR_DIED", "the process that worked on the track died: " + how}, boot_ms());
  }
}

void WorkerLife::on_event(int s, const v1::ExecutorEvent& event) {
  const std::int64_t now = boot_ms();
  Slot& slot = slots_[static_cast<std::size_t>(s)];
  switch (event.event_case()) {
    case v1::ExecutorEvent::kReady:
      slot.is_ready = true;
      slot.deaths_unready = 0;
      if (!engine_) {
        engine_ = event.ready().engine();
        gpu_ = event.ready().gpu();
        memory_.set_device_total(event.ready().device_memory_bytes());
      }
      if (session_) session_->on_executor_ready(s, now);
      break;
    case v1::ExecutorEvent::kStarted:
      if (const auto work = work_.find(key_of(event.started().lease())); work != work_.end()) {
        work->second.began_ms = work->second.heard_ms = now;
        work->second.stage = jobs_[work->second.task.job_id()].has_audit() ? "audit" : "preparing";
      }
      session_->on_started(key_of(event.started().lease()));
      break;
    case v1::ExecutorEvent::kProgress:
      if (const auto work = work_.find(key_of(event.progress().lease())); work != work_.end()) {
        work->second.share = event.progress().share();
        work->second.stage = event.progress().stage();
        work->second.heard_ms = now;
        if (setting_.on_progress) setting_.on_progress(work->first.task_id, work->second.share);
      }
      break;
    case v1::ExecutorEvent::kQuestion:
      recall(s, event.question());
      break;
    case v1::ExecutorEvent::kFinished:
      if (const auto work = work_.find(key_of(event.finished().result().lease())); work != work_.end()) {
        work->second.result = event.finished().result();
        work->second.heard_ms = 0;
        work->second.stage = "publishing";
        for (const std::string& line : event.finished().log_lines()) work->second.log.add_end(line, now);
        add_load(event.finished().load());
        session_->on_finished(work->first, event.finished().result().outputs_size() > 0, now);
      }
      break;
    case v1::ExecutorEvent::kPublished:
      session_->on_published(key_of(event.published().lease()), now);
      break;
    case v1::ExecutorEvent::kFailed:
      on_attempt_failed(s, event.failed(), now);
      break;
    case v1::ExecutorEvent::kDropped:
      session_->on_dropped(key_of(event.dropped().lease()), now);
      break;
    case v1::ExecutorEvent::kMemoryWanted:
      for (const auto& [request, granted] : memory_.ask(
               s, event.memory_wanted().request(), event.memory_wanted().bytes(), event.memory_wanted().is_device())) {
        grant(granted, request);
      }
      break;
    case v1::ExecutorEvent::kLog:
      if (const auto work = work_.find(key_of(event.log().lease())); work != work_.end()) {
        for (const std::string& line : event.log().lines()) work->second.log.add_end(line, now);
        if (!event.log().stage().empty()) work->second.stage = event.log().stage();
        work->second.heard_ms = now;
      }
      break;
    case v1::ExecutorEvent::EVENT_NOT_SET:
      break;
  }
}

void WorkerLife::on_attempt_failed(int s, const v1::ExecutorEvent::Failed& failed, std::int64_t now) {
  if (failed.reason_code() == "NO_BACKEND") {
    unfit_ = failed.message();
    return;
  }
  if (failed.device_is_lost()) {
    lose_gpu(failed.message());
    session_->give_up(s, now);
    return;
  }
  session_->on_attempt_failed(key_of(failed.lease()),
                              {failure_class_of(failed.failure_class()), failed.reason_code(), failed.message()}, now);
  if (failed.executor_is_unfit()) {
    news("an executor can read no files any more, and is replaced: " + failed.message());
    session_->give_up(s, now);
  }
}

void WorkerLife::lose_gpu(const std::string& how) {
  if (setting_.on_gpu_lost) setting_.on_gpu_lost(how);
  news("the GPU was lost: " + how);
  if (setting_.is_sole) {
    gpu_is_lost_ = setting_.backend == "auto";
  } else {
    trouble_ = "the GPU was lost: " + how;
  }
}

void WorkerLife::grant(int s, std::int64_t request) {
  v1::ExecutorCommand command;
  command.mutable_memory_granted()->set_request(request);
  send(s, command);
}

void WorkerLife::send(int s, const v1::ExecutorCommand& command) {
  Slot& slot = slots_[static_cast<std::size_t>(s)];
  if (slot.process) slot.process->send(command);  // if it is gone, on_executor_end comes
}

void WorkerLife::add_load(const v1::WorkerLoad& load) {
  load_.set_decode_s(load_.decode_s() + load.decode_s());
  load_.set_kernels_s(load_.kernels_s() + load.kernels_s());
  load_.set_limiter_s(load_.limiter_s() + load.limiter_s());
  load_.set_encode_s(load_.encode_s() + load.encode_s());
  load_.set_io_s(load_.io_s() + load.io_s());
  load_.set_audio_s(load_.audio_s() + load.audio_s());
  on_load_(load);
}

void WorkerLife::start(int slot, LeaseKey lease) {
  const Work& work = work_[lease];
  v1::ExecutorCommand command;
  v1::StartTask& start = *command.mutable_start();
  *start.mutable_lease() = ref_of(lease);
  start.set_job_id(work.task.job_id());
  *start.mutable_spec() = work.task.spec();
  *start.mutable_job() = jobs_[work.task.job_id()];
  send(slot, command);
}

void WorkerLife::publish(int slot, LeaseKey lease, std::int64_t until_ms) {
  v1::ExecutorCommand command;
  *command.mutable_publish()->mutable_lease() = ref_of(lease);
  command.mutable_publish()->set_until_ms(until_ms);
  send(slot, command);
}

void WorkerLife::drop(int slot, LeaseKey lease) {
  v1::ExecutorCommand command;
  *command.mutable_drop()->mutable_lease() = ref_of(lease);
  send(slot, command);
}

void WorkerLife::kill(int slot) {
  if (auto& process = slots_[static_cast<std::size_t>(slot)].process) process->kill();
}

void WorkerLife::forget(LeaseKey lease) {
  const auto work = work_.find(lease);
  if (work == work_.end()) return;
  const std::int64_t job = work->second.task.job_id();
  work_.erase(work);
  // A job comes again with the next of its tasks that is claimed.
  const auto is_of_job = [job](const auto& other) { return other.second.task.job_id() == job; };
  if (std::none_of(work_.begin(), work_.end(), is_of_job)) jobs_.erase(job);
}

}  // namespace lathe::scheduler
