// The engine of a job store on PostgreSQL: a pool of connections, each made anew when it breaks.
#pragma once

#include <memory>
#include <string>

#include "scheduler/store/sql_engine.h"

namespace lathe::scheduler {

struct PostgresSetting {
  int most_connections = 16;
  std::chrono::milliseconds patience{10'000};  // for a server that does not answer
};

// Connects, and brings the schema up to date. Throws StoreError.
std::unique_ptr<SqlEngine> open_postgres_engine(const std::string& url, const PostgresSetting& setting = {});

// The URI without its password, for messages.
std::string without_password(const std::string& url);

}  // namespace lathe::scheduler
