#include "scheduler/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/report/audit_text.h"
#include "scheduler/cli/failure_text.h"

namespace lathe::cli {
namespace {

using Clock = std::chrono::steady_clock;

std::string clock_text(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

std::string number_text(const nlohmann::json& object, const char* part, const char* key) {
  const auto& value = object.at(part).at(key);
  return value.is_number() ? fmt::format("{:.1f}", value.get<double>()) : "-";
}

}  // namespace

Progress::Progress(bool is_quiet)
    : is_quiet_(is_quiet), is_terminal_(::isatty(STDERR_FILENO) == 1), started_(Clock::now()) {}

Progress::~Progress() { clear_bar(); }

void Progress::clear_bar() {
  if (has_bar_) std::fputs("\r\033[K", stderr);
  has_bar_ = false;
}

void Progress::show(const scheduler::BatchProgress& p) {
  if (is_quiet_ || !is_terminal_) return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (now - shown_ < std::chrono::milliseconds(200)) return;
  shown_ = now;
  const double wall = std::chrono::duration<double>(now - started_).count();
  constexpr int kWidth = 24;
  const int full = static_cast<int>(p.share * kWidth);
  const std::string eta = p.share > 0.02 ? clock_text(wall * (1 - p.share) / p.share) : "?";
  const std::string failed = p.failed > 0 ? fmt::format(", {} failed", p.failed) : "";
  const std::string line =
      fmt::format("[{:#<{}}{:.<{}}] {}/{} tracks{}, {:.0f}x realtime, {} left", "", full, "", kWidth - full, p.finished,
                  p.tracks, failed, wall > 0 ? p.audio_s / wall : 0.0, eta);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  has_bar_ = true;
}

void Progress::track(const scheduler::TrackOutcome& outcome, std::int64_t tracks) {
  const std::lock_guard lock(mutex_);
  ++ended_;
  const bool is_failed =
      outcome.state == scheduler::TaskState::kFailed || outcome.state == scheduler::TaskState::kQuarantined;
  if (is_quiet_ && !is_failed) return;
  clear_bar();
  std::fprintf(stderr, "[%lld/%lld] %s\n", static_cast<long long>(ended_), static_cast<long long>(tracks),
               track_line(outcome).c_str());
}

// "mended by declick (412 repairs), dehum"; empty where nothing was.
std::string mended_text(const nlohmann::json& result) {
  std::string text;
  for (const auto& stage : result.value("stages", nlohmann::json::array())) {
    // Acted upon, a track may still be as it was: silence under mode always.
    const auto changed = stage.find("samples_changed");
    if (!stage.value("acted", false) || (changed != stage.end() && *changed == 0)) continue;
    text += (text.empty() ? "mended by " : ", ") + stage.value("name", "");
    if (const auto repairs = stage.find("repairs"); repairs != stage.end())
      text += fmt::format(" ({:.0f} repair{})", repairs->get<double>(), repairs->get<double>() == 1 ? "" : "s");
  }
  return text;
}

// Of a mix: how its stems fit, and what was said of them.
std::string stems_text(const nlohmann::json& result) {
  if (!result.contains("stems")) return {};
  std::vector<std::string> lines;
  if (const auto test = result.find("null_test"); test != result.end()) {
    const auto& left = test->at("residual_db");
    lines.push_back(test->at("is_exact") ? std::string("the stems sum to the mixdown, bit for bit")
                    : left.is_number()   ? fmt::format("stems against the mixdown: {:.1f} dB left", left.get<double>())
                                         : std::string("the stems sum to the mixdown"));
    for (const auto& finding : test->at("findings")) lines.push_back(finding.get<std::string>());
  }
  for (const auto& note : result.at("notes")) lines.push_back(note.get<std::string>());
  for (const auto& stem : result.at("stems"))
    for (const auto& note : stem.at("notes")) lines.push_back(note.get<std::string>());
  std::string text;
  for (const std::string& line : lines) text += "\n            " + visible_text(line);
  return text;
}

std::string track_line(const scheduler::TrackOutcome& outcome) {
  const std::string state(scheduler::to_string(outcome.state));
  if (outcome.result_json.empty())
    return fmt::format("{:<9} {}", state, visible_text(failure_text(outcome.input, outcome.part, outcome.reason)));
  const auto result = nlohmann::json::parse(outcome.result_json);
  const std::string reason = result.at("reason").get<std::string>();
  const std::string mended = mended_text(result);
  return fmt::format(
      "{:<9} {:>5} -> {:>5} LUFS, {:>5} dBTP  {}{}{}{}", state, number_text(result, "before", "integrated_lufs"),
      number_text(result, "after", "integrated_lufs"), number_text(result, "after", "true_peak_dbtp"),
      visible_text(track_name(outcome.input, outcome.part)), mended.empty() ? "" : "\n            " + mended,
      reason.empty() ? "" : "\n            " + visible_text(reason), stems_text(result));
}

}  // namespace lathe::cli
