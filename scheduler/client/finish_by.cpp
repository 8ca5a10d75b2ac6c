#include "scheduler/client/finish_by.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <stdexcept>

namespace lathe::scheduler {
namespace {

[[noreturn]] void refuse(const std::string& text, const char* why) {
  throw std::invalid_argument(fmt::format(
      "--finish-by {}: {}; write 06:00, or 2026-11-29T06:00 with Z or +01:00 if it is not local", text, why));
}

bool is_clock_time(int hour, int minute, int second) {
  return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
}

// Whether `rest` is nothing, "Z" or "+01:00"; how far the clock is ahead of UTC.
bool read_zone(const std::string& rest, bool& is_local, int& ahead_s) {
  is_local = rest.empty();
  ahead_s = 0;
  if (rest.empty() || rest == "Z") return true;
  char sign = 0;
  int hours = 0, minutes = 0, used = 0;
  if (std::sscanf(rest.c_str(), "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3) return false;
  if (static_cast<std::size_t>(used) != rest.size() || (sign != '+' && sign != '-') ||
      !is_clock_time(hours, minutes, 0))
    return false;
  ahead_s = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

std::int64_t next_time_of_day(const std::string& text, int hour, int minute, std::int64_t now_ms) {
  const std::time_t now = now_ms / 1000;
  std::tm day{};
  ::localtime_r(&now, &day);
  for (int later = 0; later < 3; ++later) {
    std::tm at = day;
    at.tm_mday += later;
    at.tm_hour = hour;
    at.tm_min = minute;
    at.tm_sec = 0;
    at.tm_isdst = -1;
    const std::int64_t at_ms = std::int64_t{std::mktime(&at)} * 1000;
    if (at_ms > now_ms) return at_ms;
  }
  refuse(text, "is no time of day");
}

}  // namespace

std::int64_t parse_finish_by(const std::string& text, std::int64_t now_ms) {
  int hour = 0, minute = 0, used = 0;
  if (std::sscanf(text.c_str(), "%2d:%2d%n", &hour, &minute, &used) == 2 &&
      static_cast<std::size_t>(used) == text.size()) {
    if (!is_clock_time(hour, minute, 0)) refuse(text, "is no time of day");
    return next_time_of_day(text, hour, minute, now_ms);
  }
  std::tm at{};
  char between = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%c%2d:%2d%n", &at.tm_year, &at.tm_mon, &at.tm_mday, &between, &at.tm_hour,
                  &at.tm_min, &used) != 6 ||
      (between != 'T' && between != ' '))
    refuse(text, "is no time");
  std::string rest = text.substr(static_cast<std::size_t>(used));
  if (int seconds_used = 0; std::sscanf(rest.c_str(), ":%2d%n", &at.tm_sec, &seconds_used) == 1)
    rest = rest.substr(static_cast<std::size_t>(seconds_used));
  bool is_local = true;
  int ahead_s = 0;
  if (!read_zone(rest, is_local, ahead_s)) refuse(text, "ends in what is no zone");
  if (!is_clock_time(at.tm_hour, at.tm_min, at.tm_sec)) refuse(text, "is no time of day");
  at.tm_year -= 1900;
  at.tm_mon -= 1;
  at.tm_isdst = -1;
  const std::tm asked = at;
  const std::time_t seconds = is_local ? std::mktime(&at) : ::timegm(&at);
  if (at.tm_mday != asked.tm_mday || at.tm_mon != asked.tm_mon) refuse(text, "is no day of the calendar");
  const std::int64_t at_ms = (std::int64_t{seconds} - ahead_s) * 1000;
  if (at_ms <= now_ms) refuse(text, "is over");
  return at_ms;
}

std::string local_time_text(std::int64_t at_ms) {
  if (at_ms == 0) return "-";
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(at_ms / 1000)));
}

}  // namespace lathe::scheduler
