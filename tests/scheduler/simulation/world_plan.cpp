#include "tests/scheduler/simulation/world_plan.h"

#include <algorithm>

namespace lathe::scheduler::simulation {
namespace {

struct Size {
  int workers, jobs, tasks;  // at most
};

// Most worlds are small: many of them find more than a few big ones.
Size size_of(Random& random) {
  const int dice = random.below(100);
  if (dice < 80) return {4, 2, 8};
  if (dice < 97) return {8, 4, 16};
  return {20, 5, 40};
}

std::vector<WorkerSetting> plan_workers(Random& random, int count) {
  std::vector<WorkerSetting> workers;
  const bool has_two_engines = random.chance(0.3);
  const bool has_bad_one = count >= 3 && random.chance(0.25);
  const double crashes = random.chance(0.3) ? 0.1 : 0;
  const double stops = random.chance(0.3) ? 0.05 : 0;
  for (int i = 0; i < count; ++i) {
    WorkerSetting worker;
    worker.name = fmt::format("w{}", i);
    worker.slots = 1 + random.below(3);
    worker.engine = has_two_engines && i % 2 == 1 ? "cuda" : "cpu";
    worker.speed = 0.5 + random.real01();
    // The last: there is a good one of each engine before it.
    worker.fails_everything = has_bad_one && i == count - 1;
    worker.executor_crashes = crashes;
    worker.stopped_at_rename = stops;
    worker.tick_ms = random.between(200, 400);
    workers.push_back(worker);
  }
  return workers;
}

TrackKind kind_of(Random& random, int& poison_left) {
  const int dice = random.below(100);
  if (dice < 3 && poison_left > 0) {
    --poison_left;
    return TrackKind::kPoison;
  }
  if (dice < 7) return TrackKind::kBroken;
  return dice < 17 ? TrackKind::kFlaky : TrackKind::kGood;
}

JobPlan plan_job(Random& random, int number, int most_tasks, std::int64_t within_ms, int& poison_left) {
  JobPlan job;
  job.header.request_id = fmt::format("request-{}", number);
  job.header.space = fmt::format("space-{}", random.below(2));
  job.header.kind = "master";
  job.header.out_dir = fmt::format("out-{}", number);
  job.header.recipe_sha256 = fmt::format("recipe-{}", random.below(1000));
  job.header.recipe_json = "{}";
  job.header.submitted_by = "somebody";
  job.header.priority = random.below(3);
  const int count = random.chance(0.03) ? 0 : 1 + random.below(most_tasks);
  const bool has_albums = random.chance(0.5);
  const double cost_s = random.chance(0.7) ? 3 : 15;
  for (int i = 0; i < count; ++i) {
    TaskSpec task;
    task.input = fmt::format("{}.wav", i);
    if (has_albums) task.album = fmt::format("album-{}", i / 4);
    task.predicted_cost = cost_s * (0.2 + random.real01());
    task.payload_json = to_payload(kind_of(random, poison_left));
    task.plan_rank = i;
    job.tasks.push_back(task);
  }
  job.begin_ms = random.between(0, within_ms);
  job.piece = 1 + random.below(10);
  job.at_once = random.chance(0.05) ? 100 : random.chance(0.2) ? 3 : 1;
  return job;
}

// A job that is sent once the i-th was cancelled, into the same folder.
void add_other_recipe(std::vector<JobPlan>& jobs, std::size_t i) {
  JobPlan next = jobs[i];
  next.header.request_id += "-otherwise";
  next.header.recipe_sha256 += "-changed";
  next.begin_ms = -1;
  jobs[i].next_on_cancel = static_cast<int>(jobs.size());
  jobs.push_back(std::move(next));
}

// Nothing else comes into its folder.
bool may_be_followed(const std::vector<JobPlan>& jobs, std::size_t i) {
  return std::count_if(jobs.begin(), jobs.end(),
                       [&](const JobPlan& job) { return job.header.out_dir == jobs[i].header.out_dir; }) == 1;
}

// Some jobs come again, into the same folder: with the same recipe, or, once the first was cancelled, with another one.
void plan_successors(Random& random, std::vector<JobPlan>& jobs, std::int64_t chaos_ms) {
  const std::size_t firsts = jobs.size();
  for (std::size_t i = 0; i < firsts; ++i) {
    if (!random.chance(0.4)) continue;
    JobPlan next = jobs[i];
    next.header.request_id += "-again";
    next.begin_ms = random.between(chaos_ms / 3, chaos_ms);
    if (random.chance(0.5)) {
      add_other_recipe(jobs, i);
    } else {
      jobs.push_back(std::move(next));
    }
  }
}

}  // namespace

WorldPlan plan_world(Random& random) {
  WorldPlan plan;
  const Size size = size_of(random);
  plan.chaos_ms = random.between(20'000, 120'000);
  plan.workers = plan_workers(random, 1 + random.below(size.workers));
  int poison_left = 3;
  const int jobs = 1 + random.below(size.jobs);
  for (int i = 0; i < jobs; ++i) plan.jobs.push_back(plan_job(random, i, size.tasks, plan.chaos_ms / 2, poison_left));
  plan_successors(random, plan.jobs, plan.chaos_ms);

  const auto often = [&](double share, std::int64_t least_ms, std::int64_t most_ms) {
    const std::int64_t every_ms = random.between(least_ms, most_ms);
    return random.chance(share) ? every_ms : 0;
  };
  if (random.chance(0.7))
    plan.network = {0.1 * random.real01(), 0.1 * random.real01(), 0.1 * random.real01(),
                    random.chance(0.5) ? 60'000 : 12'000};
  if (random.chance(0.5)) {
    plan.replica.crash_at_commit = 0.03 * random.real01();
    plan.replica.crash_at_answer = 0.03 * random.real01();
    plan.replica.store_away = random.chance(0.3) ? 0.05 : 0;
  }
  plan.replica.down_ms = random.between(500, 40'000);
  plan.worker_crash_ms = often(0.5, 5'000, 60'000);
  plan.stand_still_ms = often(0.5, 5'000, 60'000);
  plan.partition_ms = often(0.5, 5'000, 60'000);
  plan.replica_crash_ms = often(0.4, 5'000, 60'000);
  plan.clock_jump_ms = often(0.3, 5'000, 60'000);
  plan.big_clock_jumps = random.chance(0.2);
  plan.restart_ms = often(0.4, 10'000, 60'000);
  plan.order_ms = often(0.7, 5'000, 40'000);
  // A fight for names: jobs are cancelled while they publish, and others follow into the same folder.
  if (random.chance(0.15)) {
    plan.cancels_often = true;
    plan.order_ms = 15'000;
    for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
      if (may_be_followed(plan.jobs, i)) add_other_recipe(plan.jobs, i);
    }
    plan.network = {0.02, 0.05, 0.3, 14'000};
    for (WorkerSetting& worker : plan.workers) worker.stopped_at_rename = 0.15;
  }
  plan.gpu_loss_ms = often(0.1, 30'000, 120'000);
  return plan;
}

}  // namespace lathe::scheduler::simulation
