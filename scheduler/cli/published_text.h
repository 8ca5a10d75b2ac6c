// Small text files of a delivery: whole under their names, or not there.
#pragma once

#include <filesystem>
#include <string>

namespace lathe::cli {

// The file's bytes; empty if it cannot be read.
std::string text_of_file(const std::filesystem::path& path);

// Writes `path` below `folder` anew, through a staged file. A file that holds this text keeps its time. Throws
// AudioFileError.
void publish_text(const std::filesystem::path& folder, const std::filesystem::path& path, const std::string& text);

}  // namespace lathe::cli
