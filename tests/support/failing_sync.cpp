// Preloaded into a program: makes fsync and fdatasync of some files fail with EIO, as a dying disk does, and keeps what
// a power cut would leave of them.
//
//   FAILING_SYNC_FILES   a pattern of fnmatch(3) for the files' whole paths; without it nothing is done
//   FAILING_SYNC_SWITCH  a file: syncs fail while it is there
//   FAILING_SYNC_LOG     a file that gets a line for each sync that failed
//   FAILING_SYNC_KEEP    a folder that gets a copy of each file as it was when it was last synced, by its name
#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string path_of(int fd) {
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(link, path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : std::string();
}

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

void append_line(const std::string& file, const std::string& line) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return;
  const std::string text = line + "\n";
  if (::write(fd, text.data(), text.size()) < 0) std::perror("failing_sync");
  ::close(fd);
}

// Whole or not at all: a copy that was begun is renamed when it is done.
void keep(const std::string& path, const std::string& folder) {
  const std::string name = folder + "/" + path.substr(path.rfind('/') + 1), part = name + ".part";
  const int from = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int to = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool is_whole = from >= 0 && to >= 0;
  char block[65536];
  for (ssize_t n = 1; is_whole && n > 0;) {
    n = ::read(from, block, sizeof block);
    is_whole = n >= 0 && (n == 0 || ::write(to, block, static_cast<std::size_t>(n)) == n);
  }
  if (from >= 0) ::close(from);
  if (to >= 0) ::close(to);
  if (is_whole) ::rename(part.c_str(), name.c_str());
}

int sync_with(const char* name, int fd) {
  using Sync = int (*)(int);
  const auto real = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, name));
  const std::string pattern = setting("FAILING_SYNC_FILES");
  if (pattern.empty()) return real(fd);
  const std::string path = path_of(fd);
  if (::fnmatch(pattern.c_str(), path.c_str(), 0) != 0) return real(fd);
  const std::string broken = setting("FAILING_SYNC_SWITCH");
  if (!broken.empty() && ::access(broken.c_str(), F_OK) == 0) {
    append_line(setting("FAILING_SYNC_LOG"), path);
    errno = EIO;
    return -1;
  }
  const int result = real(fd);
  if (const std::string folder = setting("FAILING_SYNC_KEEP"); result == 0 && !folder.empty()) keep(path, folder);
  return result;
}

}  // namespace

extern "C" int fsync(int fd) { return sync_with("fsync", fd); }
extern "C" int fdatasync(int fd) { return sync_with("fdatasync", fd); }
