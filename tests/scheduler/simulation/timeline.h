// Simulated time: what happens next, and what has happened.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/clock.h"

namespace lathe::scheduler::simulation {

// Something happened that must never happen.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Timeline {
 public:
  using Event = std::function<void()>;

  std::int64_t now_ms() const { return now_ms_; }
  // Events of one time happen in the order they were put in.
  void at(std::int64_t ms, Event event) {
    queue_.push_back({std::max(ms, now_ms_), ++order_, std::move(event)});
    std::push_heap(queue_.begin(), queue_.end(), is_later);
  }
  void after(std::int64_t ms, Event event) { at(now_ms_ + ms, std::move(event)); }

  // False: nothing is left to happen.
  bool step() {
    if (queue_.empty()) return false;
    std::pop_heap(queue_.begin(), queue_.end(), is_later);
    Entry next = std::move(queue_.back());
    queue_.pop_back();
    now_ms_ = next.ms;
    ++events_;
    next.event();
    return true;
  }
  std::int64_t events() const { return events_; }

  // The record of what happened costs more than the happening: it is made when a seed is replayed.
  void keep_record(bool echo) { is_recorded_ = true, is_echoed_ = echo; }
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    if (is_recorded_) add_line(fmt::format(format, std::forward<Args>(args)...));
  }
  const std::deque<std::string>& record() const { return record_; }

 private:
  struct Entry {
    std::int64_t ms;
    std::int64_t order;
    Event event;
  };
  static bool is_later(const Entry& a, const Entry& b) { return std::pair(a.ms, a.order) > std::pair(b.ms, b.order); }
  void add_line(const std::string& text) {
    constexpr std::size_t kLines = 200;
    record_.push_back(fmt::format("{:>10.3f} s  {}", static_cast<double>(now_ms_) / 1000, text));
    if (is_echoed_) fmt::print("{}\n", record_.back());
    if (record_.size() > kLines) record_.pop_front();
  }

  std::vector<Entry> queue_;
  std::int64_t now_ms_ = 0, order_ = 0, events_ = 0;
  bool is_recorded_ = false, is_echoed_ = false;
  std::deque<std::string> record_;
};

// The store's clock: it goes with the time, and somebody sets it now and then.
class StoreClock final : public Clock {
 public:
  explicit StoreClock(const Timeline& timeline) : timeline_(timeline) {}
  std::int64_t now_ms() const override { return 1'700'000'000'000 + timeline_.now_ms() + offset_ms_; }
  void jump(std::int64_t ms) {
    offset_ms_ += ms;
    if (ms > 0) forward_.push_back({timeline_.now_ms(), ms});
  }
  // By how much it was set forward since then: leases end so much too early, and no worker can know.
  std::int64_t forward_since(std::int64_t ms) const {
    std::int64_t sum_ms = 0;
    for (const auto& [at_ms, by_ms] : forward_) sum_ms += at_ms >= ms ? by_ms : 0;
    return sum_ms;
  }

 private:
  const Timeline& timeline_;
  std::int64_t offset_ms_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> forward_;
};

}  // namespace lathe::scheduler::simulation
