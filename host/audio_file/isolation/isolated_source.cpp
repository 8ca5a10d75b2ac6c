// Plain files: a decoder reads the header, Lathe the samples. FLAC: the decoder's frames out of a ring that both share.
#include "host/audio_file/isolation/isolated_source.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <optional>

#include "host/audio_file/isolation/frame_ring.h"
#include "host/audio_file/isolation/header_wire.h"
#include "host/audio_file/isolation/sandbox.h"

namespace lathe {
namespace {

using isolation::ChildLink;
using isolation::FrameRing;
using isolation::Kind;
using isolation::kRingBytes;
using isolation::kWakeLatheBytes;
using isolation::Message;

// Without a frame, or any other answer, for so long, a decoder is given up: it may hang on a disk that is gone.
constexpr int kPatience_ms = 60'000;
constexpr std::int64_t kMostPatience_ms = 3'600'000;

// Has the child read the header. It may take long: a FLAC file that does not say its length is decoded for it.
void ask_for_header(ChildLink& link, const InputFile& file, Container container, Md5 md5, FrameSource& header) {
  isolation::Packer order;
  order.number(static_cast<std::int64_t>(container)).number(static_cast<std::int64_t>(md5)).number(file.size());
  order.text(file.path().string());
  link.send(file.path(), Kind::open, order.bytes(), file.fd());
  const std::int64_t patience_ms = kPatience_ms + 2'000 * isolation::cpu_limit_s(file.size());
  const Message answer = link.receive(file.path(), static_cast<int>(std::min(patience_ms, kMostPatience_ms)));
  if (answer.kind != Kind::header) ChildLink::fail_nonsense(file.path(), "no header");
  try {
    isolation::unpack_header(answer.body, file, container, header);
  } catch (const isolation::WireError& error) {
    ChildLink::fail_nonsense(file.path(), error.what());
  }
}

// The header alone, of a child that may have met others.
void read_header(Decoders& decoders, const InputFile& file, Container container, Md5 md5, FrameSource& header) {
  Decoders::HeaderChild child = decoders.take_for_header(container);
  ask_for_header(child.link, file, container, md5, header);
  decoders.give_back(container, std::move(child));
}

class IsolatedFlacSource final : public FrameSource {
 public:
  IsolatedFlacSource(Decoders& decoders, const InputFile& file, Md5 md5, Reading reading)
      : decoders_(decoders), file_(file), md5_(md5) {
    if (reading == Reading::header) {
      read_header(decoders, file, Container::flac, md5, *this);
    } else {
      link_.emplace(decoders.take());
      ask_for_header(*link_, file, Container::flac, md5, *this);
    }
  }

  std::int64_t read(std::byte* interleaved, std::int64_t frames) override {
    if (!ring_.is_there()) begin();
    const auto frame = static_cast<std::size_t>(frame_bytes(format));
    const auto wanted = static_cast<std::size_t>(std::min(frames, format.frames - position_)) * frame;
    std::size_t done = 0;
    while (done < wanted) {
      const std::size_t piece = std::min(available(), wanted - done);
      if (piece == 0) {
        wait_for_frames();
        continue;
      }
      std::memcpy(interleaved + done, ring_.at(taken_), piece);
      done += piece;
      take(piece);
    }
    position_ += static_cast<std::int64_t>(done / frame);
    if (position_ == format.frames) wait_for_end();
    return static_cast<std::int64_t>(done / frame);
  }

  void rewind() override {
    if (!ring_.is_there()) return;
    link_.reset();
    ring_ = FrameRing();
    taken_ = 0;
    position_ = 0;
    is_ended_ = false;
    fault_ = nullptr;
  }

 private:
  void begin() {
    if (!link_) {
      link_.emplace(decoders_.take());
      isolation::HeaderOnly again;
      ask_for_header(*link_, file_, Container::flac, md5_, again);
      if (again.format.frames != format.frames || again.format.channels != format.channels ||
          again.format.encoding != format.encoding || again.format.sample_rate_hz != format.sample_rate_hz) {
        file_.fail(AudioFileError::Fault::corrupt, "was changed while it was read");
      }
    }
    FileDescriptor fd;
    ring_ = FrameRing::make(fd);
    link_->send(file_.path(), Kind::begin, {}, fd.get());
  }

  // Bytes that are in the ring, read once and believed only if they can be.
  std::size_t available() {
    const std::uint64_t bytes = ring_.counters().put.load(std::memory_order_seq_cst) - taken_;
    if (bytes > kRingBytes) ChildLink::fail_nonsense(file_.path(), "it counts wrongly");
    return static_cast<std::size_t>(bytes);
  }

  void take(std::size_t bytes) {
    isolation::RingCounters& counters = ring_.counters();
    taken_ += bytes;
    counters.taken.store(taken_, std::memory_order_seq_cst);
    const std::uint64_t room = counters.room.load(std::memory_order_seq_cst);
    if (room != 0 && taken_ >= room && counters.room.exchange(0) != 0 && !is_ended_ && !fault_)
      link_->send(file_.path(), Kind::room);
  }

  // Sleeps until there is enough, or something to know. Throws what the decoder ended with.
  void wait_for_frames() {
    isolation::RingCounters& counters = ring_.counters();
    counters.wanted.store(taken_ + kWakeLatheBytes, std::memory_order_seq_cst);
    if (available() > 0) return;
    hear();
    if (available() > 0) return;
    if (fault_) std::rethrow_exception(fault_);
    if (is_ended_) ChildLink::fail_nonsense(file_.path(), "frames are missing");
  }

  void wait_for_end() {
    while (!is_ended_ && !fault_) hear();
    if (fault_) std::rethrow_exception(fault_);
  }

  // An error of the file's is kept: it comes behind the frames that were decoded before it.
  void hear() {
    if (fault_ || is_ended_) return;
    try {
      is_ended_ = link_->receive(file_.path(), kPatience_ms).kind == Kind::end;
    } catch (const AudioFileError&) {
      fault_ = std::current_exception();
    }
  }

  Decoders& decoders_;
  const InputFile& file_;
  const Md5 md5_;
  std::optional<ChildLink> link_;
  FrameRing ring_;             // once frames were asked for
  std::uint64_t taken_ = 0;    // bytes
  std::int64_t position_ = 0;  // frames handed out
  bool is_ended_ = false;      // the decoder's last word was heard, and all is well
  std::exception_ptr fault_;   // or it was this
};

}  // namespace

std::unique_ptr<FrameSource> open_isolated_source(Decoders& decoders, const InputFile& file, Container container,
                                                  Md5 md5, Reading reading) {
  if (container == Container::flac) return std::make_unique<IsolatedFlacSource>(decoders, file, md5, reading);
  isolation::HeaderOnly header;
  read_header(decoders, file, container, md5, header);
  return pcm_source_at(file, header);
}

}  // namespace lathe
