// Staging with O_EXCL and a lock, publishing with renameat2.
#include "host/audio_file/staged_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/folder_lock.h"
#include "host/audio_file/frame_sink.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;
using Fault = AudioFileError::Fault;

constexpr const char* kStagedExtension = ".part";
constexpr int kMaxAttempts = 100;

std::string unique_name() {
  static std::atomic<unsigned> next{0};
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) random = 0;  // O_EXCL still makes it unique
  return fmt::format("{}-{}-{:016x}{}", ::getpid(), next++, random, kStagedExtension);
}

bool is_inside(const fs::path& file, const fs::path& folder) {
  const fs::path relative =
      fs::absolute(file).lexically_normal().lexically_relative(fs::absolute(folder).lexically_normal());
  return !relative.empty() && relative != "." && *relative.begin() != "..";
}

void create_folders(const fs::path& folder, const fs::path& for_file) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_write(for_file, error.value(), 0);
}

void sync_folder(const fs::path& folder) {
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open() || ::fsync(fd.get()) == 0) return;
  // Some network filesystems cannot do it with folders; a disk that fails is another thing: the name may be lost.
  if (is_storage_error(errno) || errno == ENOSPC || errno == EDQUOT) fail_write(folder, errno, 0);
}

// Whether this process now holds the file and it is still there (nobody took it for abandoned in between).
bool lock_staged(int fd) {
  struct stat status {};
  const bool is_locked = ::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno == ENOLCK || errno == EOPNOTSUPP;
  return is_locked && ::fstat(fd, &status) == 0 && status.st_nlink > 0;
}

// Renames without ever replacing; 0 or an error number. Filesystems differ in what they offer for it.
int rename_to_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return 0;
  }
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  struct stat status {};
  if (::lstat(to.c_str(), &status) == 0) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

StagedFile::StagedFile(const fs::path& out_dir, fs::path final_path) : final_path_(std::move(final_path)) {
  if (!is_inside(final_path_, out_dir)) {
    throw std::invalid_argument(
        fmt::format("{} does not lie inside the output folder {}", final_path_.string(), out_dir.string()));
  }
  const fs::path folder = out_dir / kStagingFolder;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    create_folders(folder, final_path_);
    path_ = folder / unique_name();
    fd_ = FileDescriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd_.is_open() && lock_staged(fd_.get())) return;
    if (fd_.is_open()) ::unlink(path_.c_str());
    // Gone again: another staged file's end removed the empty folder, or a clean-up was quicker than the lock.
    if (!fd_.is_open() && errno != ENOENT && errno != EEXIST) fail_write(final_path_, errno, 0);
  }
  throw AudioFileError(Fault::write_failed, final_path_,
                       "no staged file could be kept; does another program empty the folder?");
}

StagedFile::~StagedFile() { remove(); }

StagedFile::StagedFile(StagedFile&& other) noexcept
    : final_path_(std::move(other.final_path_)),
      path_(std::move(other.path_)),
      fd_(std::move(other.fd_)),
      is_synced_(other.is_synced_),
      is_published_(std::exchange(other.is_published_, true)) {}

StagedFile& StagedFile::operator=(StagedFile&& other) noexcept {
  if (this != &other) {
    remove();
    final_path_ = std::move(other.final_path_);
    path_ = std::move(other.path_);
    fd_ = std::move(other.fd_);
    is_synced_ = other.is_synced_;
    is_published_ = std::exchange(other.is_published_, true);
  }
  return *this;
}

void StagedFile::remove() noexcept {
  if (is_published_ || !fd_.is_open()) return;
  ::unlink(path_.c_str());
  fd_.reset();
  const std::string name = path_.native();
  ::rmdir(name.substr(0, name.rfind('/')).c_str());  // goes only if empty
}

void StagedFile::sync() {
  if (is_published_ || !fd_.is_open()) throw std::logic_error("StagedFile::sync: already published");
  if (::fsync(fd_.get()) != 0) fail_write(final_path_, errno, 0);
  is_synced_ = true;
}

void StagedFile::publish(Replace policy) {
  if (is_published_ || !fd_.is_open()) throw std::logic_error("StagedFile::publish: already published");
  if (!is_synced_) sync();
  const fs::path folder = final_path_.parent_path().empty() ? fs::path(".") : final_path_.parent_path();
  create_folders(folder, final_path_);
  const int error = policy == Replace::allow ? (::rename(path_.c_str(), final_path_.c_str()) == 0 ? 0 : errno)
                                             : rename_to_new(path_, final_path_);
  if (error == EEXIST) {
    throw AudioFileError(Fault::write_failed, final_path_,
                         "exists already and is not replaced; choose another output folder or move it away");
  }
  if (error != 0) fail_write(final_path_, error, 0);
  const fs::path staging = path_.parent_path();
  path_ = final_path_;
  is_published_ = true;
  fd_.reset();
  // Newly made folders need their own parents' entries on the disk as well, up to the output folder.
  const fs::path out_dir = staging.parent_path();
  for (fs::path at = folder; is_inside(at, out_dir); at = at.parent_path()) sync_folder(at);
  sync_folder(out_dir);
  ::rmdir(staging.c_str());
}

int remove_abandoned(const fs::path& out_dir) {
  int removed = 0;
  std::error_code error;
  fs::directory_iterator files(out_dir / kStagingFolder, error);
  for (; !error && files != fs::directory_iterator(); files.increment(error)) {
    const fs::path& path = files->path();
    if (path.extension() != kStagedExtension) continue;
    const FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (fd.is_open() && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 && ::unlink(path.c_str()) == 0) ++removed;
  }
  remove_abandoned_lock(out_dir);
  ::rmdir((out_dir / kStagingFolder).c_str());
  return removed;
}

}  // namespace lathe
