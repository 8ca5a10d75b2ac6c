// What an executor tells its supervisor of one attempt while it is under way: how far it is, and lines for its log.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lathe/v1/executor.pb.h"
#include "scheduler/worker/attempt_log.h"
#include "scheduler/worker/message_pipe.h"

namespace lathe::scheduler {

class AttemptTeller {
 public:
  // `keeps_log`: somebody wants lines.
  AttemptTeller(MessagePipe& pipe, v1::LeaseRef lease, bool keeps_log)
      : pipe_(pipe), lease_(std::move(lease)), keeps_log_(keeps_log) {}

  bool keeps_log() const { return keeps_log_; }
  // Lines wait until there is something to send with them: a message costs both processes a switch.
  void say(const std::string& line);
  void say_end(const std::string& line);
  // Five times a second at most, and sooner when another stage begins. The first one takes the lines along, so that
  // they are known however the attempt ends.
  void progress(double share, std::string_view stage);
  // Sends what waits.
  void flush();
  // What was not sent.
  std::vector<std::string> take_rest();

 private:
  using Clock = std::chrono::steady_clock;

  MessagePipe& pipe_;
  const v1::LeaseRef lease_;
  const bool keeps_log_;
  AttemptLog log_;
  std::size_t sent_ = 0;  // of the log's lines
  std::string stage_;
  Clock::time_point told_ = Clock::now();
};

}  // namespace lathe::scheduler
