#include "scheduler/store/open_job_store.h"

#include "scheduler/store/postgres_engine.h"
#include "scheduler/store/sql_job_store.h"
#include "scheduler/store/sqlite_engine.h"

namespace lathe::scheduler {

bool is_postgres_url(const std::string& url) {
  return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

std::string sqlite_path(const std::string& url) {
  constexpr std::string_view kSqlite = "sqlite:";
  return url.starts_with(kSqlite) ? url.substr(kSqlite.size()) : url;
}

std::unique_ptr<JobStore> open_sqlite_store(const std::string& path, const Clock& clock, const RetryPolicy& policy,
                                            int busy_timeout_ms) {
  return std::make_unique<SqlJobStore>(open_sqlite_engine(path, busy_timeout_ms, clock.now_ms()), &clock, policy);
}

std::unique_ptr<JobStore> open_job_store(const std::string& url, const Clock* clock, const RetryPolicy& policy) {
  static const SystemClock kSystemClock;
  if (is_postgres_url(url)) return std::make_unique<SqlJobStore>(open_postgres_engine(url), clock, policy);
  return open_sqlite_store(sqlite_path(url), clock != nullptr ? *clock : kSystemClock, policy);
}

}  // namespace lathe::scheduler
