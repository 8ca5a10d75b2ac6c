// What a person at a terminal sees of a running batch: one line that moves, and a line for each track.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "scheduler/worker/local_batch.h"

namespace lathe::cli {

// Writes to stderr. On a terminal a bar in place; elsewhere only the line of each track. Where it is quiet, the lines
// of tracks that failed.
class Progress {
 public:
  explicit Progress(bool is_quiet);
  ~Progress();

  void show(const scheduler::BatchProgress& progress);
  void track(const scheduler::TrackOutcome& outcome, std::int64_t tracks);

 private:
  void clear_bar();

  bool is_quiet_;
  bool is_terminal_;
  bool has_bar_ = false;
  std::int64_t ended_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point shown_;
  std::mutex mutex_;
};

// "DONE  -23.1 -> -14.0 LUFS, -1.0 dBTP  Album/01 Song.wav" without its number.
std::string track_line(const scheduler::TrackOutcome& outcome);

}  // namespace lathe::cli
