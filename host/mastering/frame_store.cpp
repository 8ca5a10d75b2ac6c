#include "host/mastering/frame_store.h"

#include <emmintrin.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <system_error>

namespace lathe {
namespace {

constexpr std::int64_t kHugePage = 2 << 20;

std::size_t rounded_bytes(std::int64_t floats) {
  return static_cast<std::size_t>((floats * static_cast<std::int64_t>(sizeof(float)) + kHugePage - 1) / kHugePage *
                                  kHugePage);
}

// Past the caches: by the time the track is read again its beginning has left them anyway, and a line that is written
// whole this way is not read from memory first.
void stream(const float* from, std::int64_t count, float* to) {
  std::int64_t n = 0;
  for (; n < count && (reinterpret_cast<std::uintptr_t>(to + n) & 63) != 0; ++n) to[n] = from[n];
  for (; n + 16 <= count; n += 16) {
    for (int i = 0; i < 16; i += 4) _mm_stream_ps(to + n + i, _mm_loadu_ps(from + n + i));
  }
  for (; n < count; ++n) to[n] = from[n];
  _mm_sfence();
}

[[noreturn]] void throw_spool(const char* what) {
  throw std::system_error(errno, std::generic_category(), std::string("spool file: ") + what);
}

}  // namespace

FrameArena::~FrameArena() { release(); }

void FrameArena::release() {
  if (data_ != nullptr) ::munmap(data_, rounded_bytes(floats_));
  data_ = nullptr;
  floats_ = 0;
}

float* FrameArena::reserve(std::int64_t floats) {
  if (floats <= floats_) return data_;
  // Grown, not made anew: pages that have been touched are not cleared again.
  void* memory = data_ != nullptr ? ::mremap(data_, rounded_bytes(floats_), rounded_bytes(floats), MREMAP_MAYMOVE)
                                  : ::mmap(nullptr, rounded_bytes(floats), PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  ::madvise(memory, rounded_bytes(floats), MADV_HUGEPAGE);  // only a wish: without huge pages it is a little slower
  data_ = static_cast<float*>(memory);
  floats_ = floats;
  return data_;
}

FrameStore::FrameStore(FrameArena& arena, int channels, std::int64_t frames)
    : channels_(channels),
      frames_(frames),
      stride_((frames + 15) / 16 * 16),
      memory_(arena.reserve(std::max<std::int64_t>(stride_ * channels, 1))) {}

FrameStore::FrameStore(const std::filesystem::path& spool_dir, int channels, std::int64_t frames)
    : channels_(channels),
      frames_(frames),
      stride_(frames),
      file_(::open(spool_dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
  if (file_.get() < 0) throw_spool(("cannot be made in " + spool_dir.string()).c_str());
}

void FrameStore::append(AudioView in) {
  if (in.channels != channels_ || in.frames < 0 || filled_ + in.frames > frames_)
    throw std::invalid_argument("FrameStore: more than was promised");
  for (int c = 0; c < channels_; ++c) {
    if (memory_ != nullptr) {
      stream(in.channel(c), in.frames, memory_ + c * stride_ + filled_);
      continue;
    }
    const char* from = reinterpret_cast<const char*>(in.channel(c));
    auto left = static_cast<std::size_t>(in.frames) * sizeof(float);
    auto at = static_cast<off_t>((c * stride_ + filled_) * static_cast<std::int64_t>(sizeof(float)));
    while (left > 0) {
      const ssize_t n = ::pwrite(file_.get(), from, left, at);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw_spool("cannot be written");
      from += n;
      at += n;
      left -= static_cast<std::size_t>(n);
    }
  }
  filled_ += in.frames;
}

AudioView FrameStore::read(std::int64_t first, std::int64_t count) {
  if (memory_ != nullptr && first >= 0 && first + count <= filled_) return {memory_ + first, channels_, count, stride_};
  return read_copy(first, count);
}

AudioView FrameStore::read_copy(std::int64_t first, std::int64_t count) {
  window_.assign(static_cast<std::size_t>(count * channels_), 0.0f);
  const std::int64_t from = std::clamp<std::int64_t>(first, 0, filled_),
                     to = std::clamp<std::int64_t>(first + count, from, filled_);
  for (int c = 0; c < channels_; ++c) {
    float* out = window_.data() + c * count + std::max<std::int64_t>(from - first, 0);
    if (memory_ != nullptr) {
      std::copy_n(memory_ + c * stride_ + from, to - from, out);
      continue;
    }
    auto left = static_cast<std::size_t>(to - from) * sizeof(float);
    auto at = static_cast<off_t>((c * stride_ + from) * static_cast<std::int64_t>(sizeof(float)));
    char* into = reinterpret_cast<char*>(out);
    while (left > 0) {
      const ssize_t n = ::pread(file_.get(), into, left, at);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw_spool("cannot be read");
      into += n;
      at += n;
      left -= static_cast<std::size_t>(n);
    }
  }
  return {window_.data(), channels_, count, count};
}

}  // namespace lathe
