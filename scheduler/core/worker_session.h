// What a worker knows of its leases and does about them, as a pure state machine: events in, calls on a port out. It
// has no clock, no network and no processes, so a simulation can drive it through everything that can go wrong.
//
// Times are a monotonic clock's milliseconds, which must go on while the machine sleeps (CLOCK_BOOTTIME).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scheduler/core/fetch_share.h"
#include "scheduler/core/retry_policy.h"

namespace lathe::scheduler {

// One claim of one task; see store/job_records.h.
struct LeaseKey {
  std::int64_t task_id = 0;
  std::int64_t token = 0;
  auto operator<=>(const LeaseKey&) const = default;
};

struct AttemptFailure {
  FailureClass failure_class = FailureClass::kTask;
  std::string code;
  std::string message;
};

struct SessionSetting {
  int slots = 1;               // executors
  int spare_per_slot = 3;      // short tracks that are fetched ahead beside the next one
  int finishing_per_slot = 4;  // tracks whose files wait for the disk or the scheduler before it takes no more work
  std::int64_t lease_ms = 30'000;
  // It stops itself this long before the scheduler may give its tasks to others, so that what it does at the last
  // moment is over by then.
  std::int64_t margin_ms() const { return lease_ms / 6; }
  std::int64_t beat_ms() const { return lease_ms / 3; }
  // An order to give names is obeyed or refused within a lease, one to drop sooner.
  std::int64_t answer_ms() const { return 2 * lease_ms; }
  // While a track has been in work for longer than this, a heartbeat follows the other so soon: it tells how far the
  // work is to whoever watches. 0: it does not.
  std::int64_t progress_ms = 0;
  Backoff call_backoff{100, 3'000};
};

// What the session makes happen. Calls return at once; their answers come back as events, in any order, or never.
class WorkerPort {
 public:
  virtual ~WorkerPort() = default;
  // `waits`: the scheduler may take its time to answer.
  virtual void acquire(std::int64_t call, const WantedTasks& wanted, bool waits) = 0;
  // The answer of this call is no longer wanted; on_acquired or on_acquire_failed follows soon.
  virtual void end_acquire(std::int64_t call) = 0;
  virtual void heartbeat(std::int64_t call, const std::vector<LeaseKey>& leases) = 0;
  virtual void announce(LeaseKey lease) = 0;
  virtual void commit(LeaseKey lease) = 0;
  virtual void fail(LeaseKey lease, const AttemptFailure& failure) = 0;
  virtual void release(LeaseKey lease) = 0;

  // To the executor of a slot.
  virtual void start(int slot, LeaseKey lease) = 0;
  virtual void publish(int slot, LeaseKey lease, std::int64_t until_ms) = 0;
  virtual void drop(int slot, LeaseKey lease) = 0;  // on_dropped follows, or the executor dies
  virtual void kill(int slot) = 0;                  // on_executor_gone follows

  // Nobody works on this lease any more and nothing is owed for it: whatever is kept for it can go.
  virtual void forget(LeaseKey lease) = 0;
};

class WorkerSession {
 public:
  struct Granted {
    LeaseKey lease;
    std::int64_t lease_ms = 0;
    bool runs_alone = false;
  };
  enum class Standing { kActive, kDraining, kQuarantined, kGone };
  enum class Answer {
    kDone,    // it is so
    kLost,    // the lease is another's
    kRepeat,  // no answer, or none that tells: ask again
  };

  WorkerSession(const SessionSetting& setting, WorkerPort& port, std::function<double()> random01);

  // --- answers of the scheduler ---
  void on_acquired(std::int64_t call, const std::vector<Granted>& tasks, Standing standing, std::int64_t now_ms);
  void on_acquire_failed(std::int64_t call, std::int64_t now_ms);
  void on_heartbeat(std::int64_t call, const std::vector<LeaseKey>& lost, Standing standing, std::int64_t now_ms);
  void on_heartbeat_failed(std::int64_t call, std::int64_t now_ms);
  void on_announced(LeaseKey lease, Answer answer, std::int64_t now_ms);
  void on_committed(LeaseKey lease, Answer answer, std::int64_t now_ms);
  void on_failed(LeaseKey lease, Answer answer, std::int64_t now_ms);
  void on_released(LeaseKey lease, Answer answer, std::int64_t now_ms);

  // --- events of executors ---
  void on_executor_ready(int slot, std::int64_t now_ms);
  void on_started(LeaseKey lease);
  void on_finished(LeaseKey lease, bool has_files, std::int64_t now_ms);
  void on_published(LeaseKey lease, std::int64_t now_ms);
  void on_attempt_failed(LeaseKey lease, const AttemptFailure& failure, std::int64_t now_ms);
  void on_dropped(LeaseKey lease, std::int64_t now_ms);
  // The executor hangs on this track: it is killed, and that is a failure of the track.
  void on_stalled(LeaseKey lease, std::int64_t now_ms);
  // The executor is of no use any more, through no fault of its track: it is killed, and its track given back.
  void give_up(int slot, std::int64_t now_ms);
  // The process has ended. `why` is what the track it worked on is told; nobody's fault if it was killed by kill().
  void on_executor_gone(int slot, const AttemptFailure& why, std::int64_t now_ms);

  // --- orders from outside ---
  // Takes no more; gives back what has not begun; ends what has.
  void drain(std::int64_t now_ms);
  // Also gives back what is in work, as soon as it can be stopped.
  void stop(std::int64_t now_ms);

  // To be called often: sends what is due, and fences.
  void tick(std::int64_t now_ms);

  Standing standing() const { return standing_; }
  std::vector<LeaseKey> held() const;
  bool holds(LeaseKey lease) const { return held_.contains(lease); }
  // Drained, and nothing is held or owed any more.
  bool is_over() const { return is_draining() && held_.empty() && acquire_call_ == 0; }
  bool is_draining() const { return drains_ || standing_ == Standing::kDraining || standing_ == Standing::kGone; }
  // Leases it gave up by itself because it could not renew them.
  std::int64_t fenced() const { return fenced_; }

 private:
  enum class Phase { kQueued, kWorking, kAnnouncing, kPublishing, kCommitting, kFailing, kDropping, kReleasing };
  struct Held {
    int slot = 0;
    Phase phase = Phase::kQueued;
    std::int64_t deadline_ms = 0;  // by then it must have been renewed
    // A heartbeat that was sent after it was granted has renewed it: how long it holds is known only from then on. The
    // answer that granted it may have been under way for any time.
    bool is_confirmed = false;
    bool runs_alone = false;
    bool is_sent = false;   // kQueued: to the executor
    bool is_asked = false;  // a call is on its way
    bool is_lost = false;   // kDropping: then nothing is owed
    int tries = 0;
    std::int64_t working_since_ms = 0;  // kWorking, seen by a tick
    std::int64_t next_try_ms = 0;
    AttemptFailure failure;
    std::int64_t order = 0;
    std::int64_t answer_by_ms = 0;  // kPublishing, kDropping: an executor that has not answered by then hangs
  };
  struct Slot {
    bool is_ready = false;
    bool is_killed = false;
  };
  using Iterator = std::map<LeaseKey, Held>::iterator;

  bool takes_work() const { return standing_ == Standing::kActive && !drains_; }
  int count(int slot, Phase phase) const;
  int finishing(int slot) const;
  void enter(Iterator held, Phase phase, std::int64_t now_ms);
  void call_for(Iterator held, std::int64_t now_ms);
  void on_ended(LeaseKey lease, Phase asked_in, Answer answer, std::int64_t now_ms);
  void repeat_later(Held& held, std::int64_t now_ms);
  void let_go(Iterator held);
  void lose(LeaseKey lease, std::int64_t now_ms);
  void give_back_queued(std::int64_t now_ms);
  void fence(std::int64_t now_ms);
  void kill(int slot);
  void ask_for_work(std::int64_t now_ms);
  void beat(std::int64_t now_ms);
  bool has_progress_to_tell(std::int64_t now_ms);

  const SessionSetting setting_;
  WorkerPort& port_;
  const std::function<double()> random01_;
  std::map<LeaseKey, Held> held_;
  std::vector<Slot> slots_;
  Standing standing_ = Standing::kActive;
  bool drains_ = false;
  std::int64_t calls_ = 0, order_ = 0, fenced_ = 0;
  std::int64_t acquire_call_ = 0, acquire_sent_ms_ = 0, next_acquire_ms_ = 0, next_ahead_ms_ = 0;
  int acquire_failures_ = 0;
  bool acquire_waits_ = false;
  std::int64_t beat_call_ = 0, beat_sent_ms_ = 0, next_beat_ms_ = 0;
  int beat_failures_ = 0;
  std::vector<LeaseKey> beat_leases_;
};

}  // namespace lathe::scheduler
