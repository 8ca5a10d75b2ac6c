// Moving a store from SQLite to PostgreSQL, and looking whether a store is well.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lathe::scheduler {

struct StoreCopy {
  std::map<std::string, std::int64_t> rows;  // by table: "job", "task" ...
};

// Copies all of a SQLite store ("sqlite:PATH" or a bare path) into a store on PostgreSQL: jobs in whatever state with
// their tasks, attempts, events and logs, workers, and what is remembered between jobs; ids stay. Leases stay too, so a
// worker that is told of the new place can commit what it holds. Nobody may write to `from` meanwhile: the copy is of
// one moment, and what is written later stays behind.
// All or nothing: one transaction, verified before it is committed (the audit finds nothing, and each table has as many
// rows). Nobody else works on a store that is empty, so nobody waits for it, however long it is.
// Throws StoreError, also if `to` has jobs, workers or memory already, and std::invalid_argument for URLs of other
// kinds.
StoreCopy migrate_store(const std::string& from, const std::string& to);

// Opens a store, bringing its schema up to date, and runs its audit: one sentence a finding; empty is well.
std::vector<std::string> check_store(const std::string& url);

}  // namespace lathe::scheduler
