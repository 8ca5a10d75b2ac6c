// The conformance suite on SQLite.
#include "scheduler/store/open_job_store.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class SqliteWorld final : public StoreWorld {
 public:
  std::unique_ptr<JobStore> open(const Clock& clock) override {
    return open_sqlite_store(folder_.path() + "/store.db", clock);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

std::vector<StoreKind> every_store() {
  return {{"Sqlite", [] { return std::make_unique<SqliteWorld>(); }, [] { return std::string(); }}};
}

}  // namespace lathe::scheduler
