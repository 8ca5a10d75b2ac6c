// XXH3-128 over PCM bytes as they stream by: the check that what was written is what was meant.
#pragma once

#include <xxhash.h>

#include <cstddef>
#include <memory>
#include <string>

namespace lathe {

class PcmHash {
 public:
  PcmHash();
  void update(const std::byte* data, std::size_t bytes);
  // Of all bytes so far, as 32 lower-case hexadecimal digits (xxhash's canonical, big-endian form).
  std::string hex() const;

 private:
  struct Deleter {
    void operator()(XXH3_state_t* state) const { ::XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Deleter> state_;
};

}  // namespace lathe
