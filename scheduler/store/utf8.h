// Text that every store and the wire can carry.
#pragma once

#include <string>
#include <string_view>

namespace lathe::scheduler {

// True for well-formed UTF-8 (Unicode 15, table 3-7) without NUL, which PostgreSQL cannot hold.
bool is_storable_text(std::string_view text);

// The text, with each byte that does not fit replaced by U+FFFD. For messages, which may quote paths.
std::string storable_text(std::string_view text);

}  // namespace lathe::scheduler
