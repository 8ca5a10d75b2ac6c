// SHA-256, in hexadecimal.
#pragma once

#include <filesystem>
#include <string>

namespace lathe::scheduler {

std::string sha256_hex(const std::string& text);

// Of a file's bytes; empty if it cannot be read.
std::string file_sha256(const std::filesystem::path& path);

}  // namespace lathe::scheduler
