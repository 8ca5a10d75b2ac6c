// Bytes of a path as text that JSON can carry, and back: each byte is the code point of its value.
#pragma once

#include <string>

namespace lathe::scheduler {

std::string path_to_text(const std::string& bytes);
std::string path_from_text(const std::string& text);

}  // namespace lathe::scheduler
