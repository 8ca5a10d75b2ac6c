// The store of a run on one machine, in which the run is the only worker.
#pragma once

#include <memory>
#include <string>

#include "scheduler/core/clock.h"
#include "scheduler/store/job_store.h"

namespace lathe::scheduler {

class LocalStore {
 public:
  // Opens the store, enters this process as a worker, and cancels what killed runs into the same folder left behind:
  // the caller's lock on the folder says that nobody works on it. Their finished tracks are in the store's memory of
  // results, which checks that they are still there, so a new job finds them unchanged. Throws StoreError.
  LocalStore(const std::string& path, const Clock& clock, const std::string& out_dir);
  ~LocalStore();
  LocalStore(const LocalStore&) = delete;
  LocalStore& operator=(const LocalStore&) = delete;

  JobStore& store() { return *store_; }
  const std::string& worker_id() const { return worker_id_; }
  bool has_cancelled_any() const { return has_cancelled_any_; }

  // There is nobody else to do the work, however much of it fails here.
  void stay_active();

 private:
  void cancel_abandoned(const std::string& out_dir);

  std::unique_ptr<JobStore> store_;
  std::string worker_id_;
  bool has_cancelled_any_ = false;
};

// A name that no request had before: each run is a request of its own.
std::string new_request_id();

}  // namespace lathe::scheduler
