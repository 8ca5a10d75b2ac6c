#include "tests/scheduler/store_world.h"

#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace lathe::scheduler {
// In memory where there is a place for it: the stores then need not wait for a disk, and what a killed process has
// written is kept there just as well.
TemporaryFolder::TemporaryFolder()
    : path_((access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : ::testing::TempDir()) + "lathe-store-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error(path_ + ": " + std::strerror(errno));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

JobSpec job_of(int count, const std::string& request_id) {
  JobSpec spec;
  spec.header.request_id = request_id;
  spec.header.kind = "master";
  spec.header.out_dir = "/masters";
  spec.header.recipe_json = "{\"recipe\":\"v1\"}";
  spec.header.recipe_sha256 = "5eed";
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    spec.tasks.push_back({.input = "/in/" + n + ".wav",
                          .album = "album " + std::to_string(i / 10),
                          .predicted_cost = 100'000.0 - i,
                          .payload_json = "{\"n\":" + n + "}"});
  }
  return spec;
}

std::optional<Lease> claim_one(JobStore& store, JobId job, const std::string& worker, bool is_sole_worker) {
  store.register_worker({.id = worker, .name = worker, .engine = {}, .version = {}, .info_json = {}});
  const std::vector<Lease> leases = store.claim({.worker_id = worker,
                                                 .lease_ms = kLeaseMs,
                                                 .kinds = {},
                                                 .job = job,
                                                 .engine = {},
                                                 .sole_worker = is_sole_worker});
  return leases.empty() ? std::nullopt : std::optional(leases[0]);
}

std::vector<EventRecord> events_of(JobStore& store, JobId job, std::size_t at_least) {
  const auto started = std::chrono::steady_clock::now();
  for (;;) {
    std::vector<EventRecord> events = store.events(job, 0, 1'000'000);
    if (events.size() >= at_least || std::chrono::steady_clock::now() - started > std::chrono::seconds(10))
      return events;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Commit done_with(const std::string& result_json) { return {TaskState::kDone, result_json, {}, {}}; }

}  // namespace lathe::scheduler
