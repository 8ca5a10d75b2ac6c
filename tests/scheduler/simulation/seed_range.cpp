#include "tests/scheduler/simulation/seed_range.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

namespace lathe::scheduler::simulation {
namespace {

constexpr std::size_t kStories = 2;

void add(Outcome& sum, const Outcome& one) {
  Witness::Figures& a = sum.figures;
  const Witness::Figures& b = one.figures;
  a.claims += b.claims;
  a.commits += b.commits;
  a.repeated_commits += b.repeated_commits;
  a.lost_commits += b.lost_commits;
  a.failures += b.failures;
  a.rescues += b.rescues;
  a.cancellations += b.cancellations;
  a.unknown_outcomes += b.unknown_outcomes;
  a.renames += b.renames;
  a.renames_after_stop += b.renames_after_stop;
  a.renames_after_cancel += b.renames_after_cancel;
  a.overwritten_by_those += b.overwritten_by_those;
  sum.events += one.events;
  sum.replica_crashes += one.replica_crashes;
  sum.fenced += one.fenced;
  sum.bug_hits += one.bug_hits;
  sum.simulated_ms += one.simulated_ms;
}

}  // namespace

std::string RangeResult::summary() const {
  const Witness::Figures& f = sum.figures;
  std::string text = fmt::format(
      "{} seeds in {:.1f} s ({:.1f} ms each), {} failed\n"
      "{} h simulated, {} events, {} crashes of schedulers, {} outcomes unknown to the caller\n"
      "{} leases, {} commits, {} repeated, {} lost; {} failures, {} rescues, {} fenced, {} cancellations\n"
      "{} files named, {} of them by a process that was stopped before it, {} by a job just cancelled; {} files are "
      "not the last commit's for that\n",
      seeds, seconds, 1000 * seconds / static_cast<double>(std::max<std::int64_t>(seeds, 1)), failed_seeds.size(),
      sum.simulated_ms / 3'600'000, sum.events, sum.replica_crashes, f.unknown_outcomes, f.claims, f.commits,
      f.repeated_commits, f.lost_commits, f.failures, f.rescues, sum.fenced, f.cancellations, f.renames,
      f.renames_after_stop, f.renames_after_cancel, f.overwritten_by_those);
  if (failed_seeds.empty()) return text;
  text += "failed:";
  for (const std::uint64_t seed : failed_seeds) text += fmt::format(" {}", seed);
  return text + "\n";
}

RangeResult simulate_range(std::uint64_t first, std::int64_t seeds, const RangeSetting& setting) {
  const PlantedBug* bug = setting.bug;
  const auto begin = std::chrono::steady_clock::now();
  RangeResult result;
  std::atomic<std::int64_t> next{0};
  std::mutex mutex;
  const auto work = [&] {
    SimulatedDisk disk;
    for (;;) {
      const std::int64_t index = next++;
      if (index >= seeds) return;
      const std::uint64_t seed = first + static_cast<std::uint64_t>(index);
      const Outcome outcome = simulate(disk, seed, bug);
      const std::lock_guard lock(mutex);
      ++result.seeds;
      add(result.sum, outcome);
      if (!outcome.violation.empty()) {
        result.failed_seeds.push_back(seed);
        if (result.stories.size() < kStories) result.stories.push_back(story(disk, seed, bug));
        if (result.failed_seeds.size() >= setting.most_failed) next = seeds;
      }
      if (setting.reports && result.seeds % 1'000 == 0) {
        fmt::print(stderr, "{} of {} seeds, {} failed\n", result.seeds, seeds, result.failed_seeds.size());
      }
    }
  };
  {
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, 16u);
    std::vector<std::jthread> workers;
    for (unsigned t = 0; t < threads; ++t) workers.emplace_back(work);
  }
  std::sort(result.failed_seeds.begin(), result.failed_seeds.end());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace lathe::scheduler::simulation
