#include "host/mastering/track_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/audio_file/audio_writer.h"
#include "host/audio_file/sample_rate_converter.h"
#include "host/mastering/convert_store.h"
#include "host/mastering/gain_verdict.h"
#include "host/mastering/spool_memory.h"
#include "host/mastering/store_meter.h"
#include "host/mastering/track_analysis.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr double kStemsShare = 0.4, kAnalysisShare = 0.6, kLimiterShare = 0.05, kWritingShare = 0.3;

// As leading_output() has it: a whole master, else what is of the whole mix, else a stem.
int leading_rank(const OutputSpec& output) {
  if (output.is_whole() && output.without.empty() && !output.per_side) return 0;
  return output.stem ? 2 : 1;
}

bool changes_loudness(const GainGoal& goal) { return goal.target_lufs || goal.limit || goal.gain_db != 0; }

TrackAnalysis::Wanted wanted_by(const std::vector<Rendition>& renditions, int track_rate_hz,
                                const std::shared_ptr<TraceMemory>& trace_memory) {
  TrackAnalysis::Wanted wanted{.trace_memory = trace_memory};
  for (const Rendition& rendition : renditions) {
    if (rendition.format.sample_rate_hz != track_rate_hz) continue;  // measured when it has been converted
    (rendition.goal.limit ? wanted.trace : wanted.true_peak) = true;
  }
  return wanted;
}

}  // namespace

TrackRun::TrackRun(const TrackJob& job, EqDesigns& designs, FrameArena& arena, FrameArena& second_arena,
                   cuda::Accelerator* accelerator, const MasteringProgress& progress,
                   const std::atomic<bool>& is_cancelled, StemMix* mix)
    : job_(job),
      designs_(designs),
      accelerator_(accelerator),
      progress_(progress),
      is_cancelled_(is_cancelled),
      own_stems_(job.stems.empty() || mix != nullptr ? nullptr : std::make_unique<StemMix>(job)),
      stems_(mix != nullptr ? mix : own_stems_.get()),
      reader_(stems_ ? nullptr : open_programme(job)),
      source_(stems_ ? static_cast<ProgrammeSource&>(*stems_) : *reader_),
      in_(source_.format()),
      track_format_(chain_format(job.chain, in_)),
      renditions_(renditions_of(job.chain, job.outputs, track_format_)),
      weights_(channel_weights(in_.channels, in_.channel_mask, in_.speakers)),
      blocks_(in_),
      trace_memory_(spool_memory(job.spool_dir)) {
  if (in_.frames == 0) throw UnusableAudio(job.input.string() + ": the file has 0 frames; there is nothing to master");
  for (const OutputSpec& output : job.outputs) {
    const std::string why = unwritable_reason(format_of(output, track_format_));
    if (!why.empty()) throw AudioFileError(AudioFileError::Fault::unsupported, output.path, why);
  }
  refuse_stems_of_bus();
  const bool converts = std::any_of(renditions_.begin(), renditions_.end(), [this](const Rendition& rendition) {
    return rendition.format.sample_rate_hz != in_.sample_rate_hz || changes_loudness(rendition.goal);
  });
  // A neutral chain copies bytes and needs no store.
  if (converts || !job.chain.is_neutral())
    stores_.emplace(arena, second_arena, job.spool_dir, in_.channels, in_.frames);
}

MasteredTrack TrackRun::run() {
  analyse();
  for (const Rendition& rendition : renditions_) master(rendition);
  return finish();
}

void TrackRun::describe_input() {
  report_.input = job_.input;
  report_.input_format = format_text(in_);
  if (stems_) report_.input_format = fmt::format("{} stems, {}", job_.stems.size(), report_.input_format);
  report_.frames = in_.frames;
  report_.sample_rate_hz = in_.sample_rate_hz;
  report_.channels = in_.channels;
  if (renditions_.empty()) return;
  // Of the output that leads the report: see leading_output().
  const auto rank = [this](const Rendition& one) {
    const auto place = [this](std::size_t index) { return std::pair(leading_rank(job_.outputs[index]), index); };
    return place(std::ranges::min(one.outputs, {}, place));
  };
  const GainGoal& goal = std::ranges::min_element(renditions_, {}, rank)->goal;
  report_.asked_lufs = goal.target_lufs;
  if (goal.limit) report_.asked_dbtp = goal.limit->ceiling_dbtp;
}

// Decode, measure as it came, restore, run the stages, keep and measure what the limiter will see.
void TrackRun::analyse() {
  describe_input();
  if (stems_) {
    stems_->prepare({designs_, accelerator_, watch_, [this] { check_cancelled(); },
                     [this](double share, std::string_view stage) { report_progress(kStemsShare * share, stage); }},
                    report_);
  }
  const Measurement before = report_.before;  // of the untouched stems' sum
  // Of a mix whose stems follow it the bus runs where they go through it, for their sum to be the mix's.
  const Backend backend = writes_stems() ? Backend::cpu : job_.backend;
  TrackAnalysis analysis({job_.chain, backend, designs_, accelerator_, source_, stores_ ? &*stores_ : nullptr,
                          wanted_by(renditions_, track_format_.sample_rate_hz, trace_memory_), watch_, report_,
                          [this] { check_cancelled(); },
                          [this](double share, std::string_view stage) {
                            const double from = stems_ ? kStemsShare : 0;
                            report_progress(from + (kAnalysisShare - from) * share, stage);
                          },
                          [this](std::size_t stage, FrameStore& after) { write_removed(stage, after); },
                          [this] {
                            if (job_.after_first_pass) job_.after_first_pass();
                          },
                          writes_stems() ? &bus_steps_ : nullptr});
  reading_ = analysis.run();
  if (stems_) {
    report_.before = before;
    report_.payload_hash = stems_->content_hash();
  }
  is_changed_ = analysis.is_changed();
  const auto wants_preview = [](const OutputSpec& output) { return output.preview_s > 0; };
  if (std::ranges::any_of(job_.outputs, wants_preview)) loudness_over_time_ = reading_.hops;
  pieces_ = analysis.take_pieces();
  reasons_.resize(source_.tracks().size());
  notes_.resize(source_.tracks().size());
}

void TrackRun::release_spare() {
  if (stores_) stores_->release_spare();
}

// What a stage took out, while the track before it and the track after it are both there.
void TrackRun::write_removed(std::size_t stage, FrameStore& after) {
  for (std::size_t i = 0; i < job_.outputs.size(); ++i) {
    if (job_.outputs[i].removed_by != stage || !writes_) continue;
    RenderSource source;
    source.input = &source_;
    source.track = track_format_;
    source.store = &stores_->held();
    source.minus = &after;
    written_.insert_or_assign(
        i, write_pieces(source, i, ends_at(track_format_.sample_rate_hz), [this](double) { check_cancelled(); }));
  }
}

// The gain of a rendition, and its files.
void TrackRun::master(const Rendition& rendition) {
  solve_gain(rendition);
  Measurement whole = write_corrected(rendition);
  for (write_others(rendition); !holds_codecs(rendition); write_others(rendition)) {
    watch_.start(&BusySeconds::limiter);
    solver_->solve();
    watch_.stop();
    use(solver_, part_);
    whole = write_corrected(rendition);
  }
  write_stems(rendition);
  conclude(rendition, whole, is_joined() ? "the tracks that run into each other" : std::string());
}

// The first output says whether the gain was right; the others follow it.
Measurement TrackRun::write_corrected(const Rendition& rendition) {
  if (is_stem(rendition.outputs.front())) return {};  // nothing but stems: no file says whether the gain was right
  for (int round = 0;; ++round) {
    write_first(rendition);
    const Measurement whole =
        measurement_of(written_first(rendition), rendition.format.frames, rendition.format.sample_rate_hz);
    if (round == kGainCorrections || !correct_gain(rendition, whole)) return whole;
  }
}

void TrackRun::write_first(const Rendition& rendition) { write_output(rendition, rendition.outputs.front()); }

const LoudnessReading& TrackRun::written_first(const Rendition& rendition) const {
  return written_.at(rendition.outputs.front()).whole;
}

void TrackRun::write_others(const Rendition& rendition) {
  for (std::size_t i = 1; i < rendition.outputs.size(); ++i)
    if (!is_stem(rendition.outputs[i])) write_output(rendition, rendition.outputs[i]);
}

void TrackRun::conclude(const Rendition& rendition, const Measurement& whole, const std::string& of_what) {
  report_gain(rendition);
  judge(rendition, whole, of_what);
  report_checks(rendition);
}

std::optional<GainPart> TrackRun::part_of(const Rendition& rendition) {
  plan_ = {};
  solver_.reset();
  decoded_dbtp_.clear();
  ceiling_.reset();
  if (rendition.goal.limit) ceiling_.emplace(rendition.goal.limit->ceiling_dbtp);
  if (!stores_) return std::nullopt;
  check_cancelled();
  report_progress(kAnalysisShare, "limiter");
  TrackBefore before = before_gain(rendition);
  before.track_ends = is_joined() ? track_ends(rendition) : std::vector<std::int64_t>();
  return GainPart{store_, std::move(before)};
}

void TrackRun::use(std::shared_ptr<GainSolver> solver, std::size_t part) {
  solver_ = std::move(solver);
  part_ = part;
  plan_ = solver_->plan_of(part_);
}

void TrackRun::solve_gain(const Rendition& rendition) {
  std::optional<GainPart> part = part_of(rendition);
  if (!part) return;
  watch_.start(&BusySeconds::limiter);
  auto solver = std::make_shared<GainSolver>(*part->store, std::move(part->before), rendition.goal);
  solver->solve();
  watch_.stop();
  use(std::move(solver), 0);
}

// The track at the rendition's rate, and what its gain is solved from.
TrackBefore TrackRun::before_gain(const Rendition& rendition) {
  const int rate_hz = rendition.format.sample_rate_hz;
  store_ = &stores_->held();
  if (rate_hz == track_format_.sample_rate_hz) {
    solved_.insert(&rendition);  // shared gains come before tracks' own
    const bool is_last = std::ranges::all_of(renditions_, [&](const Rendition& other) {
      return other.format.sample_rate_hz != rate_hz || solved_.contains(&other);
    });
    if (!is_last) return {static_cast<double>(rate_hz), weights_, reading_.hops, reading_.trace, reading_.true_peak};
    return {static_cast<double>(rate_hz), weights_, std::move(reading_.hops), std::move(reading_.trace),
            reading_.true_peak};
  }
  watch_.start(&BusySeconds::kernels);
  FrameStore& converted = stores_->begin(rendition.format.frames);
  convert_store(*store_, track_format_.sample_rate_hz, converted, rate_hz, [this] { check_cancelled(); });
  store_ = &converted;
  LoudnessReading reading = measure_store(converted, rendition.format,
                                          {!rendition.goal.limit, rendition.goal.limit.has_value(), trace_memory_},
                                          [this] { check_cancelled(); });
  watch_.stop();
  return {static_cast<double>(rate_hz), weights_, std::move(reading.hops), std::move(reading.trace), reading.true_peak};
}

// Whether the gain was changed because the first output missed its target.
bool TrackRun::correct_gain(const Rendition& rendition, const Measurement& after) {
  if (is_preview(rendition.outputs.front()) || !needs_correction(solver_.get(), rendition.goal, after)) return false;
  watch_.start(&BusySeconds::limiter);
  plan_ = solver_->correct(after.figures.integrated_lufs);
  watch_.stop();
  return true;
}

void TrackRun::report_gain(const Rendition& rendition) {
  found_gains_.push_back({rendition.goal, rendition.format.sample_rate_hz, amplitude_to_db(plan_.gain)});
  if (!stores_) return;
  std::vector<std::string> ids;  // where not all outputs have the same gain
  if (renditions_.size() > 1) {
    for (const std::size_t index : rendition.outputs)
      if (ids.empty() || ids.back() != job_.outputs[index].id) ids.push_back(job_.outputs[index].id);
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
  if (curve() != nullptr) {
    add("limit", {{"ceiling_dbtp", ceiling_->ceiling_dbtp()},
                  {"max_gain_reduction_db", plan_.max_gain_reduction_db},
                  {"limited_share", plan_.limited_share},
                  {"groups_trimmed", static_cast<double>(plan_.trimmed_groups)}});
  }
}

// What was asked of the rendition's outputs, and why it was not reached.
void TrackRun::judge(const Rendition& rendition, const Measurement& whole, const std::string& of_what) {
  const GainGoal& goal = rendition.goal;
  GainGoal limited = goal;
  if (limited.limit) limited.limit->ceiling_dbtp = ceiling_->ceiling_dbtp();
  const bool is_known = is_whole(rendition.outputs.front());
  const std::string shared_reason = is_known ? reason_for(limited, plan_, whole) : std::string();
  const std::string of = renditions_.size() > 1 ? "output " + job_.outputs[rendition.outputs.front()].id + ": " : "";
  for (std::size_t piece = 0; piece < source_.tracks().size(); ++piece) {
    const Measurement& own = written_.at(rendition.outputs.front()).reports[piece].after;
    std::string reason = shared_reason;
    const bool is_off =
        is_known && goal.target_lufs && !(std::abs(own.figures.integrated_lufs - *goal.target_lufs) <= kPromisedLu);
    if (!of_what.empty() && reason.empty() && is_off) {
      reason = fmt::format("the target of {:.1f} LUFS is that of {} ({:.2f} LUFS)", *goal.target_lufs, of_what,
                           whole.figures.integrated_lufs);
    } else if (!of_what.empty() && !reason.empty()) {
      reason = of_what + ": " + reason;
    }
    for (const std::size_t index : rendition.outputs) {
      OutputReport& report = written_.at(index).reports[piece];
      if (is_whole(index)) report.asked_lufs = goal.target_lufs;
      if (goal.limit && !is_stem(index)) report.asked_dbtp = goal.limit->ceiling_dbtp;
      if (is_whole(index)) report.reason = reason;
      if (report.clipped_samples == 0) continue;
      const std::int64_t clipped = report.clipped_samples;
      const std::string which = is_stem(index) ? " (" + report.path.filename().string() + ")" : "";
      notes_[piece].push_back(fmt::format("{}{} sample{} above full scale {} clipped{}: {} would hold them",
                                          report.id.empty() ? "" : "output " + report.id + ": ", clipped,
                                          clipped == 1 ? "" : "s", clipped == 1 ? "is" : "are", which,
                                          is_stem(index) ? "bits: 32f" : "a limit stage"));
    }
    if (reason.empty()) continue;
    if (!reasons_[piece].empty()) reasons_[piece] += "; ";
    reasons_[piece] += of + reason;
  }
  if (is_stem(rendition.outputs.front()) && goal.target_lufs && plan_.stopped_by != StoppedBy::nothing)
    report_.notes.push_back(of + "the stems' sum: " + reason_text(goal, plan_.stopped_by, plan_.expected_lufs));
  if (goal.on_conflict == OnConflict::exceed_limit && goal.limit && goal.limit->max_gain_reduction_db &&
      plan_.max_gain_reduction_db > *goal.limit->max_gain_reduction_db + 0.05) {
    report_.notes.push_back(
        fmt::format("{}on_conflict: exceed-limit: {:.1f} dB of gain reduction, where max_gain_reduction_db is {:.1f}",
                    of, plan_.max_gain_reduction_db, *goal.limit->max_gain_reduction_db));
  }
}

// Whether every sample that reaches the output is still the one that was read.
bool TrackRun::is_untouched(const Rendition& rendition) const {
  return !is_changed_ && rendition.format.sample_rate_hz == in_.sample_rate_hz && plan_.gain == 1 &&
         (curve() == nullptr || curve()->spans().empty());
}

void TrackRun::write_output(const Rendition& rendition, std::size_t index) {
  RenderSource source;
  source.input = &source_;
  source.track = rendition.format;
  source.store = store_;
  source.gain = plan_.gain;
  source.curve = curve();
  source.is_untouched = is_untouched(rendition);
  source.keeps_samples = job_.chain.only_restores() && !changes_loudness(rendition.goal) &&
                         rendition.format.sample_rate_hz == in_.sample_rate_hz;
  // From what the track holds, not from what it is called: the same audio gets the same noise.
  source.dither_seed = std::stoull(report_.payload_hash.substr(0, 16), nullptr, 16);
  written_.erase(index);
  written_.emplace(index, write_pieces(source, index, track_ends(rendition), writing_tick()));
}

std::function<void(double)> TrackRun::writing_tick() {
  return [this](double share) {
    check_cancelled();
    report_progress(
        kAnalysisShare + kLimiterShare +
            kWritingShare * (static_cast<double>(written_.size()) + share) / static_cast<double>(job_.outputs.size()),
        "writing");
  };
}

const OutputSpec& TrackRun::output_of(std::size_t piece, std::size_t index) const {
  return piece == 0 ? job_.outputs[index] : job_.joined[piece - 1].outputs.at(index);
}

const std::vector<std::int64_t>& TrackRun::track_ends(const Rendition& rendition) {
  ends_ = ends_at(rendition.format.sample_rate_hz);
  return ends_;
}

// Boundary k of the files lies at round(k L / M) of another rate, L / M being the rates' ratio.
std::vector<std::int64_t> TrackRun::ends_at(int sample_rate_hz) const {
  std::vector<std::int64_t> ends;
  for (std::int64_t end : source_.ends()) {
    for (const auto& [from, to] : {std::pair(in_.sample_rate_hz, track_format_.sample_rate_hz),
                                   std::pair(track_format_.sample_rate_hz, sample_rate_hz)}) {
      if (from != to) end = converted_frames(end, from, to);
    }
    ends.push_back(end);
  }
  return ends;
}

void TrackRun::check_cancelled() const {
  if (is_cancelled_.load(std::memory_order_relaxed)) throw MasteringCancelled();
}

void TrackRun::report_progress(double share, std::string_view stage) const {
  if (progress_) progress_(share, stage);
}

}  // namespace lathe
