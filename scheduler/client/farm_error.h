// What can go wrong between a client and the farm's scheduler.
#pragma once

#include <stdexcept>
#include <string>

namespace lathe::scheduler {

enum class FarmFault {
  unreachable,  // nobody answers, or the answer broke off, and patience is at its end
  deadline,     // the time that the user gave is over
  denied,       // no token or certificate, a wrong one, or a role that does not allow it
  invalid,      // the request makes no sense to the scheduler
  not_found,    // no such job, task or worker
  conflict,     // what is asked for is not possible in the state that things are in
  interrupted,  // by a signal; whatever was asked for goes on
  other,        // the scheduler failed
};

// The message says what, where and what to do.
class FarmError : public std::runtime_error {
 public:
  FarmError(FarmFault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  FarmFault fault() const { return fault_; }

 private:
  FarmFault fault_;
};

}  // namespace lathe::scheduler
