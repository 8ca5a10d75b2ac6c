// Brings a store's schema up to date, one numbered file of schema/ after the other.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "scheduler/store/sqlite_database.h"

namespace lathe::scheduler {

struct Migration {
  int number;  // 1, 2, 3 ...
  std::string_view name;
  std::string_view sql;
};

// Those of schema/, in order; they are part of the program.
std::span<const Migration> schema_migrations();

// Likewise those of schema_postgres/, for a job store on PostgreSQL.
std::span<const Migration> postgres_migrations();

// Likewise those of audit_schema/, for the audit's memory.
std::span<const Migration> audit_migrations();

// Applies what is missing, all in one transaction; several processes may do so at once. Throws StoreError if the schema
// is newer than `migrations`, or if the database is someone else's.
void migrate(Database& database, std::span<const Migration> migrations, std::int64_t now_ms);

}  // namespace lathe::scheduler
