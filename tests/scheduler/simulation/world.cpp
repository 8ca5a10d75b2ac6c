#include "tests/scheduler/simulation/world.h"

#include <algorithm>

#include "tests/scheduler/simulation/world_plan.h"

namespace lathe::scheduler::simulation {
namespace {

constexpr int kReplicas = 3;
constexpr Endpoint kPeople = 1'000;
// Waits between the tries of one task reach ten minutes, and the clock may have been set back.
constexpr std::int64_t kPatienceMs = 4 * 3'600'000;
constexpr std::int64_t kMostEvents = 20'000'000;

class World {
 public:
  World(SimulatedDisk& disk, std::uint64_t seed, const PlantedBug* bug, Record record)
      : random_(seed),
        plan_(plan_world(random_)),
        clock_(timeline_),
        network_(timeline_, random_.fork(), plan_.network),
        auditor_(
            std::make_unique<SimulatedEngine>(disk, ConnectionFaults{}, std::vector<SqlEdit>{}, "", false, nullptr),
            &clock_, RetryPolicy{}),
        witness_(timeline_, clock_, auditor_, 30'000),
        ground_{timeline_, network_, disk, clock_, witness_, bug, &bug_hits_, 30'000} {
    if (record != Record::kNone) timeline_.keep_record(record == Record::kEchoed);
    for (int i = 0; i < kReplicas; ++i)
      replicas_.push_back(std::make_unique<Replica>(ground_, i, random_.fork(), plan_.replica));
    for (std::size_t i = 0; i < plan_.workers.size(); ++i) {
      if (bug != nullptr) plan_.workers[i].keeps_dropped = bug->executor_keeps_dropped;
      if (bug != nullptr) plan_.workers[i].gives_up_at_once = bug->taken_is_final;
      workers_.push_back(std::make_unique<SimulatedWorker>(
          ground_, plan_.workers[i], kReplicas + static_cast<Endpoint>(i), replicas_, folder_, random_.fork()));
    }
    for (std::size_t i = 0; i < plan_.jobs.size(); ++i) {
      submitters_.push_back(std::make_shared<Submitter>(ground_, plan_.jobs[i], kPeople + static_cast<Endpoint>(i),
                                                        replicas_, random_.fork()));
      has_begun_.push_back(false);
    }
    watch();
    for (const auto& worker : workers_) {
      worker->on_stopped_at_rename = [this](JobId job) {
        if (!plan_.cancels_often || is_healed_ || !random_.chance(0.7)) return;
        for (std::size_t i = 0; i < submitters_.size(); ++i) {
          if (submitters_[i]->job() == job) cancel(i);
        }
      };
    }
  }

  Outcome run() {
    Outcome outcome;
    try {
      begin();
      while (timeline_.now_ms() < plan_.chaos_ms) step();
      heal();
      const std::int64_t end_ms = timeline_.now_ms() + kPatienceMs;
      for (std::int64_t look_ms = 0; !is_over(look_ms);) {
        if (timeline_.now_ms() > end_ms) throw Violation("all is healthy, time passes, and jobs do not end");
        step();
      }
      witness_.check_end(folder_);
    } catch (const Violation& violation) {
      outcome.violation = violation.what();
    } catch (const std::exception& error) {
      outcome.violation = std::string("a step failed: ") + error.what();
    }
    outcome.record.assign(timeline_.record().begin(), timeline_.record().end());
    outcome.figures = witness_.figures();
    outcome.events = timeline_.events();
    outcome.bug_hits = bug_hits_;
    outcome.simulated_ms = timeline_.now_ms();
    for (const auto& replica : replicas_) outcome.replica_crashes += replica->crashes();
    for (const auto& worker : workers_) outcome.fenced += worker->fenced();
    return outcome;
  }

 private:
  void step() {
    if (!timeline_.step()) throw Violation("nothing is left to happen");
    if (timeline_.events() > kMostEvents) throw Violation("there is no end of events");
  }

  void watch() {
    witness_.others_at_work = [this](const LeaseId& except) {
      for (const auto& worker : workers_) {
        if (std::string who = worker->at_work(except); !who.empty()) return who;
      }
      return std::string();
    };
    witness_.fails_everything = [this](const std::string& id) {
      const auto found = std::find_if(workers_.begin(), workers_.end(), [&](const auto& worker) {
        return id.substr(0, id.find(':')) == worker->setting().name;
      });
      return found != workers_.end() && (*found)->setting().fails_everything;
    };
  }

  void begin() {
    for (const auto& replica : replicas_) replica->start();
    for (const auto& worker : workers_) timeline_.after(random_.between(0, 5'000), [&] { worker->start(); });
    for (std::size_t i = 0; i < submitters_.size(); ++i) {
      if (plan_.jobs[i].begin_ms >= 0) timeline_.at(plan_.jobs[i].begin_ms, [this, i] { submit(i); });
    }
    every(plan_.worker_crash_ms, [this] { any_worker().crash(random_.between(500, 60'000)); });
    every(plan_.stand_still_ms,
          [this] { any_worker().stand_still(random_.between(500, 90'000), random_.chance(0.5)); });
    every(plan_.partition_ms, [this] { cut(); });
    every(plan_.replica_crash_ms, [this] { any_replica().crash(); });
    every(plan_.clock_jump_ms, [this] { set_clock(); });
    every(plan_.restart_ms, [this] { any_worker().end(random_.chance(0.5)); });
    every(plan_.gpu_loss_ms, [this] { any_worker().lose_gpu(); });
    every(plan_.order_ms, [this] { order(); });
  }

  void every(std::int64_t mean_ms, std::function<void()> event) {
    if (mean_ms == 0) return;
    timeline_.after(random_.between(1, 2 * mean_ms), [this, mean_ms, event = std::move(event)] {
      if (is_healed_) return;
      event();
      every(mean_ms, event);
    });
  }

  SimulatedWorker& any_worker() {
    return *workers_[static_cast<std::size_t>(random_.below(static_cast<int>(workers_.size())))];
  }
  Replica& any_replica() { return *replicas_[static_cast<std::size_t>(random_.below(kReplicas))]; }

  void submit(std::size_t i) {
    has_begun_[i] = true;
    submitters_[i]->begin();
  }

  // A worker, or somebody else, from one or all replicas, one way or both ways.
  void cut() {
    const Endpoint who = any_worker().endpoint();
    const int only = random_.chance(0.5) ? -1 : random_.below(kReplicas);
    const int way = random_.below(3);
    const std::int64_t until_ms = timeline_.now_ms() + random_.between(1'000, 80'000);
    for (int r = 0; r < kReplicas; ++r) {
      if (only >= 0 && r != only) continue;
      if (way != 0) network_.cut(who, r, until_ms);
      if (way != 1) network_.cut(r, who, until_ms);
    }
    timeline_.say("the network is cut between {} and {}, way {}", who, only, way);
  }

  void set_clock() {
    const bool is_big = plan_.big_clock_jumps && random_.chance(0.3);
    const std::int64_t ms = is_big ? random_.between(-240'000, 360'000) : random_.between(-2'000, 2'000);
    clock_.jump(ms);
    timeline_.say("the store's clock is set by {} ms", ms);
  }

  void give(
      Person::Order order, std::function<void(CallStatus)> done = [](CallStatus) {}) {
    std::make_shared<Person>(ground_, kPeople - 1, replicas_, random_.fork())->give(std::move(order), std::move(done));
  }

  void order() {
    const auto i = static_cast<std::size_t>(random_.below(static_cast<int>(submitters_.size())));
    const JobId job = submitters_[i]->job();
    const int dice = plan_.cancels_often && random_.chance(0.7) ? 0 : random_.below(10);
    if (dice >= 8) {
      const std::string name = any_worker().setting().name;
      const WorkerState state = dice == 8 ? WorkerState::kDraining : WorkerState::kActive;
      return give([name, state](Replica& replica) { replica.set_workers(name, state); });
    }
    if (job == 0) return;
    switch (dice) {
      case 0:
        return cancel(i);
      case 1:
      case 2:
        return give([job](Replica& replica) { replica.pause_job(job); });
      case 3:
      case 4:
        return give([job](Replica& replica) { replica.resume_job(job); });
      case 5:
        return give([job](Replica& replica) { replica.retry_job(job); });
      case 6:
        return give([job, priority = random_.below(5)](Replica& replica) { replica.set_priority(job, priority); });
      default:
        return give([job, by = 1 + clock_.now_ms()](Replica& replica) { replica.set_deadline(job, by); });
    }
  }

  void cancel(std::size_t i) {
    const JobId job = submitters_[i]->job();
    timeline_.say("somebody cancels job {}", job);
    give([job](Replica& replica) { replica.cancel_job(job); },
         [this, i](CallStatus status) {
           const int next = plan_.jobs[i].next_on_cancel;
           if (status != CallStatus::kOk || next < 0 || has_begun_[static_cast<std::size_t>(next)]) return;
           has_begun_[static_cast<std::size_t>(next)] = true;
           timeline_.after(random_.between(0, plan_.cancels_often ? 2'000 : 40'000),
                           [this, next] { submit(static_cast<std::size_t>(next)); });
         });
  }

  void heal() {
    timeline_.say("--- from here on nothing goes wrong any more ---");
    is_healed_ = true;
    network_.calm();
    for (const auto& replica : replicas_) {
      replica->calm();
      replica->start();
    }
    for (const auto& worker : workers_) {
      worker->calm();
      worker->start();
    }
    for (const auto& submitter : submitters_) submitter->calm();
    tend();
  }

  // Somebody looks after the farm: resumes what is paused, and restores those that are not at fault.
  void tend() {
    for (const auto& job : auditor_.jobs({}, INT64_MAX, 1'000)) {
      if (job.state == JobState::kPaused) give([id = job.id](Replica& replica) { replica.resume_job(id); });
    }
    for (const WorkerRecord& record : auditor_.workers("", 1'000, false)) {
      if (record.state != WorkerState::kQuarantined || witness_.fails_everything(record.spec.id)) continue;
      for (const auto& worker : workers_) {
        if (worker->setting().name != record.spec.name) continue;
        if (worker->was_in_trouble(record.spec.id)) worker->crash(1'000);
      }
      give([name = record.spec.name](Replica& replica) { replica.set_workers(name, WorkerState::kActive); });
    }
    timeline_.after(10'000, [this] { tend(); });
  }

  bool is_over(std::int64_t& look_ms) {
    if (timeline_.now_ms() < look_ms) return false;
    look_ms = timeline_.now_ms() + 1'000;
    for (std::size_t i = 0; i < submitters_.size(); ++i) {
      if (has_begun_[i] && !submitters_[i]->is_done()) return false;
    }
    return witness_.all_ended();
  }

  Timeline timeline_;
  Random random_;
  WorldPlan plan_;
  StoreClock clock_;
  Network network_;
  SqlJobStore auditor_;
  Witness witness_;
  std::int64_t bug_hits_ = 0;
  const Ground ground_;
  Folder folder_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<std::unique_ptr<SimulatedWorker>> workers_;
  std::vector<std::shared_ptr<Submitter>> submitters_;
  std::vector<bool> has_begun_;
  bool is_healed_ = false;
};

}  // namespace

Outcome simulate(SimulatedDisk& disk, std::uint64_t seed, const PlantedBug* bug, Record record) {
  disk.wipe();
  return World(disk, seed, bug, record).run();
}

std::string replay_command(std::uint64_t seed, const PlantedBug* bug) {
  return fmt::format("scripts/simulate --replay {}{}", seed, bug != nullptr ? " --bug " + bug->name : "");
}

std::string story(SimulatedDisk& disk, std::uint64_t seed, const PlantedBug* bug) {
  const Outcome outcome = simulate(disk, seed, bug, Record::kKept);
  std::string text = fmt::format("seed {}: {}\n", seed, outcome.violation);
  for (const std::string& line : outcome.record) text += line + "\n";
  return text + fmt::format("seed {}: {}\nreplay it: {}\n", seed, outcome.violation, replay_command(seed, bug));
}

}  // namespace lathe::scheduler::simulation
