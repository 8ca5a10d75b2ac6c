// Opens the job store that a URL names.
#pragma once

#include <memory>
#include <string>

#include "scheduler/core/clock.h"
#include "scheduler/core/retry_policy.h"
#include "scheduler/store/job_store.h"

namespace lathe::scheduler {

// "sqlite:PATH" or a bare path: a file on a local disk, whose folder must exist; it is made if it is not there.
// "postgres://..." or "postgresql://...": a database of PostgreSQL 15 or later, as libpq's URIs name it; several hosts
// and target_session_attrs=read-write find the one that can be written. Its schema is made if it is not there.
// `clock`: decides what has expired, and must outlive the store. None: PostgreSQL's own clock, for SQLite this
// machine's. Throws StoreError.
std::unique_ptr<JobStore> open_job_store(const std::string& url, const Clock* clock = nullptr,
                                         const RetryPolicy& policy = {});

bool is_postgres_url(const std::string& url);
// The file that "sqlite:PATH" or a bare path names.
std::string sqlite_path(const std::string& url);

// A store on SQLite that waits for other processes for up to busy_timeout_ms.
std::unique_ptr<JobStore> open_sqlite_store(const std::string& path, const Clock& clock, const RetryPolicy& policy = {},
                                            int busy_timeout_ms = 30'000);

}  // namespace lathe::scheduler
