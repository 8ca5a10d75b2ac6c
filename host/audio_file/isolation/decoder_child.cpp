// Everything here runs in the sandbox; what it is sent comes from Lathe and is believed.
#include "host/audio_file/isolation/decoder_child.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>

#include "host/audio_file/frame_source.h"
#include "host/audio_file/isolation/decoder_fault.h"
#include "host/audio_file/isolation/frame_ring.h"
#include "host/audio_file/isolation/header_wire.h"
#include "host/audio_file/isolation/sandbox.h"
#include "host/audio_file/isolation/wire.h"

namespace lathe::isolation {
namespace {

using Fault = AudioFileError::Fault;

// Whatever cannot be said any more: nobody listens.
void say(Kind kind, std::string_view body = {}) {
  if (!send_message(kDecoderSocket, kind, body)) ::_exit(0);
}

Message hear(FileDescriptor& fd) {
  Message message;
  if (receive_message(kDecoderSocket, -1, message, &fd) != Received::message) ::_exit(0);
  return message;
}

class RingOutlet final : public BlockOutlet {
 public:
  explicit RingOutlet(const FrameRing& ring) : ring_(ring), counters_(ring.counters()) {}

  std::byte* room(std::size_t bytes) override {
    if (bytes + kSlackBytes > kMostPieceBytes) return nullptr;
    wait_for_room(bytes + kSlackBytes);
    return ring_.at(put_);
  }

  void publish(std::size_t bytes) override {
    put_ += bytes;
    counters_.put.store(put_, std::memory_order_seq_cst);
    const std::uint64_t wanted = counters_.wanted.load(std::memory_order_seq_cst);
    if (wanted != 0 && put_ >= wanted && counters_.wanted.exchange(0) != 0) say(Kind::frames);
  }

  void append(const std::byte* frames, std::size_t bytes) override {
    while (bytes > 0) {
      const std::size_t piece = std::min(bytes, kMostPieceBytes);
      wait_for_room(piece);
      std::memcpy(ring_.at(put_), frames, piece);
      publish(piece);
      frames += piece;
      bytes -= piece;
    }
  }

 private:
  static constexpr std::size_t kSlackBytes = 8;

  void wait_for_room(std::size_t bytes) {
    while (put_ + bytes > counters_.taken.load(std::memory_order_acquire) + kRingBytes) {
      const std::uint64_t until = put_ - kWakeDecoderBytes;
      counters_.room.store(until, std::memory_order_seq_cst);
      if (counters_.taken.load(std::memory_order_seq_cst) >= until) continue;
      FileDescriptor none;
      hear(none);
    }
  }

  const FrameRing& ring_;
  RingCounters& counters_;
  std::uint64_t put_ = 0;
};

// The file that is open, and how it is read.
class OpenFile {
 public:
  OpenFile(Unpacker order, FileDescriptor fd) {
    const auto container = static_cast<Container>(order.number());
    const auto md5 = static_cast<Md5>(order.number());
    size_ = order.number();
    const std::string path = order.text();
    limit_cpu(cpu_limit_s(size_), false);
    misbehave_if_asked(path);
    file_.emplace(std::move(fd), size_, path);
    if (container == Container::flac) {
      flac_ = open_flac_source(*file_, md5);
      say(Kind::header, pack_header(*flac_));
      flac_->metadata = {};  // Lathe has it now; there may be a child for each track of a release
    } else {
      say(Kind::header, pack_header(*open_pcm_source(*file_, container)));
    }
  }

  void decode_into(int ring_fd) {
    limit_cpu(cpu_limit_s(size_), true);
    const FrameRing ring = FrameRing::map(ring_fd);
    RingOutlet outlet(ring);
    flac_->decode_all(outlet);
    say(Kind::end);
  }

 private:
  std::int64_t size_ = 0;
  std::optional<InputFile> file_;
  std::unique_ptr<FlacFrames> flac_;
};

void say_fault(Fault fault, std::string_view reason) {
  say(Kind::fault, Packer().number(static_cast<std::int64_t>(fault)).text(reason).bytes());
}

}  // namespace

void decode_files() {
  std::unique_ptr<OpenFile> open;
  for (;;) {
    FileDescriptor fd;
    const Message order = hear(fd);
    try {
      if (order.kind == Kind::open) {
        open.reset();
        open = std::make_unique<OpenFile>(Unpacker(order.body), std::move(fd));
      } else if (order.kind == Kind::begin && open) {
        open->decode_into(fd.get());
      }
    } catch (const AudioFileError& error) {
      say_fault(error.fault(), error.reason());
    } catch (const std::bad_alloc&) {
      open.reset();
      say_fault(Fault::limits, "needs more than 1 GiB of memory to be read");
    } catch (const std::exception&) {
      ::_exit(1);
    }
  }
}

}  // namespace lathe::isolation
