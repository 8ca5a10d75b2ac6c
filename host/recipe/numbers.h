// Numbers as text, both ways, without locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe {

// A decimal number: `-1`, `0.5`, `.5`, `1e-3`, `+3`. None for anything else: leading zeros, hexadecimal, nan, inf, a
// number too large for a double, a unit behind the number.
std::optional<double> parse_number(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);

// The shortest text that reads back as the same number; -0 is 0. `value` is finite.
std::string shortest(double value);

}  // namespace lathe
