// The conformance suite on PostgreSQL: one server for the program, a schema for each test.
#include "scheduler/store/open_job_store.h"
#include "tests/scheduler/postgres_server.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class PostgresWorld final : public StoreWorld {
 public:
  PostgresWorld() {
    static int worlds = 0;
    schema_ = "world_" + std::to_string(++worlds);
    PostgresServer::shared().make_schema(schema_);
  }
  std::unique_ptr<JobStore> open(const Clock& clock) override {
    return open_job_store(PostgresServer::shared().url(schema_), &clock);
  }

 private:
  std::string schema_;
};

}  // namespace

std::vector<StoreKind> every_store() {
  return {{"Postgres", [] { return std::make_unique<PostgresWorld>(); }, PostgresServer::absence}};
}

}  // namespace lathe::scheduler
