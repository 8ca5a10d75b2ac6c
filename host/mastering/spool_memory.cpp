#include "host/mastering/spool_memory.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>

#include "host/audio_file/file_descriptor.h"

namespace lathe {
namespace {

// Less is not worth a file.
constexpr std::size_t kLeastBytes = 1 << 20;
// A pass writes a gigabyte and a half a second at most: 60 MB between two turns.
constexpr std::chrono::milliseconds kTurn{40};

// Takes the pages of all mapped arrays out of the process, again and again.
class PageReturn {
 public:
  static PageReturn& instance() {
    static PageReturn one;
    return one;
  }

  void add(void* memory, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    mapped_.emplace(memory, bytes);
    if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    changed_.notify_all();
  }

  void remove(void* memory) {
    const std::lock_guard lock(mutex_);
    mapped_.erase(memory);
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      changed_.wait(lock, stop, [this] { return !mapped_.empty(); });
      // Changed pages of a shared mapping are the file's before they go.
      for (const auto& [memory, bytes] : mapped_) ::madvise(memory, bytes, MADV_DONTNEED);
      changed_.wait_for(lock, stop, kTurn, [] { return false; });
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<void*, std::size_t> mapped_;
  std::jthread thread_;  // the last: it uses the others
};

class SpoolMemory final : public TraceMemory {
 public:
  explicit SpoolMemory(std::filesystem::path spool_dir) : spool_dir_(std::move(spool_dir)) {}

  void* take(std::size_t bytes) override {
    if (bytes < kLeastBytes) return ::operator new(bytes);
    const FileDescriptor file(::open(spool_dir_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file.is_open()) fail(errno);
    // A page that finds no room on the disk when it is written to would end the process. (File systems that copy on
    // write promise less: btrfs and ZFS may still run out.)
    int error = 0;
    do error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
    while (error == EINTR);
    if (error != 0) fail(error);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    PageReturn::instance().add(memory, bytes);
    return memory;
  }

  void give_back(void* memory, std::size_t bytes) noexcept override {
    if (bytes < kLeastBytes) return ::operator delete(memory);
    PageReturn::instance().remove(memory);
    ::munmap(memory, bytes);
  }

 private:
  [[noreturn]] void fail(int error) const {
    throw std::system_error(error, std::generic_category(), "spool file: cannot be made in " + spool_dir_.string());
  }

  std::filesystem::path spool_dir_;
};

}  // namespace

std::shared_ptr<TraceMemory> spool_memory(const std::filesystem::path& spool_dir) {
  if (spool_dir.empty()) return nullptr;
  return std::make_shared<SpoolMemory>(spool_dir);
}

}  // namespace lathe
