// What a worker does as time goes by: calls that are due, leases that could not be renewed, heartbeats, asking for
// work.
#include <algorithm>

#include "scheduler/core/worker_session.h"

namespace lathe::scheduler {

void WorkerSession::tick(std::int64_t now_ms) {
  fence(now_ms);
  for (auto held = held_.begin(); held != held_.end(); ++held) {
    if (!held->second.is_asked && held->second.next_try_ms <= now_ms) call_for(held, now_ms);
  }
  // Executors get what they are to do next, in the order it came.
  for (int s = 0; s < std::ssize(slots_); ++s) {
    if (!slots_[static_cast<std::size_t>(s)].is_ready || slots_[static_cast<std::size_t>(s)].is_killed) continue;
    for (;;) {
      Iterator next = held_.end();
      for (auto held = held_.begin(); held != held_.end(); ++held) {
        const bool waits = held->second.slot == s && held->second.phase == Phase::kQueued && !held->second.is_sent;
        if (waits && (next == held_.end() || held->second.order < next->second.order)) next = held;
      }
      if (next == held_.end()) break;
      next->second.is_sent = true;
      port_.start(s, next->first);
    }
  }
  beat(now_ms);
  ask_for_work(now_ms);
}

// What could not be renewed in time is given up before the scheduler may give it to others. A process that might still
// be at it is killed: nothing of it must reach a file any more.
void WorkerSession::fence(std::int64_t now_ms) {
  for (const LeaseKey& key : held()) {
    const auto held = held_.find(key);
    if (held == held_.end()) continue;
    const int slot = held->second.slot;
    const Phase phase = held->second.phase;
    // Renewed for ever, a lease whose executor hangs would never be let go.
    const bool is_for_executor = phase == Phase::kPublishing || phase == Phase::kDropping;
    if (is_for_executor && held->second.answer_by_ms <= now_ms) kill(slot);
    if (held->second.deadline_ms - setting_.margin_ms() > now_ms) continue;
    ++fenced_;
    const bool is_in_executor = phase == Phase::kWorking || phase == Phase::kPublishing || phase == Phase::kDropping ||
                                phase == Phase::kAnnouncing || (phase == Phase::kQueued && held->second.is_sent);
    let_go(held);
    if (is_in_executor) kill(slot);
  }
}

void WorkerSession::kill(int slot) {
  Slot& state = slots_.at(static_cast<std::size_t>(slot));
  if (state.is_killed) return;
  state.is_killed = true;
  port_.kill(slot);
}

void WorkerSession::beat(std::int64_t now_ms) {
  const bool has_progress = has_progress_to_tell(now_ms);
  if (beat_call_ != 0 && now_ms - beat_sent_ms_ < setting_.lease_ms / 2) return;
  // A scheduler that did not answer is left the time that was set then.
  const bool is_hurried = has_progress && beat_failures_ == 0 && now_ms - beat_sent_ms_ >= setting_.progress_ms;
  if (now_ms < next_beat_ms_ && !is_hurried) return;
  beat_leases_ = held();
  beat_call_ = ++calls_;
  beat_sent_ms_ = now_ms;
  next_beat_ms_ = now_ms + setting_.beat_ms();
  port_.heartbeat(beat_call_, beat_leases_);
}

// Each heartbeat renews leases, and an early one does no more than that: what a lease allows is counted from when the
// heartbeat was sent, however many there are.
bool WorkerSession::has_progress_to_tell(std::int64_t now_ms) {
  if (setting_.progress_ms == 0) return false;
  bool is_long = false;
  for (auto& [key, held] : held_) {
    if (held.phase != Phase::kWorking) continue;
    if (held.working_since_ms == 0) held.working_since_ms = now_ms;
    is_long = is_long || now_ms - held.working_since_ms >= setting_.progress_ms;
  }
  return is_long;
}

void WorkerSession::ask_for_work(std::int64_t now_ms) {
  if (!takes_work() || acquire_call_ != 0 || now_ms < next_acquire_ms_) return;
  WantedTasks wanted;
  for (const auto& [key, held] : held_) {
    if (held.runs_alone) return;
  }
  for (int s = 0; s < std::ssize(slots_); ++s) {
    if (!slots_[static_cast<std::size_t>(s)].is_ready || finishing(s) >= setting_.finishing_per_slot) continue;
    const int queued = count(s, Phase::kQueued);
    const int in_work = count(s, Phase::kWorking) + count(s, Phase::kDropping);
    if (queued + in_work == 0) ++wanted.at_once;
    if (queued + in_work <= 1) {
      ++wanted.ahead;
      wanted.spare += setting_.spare_per_slot;
    }
  }
  if (wanted.total() == 0 || (wanted.at_once == 0 && now_ms < next_ahead_ms_)) return;
  wanted.at_once = std::min(wanted.at_once, kMostTasksAtOnce);
  wanted.ahead = std::min(wanted.ahead, kMostTasksAtOnce - wanted.at_once);
  wanted.spare = std::min(wanted.spare, kMostTasksAtOnce - wanted.at_once - wanted.ahead);
  acquire_call_ = ++calls_;
  acquire_sent_ms_ = now_ms;
  next_acquire_ms_ = 0;
  acquire_waits_ = wanted.at_once > 0;
  port_.acquire(acquire_call_, wanted, acquire_waits_);
}

}  // namespace lathe::scheduler
