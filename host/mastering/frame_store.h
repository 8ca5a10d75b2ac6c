// Where a track waits between the passes over it: planar float in memory, or in a spool file when memory is short.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "host/audio_file/file_descriptor.h"
#include "kernels/aligned.h"
#include "kernels/audio.h"
#include "kernels/stage.h"

namespace lathe {

// Memory that outlives one track, so that a worker's pages are touched once, not once a track.
class FrameArena {
 public:
  FrameArena() = default;
  ~FrameArena();
  FrameArena(const FrameArena&) = delete;
  FrameArena& operator=(const FrameArena&) = delete;

  // At least `floats` floats, their content undefined. Valid until the next call. Throws std::bad_alloc.
  float* reserve(std::int64_t floats);

  // Gives the memory back to the system.
  void release();

 private:
  float* data_ = nullptr;
  std::int64_t floats_ = 0;
};

// Append once, then read any range; around the track there is silence.
class FrameStore {
 public:
  // In memory of `arena`, which must outlive the store.
  FrameStore(FrameArena& arena, int channels, std::int64_t frames);
  // In an unnamed file in `spool_dir`. Throws std::system_error.
  FrameStore(const std::filesystem::path& spool_dir, int channels, std::int64_t frames);

  int channels() const { return channels_; }
  std::int64_t frames() const { return frames_; }

  // Throws std::invalid_argument when more frames come than were promised, std::system_error when the spool is full.
  void append(AudioView in);

  // Frames [first, first + count), also before 0 and behind the end (silence there). Valid until the next read.
  AudioView read(std::int64_t first, std::int64_t count);

 private:
  AudioView read_copy(std::int64_t first, std::int64_t count);

  int channels_;
  std::int64_t frames_;
  std::int64_t stride_ = 0;
  std::int64_t filled_ = 0;
  float* memory_ = nullptr;  // null: in the file
  FileDescriptor file_;
  std::vector<float> window_;
};

// The end of a pass: keeps its frames in a store.
class StoreSink final : public AudioSink {
 public:
  explicit StoreSink(FrameStore& store) : store_(store) {}
  void take(AudioView frames) override { store_.append(frames); }
  void finish() override {}

 private:
  FrameStore& store_;
};

}  // namespace lathe
