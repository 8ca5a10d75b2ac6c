#include "scheduler/worker/attempt_teller.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;

constexpr auto kTellEvery = 200ms, kTellStageAfter = 50ms;

}  // namespace

void AttemptTeller::say(const std::string& line) {
  if (keeps_log_) log_.add(line);
}

void AttemptTeller::say_end(const std::string& line) {
  if (keeps_log_) log_.add_end(line);
}

void AttemptTeller::progress(double share, std::string_view stage) {
  const bool is_next = stage != stage_;
  const bool has_lines = sent_ < log_.lines().size();
  const auto now = Clock::now();
  if (!has_lines && now - told_ < (is_next ? kTellStageAfter : kTellEvery)) return;
  told_ = now;
  if (is_next) stage_ = stage;
  if (has_lines) return flush();
  v1::ExecutorEvent event;
  v1::TaskProgress& progress = *event.mutable_progress();
  *progress.mutable_lease() = lease_;
  progress.set_share(share);
  progress.set_stage(stage_);
  pipe_.send(event);
}

void AttemptTeller::flush() {
  if (sent_ == log_.lines().size()) return;
  v1::ExecutorEvent event;
  v1::ExecutorEvent::Log& log = *event.mutable_log();
  *log.mutable_lease() = lease_;
  log.set_stage(stage_);
  for (std::string& line : take_rest()) log.add_lines(std::move(line));
  pipe_.send(event);
}

std::vector<std::string> AttemptTeller::take_rest() {
  std::vector<std::string> lines;
  for (; sent_ < log_.lines().size(); ++sent_) lines.push_back(log_.lines()[sent_].text);
  return lines;
}

}  // namespace lathe::scheduler
