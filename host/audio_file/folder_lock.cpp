// flock on a file that its holder removes: who opened it before that sees that it is gone, and begins anew.
#include "host/audio_file/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "host/audio_file/staged_file.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "run.lock";
constexpr int kMostTries = 100;

fs::path lock_file(const fs::path& out_dir) { return out_dir / kStagingFolder / kLockName; }

// Of another user, it may be there to be read only; that is enough to lock it.
FileDescriptor open_lock(const fs::path& file) {
  FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!fd.is_open() && errno == EACCES) fd = FileDescriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return fd;
}

// Whether the name still leads to the file that is open.
bool is_still_at(int fd, const fs::path& file) {
  struct stat opened {
  }, named{};
  return ::fstat(fd, &opened) == 0 && ::lstat(file.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

FolderLock::FolderLock(const fs::path& out_dir) : file_(lock_file(out_dir)) {}

bool FolderLock::make_folders() {
  std::error_code error;
  for (fs::path at = file_.parent_path(); at.has_relative_path() && !fs::exists(at, error); at = at.parent_path())
    made_.insert(at);
  fs::create_directories(file_.parent_path(), error);
  // Another holder's end may have removed one just now.
  return !error || error == std::errc::no_such_file_or_directory || error == std::errc::file_exists;
}

std::optional<FolderLock> FolderLock::take(const fs::path& out_dir) {
  FolderLock lock(out_dir);
  for (int attempt = 0; attempt < kMostTries && lock.make_folders(); ++attempt) {
    FileDescriptor fd = open_lock(lock.file_);
    if (!fd.is_open() && errno == ENOENT) continue;
    if (!fd.is_open()) break;
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno == ENOLCK || errno == EOPNOTSUPP) ::unlink(lock.file_.c_str());  // it is nobody's, and never will be
      break;
    }
    if (!is_still_at(fd.get(), lock.file_)) continue;
    lock.fd_ = std::move(fd);
    break;
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (is_held() && is_still_at(fd_.get(), file_)) ::unlink(file_.c_str());
  fd_.reset();
  if (!file_.empty()) ::rmdir(file_.parent_path().c_str());
  for (auto at = made_.rbegin(); at != made_.rend(); ++at) ::rmdir(at->c_str());  // the deepest first
}

void remove_abandoned_lock(const fs::path& out_dir) {
  const fs::path file = lock_file(out_dir);
  const FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (fd.is_open() && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 && is_still_at(fd.get(), file)) ::unlink(file.c_str());
}

}  // namespace lathe
