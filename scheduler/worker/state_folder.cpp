#include "scheduler/worker/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "scheduler/store/network_filesystem.h"
#include "scheduler/worker/digest.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

fs::path chosen(const std::optional<std::string>& given) {
  if (given) return *given;
  if (const auto dir = environment("LATHE_STATE_DIR")) return *dir;
  if (const auto dir = environment("XDG_STATE_HOME")) return fs::path(*dir) / "lathe";
  if (const auto home = environment("HOME")) return fs::path(*home) / ".local/state/lathe";
  throw std::runtime_error(
      "no place for Lathe's state: neither HOME nor XDG_STATE_HOME is set; name one with --state-dir");
}

}  // namespace

fs::path state_folder(const std::optional<std::string>& given) {
  const fs::path folder = fs::absolute(chosen(given)).lexically_normal();
  if (on_network_filesystem(folder.string())) {
    throw std::runtime_error(
        "the state folder " + folder.string() +
        " lies on a network file system, where its database would not be safe; name a local one with --state-dir");
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw std::runtime_error("the state folder " + folder.string() + " cannot be made: " + error.message() +
                             "; name another with --state-dir");
  }
  return folder;
}

OutputLock::OutputLock(const fs::path& state, const fs::path& out_dir) {
  const fs::path folder = state / "locks";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw std::runtime_error("the folder of locks " + folder.string() + " cannot be made: " + error.message() +
                             "; name a state folder that can be written with --state-dir");
  }
  const fs::path file = folder / (sha256_hex(fs::weakly_canonical(out_dir).string()).substr(0, 32) + ".lock");
  fd_ = FileDescriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd_.is_open())
    throw std::runtime_error("the lock " + file.string() + " cannot be made: " + std::strerror(errno));
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) {
    if (std::optional<FolderLock> lock = FolderLock::take(out_dir)) there_.emplace(std::move(*lock));
  }
  if (!there_) {
    throw std::runtime_error("another run of lathe is writing into " + out_dir.string() +
                             "; wait for it, or choose another output folder");
  }
}

}  // namespace lathe::scheduler
