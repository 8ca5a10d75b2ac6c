// The process that masters, as scheduler/worker/executor.cpp does it: one track at a time, and finished files that wait
// for their names. It can crash, be killed, be stopped and go on.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/core/worker_session.h"
#include "tests/scheduler/simulation/folder.h"
#include "tests/scheduler/simulation/replica.h"

namespace lathe::scheduler::simulation {

// What a worker's machine is like.
struct WorkerSetting {
  std::string name;
  int slots = 1;
  std::string engine;
  double speed = 1;
  bool fails_everything = false;
  double executor_crashes = 0;  // a track, at random
  double stopped_at_rename = 0;
  std::int64_t tick_ms = 250;
  bool keeps_dropped = false, gives_up_at_once = false;  // see planted_bugs.h
};

class SimulatedExecutor : public std::enable_shared_from_this<SimulatedExecutor> {
 public:
  // What it tells its supervisor, in order.
  struct Events {
    std::function<void()> ready;
    std::function<void(LeaseKey)> started;
    std::function<void(LeaseKey, std::function<void(const std::optional<Recalled>&)>)> recall;
    std::function<void(LeaseKey, const Commit&)> finished;
    std::function<void(LeaseKey)> published;
    std::function<void(LeaseKey, const AttemptFailure&)> failed;
    std::function<void(LeaseKey)> dropped;
    std::function<void()> ended;  // the process
    // Fate, not the executor: the worker's machine stands still while it names a file of this job.
    std::function<void(std::int64_t ms, JobId job)> stop_worker;
  };

  SimulatedExecutor(Timeline& timeline, Random random, const WorkerSetting& setting, Folder& folder, Witness& witness,
                    Events events);
  void boot();

  // --- the supervisor's commands ---
  void start(LeaseKey lease, const Grant& grant);
  void publish(LeaseKey lease, std::int64_t until_ms);
  void drop(LeaseKey lease);
  void kill();

  // SIGSTOP and SIGCONT. A process that stands still can be killed.
  void stop();
  void go_on();
  // Without a word: its supervisor has died.
  void vanish() { is_alive_ = false; }

  bool is_alive() const { return is_alive_; }
  // Whether it may still write the task's file.
  bool has(LeaseKey lease) const;
  std::vector<LeaseKey> leases() const;

 private:
  struct Finished {
    Commit commit;
    JobId job = 0;
    bool replaces = false;
    bool was_free = false;  // nothing lay under the name when the track was begun
  };
  void later(std::int64_t ms, std::function<void()> event);
  void work_on_next();
  void look(LeaseKey lease, const Grant& grant, bool was_free, const std::optional<Recalled>& recalled);
  void master(LeaseKey lease, const Grant& grant, bool replaces, bool was_free);
  void end_work(LeaseKey lease, const std::function<void()>& how);
  void rename(LeaseKey lease, const Finished& finished, std::int64_t until_ms, std::int64_t stops_before);
  void die();

  Timeline& timeline_;
  Random random_;
  const WorkerSetting& setting_;
  Folder& folder_;
  Witness& witness_;
  Events events_;
  bool is_alive_ = true, is_stopped_ = false;
  std::int64_t stops_ = 0;
  std::vector<std::function<void()>> deferred_;
  std::deque<std::pair<LeaseKey, Grant>> queue_;
  std::optional<LeaseKey> working_on_;
  bool is_cancelled_ = false;
  std::set<LeaseKey> syncing_;  // mastered, and not on the disk yet
  std::map<LeaseKey, Finished> finished_;
  std::map<LeaseKey, int> naming_;  // files that are just getting their names
};

}  // namespace lathe::scheduler::simulation
