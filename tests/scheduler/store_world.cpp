#include "tests/scheduler/store_world.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "scheduler/store/sqlite_job_store.h"

namespace lathe::scheduler {
namespace {

class SqliteWorld final : public StoreWorld {
 public:
  std::unique_ptr<JobStore> open(const Clock& clock) override {
    return std::make_unique<SqliteJobStore>(folder_.path() + "/store.db", clock);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

// In memory where there is a place for it: the stores then need not wait for a disk, and what a killed process has
// written is kept there just as well.
TemporaryFolder::TemporaryFolder()
    : path_((access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : testing::TempDir()) + "lathe-store-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error(path_ + ": " + std::strerror(errno));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<StoreKind> every_store() {
  return {{"Sqlite", [] { return std::make_unique<SqliteWorld>(); }}};
}

JobSpec job_of(int count, const std::string& request_id) {
  JobSpec spec{request_id, "master", "/masters", "{\"recipe\":\"v1\"}", "5eed", {}};
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    spec.tasks.push_back({"/in/" + n + ".wav", "album " + std::to_string(i / 10), 100'000.0 - i, "{\"n\":" + n + "}"});
  }
  return spec;
}

Commit done_with(const std::string& result_json) { return {TaskState::kDone, result_json, {}, {}}; }

}  // namespace lathe::scheduler
