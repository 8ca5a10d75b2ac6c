// A PostgreSQL server of the test's own: its data in a folder that is gone with it, reached by a socket in there.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {

class PostgresServer {
 public:
  // Why there can be none here; empty if there can.
  static std::string absence();
  // One that the whole test program shares, started when it is first asked for.
  static PostgresServer& shared();

  // In `folder` (none: in memory). Commits wait for the disk (fsync), as they do in use.
  explicit PostgresServer(const std::string& folder = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The database in which `schema` is found first; it is made if need be.
  std::string url(const std::string& schema = "public") const;
  void make_schema(const std::string& schema) const;

  // As a power cut would: nothing is said to anybody.
  void kill();
  void start();

 private:
  std::unique_ptr<TemporaryFolder> temporary_;
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace lathe::scheduler
