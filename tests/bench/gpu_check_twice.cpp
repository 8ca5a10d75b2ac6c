#include "tests/bench/gpu_check_twice.h"

#include <exception>
#include <functional>
#include <future>
#include <string>

namespace lathe::bench {
namespace {

constexpr std::int64_t kStep = 100'000, kSmallBlock = 4'321;  // frames: where a track is cut must not matter

using Results = std::vector<JobResult>;

Results run_all(const std::vector<Job>& jobs, const MakePass& make_pass, std::int64_t most_frames) {
  Results results;
  for (const Job& job : jobs) results.push_back(run(job, make_pass, most_frames));
  return results;
}

void check_again(Findings& findings, const std::vector<Job>& jobs, const Results& first, const std::string& name,
                 const std::function<std::vector<Results>()>& again) {
  std::string found;
  try {
    for (const Results& results : again()) {
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        const std::string part = differing(results[i], first[i]);
        if (!part.empty()) found += (found.empty() ? "" : ", ") + jobs[i].name + ": " + part;
      }
    }
  } catch (const std::exception& error) {
    found = error.what();
  }
  findings.check(name, found.empty(),
                 found.empty() ? "same bits of " + std::to_string(jobs.size()) + " jobs" : "differ: " + found,
                 "same bits");
}

}  // namespace

void check_twice(Findings& findings, const std::vector<Job>& jobs, const OpenBackend& open) {
  const MakePass make_pass = open();
  const Results first = run_all(jobs, make_pass, kStep);
  check_again(findings, jobs, first, "the same job again, cut elsewhere",
              [&] { return std::vector<Results>{run_all(jobs, make_pass, kSmallBlock)}; });
  check_again(findings, jobs, first, "the same job on another stream",
              [&] { return std::vector<Results>{run_all(jobs, open(), kStep)}; });
  check_again(findings, jobs, first, "the same job in two threads at once", [&] {
    const auto other = [&](std::int64_t most_frames) {
      return std::async(std::launch::async, [&, most_frames] { return run_all(jobs, open(), most_frames); });
    };
    auto a = other(kStep), b = other(kSmallBlock);
    std::vector<Results> results;
    results.push_back(a.get());
    results.push_back(b.get());
    return results;
  });
}

}  // namespace lathe::bench
