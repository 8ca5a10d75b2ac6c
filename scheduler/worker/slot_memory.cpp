#include "scheduler/worker/slot_memory.h"

#include <algorithm>

namespace lathe::scheduler {

void SlotMemory::set_device_total(std::int64_t bytes) { device_ = {bytes, bytes, {}, {}}; }

std::int64_t& SlotMemory::held(Pool& pool, int slot) {
  if (std::ssize(pool.held) <= slot) pool.held.resize(static_cast<std::size_t>(slot) + 1);
  return pool.held[static_cast<std::size_t>(slot)];
}

void SlotMemory::serve(Pool& pool, Granted& granted) {
  while (!pool.wishes.empty() && pool.wishes.front().bytes <= pool.free) {
    const Wish wish = pool.wishes.front();
    pool.wishes.pop_front();
    pool.free -= wish.bytes;
    held(pool, wish.slot) += wish.bytes;
    granted.emplace_back(wish.request, wish.slot);
  }
}

SlotMemory::Granted SlotMemory::ask(int slot, std::int64_t request, std::int64_t bytes, bool is_device) {
  Pool& pool = is_device ? device_ : host_;
  if (bytes < 0) {
    const std::int64_t back = std::min(-bytes, held(pool, slot));
    held(pool, slot) -= back;
    pool.free += back;
  } else {
    pool.wishes.push_back({slot, request, std::min(bytes, pool.total)});
  }
  Granted granted;
  serve(pool, granted);
  return granted;
}

SlotMemory::Granted SlotMemory::release(int slot) {
  Granted granted;
  for (Pool* pool : {&host_, &device_}) {
    pool->free += held(*pool, slot);
    held(*pool, slot) = 0;
    std::erase_if(pool->wishes, [slot](const Wish& wish) { return wish.slot == slot; });
    serve(*pool, granted);
  }
  return granted;
}

}  // namespace lathe::scheduler
