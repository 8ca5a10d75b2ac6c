// What people read of a track that failed: which it is, and why.
#pragma once

#include <filesystem>
#include <string>

namespace lathe::cli {

// "album.wav", or of a part of that file "album.wav (02 Song)".
std::string track_name(const std::filesystem::path& input, const std::string& part);

// The reason, behind the track's name where that is not in it.
std::string failure_text(const std::filesystem::path& input, const std::string& part, const std::string& reason);

}  // namespace lathe::cli
