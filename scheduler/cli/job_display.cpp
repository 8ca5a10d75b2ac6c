#include "scheduler/cli/job_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "host/report/audit_table.h"
#include "host/report/audit_text.h"
#include "scheduler/cli/farm_json.h"
#include "scheduler/client/farm_connection.h"
#include "scheduler/client/finish_by.h"

namespace lathe::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBetweenLines = std::chrono::seconds(10);

bool is_failure(v1::TaskState state) { return state == v1::TASK_STATE_FAILED || state == v1::TASK_STATE_QUARANTINED; }

// "/in/album.wav (02 Song)", "/in/01.wav and 11 more tracks"
std::string name_of_end(const v1::WatchJobResponse::TaskEnd& end) {
  std::string name = end.input();
  if (!end.part().empty()) name += " (" + end.part() + ")";
  const std::int64_t more = end.more_tracks();
  return more > 0 ? name + fmt::format(" and {} more track{}", more, more == 1 ? "" : "s") : name;
}

// What is in work, as the workers' last heartbeats told: the first of it by name. Empty: nothing that is known.
std::string work_text(const v1::WatchJobResponse& message) {
  if (message.in_work().empty()) return "";
  const v1::WatchJobResponse::InWork& work = message.in_work(0);
  const std::string name = std::filesystem::path(work.input()).filename().string();
  std::string text = fmt::format("; {}: {}, {:.0f} % of {}", work.worker(), work.stage(), 100 * work.share(), name);
  if (message.in_work_size() > 1) text += fmt::format(", {} more in work", message.in_work_size() - 1);
  return visible_text(text);
}

int columns_of_terminal() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

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
  for (const auto& end : message.ended()) {
    if (!is_failure(end.state())) continue;
    clear_bar();
    std::fprintf(stderr, "%s  task %lld  %s\n            %s\n", word(end.state()).c_str(),
                 static_cast<long long>(end.task_id()), visible_text(name_of_end(end)).c_str(),
                 visible_text(end.message()).c_str());
  }
  if (is_quiet_) return;
  const v1::Job& job = message.job();
  const std::int64_t ended = ended_count(job.counts());
  const std::string work = work_text(message);
  if (is_terminal_ && !scheduler::is_over(job.state())) {
    constexpr int kWidth = 24;
    const int full = static_cast<int>(std::clamp(share_done(job), 0.0, 1.0) * kWidth);
    const std::string line =
        fmt::format("[{:#<{}}{:.<{}}] job {}: {}{}", "", full, "", kWidth - full, job.job_id(), job_line(job), work);
    // A line that is broken into two could not be drawn over.
    std::fprintf(stderr, "\r\033[K%s", shortened(line, std::max(1, columns_of_terminal() - 1)).c_str());
    std::fflush(stderr);
    has_bar_ = true;
    return;
  }
  const auto now = Clock::now();
  const bool has_moved = ended != ended_ || work != work_;
  const bool is_news = job.state() != state_ || (has_moved && now - said_ >= kBetweenLines);
  if (!is_news) return;
  clear_bar();
  state_ = job.state();
  ended_ = ended;
  work_ = work;
  said_ = now;
  std::fprintf(stderr, "job %lld: %s%s\n", static_cast<long long>(job.job_id()), job_line(job).c_str(), work.c_str());
}

}  // namespace lathe::cli
