#include "scheduler/service/token_file.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "scheduler/worker/digest.h"

namespace lathe::scheduler {
namespace {

bool is_sha256(const std::string& text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// "2027-01-31", to the end of that day in UTC.
std::optional<std::int64_t> end_of_day_ms(const std::string& date) {
  std::tm day{};
  const char* rest = ::strptime(date.c_str(), "%Y-%m-%d", &day);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return (static_cast<std::int64_t>(::timegm(&day)) + 24 * 3600) * 1000;
}

}  // namespace

TokenFile::TokenFile(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code error;
  read_at_ = std::filesystem::last_write_time(path_, error);  // first: what is written meanwhile is read again
  entries_ = read();
}

std::map<std::string, TokenFile::Entry> TokenFile::read() const {
  std::ifstream file(path_);
  if (!file) throw std::runtime_error(path_.string() + ": cannot be read");
  std::map<std::string, Entry> entries;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    std::string name, role_name, hash, expires, more;
    if (!(words >> name) || name.front() == '#') continue;
    const auto wrong = [&](const std::string& what) {
      return std::runtime_error(path_.string() + ":" + std::to_string(number) + ": " + what +
                                "; a line is NAME ROLE SHA256 [YYYY-MM-DD]");
    };
    words >> role_name >> hash >> expires >> more;
    const std::optional<Role> role = role_named(role_name);
    if (!role) throw wrong("'" + role_name + "' is no role: viewer, submitter, operator, admin, worker");
    if (!is_sha256(hash)) throw wrong("the third word is no SHA-256 in lower-case hexadecimal digits");
    Entry entry{{"token:" + name, *role}, 0};
    if (!expires.empty()) {
      const auto end = end_of_day_ms(expires);
      if (!end || !more.empty()) throw wrong("'" + expires + more + "' is no date");
      entry.expires_ms = *end;
    }
    entries[hash] = entry;
  }
  return entries;
}

void TokenFile::read_again() {
  std::error_code error;
  const auto now = std::filesystem::last_write_time(path_, error);
  if (error || now == read_at_) return;
  try {
    entries_ = read();
    read_at_ = now;
  } catch (const std::runtime_error&) {
    // Half-written: the next call looks again.
  }
}

std::optional<Caller> TokenFile::find(const std::string& token, std::int64_t now_ms) {
  const std::string hash = sha256_hex(token);
  const std::lock_guard lock(mutex_);
  read_again();
  const auto found = entries_.find(hash);
  if (found == entries_.end()) return std::nullopt;
  if (found->second.expires_ms != 0 && now_ms >= found->second.expires_ms) return std::nullopt;
  return found->second.caller;
}

}  // namespace lathe::scheduler
