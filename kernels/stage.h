// How audio flows through a chain: blocks of frames are pushed from one sink to the next.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/audio.h"
#include "kernels/stage_account.h"

namespace lathe {

// Takes the frames of one track in order, in blocks of any size, then `finish` once. The view is only valid in the
// call.
class AudioSink {
 public:
  virtual ~AudioSink() = default;
  virtual void take(AudioView frames) = 0;
  virtual void finish() = 0;
};

// A sink that hands on what it makes of its input: as many frames as it took, each at its own place (what a filter
// delays, the stage itself makes up for, so the net latency is zero). How the input is cut into blocks changes nothing.
class Stage : public AudioSink {
 public:
  virtual std::string_view name() const = 0;

  // Where the output goes; set before the first block. The next sink outlives the stage's use.
  void connect(AudioSink& next) { next_ = &next; }

  // Frames of input the stage holds back before it can hand on the first frame of output.
  virtual std::int64_t look_ahead_frames() const = 0;

  // Of the whole track, after `finish`.
  virtual StageAccount account() const { return {}; }

 protected:
  AudioSink& next() const { return *next_; }

 private:
  AudioSink* next_ = nullptr;
};

}  // namespace lathe
