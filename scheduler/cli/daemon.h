// What the two daemons share: their log on standard error, and the signals that end them.
#pragma once

#include <atomic>
#include <string>

namespace lathe::cli {

// "2026-01-31T04:05:06.789Z worker: text". From any thread.
void log_line(const std::string& who, const std::string& text);

// How often TERM, INT or HUP came so far. The handlers are there from the first call on.
const std::atomic<int>& termination_requests();

}  // namespace lathe::cli
