#include "scheduler/store/sql_engine.h"

#include <algorithm>
#include <random>
#include <thread>

#include "scheduler/store/store_error.h"

namespace lathe::scheduler {

std::string sql_for(std::string_view sql, bool is_postgres) {
  constexpr std::string_view kSqlite = "{sqlite:", kPostgres = "{postgres:";
  std::string text;
  for (std::size_t i = 0; i < sql.size();) {
    const bool sqlite_only = sql.substr(i).starts_with(kSqlite), postgres_only = sql.substr(i).starts_with(kPostgres);
    if (sqlite_only || postgres_only) {
      const std::size_t start = i + (sqlite_only ? kSqlite : kPostgres).size(), end = sql.find('}', start);
      if (postgres_only == is_postgres) text += sql_for(sql.substr(start, end - start), is_postgres);
      i = end + 1;
    } else {
      text += sql[i] == '?' && is_postgres ? '$' : sql[i];
      ++i;
    }
  }
  return text;
}

void SqlRetry::after(const SqlInterrupted& interruption, bool may_repeat) {
  using Kind = SqlInterrupted::Kind;
  const auto waited = std::chrono::steady_clock::now() - since_;
  if (interruption.kind() == Kind::kUnknownOutcome) may_be_done_ = true;
  if (interruption.kind() == Kind::kConflict) {
    if (waited > engine_.patience()) {
      throw StoreError(StoreError::Kind::kBusy, engine_.name() + " is too busy: " + interruption.what() + "; try again",
                       may_be_done_);
    }
    // Those that met must not meet again.
    thread_local std::minstd_rand random{std::random_device{}()};
    const int most_ms = std::min(1 << std::min(conflicts_++, 6), 50);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<unsigned>(1'000 * most_ms)));
    return;
  }
  if (waited > engine_.patience() || (may_be_done_ && !may_repeat)) {
    throw StoreError(StoreError::Kind::kUnavailable,
                     engine_.name() + " is not reachable: " + interruption.what() +
                         "; see whether it runs, then try again" +
                         (may_be_done_ ? " (the last change may have been made)" : ""),
                     may_be_done_);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

}  // namespace lathe::scheduler
