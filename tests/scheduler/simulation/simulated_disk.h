// The store's data in a simulation: one SQLite file in memory, emptied for each seed, used by all replicas in turn, and
// the connections to it, on which replicas crash and bugs are planted.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/store/sql_engine.h"

namespace lathe::scheduler::simulation {

// One a thread: making it takes longer than a whole world.
class SimulatedDisk {
 public:
  SimulatedDisk();
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  void wipe();
  SqlConnection& connection() { return *connection_; }

 private:
  std::string folder_;
  std::unique_ptr<SqlEngine> engine_;
  SqlEngine::Taken connection_;
};

// The replica's process ended at this point.
struct ReplicaCrashed {};

// A text that takes the place of another in all statements.
struct SqlEdit {
  std::string from, to;
};

// What befalls a connection. Called at the end of each transaction, before and after it takes place.
struct ConnectionFaults {
  std::function<void()> before_commit = [] {};
  std::function<void()> after_commit = [] {};
};

// How one replica sees the disk.
class SimulatedEngine final : public SqlEngine {
 public:
  // `edits`: see planted_bugs.h. `replayed`: the rows of the query that contains this text are those it had the time
  // before; empty: of none. `hits` counts what the edits met.
  SimulatedEngine(SimulatedDisk& disk, ConnectionFaults faults, std::vector<SqlEdit> edits, std::string replayed,
                  bool loses_commits, std::int64_t* hits);
  ~SimulatedEngine() override;

  Taken take() override;
  std::chrono::milliseconds patience() const override { return std::chrono::milliseconds(0); }
  std::string name() const override { return "the simulated store"; }

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace lathe::scheduler::simulation
