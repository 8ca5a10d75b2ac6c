// The passes over a track up to its gain: read and measured as it came, restored, through the stages before the
// limiter.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/mastering/chain.h"
#include "host/mastering/piece_readings.h"
#include "host/mastering/programme_reader.h"
#include "host/mastering/stopwatch.h"
#include "host/mastering/store_pair.h"
#include "host/mastering/track_report.h"
#include "kernels/backend.h"
#include "kernels/chain/first_pass.h"
#include "kernels/cuda/accelerator.h"
#include "kernels/restoration/guard.h"

namespace lathe {

// The track behind the chain: the file's format but for rate and frames.
AudioFormat chain_format(const Chain& chain, const AudioFormat& file);

// What the chain's stages are to a pass; in the place of those that are examined first, what takes as much room. Throws
// std::invalid_argument for a band that does not fit the rate.
FirstPassSetup pass_setup(const Chain& chain, const AudioFormat& format, EqDesigns& designs);

class TrackAnalysis {
 public:
  // What the gain needs to know of the track behind the stages.
  struct Wanted {
    bool trace = false;                                   // for a limiter
    bool true_peak = false;                               // for a gain without one
    std::shared_ptr<TraceMemory> trace_memory = nullptr;  // null: the heap
  };

  struct Setup {
    const Chain& chain;
    Backend backend;
    EqDesigns& designs;
    cuda::Accelerator* accelerator;  // for Backend::cuda
    ProgrammeSource& reader;
    StorePair* stores;  // null where every output is a copy: nothing is kept
    Wanted wanted;
    Stopwatch& watch;
    TrackReport& report;          // gets before, faults, stages, notes and the payload's hash
    std::function<void()> check;  // called for every block; may throw
    std::function<void(double share, std::string_view stage)> progress;
    // A stage changed the track, or did not: held() of the stores is before it and `after` behind it. May be empty.
    std::function<void(std::size_t stage, FrameStore& after)> restored;
    std::function<void()> after_reading;      // the file is read, and a device free of the track
    std::vector<ChainStep>* steps = nullptr;  // gets what went over the track, in order, but for restoration
  };

  explicit TrackAnalysis(Setup setup);

  // What the gain acts on, as measured. Throws UnusableAudio, what the stages throw, and what `check` does.
  LoudnessReading run();

  // Whether any stage changed a sample. After run().
  bool is_changed() const { return is_changed_; }

  // Of each file by itself, where there are several. Once, after run().
  std::vector<PieceReading> take_pieces() { return std::move(pieces_); }

  // Of the track that the stores hold: the file's, at the rate of the chain.
  const AudioFormat& format() const { return at_; }

 private:
  // Stages that one pass applies, the restorations before them first. The first of them may be one that has to know
  // the whole track.
  struct Part {
    std::vector<std::size_t> restorations;
    std::vector<std::size_t> stages;
  };

  std::vector<Part> parts() const;
  FirstPassSetup setup_of(const AudioFormat& format, bool is_last) const;
  void add_step(std::size_t index, ChainStep step, FirstPassSetup& setup, StageAccount before);
  void take_account(std::size_t report, StageAccount account);
  std::unique_ptr<FirstPass> make_pass(FirstPassSetup setup, AudioSink* out) const;
  LoudnessReading read_through(const Part& part, bool is_last);
  LoudnessReading pass_through(const Part& part, bool is_last, const HopEnergies* hops);
  void convert_rate();
  void restore(std::size_t index);
  void account_for(std::vector<StageAccount> accounts);
  bool passes_on_a_device_follow() const { return s_.backend == Backend::cuda && has_more_passes_; }
  void refuse_non_finite(const NonFinite& bad);

  Setup s_;
  const AudioFormat& in_;
  AudioFormat at_;
  std::vector<std::size_t> running_;  // reports of the steps of the pass that is under way
  std::vector<PieceReading> pieces_;
  std::optional<GuardEnergies> held_energies_;  // of the track as the last restoration left it
  bool is_changed_ = false;
  bool has_more_passes_ = false;  // behind the one that reads the file
  std::size_t restored_ = 0, restorations_ = 0;
};

}  // namespace lathe
