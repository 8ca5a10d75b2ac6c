#include "host/mastering/track_master.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "host/audio_file/audio_writer.h"
#include "host/mastering/output_writer.h"
#include "host/mastering/restore_stage.h"
#include "host/mastering/stopwatch.h"
#include "host/mastering/store_pair.h"
#include "host/mastering/track_analysis.h"
#include "kernels/chain/first_pass.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr int kCorrections = 3;
// Of a track's whole work; the rest is reading the last file back.
constexpr double kAnalysisShare = 0.6, kLimiterShare = 0.05, kWritingShare = 0.3;
constexpr double kCorrectLu =
    0.02;  // further from the target than this, the finished file's loudness corrects the gain

}  // namespace

std::string format_text(const AudioFormat& f) {
  return fmt::format("{} {}-bit{}, {} Hz, {} channel{}", container_name(f.container), bits_per_sample(f.encoding),
                     is_float(f.encoding) ? " float" : "", f.sample_rate_hz, f.channels, f.channels == 1 ? "" : "s");
}

// The work on one track; its members are what the passes share.
class TrackRun {
 public:
  // `accelerator` is there when the job asks for CUDA.
  TrackRun(const TrackJob& job, EqDesigns& designs, FrameArena& arena, FrameArena& second_arena,
           cuda::Accelerator* accelerator, const MasteringProgress& progress, const std::atomic<bool>& is_cancelled)
      : job_(job),
        designs_(designs),
        accelerator_(accelerator),
        progress_(progress),
        is_cancelled_(is_cancelled),
        reader_(job.reader ? std::move(*job.reader) : AudioReader(job.input)),
        in_(reader_.format()),
        weights_(channel_weights(in_.channels, in_.channel_mask, in_.speakers)),
        blocks_(in_) {
    if (in_.frames == 0)
      throw UnusableAudio(job.input.string() + ": the file has 0 frames; there is nothing to master");
    for (const OutputSpec& output : job.outputs) {
      const std::string why = unwritable_reason(format_of(output, in_));
      if (!why.empty()) throw AudioFileError(AudioFileError::Fault::unsupported, output.path, why);
    }
    // A neutral chain copies bytes and needs no store.
    if (!job.chain.is_neutral()) stores_.emplace(arena, second_arena, job.spool_dir, in_.channels, in_.frames);
  }

  MasteredTrack run() {
    describe_input();
    analyse();
    plan_gain();
    MasteredTrack done;
    for (std::size_t i = 0; i < job_.outputs.size(); ++i) {
      if (job_.outputs[i].removed_by) {
        take_removed(i, done);
        continue;
      }
      done.files.push_back(write_output(i));
      // The first file says whether the gain was right; the others follow it.
      for (int round = 0; i == 0 && round < kCorrections && correct_gain(); ++round) {
        report_.outputs.clear();
        done.files.clear();
        done.files.push_back(write_output(i));
      }
    }
    finish_report();
    done.report = std::move(report_);
    return done;
  }

 private:
  void describe_input() {
    report_.input = job_.input;
    report_.input_format = format_text(in_);
    report_.frames = in_.frames;
    report_.sample_rate_hz = in_.sample_rate_hz;
    report_.channels = in_.channels;
    report_.notes = reader_.tags().notes;
    report_.notes.insert(report_.notes.end(), reader_.notes().begin(), reader_.notes().end());
    report_.asked_lufs = job_.chain.goal.target_lufs;
    if (job_.chain.goal.limit) report_.asked_dbtp = job_.chain.goal.limit->ceiling_dbtp;
  }

  // Decode, measure as it came, restore, run the stages, keep and measure what the limiter will see.
  void analyse() {
    TrackAnalysis analysis(
        {job_.chain, job_.backend, designs_, accelerator_, reader_, stores_ ? &*stores_ : nullptr, watch_, report_,
         [this] { check_cancelled(); },
         [this](double share, std::string_view stage) { report_progress(kAnalysisShare * share, stage); },
         [this](std::size_t stage, FrameStore& after) { write_removed(stage, after); },
         [this] {
           if (job_.after_first_pass) job_.after_first_pass();
         }});
    LoudnessReading reading = analysis.run();
    is_changed_ = analysis.is_changed();
    track_ = {static_cast<double>(in_.sample_rate_hz), weights_, std::move(reading.hops), std::move(reading.trace),
              reading.true_peak};
  }

  // What a stage took out, while the track before it and the track after it are both there.
  void write_removed(std::size_t stage, FrameStore& after) {
    for (std::size_t i = 0; i < job_.outputs.size(); ++i) {
      if (job_.outputs[i].removed_by != stage) continue;
      RenderSource source;
      source.input = &reader_;
      source.store = &stores_->held();
      source.minus = &after;
      OutputWriter writer(source, weights_, blocks_, watch_, [this](double) { check_cancelled(); });
      StagedFile file(job_.out_dir, job_.outputs[i].path);
      OutputReport report = writer.write(job_.outputs[i], job_.pcm_md5, file);
      removed_.emplace(i, std::pair(std::move(file), std::move(report)));
    }
  }

  void take_removed(std::size_t index, MasteredTrack& done) {
    auto& [file, report] = removed_.at(index);
    done.files.push_back(std::move(file));
    report_.outputs.push_back(std::move(report));
  }

  void plan_gain() {
    if (!stores_) return;
    check_cancelled();
    report_progress(kAnalysisShare, "limiter");
    watch_.start(&BusySeconds::limiter);
    solver_.emplace(stores_->held(), std::move(track_), job_.chain.goal);
    plan_ = solver_->solve();
    watch_.stop();
  }

  // Whether the gain was changed because the first file missed the target by more than the model may.
  bool correct_gain() {
    const std::optional<double> target = job_.chain.goal.target_lufs;
    const Measurement& after = report_.outputs.front().after;
    if (!solver_ || solver_->curve() == nullptr || !target || !after.is_measurable) return false;
    if (plan_.stopped_by != StoppedBy::nothing) return false;
    if (std::abs(after.figures.integrated_lufs - *target) <= kCorrectLu) return false;
    watch_.start(&BusySeconds::limiter);
    plan_ = solver_->correct(after.figures.integrated_lufs);
    watch_.stop();
    return true;
  }

  void report_gain() {
    if (!stores_) return;
    if (job_.chain.goal.target_lufs)
      report_.stages.push_back({"loudness", "cpu", {{"gain_db", amplitude_to_db(plan_.gain)}}, {}});
    if (solver_->curve() != nullptr) {
      report_.stages.push_back({"limit",
                                "cpu",
                                {{"ceiling_dbtp", job_.chain.goal.limit->ceiling_dbtp},
                                 {"max_gain_reduction_db", plan_.max_gain_reduction_db},
                                 {"limited_share", plan_.limited_share},
                                 {"groups_trimmed", static_cast<double>(plan_.trimmed_groups)}},
                                {}});
    }
  }

  // Whether every sample that reaches the output is still the one that was read.
  bool is_untouched() const {
    return !is_changed_ && plan_.gain == 1 &&
           (!solver_ || solver_->curve() == nullptr || solver_->curve()->spans().empty());
  }

  StagedFile write_output(std::size_t index) {
    RenderSource source;
    source.input = &reader_;
    source.store = stores_ ? &stores_->held() : nullptr;
    source.gain = plan_.gain;
    source.curve = solver_ ? solver_->curve() : nullptr;
    source.is_untouched = is_untouched();
    source.keeps_samples = job_.chain.only_restores();
    // From what the track holds, not from what it is called: the same audio gets the same noise.
    source.dither_seed = std::stoull(report_.payload_hash.substr(0, 16), nullptr, 16);
    const auto tick = [this, index](double share) {
      check_cancelled();
      report_progress(
          kAnalysisShare + kLimiterShare +
              kWritingShare * (static_cast<double>(index) + share) / static_cast<double>(job_.outputs.size()),
          "writing");
    };
    OutputWriter writer(source, weights_, blocks_, watch_, tick);
    StagedFile file(job_.out_dir, job_.outputs[index].path);
    report_.outputs.push_back(writer.write(job_.outputs[index], job_.pcm_md5, file));
    return file;
  }

  void finish_report() {
    report_.busy = watch_.total();
    report_gain();
    const GainGoal& goal = job_.chain.goal;
    if (goal.on_conflict == OnConflict::exceed_limit && goal.limit && goal.limit->max_gain_reduction_db &&
        plan_.max_gain_reduction_db > *goal.limit->max_gain_reduction_db + 0.05) {
      report_.notes.push_back(
          fmt::format("on_conflict: exceed-limit: {:.1f} dB of gain reduction, where max_gain_reduction_db is {:.1f}",
                      plan_.max_gain_reduction_db, *goal.limit->max_gain_reduction_db));
    }
    if (!goal.target_lufs && plan_.stopped_by != StoppedBy::nothing) {
      report_.reason = reason_text(goal, plan_.stopped_by, 0);
    }
    if (!goal.target_lufs || report_.outputs.empty()) return;
    const Measurement& after = report_.outputs.front().after;
    if (!after.is_measurable) {
      report_.reason = "no loudness to bring to the target: " + after.reason + "; the gain is 0 dB";
    } else if (plan_.stopped_by != StoppedBy::nothing ||
               std::abs(after.figures.integrated_lufs - *goal.target_lufs) > 0.05) {
      report_.reason = reason_text(goal, plan_.stopped_by, after.figures.integrated_lufs);
    }
  }

  void check_cancelled() const {
    if (is_cancelled_.load(std::memory_order_relaxed)) throw MasteringCancelled();
  }
  void report_progress(double share, std::string_view stage) const {
    if (progress_) progress_(share, stage);
  }

  const TrackJob& job_;
  EqDesigns& designs_;
  cuda::Accelerator* accelerator_;
  const MasteringProgress& progress_;
  const std::atomic<bool>& is_cancelled_;
  AudioReader reader_;
  AudioFormat in_;
  std::vector<double> weights_;
  BlockBuffers blocks_;
  std::optional<StorePair> stores_;
  std::map<std::size_t, std::pair<StagedFile, OutputReport>> removed_;  // by output
  bool is_changed_ = false;                                             // by a stage before the gain
  TrackBefore track_;
  std::optional<GainSolver> solver_;
  GainPlan plan_;
  Stopwatch watch_;
  TrackReport report_;
};

namespace {

// Filters and blocks of one track but for its equalisers, whatever its length: 20 MiB were measured.
constexpr std::int64_t kWorkBytes = 48 << 20;

// What a restoration stage holds: blocks, tables, transforms; and what it notes of the track between its two looks.
constexpr std::int64_t kRestorationBytes = 64 << 20, kRestorationBytesPerSample = 1;
// Declipping solves systems as long as its frames, and these are as long as the rate is high: 124 MB at 44.1 kHz and
// 340 MB at 192 kHz were measured, eight channels taking 30 MB more than two.
constexpr std::int64_t kDeclipBytesPerHz = 1800;

bool declips(const Chain& chain) {
  return std::any_of(chain.stages.begin(), chain.stages.end(), [](const ChainStage& stage) {
    const auto* restoration = std::get_if<RestorationStage>(&stage);
    return restoration != nullptr && std::holds_alternative<DeclipSettings>(restoration->settings);
  });
}

// What one equaliser holds for a track: for each channel a row of what was pushed and two transforms, and its kernels,
// though tracks at one rate share these. With the longest kernel there is, that is 15 MiB a channel at 44.1 kHz and
// 60 MiB at 192 kHz.
std::int64_t equaliser_bytes(const LinearPhaseEqDesign& design, int channels) {
  std::int64_t samples = 0;
  for (const LinearPhaseEqDesign::Pass& pass : design.passes()) {
    const std::int64_t points = pass.first->points();
    samples += channels * (pass.first->hop() + points + 2 * points) +
               (pass.first == pass.second ? 1 : 2) * (points + points / 2);
  }
  if (const BassKernel* bass = design.bass()) {
    const OverlapSaveKernel& low = bass->low();
    const std::int64_t held = (3 * low.half() + 2 * low.hop() + 32) * bass->factor() + 8192;  // bass_runner.h
    samples += channels * (held + low.hop() + 3 * low.points()) + 2 * low.points();
  }
  return 4 * samples;
}

}  // namespace

MemoryNeed TrackMaster::memory_needed(const Chain& chain, const AudioFormat& format, Backend backend) {
  // Groups of 8 frames: sample peak, bend, power, true peak and reduction, 4 bytes each; hops of 10 ms beside that are
  // nothing.
  MemoryNeed need;
  std::int64_t bytes = kWorkBytes + 3 * format.frames;
  const FirstPassSetup setup = pass_setup(chain, format, designs_);
  if (backend == Backend::cuda) {
    const DevicePassBytes pass = device_pass_bytes(setup);
    bytes += pass.host;
    need.device_bytes = pass.device;
    // One after the other: what a pass or a stage took is free for the next.
    for (const ChainStage& stage : chain.stages) {
      const auto* restoration = std::get_if<RestorationStage>(&stage);
      if (restoration == nullptr) continue;
      const RestorationFormat of{static_cast<double>(format.sample_rate_hz), format.channels};
      need.device_bytes = std::max(need.device_bytes, device_bytes(*restoration, of, format.frames));
    }
  } else {
    for (const ChainStep& step : setup.steps) {
      if (const auto* eq = std::get_if<std::shared_ptr<const LinearPhaseEqDesign>>(&step))
        bytes += equaliser_bytes(**eq, format.channels);
    }
  }
  const std::int64_t track_bytes = 4 * format.channels * format.frames;
  if (chain.restores()) bytes += kRestorationBytes + kRestorationBytesPerSample * format.channels * format.frames;
  if (declips(chain)) bytes += kDeclipBytesPerHz * format.sample_rate_hz;
  need.kept_bytes = bytes + (chain.restores() ? 2 : 1) * track_bytes;
  need.spooled_bytes = bytes;
  return need;
}

TrackMaster::TrackMaster(EqDesigns& designs) : designs_(designs) {}
TrackMaster::~TrackMaster() = default;

MasteredTrack TrackMaster::master(const TrackJob& job, const MasteringProgress& progress,
                                  const std::atomic<bool>& is_cancelled) {
  if (job.backend == Backend::cuda && !accelerator_) accelerator_ = cuda::open_accelerator();
  try {
    return TrackRun(job, designs_, arena_, second_arena_, accelerator_.get(), progress, is_cancelled).run();
  } catch (const cuda::CudaError&) {
    accelerator_.reset();  // whatever it held may be why; the next track starts anew
    throw;
  }
}

void TrackMaster::release_memory() {
  arena_.release();
  second_arena_.release();
  if (accelerator_) accelerator_->release_memory();
}

}  // namespace lathe
