// The passes over a track up to its gain: read and measured as it came, restored, through the stages before the
// limiter.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/audio_file/audio_reader.h"
#include "host/mastering/chain.h"
#include "host/mastering/stopwatch.h"
#include "host/mastering/store_pair.h"
#include "host/mastering/track_report.h"
#include "kernels/backend.h"
#include "kernels/chain/first_pass.h"
#include "kernels/cuda/accelerator.h"

namespace lathe {

// What the chain's stages are to a pass. Throws std::invalid_argument for a band that does not fit the rate.
FirstPassSetup pass_setup(const Chain& chain, const AudioFormat& format, EqDesigns& designs);

class TrackAnalysis {
 public:
  struct Setup {
    const Chain& chain;
    Backend backend;
    EqDesigns& designs;
    cuda::Accelerator* accelerator;  // for Backend::cuda
    AudioReader& reader;
    StorePair* stores;  // null for a neutral chain: nothing is kept
    Stopwatch& watch;
    TrackReport& report;          // gets before, faults, stages, notes and the payload's hash
    std::function<void()> check;  // called for every block; may throw
    std::function<void(double share, std::string_view stage)> progress;
    // A stage changed the track, or did not: held() of the stores is before it and `after` behind it. May be empty.
    std::function<void(std::size_t stage, FrameStore& after)> restored;
    std::function<void()> after_reading;  // the file is read, and a device free of the track
  };

  explicit TrackAnalysis(Setup setup);

  // What the gain acts on, as measured. Throws UnusableAudio, what the stages throw, and what `check` does.
  LoudnessReading run();

  // Whether any stage changed a sample. After run().
  bool is_changed() const { return is_changed_; }

 private:
  // Stages between two restorations, the restorations before them first.
  struct Part {
    std::vector<std::size_t> restorations;
    std::vector<std::size_t> stages;
  };

  std::vector<Part> parts() const;
  FirstPassSetup setup_of(const Part& part, bool is_last) const;
  std::unique_ptr<FirstPass> make_pass(FirstPassSetup setup, AudioSink* out) const;
  LoudnessReading read_through(const Part& part, bool is_last);
  LoudnessReading pass_through(const Part& part);
  void restore(std::size_t index);
  void report_stages(const Part& part);
  bool passes_on_a_device_follow() const { return s_.backend == Backend::cuda && restorations_ > 0; }
  void refuse_non_finite(const NonFinite& bad);

  Setup s_;
  const AudioFormat& in_;
  bool is_changed_ = false;
  std::size_t restored_ = 0, restorations_ = 0;
};

}  // namespace lathe
