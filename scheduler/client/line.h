// How an answer of gRPC's is taken: asked again, or told as a FarmError. Knows the codes by their numbers alone, so
// that no header of gRPC's is needed.
#pragma once

#include <chrono>
#include <string>

#include "scheduler/client/farm_connection.h"

namespace lathe::scheduler {

// What an attempt ended with.
struct Ending {
  int code = 0;  // of gRPC
  std::string message;
  bool is_ok() const { return code == 0; }
};

// Whether asking again can help.
bool is_worth_repeating(const Ending& ending);

// What it means for people who asked `address`.
FarmError error_of(const Ending& ending, const FarmOptions& options);

// What is known of a line beyond one call.
struct LineState {
  bool has_answered = false;  // anything, ever
  bool is_said_to_be_down = false;
  bool waits_without_end = false;
};

// The repeats of one call.
class Repeats {
 public:
  Repeats(const FarmOptions& options, LineState& state) : options_(options), state_(state) { got_on(); }

  // The scheduler answered: patience begins anew.
  void answered();
  // After an attempt that failed: waits for the next, or throws the FarmError.
  void failed(const Ending& ending);
  // A point in time for the next attempt to end at.
  std::chrono::system_clock::time_point deadline(std::chrono::milliseconds attempt) const;
  int count() const { return count_; }

 private:
  using Clock = std::chrono::steady_clock;
  void got_on();
  void say_down(const Ending& ending, Clock::time_point now);
  void wait();

  const FarmOptions& options_;
  LineState& state_;
  Clock::time_point since_;
  std::chrono::milliseconds backoff_{};
  int count_ = 0;
};

}  // namespace lathe::scheduler
