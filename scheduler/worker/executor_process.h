// The supervisor's end of one executor: starts the process, speaks with it, and knows how it ended.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "lathe/v1/executor.pb.h"
#include "scheduler/worker/message_pipe.h"

namespace lathe::scheduler {

class ExecutorProcess {
 public:
  struct Callbacks {
    std::function<void(v1::ExecutorEvent)> on_event;  // from a thread of this process's own
    // The last call: the process has ended. `how` is for people: "killed by signal 11 (Segmentation fault)".
    std::function<void(const std::string& how)> on_end;
  };

  // Starts `executable executor --fd N`. Throws std::system_error.
  ExecutorProcess(const std::string& executable, const v1::ExecutorSetting& setting, Callbacks callbacks);
  // Kills it, if it still runs, and waits.
  ~ExecutorProcess();
  ExecutorProcess(const ExecutorProcess&) = delete;
  ExecutorProcess& operator=(const ExecutorProcess&) = delete;

  // From any thread. False: it is gone; on_end follows.
  bool send(const v1::ExecutorCommand& command) { return pipe_->send(command); }
  void kill();
  // No more commands come: it ends what it does with its files, and then itself.
  void close() { pipe_->shut_down(); }
  int pid() const { return pid_; }

 private:
  void read(const Callbacks& callbacks);

  int pid_ = -1;
  std::unique_ptr<MessagePipe> pipe_;
  std::mutex mutex_;
  bool is_reaped_ = false;
  std::jthread reader_;
};

}  // namespace lathe::scheduler
