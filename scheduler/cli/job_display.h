// A job's way, shown on stderr while it is watched.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "lathe/v1/job.pb.h"

namespace lathe::cli {

// On a terminal a bar in place, with what is in work, and a line for each track that failed; elsewhere those lines, and
// one line of figures when the state changes and every ten seconds at most. Where it is quiet, the failures alone.
class JobDisplay {
 public:
  explicit JobDisplay(bool is_quiet);
  ~JobDisplay();

  void show(const v1::WatchJobResponse& message);

 private:
  void clear_bar();

  bool is_quiet_, is_terminal_, has_bar_ = false;
  v1::JobState state_ = v1::JOB_STATE_UNSPECIFIED;
  std::int64_t ended_ = -1;
  std::string work_;
  std::chrono::steady_clock::time_point said_{};
};

// "12/50 tracks, 1 failed, RUNNING, ends about 2026-11-29 05:40"
std::string job_line(const v1::Job& job);

// FAILED and QUARANTINED.
std::int64_t failed_count(const v1::TaskCounts& counts);

}  // namespace lathe::cli
