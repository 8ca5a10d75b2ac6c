#include "scheduler/core/worker_session.h"

#include <algorithm>

namespace lathe::scheduler {
namespace {

// How soon work is asked for again when there was none: to fetch ahead (the scheduler is not asked to wait with that),
// and after the scheduler has waited for some.
constexpr std::int64_t kAheadPauseMs = 500, kIdlePauseMs = 50;

}  // namespace

WorkerSession::WorkerSession(const SessionSetting& setting, WorkerPort& port, std::function<double()> random01)
    : setting_(setting),
      port_(port),
      random01_(std::move(random01)),
      slots_(static_cast<std::size_t>(std::max(1, setting.slots))) {}

std::vector<LeaseKey> WorkerSession::held() const {
  std::vector<LeaseKey> keys;
  for (const auto& [key, held] : held_) keys.push_back(key);
  return keys;
}

int WorkerSession::count(int slot, Phase phase) const {
  return static_cast<int>(std::count_if(held_.begin(), held_.end(), [&](const auto& entry) {
    return entry.second.slot == slot && entry.second.phase == phase;
  }));
}

int WorkerSession::finishing(int slot) const {
  return count(slot, Phase::kAnnouncing) + count(slot, Phase::kPublishing) + count(slot, Phase::kCommitting);
}

// --- answers of the scheduler ---

void WorkerSession::on_acquired(std::int64_t call, const std::vector<Granted>& tasks, Standing standing,
                                std::int64_t now_ms) {
  // A late or doubled answer: these leases were let run out, or are held already.
  if (call != acquire_call_) return;
  acquire_call_ = 0;
  acquire_failures_ = 0;
  standing_ = standing;
  if (tasks.empty()) next_ahead_ms_ = now_ms + kAheadPauseMs;
  if (tasks.empty() && acquire_waits_) next_acquire_ms_ = now_ms + kIdlePauseMs;
  for (const Granted& granted : tasks) {
    Held held;
    held.deadline_ms = now_ms + granted.lease_ms / 2;  // it may begin; a heartbeat is on its way
    held.runs_alone = granted.runs_alone;
    held.order = ++order_;
    // To the slot with the least to do.
    int least = 1 << 20;
    for (int s = 0; s < std::ssize(slots_); ++s) {
      const int load = count(s, Phase::kQueued) + count(s, Phase::kWorking) + count(s, Phase::kDropping);
      if (load < least) {
        least = load;
        held.slot = s;
      }
    }
    held_[granted.lease] = held;
  }
  if (!tasks.empty()) next_beat_ms_ = now_ms;
  if (!takes_work()) give_back_queued(now_ms);
  tick(now_ms);
}

void WorkerSession::on_acquire_failed(std::int64_t call, std::int64_t now_ms) {
  if (call != acquire_call_) return;
  acquire_call_ = 0;
  next_acquire_ms_ = now_ms + setting_.call_backoff.wait_ms(++acquire_failures_, random01_());
}

void WorkerSession::on_heartbeat(std::int64_t call, const std::vector<LeaseKey>& lost, Standing standing,
                                 std::int64_t now_ms) {
  if (call != beat_call_) return;
  beat_call_ = 0;
  beat_failures_ = 0;
  standing_ = standing;
  for (const LeaseKey& key : beat_leases_) {
    const auto held = held_.find(key);
    if (held == held_.end()) continue;
    held->second.deadline_ms = beat_sent_ms_ + setting_.lease_ms;
    held->second.is_confirmed = true;
  }
  const bool has_unconfirmed =
      std::any_of(held_.begin(), held_.end(), [](const auto& entry) { return !entry.second.is_confirmed; });
  if (has_unconfirmed) next_beat_ms_ = now_ms;
  if (standing == Standing::kGone) {
    for (const LeaseKey& key : held()) lose(key, now_ms);
  } else {
    for (const LeaseKey& key : lost) lose(key, now_ms);
  }
  if (takes_work()) return;
  if (acquire_call_ != 0 && acquire_waits_) port_.end_acquire(acquire_call_);
  give_back_queued(now_ms);
}

void WorkerSession::on_heartbeat_failed(std::int64_t call, std::int64_t now_ms) {
  if (call != beat_call_) return;
  beat_call_ = 0;
  next_beat_ms_ = now_ms + setting_.call_backoff.wait_ms(++beat_failures_, random01_());
}

void WorkerSession::on_announced(LeaseKey lease, Answer answer, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end() || held->second.phase != Phase::kAnnouncing) return;
  held->second.is_asked = false;
  if (answer == Answer::kLost) return lose(lease, now_ms);
  if (answer == Answer::kRepeat || !held->second.is_confirmed) return repeat_later(held->second, now_ms);
  enter(held, Phase::kPublishing, now_ms);
  port_.publish(held->second.slot, lease, held->second.deadline_ms - setting_.margin_ms());
}

void WorkerSession::on_committed(LeaseKey lease, Answer answer, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end() || held->second.phase != Phase::kCommitting) return;
  held->second.is_asked = false;
  if (answer == Answer::kRepeat) return repeat_later(held->second, now_ms);
  let_go(held);  // lost: the files keep their names, and are announced as Lathe's own
  tick(now_ms);
}

void WorkerSession::on_failed(LeaseKey lease, Answer answer, std::int64_t now_ms) {
  on_ended(lease, Phase::kFailing, answer, now_ms);
}

void WorkerSession::on_released(LeaseKey lease, Answer answer, std::int64_t now_ms) {
  on_ended(lease, Phase::kReleasing, answer, now_ms);
}

void WorkerSession::on_ended(LeaseKey lease, Phase asked_in, Answer answer, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end() || held->second.phase != asked_in) return;
  held->second.is_asked = false;
  if (answer == Answer::kRepeat) return repeat_later(held->second, now_ms);
  let_go(held);
  tick(now_ms);
}

// --- events of executors ---

void WorkerSession::on_executor_ready(int slot, std::int64_t now_ms) {
  slots_.at(static_cast<std::size_t>(slot)) = {true, false};
  for (auto& [key, held] : held_) {
    if (held.slot == slot && held.phase == Phase::kQueued) held.is_sent = false;
  }
  tick(now_ms);
}

void WorkerSession::on_started(LeaseKey lease) {
  const auto held = held_.find(lease);
  if (held != held_.end() && held->second.phase == Phase::kQueued) held->second.phase = Phase::kWorking;
}

void WorkerSession::on_finished(LeaseKey lease, bool has_files, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end()) return;
  const Phase phase = held->second.phase;
  if (phase != Phase::kWorking && phase != Phase::kQueued) return;
  enter(held, has_files ? Phase::kAnnouncing : Phase::kCommitting, now_ms);
  tick(now_ms);
}

void WorkerSession::on_published(LeaseKey lease, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end() || held->second.phase != Phase::kPublishing) return;
  enter(held, Phase::kCommitting, now_ms);
  tick(now_ms);
}

void WorkerSession::on_attempt_failed(LeaseKey lease, const AttemptFailure& failure, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end()) return;
  if (held->second.phase == Phase::kDropping) return on_dropped(lease, now_ms);
  held->second.failure = failure;
  enter(held, Phase::kFailing, now_ms);
  tick(now_ms);
}

void WorkerSession::on_dropped(LeaseKey lease, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end() || held->second.phase != Phase::kDropping) return;
  if (held->second.is_lost) {
    let_go(held);
  } else {
    enter(held, Phase::kReleasing, now_ms);
  }
  tick(now_ms);
}

void WorkerSession::on_stalled(LeaseKey lease, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end() || held->second.phase != Phase::kWorking) return;
  const int slot = held->second.slot;
  held->second.failure = {FailureClass::kTask, "STALLED",
                          "the executor made no progress with the track and was killed"};
  enter(held, Phase::kFailing, now_ms);
  kill(slot);
  tick(now_ms);
}

void WorkerSession::give_up(int slot, std::int64_t) { kill(slot); }

void WorkerSession::on_executor_gone(int slot, const AttemptFailure& why, std::int64_t now_ms) {
  Slot& state = slots_.at(static_cast<std::size_t>(slot));
  const bool was_killed = state.is_killed;
  state = {};
  for (const LeaseKey& key : held()) {
    const auto held = held_.find(key);
    if (held == held_.end() || held->second.slot != slot) continue;
    switch (held->second.phase) {
      case Phase::kQueued:
        held->second.is_sent = false;  // the next executor gets it
        break;
      case Phase::kWorking:
        if (was_killed) {
          enter(held, Phase::kReleasing, now_ms);
        } else {
          held->second.failure = why;
          enter(held, Phase::kFailing, now_ms);
        }
        break;
      case Phase::kAnnouncing:
      case Phase::kPublishing:
        // Its files went with the process, through no fault of the track.
        held->second.failure = {FailureClass::kInfra, "EXECUTOR_DIED",
                                "the executor died before the finished files had their names"};
        enter(held, Phase::kFailing, now_ms);
        break;
      case Phase::kDropping:
        on_dropped(key, now_ms);
        break;
      case Phase::kCommitting:
      case Phase::kFailing:
      case Phase::kReleasing:
        break;
    }
  }
  tick(now_ms);
}

// --- orders from outside ---

void WorkerSession::drain(std::int64_t now_ms) {
  drains_ = true;
  if (acquire_call_ != 0 && acquire_waits_) port_.end_acquire(acquire_call_);
  give_back_queued(now_ms);
  tick(now_ms);
}

void WorkerSession::stop(std::int64_t now_ms) {
  drain(now_ms);
  for (const LeaseKey& key : held()) {
    const auto held = held_.find(key);
    if (held == held_.end() || held->second.phase != Phase::kWorking) continue;
    enter(held, Phase::kDropping, now_ms);
    port_.drop(held->second.slot, key);
  }
}

void WorkerSession::give_back_queued(std::int64_t now_ms) {
  for (const LeaseKey& key : held()) {
    const auto held = held_.find(key);
    if (held == held_.end() || held->second.phase != Phase::kQueued) continue;
    if (held->second.is_sent) {
      enter(held, Phase::kDropping, now_ms);  // it may have begun by now
      port_.drop(held->second.slot, key);
    } else {
      enter(held, Phase::kReleasing, now_ms);
      call_for(held, now_ms);
    }
  }
}

// --- one lease ---

void WorkerSession::enter(Iterator held, Phase phase, std::int64_t now_ms) {
  held->second.phase = phase;
  held->second.answer_by_ms = now_ms + setting_.answer_ms();
  held->second.is_asked = false;
  held->second.tries = 0;
  held->second.next_try_ms = 0;
}

void WorkerSession::call_for(Iterator held, std::int64_t) {
  const LeaseKey key = held->first;
  switch (held->second.phase) {
    case Phase::kAnnouncing:
      held->second.is_asked = true;
      return port_.announce(key);
    case Phase::kCommitting:
      held->second.is_asked = true;
      return port_.commit(key);
    case Phase::kFailing:
      held->second.is_asked = true;
      return port_.fail(key, held->second.failure);
    case Phase::kReleasing:
      held->second.is_asked = true;
      return port_.release(key);
    case Phase::kQueued:
    case Phase::kWorking:
    case Phase::kPublishing:
    case Phase::kDropping:
      return;
  }
}

void WorkerSession::repeat_later(Held& held, std::int64_t now_ms) {
  held.next_try_ms = now_ms + setting_.call_backoff.wait_ms(++held.tries, random01_());
}

void WorkerSession::let_go(Iterator held) {
  const LeaseKey key = held->first;
  held_.erase(held);
  port_.forget(key);
}

void WorkerSession::lose(LeaseKey lease, std::int64_t now_ms) {
  const auto held = held_.find(lease);
  if (held == held_.end()) return;
  const Phase phase = held->second.phase;
  held->second.is_lost = true;
  switch (phase) {
    case Phase::kDropping:
      return;
    case Phase::kQueued:
      if (!held->second.is_sent) return let_go(held);
      [[fallthrough]];
    case Phase::kWorking:
    case Phase::kAnnouncing:
      enter(held, Phase::kDropping, now_ms);
      return port_.drop(held->second.slot, lease);
    case Phase::kPublishing: {
      // It may be giving files their names this very moment.
      const int slot = held->second.slot;
      let_go(held);
      return kill(slot);
    }
    case Phase::kCommitting:
    case Phase::kFailing:
    case Phase::kReleasing:
      return let_go(held);
  }
}

}  // namespace lathe::scheduler
