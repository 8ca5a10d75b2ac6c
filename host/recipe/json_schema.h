// The recipe's schema for editors and other programs.
#pragma once

#include <string>

namespace lathe {

// JSON Schema 2020-12 with types, ranges, defaults, enums, required keys and the .proto files' comments; with a line
// end.
std::string json_schema();

}  // namespace lathe
