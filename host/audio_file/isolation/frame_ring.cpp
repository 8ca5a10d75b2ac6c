#include "host/audio_file/isolation/frame_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

namespace lathe::isolation {
namespace {

constexpr std::size_t kCountersBytes = 4096;
constexpr std::size_t kMappedBytes = kCountersBytes + 2 * kRingBytes;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

FrameRing::~FrameRing() {
  if (base_ != nullptr) ::munmap(base_, kMappedBytes);
}
FrameRing::FrameRing(FrameRing&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), data_(std::exchange(other.data_, nullptr)) {}
FrameRing& FrameRing::operator=(FrameRing&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(data_, other.data_);
  return *this;
}

FrameRing FrameRing::make(FileDescriptor& fd) {
  fd = FileDescriptor(::memfd_create("lathe-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.is_open()) fail("memfd_create");
  if (::ftruncate(fd.get(), kCountersBytes + kRingBytes) != 0) fail("ftruncate");
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) fail("sealing memory");
  FrameRing ring = map(fd.get());
  new (ring.base_) RingCounters;
  return ring;
}

FrameRing FrameRing::map(int fd) {
  FrameRing ring;
  void* place = ::mmap(nullptr, kMappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) fail("mmap");
  ring.base_ = static_cast<std::byte*>(place);
  ring.data_ = ring.base_ + kCountersBytes;
  const int access = PROT_READ | PROT_WRITE;
  if (::mmap(ring.base_, kCountersBytes + kRingBytes, access, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
      ::mmap(ring.data_ + kRingBytes, kRingBytes, access, MAP_SHARED | MAP_FIXED, fd, kCountersBytes) == MAP_FAILED) {
    fail("mmap");
  }
  return ring;
}

}  // namespace lathe::isolation
