#include "scheduler/cli/job_display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "host/report/audit_text.h"
#include "scheduler/cli/farm_json.h"
#include "scheduler/client/farm_connection.h"
#include "scheduler/client/finish_by.h"

namespace lathe::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBetweenLines = std::chrono::seconds(10);

bool is_failed(v1::TaskState state) { return state == v1::TASK_STATE_FAILED || state == v1::TASK_STATE_QUARANTINED; }

}  // namespace

std::int64_t failed_count(const v1::TaskCounts& counts) { return counts.failed() + counts.quarantined(); }

std::string job_line(const v1::Job& job) {
  const std::int64_t failed = failed_count(job.counts());
  std::string line = fmt::format("{}/{} tracks", ended_count(job.counts()), job.task_count());
  if (failed > 0) line += fmt::format(", {} failed", failed);
  line += ", " + word(job.state());
  if (job.finished_ms() == 0 && job.expected_end_ms() != 0)
    line += ", ends about " + scheduler::local_time_text(job.expected_end_ms());
  return line;
}

JobDisplay::JobDisplay(bool is_quiet) : is_quiet_(is_quiet), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

JobDisplay::~JobDisplay() { clear_bar(); }

void JobDisplay::clear_bar() {
  if (has_bar_) std::fputs("\r\033[K", stderr);
  has_bar_ = false;
}

void JobDisplay::show(const v1::WatchJobResponse& message) {
  if (is_quiet_) return;
  for (const auto& end : message.ended()) {
    if (!is_failed(end.state())) continue;
    clear_bar();
    std::fprintf(stderr, "%s  task %lld  %s\n            %s\n", word(end.state()).c_str(),
                 static_cast<long long>(end.task_id()), visible_text(end.input()).c_str(),
                 visible_text(end.message()).c_str());
  }
  const v1::Job& job = message.job();
  const std::int64_t ended = ended_count(job.counts());
  if (is_terminal_ && !scheduler::is_over(job.state())) {
    constexpr int kWidth = 24;
    const int full = static_cast<int>(std::clamp(share_done(job), 0.0, 1.0) * kWidth);
    std::fprintf(stderr, "\r\033[K[%s%s] job %lld: %s", std::string(static_cast<std::size_t>(full), '#').c_str(),
                 std::string(static_cast<std::size_t>(kWidth - full), '.').c_str(),
                 static_cast<long long>(job.job_id()), job_line(job).c_str());
    std::fflush(stderr);
    has_bar_ = true;
    return;
  }
  const auto now = Clock::now();
  const bool is_news = job.state() != state_ || (ended != ended_ && now - said_ >= kBetweenLines);
  if (!is_news) return;
  clear_bar();
  state_ = job.state();
  ended_ = ended;
  said_ = now;
  std::fprintf(stderr, "job %lld: %s\n", static_cast<long long>(job.job_id()), job_line(job).c_str());
}

}  // namespace lathe::cli
