#include "scheduler/cli/failure_text.h"

#include <string_view>

namespace lathe::cli {
namespace {

// As a word of its own: "t1.wav has no samples", not "/elsewhere/t1.wav" or "at1.wav".
bool holds_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1))
    if (at == 0 || std::string_view(" '\"(").find(text[at - 1]) != std::string_view::npos) return true;
  return false;
}

bool names_track(const std::string& reason, const std::filesystem::path& input, const std::string& part) {
  if (reason.find(part) == std::string::npos) return false;
  if (reason.find(input.native()) != std::string::npos) return true;
  // A mix is called like its folder, which may be any word.
  return input.has_extension() && holds_word(reason, input.filename().native());
}

}  // namespace

std::string track_name(const std::filesystem::path& input, const std::string& part) {
  const std::string file = input.filename().string();
  return part.empty() ? file : file + " (" + part + ")";
}

std::string failure_text(const std::filesystem::path& input, const std::string& part, const std::string& reason) {
  return names_track(reason, input, part) ? reason : track_name(input, part) + ": " + reason;
}

}  // namespace lathe::cli
