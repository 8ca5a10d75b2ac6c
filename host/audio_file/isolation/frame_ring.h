// Memory that Lathe and one decoder share: decoded frames on their way, in a ring that lies twice in a row, so that
// every piece of it can be had in one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "host/audio_file/file_descriptor.h"

namespace lathe::isolation {

constexpr std::size_t kRingBytes = 512 << 10;

// The two take turns: every wake costs a switch of processes, and a core's caches. The decoder fills the ring to three
// quarters before it wakes Lathe, and sleeps on a full one until an eighth is left. No piece is put that is longer than
// a quarter: whoever finds no room for it has put enough to wake the other.
constexpr std::size_t kWakeLatheBytes = kRingBytes / 4 * 3;
constexpr std::size_t kWakeDecoderBytes = kRingBytes / 8;
constexpr std::size_t kMostPieceBytes = kRingBytes / 4;

// Counts of bytes since the start. Each is written by one side; the other believes nothing it finds here.
struct RingCounters {
  alignas(64) std::atomic<std::uint64_t> put{0};     // by the decoder
  alignas(64) std::atomic<std::uint64_t> taken{0};   // by Lathe
  alignas(64) std::atomic<std::uint64_t> wanted{0};  // Lathe sleeps until so many are put; 0: it does not
  alignas(64) std::atomic<std::uint64_t> room{0};    // the decoder sleeps until so many are taken; 0: it does not
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// One side's mapping.
class FrameRing {
 public:
  FrameRing() = default;
  ~FrameRing();
  FrameRing(FrameRing&& other) noexcept;
  FrameRing& operator=(FrameRing&& other) noexcept;

  // A new one, sealed at its size: no side can make the other read beyond its end. Throws std::system_error.
  static FrameRing make(FileDescriptor& fd);
  static FrameRing map(int fd);

  bool is_there() const { return base_ != nullptr; }
  RingCounters& counters() const { return *reinterpret_cast<RingCounters*>(base_); }
  // Where the byte of this count lies, with a whole ring of addresses behind it.
  std::byte* at(std::uint64_t count) const { return data_ + count % kRingBytes; }

 private:
  std::byte* base_ = nullptr;
  std::byte* data_ = nullptr;
};

}  // namespace lathe::isolation
