// The memory of a worker's executors, kept by their supervisor: who holds what, who waits for some.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace lathe::scheduler {

class SlotMemory {
 public:
  explicit SlotMemory(std::int64_t host_bytes) : host_{host_bytes, host_bytes, {}, {}} {}
  void set_device_total(std::int64_t bytes);

  // A request number and the slot that asked: these have what they asked for now, in the order they asked.
  using Granted = std::vector<std::pair<std::int64_t, int>>;
  // Negative bytes are given back. More than there is in all counts as all there is.
  Granted ask(int slot, std::int64_t request, std::int64_t bytes, bool is_device);
  // The slot's executor is gone, with all it held and wanted.
  Granted release(int slot);

 private:
  struct Wish {
    int slot;
    std::int64_t request, bytes;
  };
  struct Pool {
    std::int64_t total, free;
    std::vector<std::int64_t> held;  // by slot
    std::deque<Wish> wishes;
  };
  static void serve(Pool& pool, Granted& granted);
  static std::int64_t& held(Pool& pool, int slot);

  Pool host_;
  Pool device_{INT64_MAX, INT64_MAX, {}, {}};
};

}  // namespace lathe::scheduler
