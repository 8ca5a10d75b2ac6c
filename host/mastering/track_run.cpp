#include "host/mastering/track_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/audio_file/audio_writer.h"
#include "host/mastering/convert_store.h"
#include "host/mastering/store_meter.h"
#include "host/mastering/track_analysis.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr int kCorrections = 3;
// Of a track's whole work; the rest is reading the last file back.
constexpr double kAnalysisShare = 0.6, kLimiterShare = 0.05, kWritingShare = 0.3;
constexpr double kCorrectLu =
    0.02;  // further from the target than this, the finished file's loudness corrects the gain

bool changes_loudness(const GainGoal& goal) { return goal.target_lufs || goal.limit; }

TrackAnalysis::Wanted wanted_by(const std::vector<Rendition>& renditions, int track_rate_hz) {
  TrackAnalysis::Wanted wanted;
  for (const Rendition& rendition : renditions) {
    if (rendition.format.sample_rate_hz != track_rate_hz) continue;  // measured when it has been converted
    (rendition.goal.limit ? wanted.trace : wanted.true_peak) = true;
  }
  return wanted;
}

}  // namespace

TrackRun::TrackRun(const TrackJob& job, EqDesigns& designs, FrameArena& arena, FrameArena& second_arena,
                   cuda::Accelerator* accelerator, const MasteringProgress& progress,
                   const std::atomic<bool>& is_cancelled)
    : job_(job),
      designs_(designs),
      accelerator_(accelerator),
      progress_(progress),
      is_cancelled_(is_cancelled),
      reader_(job.reader ? std::move(*job.reader) : AudioReader(job.input)),
      in_(reader_.format()),
      track_format_(chain_format(job.chain, in_)),
      renditions_(renditions_of(job.chain, job.outputs, track_format_)),
      weights_(channel_weights(in_.channels, in_.channel_mask, in_.speakers)),
      blocks_(in_) {
  if (in_.frames == 0) throw UnusableAudio(job.input.string() + ": the file has 0 frames; there is nothing to master");
  for (const OutputSpec& output : job.outputs) {
    const std::string why = unwritable_reason(format_of(output, track_format_));
    if (!why.empty()) throw AudioFileError(AudioFileError::Fault::unsupported, output.path, why);
  }
  const bool converts = std::any_of(renditions_.begin(), renditions_.end(), [this](const Rendition& rendition) {
    return rendition.format.sample_rate_hz != in_.sample_rate_hz || changes_loudness(rendition.goal);
  });
  // A neutral chain copies bytes and needs no store.
  if (converts || !job.chain.is_neutral())
    stores_.emplace(arena, second_arena, job.spool_dir, in_.channels, in_.frames);
}

MasteredTrack TrackRun::run() {
  describe_input();
  analyse();
  for (const Rendition& rendition : renditions_) master(rendition);
  finish_report();
  MasteredTrack done;
  for (auto& [index, output] : written_) {
    done.files.push_back(std::move(output.first));
    report_.outputs.push_back(std::move(output.second));
  }
  done.report = std::move(report_);
  return done;
}

void TrackRun::describe_input() {
  report_.input = job_.input;
  report_.input_format = format_text(in_);
  report_.frames = in_.frames;
  report_.sample_rate_hz = in_.sample_rate_hz;
  report_.channels = in_.channels;
  report_.notes = reader_.tags().notes;
  report_.notes.insert(report_.notes.end(), reader_.notes().begin(), reader_.notes().end());
  if (renditions_.empty()) return;
  const GainGoal& goal = renditions_.front().goal;
  report_.asked_lufs = goal.target_lufs;
  if (goal.limit) report_.asked_dbtp = goal.limit->ceiling_dbtp;
}

// Decode, measure as it came, restore, run the stages, keep and measure what the limiter will see.
void TrackRun::analyse() {
  TrackAnalysis analysis(
      {job_.chain, job_.backend, designs_, accelerator_, reader_, stores_ ? &*stores_ : nullptr,
       wanted_by(renditions_, track_format_.sample_rate_hz), watch_, report_, [this] { check_cancelled(); },
       [this](double share, std::string_view stage) { report_progress(kAnalysisShare * share, stage); },
       [this](std::size_t stage, FrameStore& after) { write_removed(stage, after); },
       [this] {
         if (job_.after_first_pass) job_.after_first_pass();
       }});
  reading_ = analysis.run();
  is_changed_ = analysis.is_changed();
}

// What a stage took out, while the track before it and the track after it are both there.
void TrackRun::write_removed(std::size_t stage, FrameStore& after) {
  for (std::size_t i = 0; i < job_.outputs.size(); ++i) {
    if (job_.outputs[i].removed_by != stage || !writes_) continue;
    RenderSource source;
    source.input = &reader_;
    source.track = track_format_;
    source.store = &stores_->held();
    source.minus = &after;
    OutputWriter writer(source, weights_, blocks_, watch_, [this](double) { check_cancelled(); });
    StagedFile file(job_.out_dir, job_.outputs[i].path);
    OutputReport report = writer.write(job_.outputs[i], job_.pcm_md5, file);
    written_.emplace(i, std::pair(std::move(file), std::move(report)));
  }
}

// The gain of a rendition, and its files.
void TrackRun::master(const Rendition& rendition) {
  solve_gain(rendition);
  for (const std::size_t index : rendition.outputs) {
    write_output(rendition, index);
    // The first file says whether the gain was right; the others follow it.
    for (int round = 0; index == rendition.outputs.front() && round < kCorrections && correct_gain(rendition, index);
         ++round) {
      written_.erase(index);
      write_output(rendition, index);
    }
  }
  report_gain(rendition);
  judge(rendition);
}

void TrackRun::solve_gain(const Rendition& rendition) {
  solver_.reset();
  plan_ = {};
  if (stores_) {
    check_cancelled();
    report_progress(kAnalysisShare, "limiter");
    TrackBefore before = before_gain(rendition);
    watch_.start(&BusySeconds::limiter);
    solver_.emplace(*store_, std::move(before), rendition.goal);
    plan_ = solver_->solve();
    watch_.stop();
  }
}

// The track at the rendition's rate, and what its gain is solved from.
TrackBefore TrackRun::before_gain(const Rendition& rendition) {
  const int rate_hz = rendition.format.sample_rate_hz;
  store_ = &stores_->held();
  if (rate_hz == track_format_.sample_rate_hz) {
    const Rendition* end = renditions_.data() + renditions_.size();
    const bool is_last =
        std::none_of(&rendition + 1, end, [rate_hz](const Rendition& r) { return r.format.sample_rate_hz == rate_hz; });
    if (!is_last) return {static_cast<double>(rate_hz), weights_, reading_.hops, reading_.trace, reading_.true_peak};
    return {static_cast<double>(rate_hz), weights_, std::move(reading_.hops), std::move(reading_.trace),
            reading_.true_peak};
  }
  watch_.start(&BusySeconds::kernels);
  FrameStore& converted = stores_->begin(rendition.format.frames);
  convert_store(*store_, track_format_.sample_rate_hz, converted, rate_hz, [this] { check_cancelled(); });
  store_ = &converted;
  LoudnessReading reading =
      measure_store(converted, rendition.format, {!rendition.goal.limit, rendition.goal.limit.has_value()},
                    [this] { check_cancelled(); });
  watch_.stop();
  return {static_cast<double>(rate_hz), weights_, std::move(reading.hops), std::move(reading.trace), reading.true_peak};
}

// Whether the gain was changed because the first file missed the target by more than the model may.
bool TrackRun::correct_gain(const Rendition& rendition, std::size_t output) {
  const std::optional<double> target = rendition.goal.target_lufs;
  const Measurement& after = written_.at(output).second.after;
  if (!solver_ || solver_->curve() == nullptr || !target || !after.is_measurable) return false;
  if (plan_.stopped_by != StoppedBy::nothing) return false;
  if (std::abs(after.figures.integrated_lufs - *target) <= kCorrectLu) return false;
  watch_.start(&BusySeconds::limiter);
  plan_ = solver_->correct(after.figures.integrated_lufs);
  watch_.stop();
  return true;
}

void TrackRun::report_gain(const Rendition& rendition) {
  if (!stores_) return;
  std::vector<std::string> ids;  // where not all outputs have the same gain
  if (renditions_.size() > 1) {
    for (const std::size_t index : rendition.outputs) ids.push_back(job_.outputs[index].id);
  }
  const auto add = [this, &ids](std::string name, std::vector<std::pair<std::string, double>> figures) {
    report_.stages.push_back({std::move(name), "cpu", std::move(figures), {}, {}, ids});
  };
  if (rendition.format.sample_rate_hz != track_format_.sample_rate_hz) {
    add("sample_rate", {{"from_hz", static_cast<double>(track_format_.sample_rate_hz)},
                        {"to_hz", static_cast<double>(rendition.format.sample_rate_hz)},
                        {"latency_frames", 0}});
  }
  if (rendition.goal.target_lufs) add("loudness", {{"gain_db", amplitude_to_db(plan_.gain)}});
  if (solver_->curve() != nullptr) {
    add("limit", {{"ceiling_dbtp", rendition.goal.limit->ceiling_dbtp},
                  {"max_gain_reduction_db", plan_.max_gain_reduction_db},
                  {"limited_share", plan_.limited_share},
                  {"groups_trimmed", static_cast<double>(plan_.trimmed_groups)}});
  }
}

// What was asked of the rendition's outputs, and why it was not reached.
void TrackRun::judge(const Rendition& rendition) {
  const GainGoal& goal = rendition.goal;
  const std::string reason = reason_of(goal, written_.at(rendition.outputs.front()).second.after);
  for (const std::size_t index : rendition.outputs) {
    OutputReport& report = written_.at(index).second;
    report.asked_lufs = goal.target_lufs;
    if (goal.limit) report.asked_dbtp = goal.limit->ceiling_dbtp;
    report.reason = reason;
  }
  const std::string of = renditions_.size() > 1 ? "output " + job_.outputs[rendition.outputs.front()].id + ": " : "";
  if (goal.on_conflict == OnConflict::exceed_limit && goal.limit && goal.limit->max_gain_reduction_db &&
      plan_.max_gain_reduction_db > *goal.limit->max_gain_reduction_db + 0.05) {
    report_.notes.push_back(
        fmt::format("{}on_conflict: exceed-limit: {:.1f} dB of gain reduction, where max_gain_reduction_db is {:.1f}",
                    of, plan_.max_gain_reduction_db, *goal.limit->max_gain_reduction_db));
  }
  for (const std::size_t index : rendition.outputs) {
    const std::int64_t clipped = written_.at(index).second.clipped_samples;
    if (clipped == 0) continue;
    report_.notes.push_back(fmt::format("{}{} sample{} above full scale {} clipped: a limit stage would hold them",
                                        job_.outputs[index].id.empty() ? "" : "output " + job_.outputs[index].id + ": ",
                                        clipped, clipped == 1 ? "" : "s", clipped == 1 ? "is" : "are"));
  }
  if (reason.empty()) return;
  if (!report_.reason.empty()) report_.reason += "; ";
  report_.reason += of + reason;
}

std::string TrackRun::reason_of(const GainGoal& goal, const Measurement& after) const {
  if (!goal.target_lufs)
    return plan_.stopped_by == StoppedBy::nothing ? std::string() : reason_text(goal, plan_.stopped_by, 0);
  if (!after.is_measurable) return "no loudness to bring to the target: " + after.reason + "; the gain is 0 dB";
  const double reached_lufs = after.figures.integrated_lufs;
  if (plan_.stopped_by != StoppedBy::nothing || std::abs(reached_lufs - *goal.target_lufs) > 0.05)
    return reason_text(goal, plan_.stopped_by, reached_lufs);
  return {};
}

// Whether every sample that reaches the output is still the one that was read.
bool TrackRun::is_untouched(const Rendition& rendition) const {
  return !is_changed_ && rendition.format.sample_rate_hz == in_.sample_rate_hz && plan_.gain == 1 &&
         (!solver_ || solver_->curve() == nullptr || solver_->curve()->spans().empty());
}

void TrackRun::write_output(const Rendition& rendition, std::size_t index) {
  RenderSource source;
  source.input = &reader_;
  source.track = rendition.format;
  source.store = store_;
  source.gain = plan_.gain;
  source.curve = solver_ ? solver_->curve() : nullptr;
  source.is_untouched = is_untouched(rendition);
  source.keeps_samples = job_.chain.only_restores() && !changes_loudness(rendition.goal) &&
                         rendition.format.sample_rate_hz == in_.sample_rate_hz;
  // From what the track holds, not from what it is called: the same audio gets the same noise.
  source.dither_seed = std::stoull(report_.payload_hash.substr(0, 16), nullptr, 16);
  const auto tick = [this](double share) {
    check_cancelled();
    report_progress(
        kAnalysisShare + kLimiterShare +
            kWritingShare * (static_cast<double>(written_.size()) + share) / static_cast<double>(job_.outputs.size()),
        "writing");
  };
  OutputWriter writer(source, weights_, blocks_, watch_, tick);
  StagedFile file(job_.out_dir, job_.outputs[index].path);
  OutputReport report = writer.write(job_.outputs[index], job_.pcm_md5, file);
  written_.emplace(index, std::pair(std::move(file), std::move(report)));
}

void TrackRun::finish_report() { report_.busy = watch_.total(); }

void TrackRun::check_cancelled() const {
  if (is_cancelled_.load(std::memory_order_relaxed)) throw MasteringCancelled();
}

void TrackRun::report_progress(double share, std::string_view stage) const {
  if (progress_) progress_(share, stage);
}

}  // namespace lathe
