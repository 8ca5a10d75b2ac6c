// The engine of a job store on one SQLite file.
#pragma once

#include <memory>
#include <string>

#include "scheduler/store/sql_engine.h"

namespace lathe::scheduler {

// One connection behind one mutex. SQLite has a single writer at a time anyway and a call takes well under a
// millisecond besides waiting for the disk, so more connections would only wait for each other in SQLite, which
// polls, instead of here, where the next is woken at once; and one connection keeps one warm cache and one set of
// prepared statements. Several stores, in this process or in others, may stand on one file. Do not carry one over
// fork().
// Opens or makes the file and brings its schema up to date (`now_ms` is noted beside it). The folder must exist. Waits
// up to busy_timeout_ms for other processes. Throws StoreError.
std::unique_ptr<SqlEngine> open_sqlite_engine(std::string path, int busy_timeout_ms, std::int64_t now_ms);

}  // namespace lathe::scheduler
