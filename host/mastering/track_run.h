// The work on one track, in the order it happens; its members are what the passes share.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "host/mastering/gain_solver.h"
#include "host/mastering/output_writer.h"
#include "host/mastering/rendition.h"
#include "host/mastering/stopwatch.h"
#include "host/mastering/store_pair.h"
#include "host/mastering/track_master.h"

namespace lathe {

class TrackRun {
 public:
  // All that is named outlives the run. `accelerator` is there when the job asks for CUDA.
  TrackRun(const TrackJob& job, EqDesigns& designs, FrameArena& arena, FrameArena& second_arena,
           cuda::Accelerator* accelerator, const MasteringProgress& progress, const std::atomic<bool>& is_cancelled);

  // Once.
  MasteredTrack run();

  // Instead of run(), once: all but the writing.
  PlannedTrack plan();

 private:
  void describe_input();
  void analyse();
  void write_removed(std::size_t stage, FrameStore& after);
  void master(const Rendition& rendition);
  void solve_gain(const Rendition& rendition);
  GainForecast forecast(const Rendition& rendition) const;
  TrackBefore before_gain(const Rendition& rendition);
  bool correct_gain(const Rendition& rendition, std::size_t output);
  void report_gain(const Rendition& rendition);
  void judge(const Rendition& rendition);
  std::string reason_of(const GainGoal& goal, const Measurement& after) const;
  bool is_untouched(const Rendition& rendition) const;
  void write_output(const Rendition& rendition, std::size_t index);
  void finish_report();
  void check_cancelled() const;
  void report_progress(double share, std::string_view stage) const;

  const TrackJob& job_;
  EqDesigns& designs_;
  cuda::Accelerator* accelerator_;
  const MasteringProgress& progress_;
  const std::atomic<bool>& is_cancelled_;
  AudioReader reader_;
  AudioFormat in_;
  AudioFormat track_format_;  // behind the chain
  std::vector<Rendition> renditions_;
  std::vector<double> weights_;
  BlockBuffers blocks_;
  std::optional<StorePair> stores_;
  std::map<std::size_t, std::pair<StagedFile, OutputReport>> written_;  // by output
  bool writes_ = true;                                                  // not for a plan
  bool is_changed_ = false;                                             // by a stage before the gain
  LoudnessReading reading_;                                             // of the track behind the stages
  // Of the rendition in hand.
  FrameStore* store_ = nullptr;
  std::optional<GainSolver> solver_;
  GainPlan plan_;
  Stopwatch watch_;
  TrackReport report_;
};

}  // namespace lathe
