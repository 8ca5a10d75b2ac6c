// What a worker asks of the scheduler, and what it makes of the answers.
#include <algorithm>

#include "tests/scheduler/simulation/worker_life.h"

namespace lathe::scheduler::simulation {
namespace {

// As in scheduler/worker/farm_worker.cpp.
constexpr std::int64_t kCallDeadlineMs = 15'000, kBeatDeadlineMs = 8'000, kAcquireWaitMs = 20'000;
constexpr int kRecallTries = 5;

WorkerSession::Standing standing_of(WorkerState state) {
  switch (state) {
    case WorkerState::kDraining:
      return WorkerSession::Standing::kDraining;
    case WorkerState::kQuarantined:
      return WorkerSession::Standing::kQuarantined;
    case WorkerState::kGone:
      return WorkerSession::Standing::kGone;
    case WorkerState::kActive:
      break;
  }
  return WorkerSession::Standing::kActive;
}

LeaseId id_of(LeaseKey lease) { return {lease.task_id, lease.token}; }

}  // namespace

WorkerSession::Answer SimulatedWorker::Life::answer_of(CallStatus status, bool is_lost) const {
  if (ground_.bug != nullptr && ground_.bug->worker_ignores_lost) is_lost = false;
  if (status == CallStatus::kOk) return is_lost ? WorkerSession::Answer::kLost : WorkerSession::Answer::kDone;
  return status == CallStatus::kUnavailable ? WorkerSession::Answer::kRepeat : WorkerSession::Answer::kLost;
}

void SimulatedWorker::Life::acquire(std::int64_t number, const WantedTasks& wanted, bool waits) {
  const std::int64_t wait_ms = waits ? kAcquireWaitMs : 0, sent_ms = ground_.timeline.now_ms();
  const Replica::AcquireRequest request{id_, wanted, wait_ms};
  const OpenCall open = call_farm<Acquired>(
      wait_ms + 10'000,
      [request](Replica& replica, const Reply<Acquired>& reply, const std::function<bool()>& is_gone) {
        replica.acquire(request, reply, is_gone);
      },
      [this, number, sent_ms](CallStatus status, const Acquired& acquired) {
        const std::int64_t now = ground_.timeline.now_ms();
        if (status != CallStatus::kOk) return session_->on_acquire_failed(number, now);
        std::vector<WorkerSession::Granted> granted;
        const bool is_careless = ground_.bug != nullptr && ground_.bug->worker_does_not_fence;
        for (const Grant& grant : acquired.grants) {
          const LeaseKey lease{grant.lease.id.task_id, grant.lease.id.token};
          const std::int64_t lease_ms = is_careless ? kCarelessLeaseMs : ground_.lease_ms;
          work_[lease].grant = grant;
          valid_until_ms_[lease] = sent_ms + lease_ms;
          granted.push_back({lease, lease_ms, grant.lease.run_alone});
        }
        session_->on_acquired(number, granted, standing_of(acquired.state), now);
      });
  end_acquire_ = open.cancel;
}

void SimulatedWorker::Life::end_acquire(std::int64_t) {
  if (end_acquire_) end_acquire_();
}

void SimulatedWorker::Life::heartbeat(std::int64_t number, const std::vector<LeaseKey>& leases) {
  std::vector<LeaseId> ids;
  for (const LeaseKey& lease : leases) ids.push_back(id_of(lease));
  const std::int64_t sent_ms = ground_.timeline.now_ms();
  call_farm<Heartbeat>(
      kBeatDeadlineMs,
      [id = id_, ids, trouble = trouble_](Replica& replica, const Reply<Heartbeat>& reply, const auto&) {
        replica.answer(reply, [&] { return replica.heartbeat(id, ids, trouble); });
      },
      [this, number, ids, sent_ms](CallStatus status, const Heartbeat& heard) {
        const std::int64_t now = ground_.timeline.now_ms();
        if (status != CallStatus::kOk) return session_->on_heartbeat_failed(number, now);
        std::vector<LeaseKey> lost;
        const bool is_deaf = ground_.bug != nullptr && ground_.bug->worker_ignores_lost;
        if (!is_deaf) {
          for (const LeaseId& lease : heard.lost) lost.push_back({lease.task_id, lease.token});
        }
        for (const LeaseId& lease : ids) {
          const LeaseKey key{lease.task_id, lease.token};
          const bool is_lost = std::find(lost.begin(), lost.end(), key) != lost.end();
          std::int64_t& until_ms = valid_until_ms_[key];
          until_ms = is_lost ? 0 : std::max(until_ms, sent_ms + ground_.lease_ms);
        }
        session_->on_heartbeat(number, lost, standing_of(heard.state), now);
      });
}

void SimulatedWorker::Life::ask_recall(LeaseKey lease,
                                       const std::function<void(const std::optional<Recalled>&)>& answer, int tries) {
  const auto work = work_.find(lease);
  if (work == work_.end()) return answer(std::nullopt);
  const Grant& grant = work->second.grant;
  call_farm<Recalled>(
      kCallDeadlineMs,
      [path = output_path(grant.header.out_dir, grant.lease.input),
       key = cache_key_of(grant.header, grant.lease.input)](Replica& replica, const Reply<Recalled>& reply,
                                                            const auto&) {
        replica.answer(reply, [&] { return replica.recall(path, key); });
      },
      [this, lease, answer, tries](CallStatus status, const Recalled& recalled) {
        if (status == CallStatus::kOk) return answer(recalled);
        if (tries + 1 < kRecallTries) return ask_recall(lease, answer, tries + 1);
        answer(std::nullopt);
      });
}

void SimulatedWorker::Life::announce(LeaseKey lease) {
  call_farm<bool>(
      kCallDeadlineMs,
      [lease, outputs = work_[lease].commit.outputs](Replica& replica, const Reply<bool>& reply, const auto&) {
        replica.answer(reply, [&] { return replica.announce(id_of(lease), outputs); });
      },
      [this, lease](CallStatus status, bool is_lost) {
        session_->on_announced(lease, answer_of(status, is_lost), ground_.timeline.now_ms());
      });
}

void SimulatedWorker::Life::commit(LeaseKey lease) {
  call_farm<bool>(
      kCallDeadlineMs,
      [lease, result = work_[lease].commit](Replica& replica, const Reply<bool>& reply, const auto&) {
        replica.answer(reply, [&] { return replica.commit(id_of(lease), result); });
      },
      [this, lease](CallStatus status, bool is_lost) {
        session_->on_committed(lease, answer_of(status, is_lost), ground_.timeline.now_ms());
      });
}

void SimulatedWorker::Life::fail(LeaseKey lease, const AttemptFailure& failure) {
  call_farm<bool>(
      kCallDeadlineMs,
      [lease, failure](Replica& replica, const Reply<bool>& reply, const auto&) {
        replica.answer(reply, [&] { return replica.fail(id_of(lease), failure.failure_class, failure.code); });
      },
      [this, lease](CallStatus status, bool is_lost) {
        session_->on_failed(lease, answer_of(status, is_lost), ground_.timeline.now_ms());
      });
}

void SimulatedWorker::Life::release(LeaseKey lease) {
  call_farm<Nothing>(
      kCallDeadlineMs,
      [lease](Replica& replica, const Reply<Nothing>& reply, const auto&) {
        replica.answer(reply, [&] { return replica.release(id_of(lease)); });
      },
      [this, lease](CallStatus status, const Nothing&) {
        session_->on_released(lease, answer_of(status, false), ground_.timeline.now_ms());
      });
}

}  // namespace lathe::scheduler::simulation
