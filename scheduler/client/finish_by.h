// Deadlines as people say them.
#pragma once

#include <cstdint>
#include <string>

namespace lathe::scheduler {

// "06:00": the next time that local clocks show it. "2026-11-29T06:00", also with seconds, a space for the T, and "Z"
// or
// "+01:00" at the end; local without. Milliseconds since 1970 UTC. Throws std::invalid_argument for what is neither,
// and for what is over at `now_ms`.
std::int64_t parse_finish_by(const std::string& text, std::int64_t now_ms);

// "2026-11-29 06:00", local; "-" for 0.
std::string local_time_text(std::int64_t at_ms);

}  // namespace lathe::scheduler
