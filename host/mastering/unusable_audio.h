// What is thrown of a track that is a good file and cannot be mastered.
#pragma once

#include <stdexcept>

namespace lathe {

// The track is well-formed as a file, but its samples cannot be mastered: no frames, NaN, infinity.
class UnusableAudio : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace lathe
