#include "scheduler/worker/digest.h"

#include <fstream>
#include <vector>

#include "host/audio_file/message_digest.h"

namespace lathe::scheduler {

std::string sha256_hex(const std::string& text) {
  MessageDigest sha256(MessageDigest::Kind::sha256);
  sha256.update(text.data(), text.size());
  return sha256.hex();
}

std::string file_sha256(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  MessageDigest sha256(MessageDigest::Kind::sha256);
  std::vector<char> block(1 << 20);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    sha256.update(block.data(), static_cast<std::size_t>(file.gcount()));
  }
  return file.bad() ? std::string() : sha256.hex();
}

}  // namespace lathe::scheduler
