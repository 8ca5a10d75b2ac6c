// The work on one programme, a track or several joined, in the order it happens; its members are what the passes share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/mastering/ceiling_search.h"
#include "host/mastering/gain_solver.h"
#include "host/mastering/output_writer.h"
#include "host/mastering/piece_readings.h"
#include "host/mastering/programme_reader.h"
#include "host/mastering/rendition.h"
#include "host/mastering/stem_bus.h"
#include "host/mastering/stem_mix.h"
#include "host/mastering/stopwatch.h"
#include "host/mastering/store_pair.h"
#include "host/mastering/track_master.h"

namespace lathe {

class TrackRun {
 public:
  // All that is named outlives the run. `accelerator` is there when the job asks for CUDA; `mix` may be given for a job
  // of stems that has had a run already.
  TrackRun(const TrackJob& job, EqDesigns& designs, FrameArena& arena, FrameArena& second_arena,
           cuda::Accelerator* accelerator, const MasteringProgress& progress, const std::atomic<bool>& is_cancelled,
           StemMix* mix = nullptr);

  // Once: a programme with gains of its own.
  MasteredTrack run();

  // Instead of run(), once: all but the writing.
  PlannedTrack plan();

  // Instead of run(), where gains are shared with other programmes: first analyse(); then for each rendition master(),
  // or, where its gain is shared, part_of(), use(), write_first() and, if the gain has changed, again, write_others()
  // and holds_codecs(), after which all of it may be due again, and conclude(); in the end finish().
  void analyse();
  // Gives back the memory that only the stages needed.
  void release_spare();
  const std::vector<Rendition>& renditions() const { return renditions_; }
  void master(const Rendition& rendition);
  // None for a chain that keeps no track. Valid until the next rendition's.
  std::optional<GainPart> part_of(const Rendition& rendition);
  void use(std::shared_ptr<GainSolver> solver, std::size_t part);
  void write_first(const Rendition& rendition);
  // What write_first() has written, from end to end, and where its tracks end.
  const LoudnessReading& written_first(const Rendition& rendition) const;
  const std::vector<std::int64_t>& track_ends(const Rendition& rendition);
  void write_others(const Rendition& rendition);
  // Tries the codecs that the checks of the written outputs name. False: one is over what was asked for, and the
  // limiter's ceiling is lower now: the gain is to be solved, and everything written, again.
  bool holds_codecs(const Rendition& rendition);
  // `whole` is how all that shares the gain came out, and `of_what` what that is, for the reasons.
  void conclude(const Rendition& rendition, const Measurement& whole, const std::string& of_what);
  MasteredTrack finish();

  // What a goal made of the programme, once its rendition is mastered.
  struct FoundGain {
    GainGoal goal;
    int sample_rate_hz = 0;
    double gain_db = 0;
  };
  const std::vector<FoundGain>& found_gains() const { return found_gains_; }

 private:
  // One output's files: one for each track of the programme.
  struct Written {
    std::vector<StagedFile> files;
    std::vector<OutputReport> reports;
    LoudnessReading whole;
  };

  void describe_input();
  void refuse_stems_of_bus() const;
  void write_removed(std::size_t stage, FrameStore& after);
  void solve_gain(const Rendition& rendition);
  GainForecast forecast(const Rendition& rendition) const;
  TrackBefore before_gain(const Rendition& rendition);
  bool correct_gain(const Rendition& rendition, const Measurement& after);
  Measurement write_corrected(const Rendition& rendition);
  void report_gain(const Rendition& rendition);
  void judge(const Rendition& rendition, const Measurement& whole, const std::string& of_what);
  // One codec and one output.
  struct Trial {
    std::size_t output = 0, wish = 0;  // places among the outputs, and among the codecs of that
    std::string name() const { return std::to_string(output) + "/" + std::to_string(wish); }
  };
  std::vector<Trial> trials(const Rendition& rendition) const;
  double try_codec_on(const Trial& trial, double ceiling_dbtp);
  void report_checks(const Rendition& rendition);
  void report_codecs(const std::vector<CodecWish>& wishes, std::size_t piece, OutputReport& report);
  // Of the stems that the rendition has as outputs, their files, and how their sum compares with the master.
  void write_stems(const Rendition& rendition);
  void learn_bus();
  FrameStore& stem_behind_bus(std::size_t stem, const Rendition& rendition);
  void write_stem(const Rendition& rendition, std::size_t index, FrameStore& store);
  void compare_stems(const Rendition& rendition, const std::vector<std::size_t>& outputs);
  bool is_untouched(const Rendition& rendition) const;
  void write_output(const Rendition& rendition, std::size_t index);
  Written write_pieces(const RenderSource& source, std::size_t index, const std::vector<std::int64_t>& ends,
                       std::function<void(double)> tick);
  Passage track_within(std::size_t piece, int sample_rate_hz) const;
  Passage preview_of(std::size_t piece, const OutputSpec& output, int sample_rate_hz) const;
  bool is_preview(std::size_t index) const { return job_.outputs[index].preview_s > 0; }
  bool is_stem(std::size_t index) const { return job_.outputs[index].stem.has_value(); }
  bool is_whole(std::size_t index) const { return job_.outputs[index].is_whole(); }
  bool writes_stems() const;
  std::function<void(double)> writing_tick();
  const OutputSpec& output_of(std::size_t piece, std::size_t index) const;
  std::vector<std::int64_t> ends_at(int sample_rate_hz) const;
  bool is_joined() const { return source_.tracks().size() > 1; }
  TrackReport report_of_piece(std::size_t piece) const;
  const LimiterCurve* curve() const { return solver_ ? solver_->curve(part_) : nullptr; }
  void check_cancelled() const;
  void report_progress(double share, std::string_view stage) const;

  const TrackJob& job_;
  EqDesigns& designs_;
  cuda::Accelerator* accelerator_;
  const MasteringProgress& progress_;
  const std::atomic<bool>& is_cancelled_;
  std::unique_ptr<StemMix> own_stems_;
  StemMix* stems_;                           // either these
  std::unique_ptr<ProgrammeReader> reader_;  // or this
  ProgrammeSource& source_;
  AudioFormat in_;
  AudioFormat track_format_;  // behind the chain
  std::vector<Rendition> renditions_;
  std::vector<double> weights_;
  BlockBuffers blocks_;
  std::shared_ptr<TraceMemory> trace_memory_;  // null: the heap
  std::set<const Rendition*> solved_;          // whose gain has what it needs of the reading
  std::optional<StorePair> stores_;
  std::map<std::size_t, Written> written_;  // by output
  bool writes_ = true;                      // not for a plan
  bool is_changed_ = false;                 // by a stage before the gain
  LoudnessReading reading_;                 // of the track behind the stages
  std::vector<PieceReading> pieces_;        // where there are several
  HopEnergies loudness_over_time_;          // behind the stages, where a preview is wanted
  std::vector<ChainStep> bus_steps_;        // what went over the mix, where its stems are to follow
  std::optional<StemBus> bus_;
  FrameArena stem_arena_;
  std::optional<FrameStore> stem_store_;  // a stem behind the bus
  // Of the rendition in hand.
  FrameStore* store_ = nullptr;
  std::shared_ptr<GainSolver> solver_;
  std::size_t part_ = 0;  // of the solver's
  std::vector<std::int64_t> ends_;
  GainPlan plan_;
  std::vector<FoundGain> found_gains_;
  std::optional<CeilingSearch> ceiling_;        // with a limiter
  std::map<std::string, double> decoded_dbtp_;  // by trial, as last seen
  Stopwatch watch_;
  TrackReport report_;                           // what holds for the programme
  std::vector<std::string> reasons_;             // of each track
  std::vector<std::vector<std::string>> notes_;  // of each track, beside the programme's
};

}  // namespace lathe
