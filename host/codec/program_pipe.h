// Bytes through two programs, one behind the other, while they come: nothing of a long track is held.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/codec/child_process.h"

namespace lathe {

// A program could not be run, ended badly, or gave nothing for a minute; what() says which, with its own words.
class ProgramFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ProgramPipe {
  std::vector<std::string> first, second;  // commands
  ChildLimits limits;                      // of each
  // The next bytes for the first program, valid until the next call; none: the end.
  std::function<std::span<const std::byte>()> source;
  // What the second program gives.
  std::function<void(std::span<const std::byte>)> sink;
  // Called some times a second; may throw, and so may the two above.
  std::function<void()> check;

  // Whatever it throws, both programs have ended and left nothing. Throws ProgramFailed.
  void run() const;
};

}  // namespace lathe
