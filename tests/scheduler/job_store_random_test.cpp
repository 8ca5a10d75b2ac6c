// Conformance: random operations, each answer and each state compared with the model's. LATHE_TEST_SEED=n runs one
// seed.
#include <cstdlib>
#include <map>
#include <random>
#include <span>

#include "tests/scheduler/model_store.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

constexpr int kTasks = 24;

// The same operations on a store and on the model.
class Pair {
 public:
  Pair(JobStore& store, FakeClock& clock, unsigned seed) : store_(store), clock_(clock), random_(seed) {
    JobSpec spec = job_of(kTasks, "seed " + std::to_string(seed));
    for (TaskSpec& task : spec.tasks) {
      task.album = "album " + std::to_string(below(4));
      task.predicted_cost = below(6);
    }
    model_.emplace(spec);
    job_ = store_.submit(spec).job_id;
    for (const char* worker : {"w0", "w1", "w2"}) {
      store_.register_worker({.id = worker, .name = worker, .engine = {}, .version = {}, .info_json = {}});
    }
    first_task_ = store_.tasks(job_, {}, -1, 1)[0].id;
  }

  void run(int operations) {
    for (int i = 0; i < operations && !::testing::Test::HasFatalFailure(); ++i) {
      SCOPED_TRACE("operation " + std::to_string(i));
      step();
      compare();
    }
    compare_events();
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string some_worker() { return "w" + std::to_string(below(3)); }
  LeaseId in_model(const LeaseId& lease) const { return {lease.task_id - first_task_, lease.token}; }
  // One of those ever given out, stale ones too.
  LeaseId some_lease() { return leases_.empty() ? LeaseId{first_task_, 1} : leases_[random_() % leases_.size()]; }

  void step() {
    const std::int64_t now_ms = clock_.now_ms();
    const double random01 = below(101) / 100.0;
    const int dice = below(1'000);
    if (dice < 350) {
      claim();
    } else if (dice < 500) {
      const LeaseId lease = some_lease();
      const TaskState state = below(3) == 0 ? TaskState::kUnchanged : TaskState::kDone;
      const std::string result = "{\"n\":" + std::to_string(random_()) + "}";
      EXPECT_EQ(store_.commit(lease, {state, result, {}, {}}), model_->commit(in_model(lease), state, result));
    } else if (dice < 640) {
      const LeaseId lease = some_lease();
      constexpr FailureClass kClasses[] = {FailureClass::kInfra, FailureClass::kTask, FailureClass::kCrash,
                                           FailureClass::kPermanent};
      const FailureClass failure_class = kClasses[below(20) == 0 ? 3 : below(3)];
      const FailOutcome real = store_.fail(lease, failure_class, "X", "x", random01);
      const FailOutcome expected = model_->fail(in_model(lease), {failure_class, false}, random01, now_ms);
      EXPECT_EQ(real.is_lost, expected.is_lost);
      EXPECT_EQ(real.state, expected.state);
      EXPECT_EQ(real.not_before_ms, expected.not_before_ms);
    } else if (dice < 690) {
      const LeaseId lease = some_lease();
      EXPECT_EQ(store_.release(lease), model_->release(in_model(lease)));
    } else if (dice < 790) {
      const LeaseId lease = some_lease();
      const std::string worker = some_worker();
      EXPECT_EQ(store_.heartbeat(worker, {lease}, kLeaseMs, {}).lost.empty(),
                model_->renew(worker, in_model(lease), kLeaseMs, now_ms));
    } else if (dice < 850) {
      EXPECT_EQ(store_.rescue_expired([&] { return random01; }).size(), model_->rescue_expired(random01, now_ms));
    } else if (dice < 880) {
      const std::string worker = some_worker();
      EXPECT_EQ(store_.rescue_worker(worker, [&] { return random01; }).size(),
                model_->rescue_worker(worker, random01, now_ms));
    } else if (dice < 999) {
      clock_.advance(below(4) == 0 ? below(100'000) : below(3'000));
    } else if (below(3) == 0) {
      EXPECT_EQ(store_.cancel(job_), model_->cancel());
    }
  }

  void claim() {
    const std::string worker = some_worker();
    const bool is_sole_worker = below(3) == 0;
    const std::int64_t now_ms = clock_.now_ms();
    store_.set_worker_state(worker, WorkerState::kActive, {});  // whatever it failed: the model knows no quarantine
    const auto real = claim_one(store_, job_, worker, is_sole_worker);
    const auto expected = model_->claim(worker, kLeaseMs, is_sole_worker, now_ms);
    ASSERT_EQ(real.has_value(), expected.has_value());
    if (!real) return;
    EXPECT_EQ(in_model(real->id), *expected);
    leases_.push_back(real->id);
  }

  void compare() {
    const auto records = store_.tasks(job_, {}, -1, kTasks);
    ASSERT_EQ(records.size(), static_cast<std::size_t>(kTasks));
    for (std::size_t i = 0; i < kTasks; ++i) {
      const ModelStore::Task& expected = model_->tasks()[i];
      SCOPED_TRACE("task " + std::to_string(i));
      ASSERT_EQ(to_string(records[i].state), to_string(expected.state));
      ASSERT_EQ(records[i].plan_rank, expected.rank);
      ASSERT_EQ(records[i].token, expected.token);
      ASSERT_EQ(records[i].history, expected.history);
      ASSERT_EQ(records[i].result_json, expected.result);
      if (expected.state != TaskState::kLeased) continue;
      ASSERT_EQ(records[i].worker_id, expected.worker);
      ASSERT_EQ(records[i].lease_expires_ms, expected.expires_ms);
    }
    ASSERT_EQ(to_string(store_.job(job_)->state), to_string(model_->state()));
  }

  // Every step the record tells of is a legal one.
  void compare_events() {
    std::map<TaskId, TaskState> state_of;
    JobState job_state = JobState::kAccepting;
    const std::vector<EventRecord> events = events_of(store_, job_, 1);
    EXPECT_EQ(events[0].state, to_string(job_state));
    for (const EventRecord& event : std::span(events).subspan(1)) {
      if (!event.task_id) {
        EXPECT_TRUE(can_follow(job_state, job_state_named(event.state))) << event.sequence;
        job_state = job_state_named(event.state);
        continue;
      }
      const TaskState before = state_of.contains(*event.task_id) ? state_of[*event.task_id] : TaskState::kPending;
      EXPECT_TRUE(can_follow(before, task_state_named(event.state))) << to_string(before) << " -> " << event.state;
      state_of[*event.task_id] = task_state_named(event.state);
    }
    EXPECT_EQ(job_state, model_->state());
  }

  JobStore& store_;
  FakeClock& clock_;
  std::mt19937 random_;
  std::optional<ModelStore> model_;
  JobId job_ = 0;
  TaskId first_task_ = 0;
  std::vector<LeaseId> leases_;
};

class JobStoreRandomTest : public JobStoreTest {};
LATHE_FOR_EVERY_STORE(JobStoreRandomTest);

TEST_P(JobStoreRandomTest, BehavesAsTheModelDoes) {
  unsigned first = 1, last = 12;
  if (const char* seed = std::getenv("LATHE_TEST_SEED")) first = last = static_cast<unsigned>(std::atoi(seed));
  for (unsigned seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("LATHE_TEST_SEED=" + std::to_string(seed));
    const auto world = GetParam().make_world();
    const auto store = world->open(clock_);
    Pair(*store, clock_, seed).run(400);
    EXPECT_EQ(store->check(), std::vector<std::string>{});
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace lathe::scheduler
