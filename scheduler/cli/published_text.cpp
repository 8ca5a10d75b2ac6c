#include "scheduler/cli/published_text.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/staged_file.h"

namespace lathe::cli {

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void publish_text(const std::filesystem::path& folder, const std::filesystem::path& path, const std::string& text) {
  if (!text.empty() && text_of_file(path) == text) return;
  StagedFile file(folder, path);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::write(file.fd(), text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      throw AudioFileError(AudioFileError::Fault::disk_full, file.final_path(),
                           std::string("cannot be written: ") + std::strerror(errno));
    at += static_cast<std::size_t>(n);
  }
  file.publish(Replace::allow);
}

}  // namespace lathe::cli
