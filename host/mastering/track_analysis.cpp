#include "host/mastering/track_analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "host/audio_file/pcm_hash.h"
#include "host/audio_file/sample_rate_converter.h"
#include "host/mastering/convert_store.h"
#include "host/mastering/examined_stage.h"
#include "host/mastering/output_writer.h"
#include "host/mastering/resonance_examined.h"
#include "host/mastering/restore_stage.h"
#include "host/mastering/store_meter.h"
#include "host/mastering/unusable_audio.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/math/decibel.h"
#include "kernels/tonal_balance/match_eq.h"

namespace lathe {
namespace {

// Of the whole analysis, where there is something to restore.
constexpr double kReadingShare = 0.1, kRestoringShare = 0.85;

// A stage that needs no examining, as a step.
std::optional<ChainStep> step_of(const ChainStage& stage, int sample_rate_hz, EqDesigns& designs) {
  if (changes_nothing(stage)) return std::nullopt;
  if (const auto* eq = std::get_if<EqStage>(&stage)) return designs.get(*eq, sample_rate_hz);
  if (const auto* stereo = std::get_if<StereoStage>(&stage)) return designs.get(*stereo, sample_rate_hz);
  if (const auto* compress = std::get_if<CompressStage>(&stage)) return designs.get(*compress, sample_rate_hz);
  if (const auto* gain = std::get_if<GainStage>(&stage)) return db_to_amplitude(gain->gain_db);
  return std::nullopt;
}

// What is known of a step before it has run.
StageReport report_of(const ChainStage& stage, const ChainStep& step, Backend backend) {
  StageReport report{std::string(stage_name(stage)), backend == Backend::cuda ? "cuda" : "cpu", {}, {}};
  if (const auto* design = std::get_if<std::shared_ptr<const LinearPhaseEqDesign>>(&step)) {
    if (const auto* eq = std::get_if<EqStage>(&stage))
      report.figures.emplace_back("bands", static_cast<double>(eq->bands.size()));  // as the recipe has them
    const std::pair<std::string, double> shape[] = {{"taps", static_cast<double>((*design)->taps())},
                                                    {"worst_deviation_db", (*design)->worst_db()},
                                                    {"pre_ring_db", (*design)->pre_ring_db()},
                                                    {"latency_frames", 0}};
    report.figures.insert(report.figures.end(), std::begin(shape), std::end(shape));
  } else if (const auto* stereo = std::get_if<StereoStage>(&stage)) {
    if (stereo->settings.bands.empty()) report.figures.emplace_back("width", stereo->settings.width);
    for (std::size_t i = 0; i < stereo->settings.bands.size(); ++i)
      report.figures.emplace_back(fmt::format("width_{}", i + 1), stereo->settings.bands[i].width);
    if (stereo->settings.balance_db != 0) report.figures.emplace_back("balance_db", stereo->settings.balance_db);
  } else if (const auto* gain = std::get_if<GainStage>(&stage)) {
    report.figures = {{"gain_db", gain->gain_db}};
  }
  return report;
}

// Stereo stages have nothing to do on a track of one channel, which then stays as it is to the last bit.
bool has_no_side(const ChainStage& stage, const AudioFormat& format) {
  return format.channels == 1 && std::holds_alternative<StereoStage>(stage);
}

FirstPassSetup bare_setup(const AudioFormat& format) {
  FirstPassSetup setup;
  setup.encoding = format.encoding;
  setup.sample_rate_hz = format.sample_rate_hz;
  setup.frames = format.frames;
  setup.weights = channel_weights(format.channels, format.channel_mask, format.speakers);
  return setup;
}

}  // namespace

AudioFormat chain_format(const Chain& chain, const AudioFormat& file) {
  AudioFormat format = file;
  if (!chain.sample_rate_hz || *chain.sample_rate_hz == file.sample_rate_hz) return format;
  format.sample_rate_hz = *chain.sample_rate_hz;
  format.frames = converted_frames(file.frames, file.sample_rate_hz, format.sample_rate_hz);
  return format;
}

FirstPassSetup pass_setup(const Chain& chain, const AudioFormat& format, EqDesigns& designs) {
  FirstPassSetup setup = bare_setup(format);
  for (const ChainStage& stage : chain.stages) {
    const auto* eq = std::get_if<EqStage>(&stage);
    const ChainStage as_a_step = eq != nullptr ? ChainStage(with_longest_cut(*eq)) : stage;
    if (auto step = step_of(as_a_step, format.sample_rate_hz, designs)) setup.steps.push_back(std::move(*step));
    const auto* match = std::get_if<MatchEqStage>(&stage);
    if (match != nullptr && !changes_nothing(stage)) {
      const bool has_side = match->settings.stereo_width && format.channels == 2;
      setup.steps.emplace_back(longest_match(format.sample_rate_hz, has_side));
    }
  }
  setup.scrub = chain.scrub;
  setup.trace = chain.goal.limit.has_value() && !chain.is_neutral();
  setup.staged_true_peak = !chain.goal.limit.has_value();
  return setup;
}

TrackAnalysis::TrackAnalysis(Setup setup)
    : s_(std::move(setup)), in_(s_.reader.format()), at_(chain_format(s_.chain, in_)) {}

LoudnessReading TrackAnalysis::run() {
  const std::vector<Part> all = parts();
  for (const ChainStage& stage : s_.chain.stages) {
    if (has_no_side(stage, at_) && !changes_nothing(stage))
      s_.report.notes.push_back("stereo: the track has one channel and was left alone");
  }
  for (const Part& part : all) restorations_ += part.restorations.size();
  has_more_passes_ = all.size() > 1;
  LoudnessReading reading = read_through(all.front(), all.size() == 1);
  if (restorations_ > 0) {
    for (Fault& fault : other_faults(s_.stores->held(), in_.sample_rate_hz, s_.check))
      s_.report.faults.push_back(std::move(fault));
  }
  bool is_fresh = true;  // `reading` is of the track as it is held
  if (at_.sample_rate_hz != in_.sample_rate_hz) {
    convert_rate();
    is_fresh = false;
  }
  for (std::size_t i = 1; i < all.size(); ++i) {
    held_energies_.reset();
    for (const std::size_t index : all[i].restorations) restore(index);
    is_fresh = is_fresh && all[i].restorations.empty();
    const bool is_last = i + 1 == all.size();
    if (!is_last && all[i].stages.empty()) continue;
    reading = pass_through(all[i], is_last, is_fresh ? &reading.hops : nullptr);
    is_fresh = true;
  }
  if (passes_on_a_device_follow()) s_.after_reading();
  return reading;
}

std::vector<TrackAnalysis::Part> TrackAnalysis::parts() const {
  std::vector<Part> parts(1);
  if (at_.sample_rate_hz != in_.sample_rate_hz) parts.emplace_back();  // the file is read at its own rate
  for (std::size_t i = 0; i < s_.chain.stages.size(); ++i) {
    const ChainStage& stage = s_.chain.stages[i];
    if (changes_nothing(stage) || has_no_side(stage, at_)) continue;
    const bool restores = std::holds_alternative<RestorationStage>(stage);
    if ((restores || needs_whole_track(stage)) && (!parts.back().stages.empty() || parts.size() == 1))
      parts.emplace_back();
    (restores ? parts.back().restorations : parts.back().stages).push_back(i);
  }
  return parts;
}

FirstPassSetup TrackAnalysis::setup_of(const AudioFormat& format, bool is_last) const {
  FirstPassSetup setup = bare_setup(format);
  setup.trace = is_last && s_.wanted.trace;
  setup.trace_memory = s_.wanted.trace_memory;
  setup.staged_true_peak = is_last && s_.wanted.true_peak;
  return setup;
}

std::unique_ptr<FirstPass> TrackAnalysis::make_pass(FirstPassSetup setup, AudioSink* out) const {
  return s_.backend == Backend::cuda ? cuda::make_first_pass(*s_.accelerator, std::move(setup), out)
                                     : cpu::make_first_pass(std::move(setup), out);
}

LoudnessReading TrackAnalysis::read_through(const Part& part, bool is_last) {
  const double share = is_last ? 1 : kReadingShare;
  s_.progress(0, "analysis");
  FirstPassSetup setup = setup_of(in_, is_last);
  setup.scrub = s_.chain.scrub;
  for (const std::size_t index : part.stages) {
    if (auto step = step_of(s_.chain.stages[index], in_.sample_rate_hz, s_.designs))
      add_step(index, std::move(*step), setup, {});
  }
  std::optional<StoreSink> sink;
  if (s_.stores != nullptr) sink.emplace(s_.stores->begin());
  std::unique_ptr<FirstPass> pass = make_pass(std::move(setup), sink ? &*sink : nullptr);
  PcmHash hash;
  std::optional<PieceReadings> pieces;
  if (s_.reader.tracks().size() > 1) pieces.emplace(s_.reader);
  for (std::int64_t done = 0; done < in_.frames;) {
    s_.check();
    s_.watch.start(&BusySeconds::decode);
    std::int64_t count = std::min(BlockBuffers::kFrames, in_.frames - done);
    std::byte* bytes = pass->room(count);
    count = s_.reader.read(bytes, count);
    if (count == 0) break;
    hash.update(bytes, static_cast<std::size_t>(count) * static_cast<std::size_t>(frame_bytes(in_)));
    s_.watch.start(&BusySeconds::kernels);
    if (pieces) pieces->take(bytes, count);
    pass->take(count);
    done += count;
    s_.progress(share * static_cast<double>(done) / static_cast<double>(in_.frames), "analysis");
  }
  FirstPassResult result = pass->finish();
  pass.reset();
  s_.watch.stop();
  if (!passes_on_a_device_follow()) s_.after_reading();
  refuse_non_finite(result.non_finite);
  if (pieces) pieces_ = pieces->finish();
  s_.report.payload_hash = hash.hex();
  s_.report.before = measurement_of(result.before, in_.frames, in_.sample_rate_hz);
  if (s_.stores != nullptr) s_.stores->flip();
  is_changed_ = !part.stages.empty();
  account_for(std::move(result.accounts));
  return std::move(result.staged ? *result.staged : result.before);
}

LoudnessReading TrackAnalysis::pass_through(const Part& part, bool is_last, const HopEnergies* hops) {
  FirstPassSetup setup = setup_of(at_, is_last);
  setup.encoding = Encoding::float32;
  FrameStore& from = s_.stores->held();
  s_.watch.start(&BusySeconds::kernels);
  for (const std::size_t index : part.stages) {
    const ChainStage& stage = s_.chain.stages[index];
    if (!needs_whole_track(stage)) {
      if (auto step = step_of(stage, at_.sample_rate_hz, s_.designs)) add_step(index, std::move(*step), setup, {});
      continue;
    }
    HopEnergies measured;
    if (hops == nullptr) measured = measure_store(from, at_, {}, s_.check).hops;
    ExaminedStep examined = examine(stage, from, hops != nullptr ? *hops : measured, at_, s_.designs, s_.check);
    if (examined.step) {
      add_step(index, std::move(*examined.step), setup, std::move(examined.account));
    } else {
      s_.report.stages.push_back({std::string(stage_name(stage)), "cpu", {}, {}});
      take_account(s_.report.stages.size() - 1, std::move(examined.account));
    }
  }
  std::optional<StoreSink> sink;
  if (!setup.steps.empty()) sink.emplace(s_.stores->begin());
  std::unique_ptr<FirstPass> pass = make_pass(std::move(setup), sink ? &*sink : nullptr);
  for (std::int64_t done = 0; done < at_.frames;) {
    s_.check();
    const std::int64_t count = std::min(BlockBuffers::kFrames, at_.frames - done);
    pass->take_planes(from.read(done, count));
    done += count;
  }
  FirstPassResult result = pass->finish();
  s_.watch.stop();
  account_for(std::move(result.accounts));
  if (sink) {
    s_.stores->flip();
    is_changed_ = true;
  }
  return std::move(result.staged ? *result.staged : result.before);
}

void TrackAnalysis::convert_rate() {
  s_.watch.start(&BusySeconds::kernels);
  convert_store(s_.stores->held(), in_.sample_rate_hz, s_.stores->begin(at_.frames), at_.sample_rate_hz, s_.check);
  s_.watch.stop();
  s_.stores->flip();
  is_changed_ = true;
  s_.report.stages.push_back({"sample_rate",
                              "cpu",
                              {{"from_hz", static_cast<double>(in_.sample_rate_hz)},
                               {"to_hz", static_cast<double>(at_.sample_rate_hz)},
                               {"latency_frames", 0}},
                              {}});
}

void TrackAnalysis::restore(std::size_t index) {
  s_.check();
  const auto& stage = std::get<RestorationStage>(s_.chain.stages[index]);
  s_.watch.start(&BusySeconds::kernels);
  const TrackRestorer made = make_restorer(stage, {static_cast<double>(at_.sample_rate_hz), at_.channels},
                                           s_.backend == Backend::cuda ? s_.accelerator : nullptr);
  RestoredStage done = restore_stage(*made.restorer, stage, *s_.stores, at_.sample_rate_hz, s_.check, &held_energies_);
  s_.watch.stop();
  if (made.backend == Backend::cuda) done.report.backend = "cuda";
  const RestorationReport& report = *done.report.restoration;
  s_.report.faults.push_back({std::string(fault_kind(stage)), report.finding});
  if (!report.backed_off.empty())
    s_.report.notes.push_back(std::string(stage.name()) + ": less than was asked for: " + report.backed_off);
  s_.report.stages.push_back(std::move(done.report));
  if (stage.keep_removed) s_.restored(index, done.is_changed ? s_.stores->made() : s_.stores->held());
  if (done.is_changed) {
    s_.stores->flip();
    is_changed_ = true;
  }
  ++restored_;
  s_.progress(kReadingShare + kRestoringShare * static_cast<double>(restored_) / static_cast<double>(restorations_),
              "restoration");
}

// The step runs in the pass to come; its account follows when that is over.
void TrackAnalysis::add_step(std::size_t index, ChainStep step, FirstPassSetup& setup, StageAccount before) {
  s_.report.stages.push_back(report_of(s_.chain.stages[index], step, s_.backend));
  take_account(s_.report.stages.size() - 1, std::move(before));
  running_.push_back(s_.report.stages.size() - 1);
  if (s_.steps != nullptr) s_.steps->push_back(step);
  setup.steps.push_back(std::move(step));
}

void TrackAnalysis::account_for(std::vector<StageAccount> accounts) {
  for (std::size_t i = 0; i < running_.size(); ++i) take_account(running_[i], std::move(accounts.at(i)));
  running_.clear();
}

void TrackAnalysis::take_account(std::size_t report, StageAccount account) {
  StageReport& of = s_.report.stages[report];
  for (const std::string& note : account.notes) s_.report.notes.push_back(of.name + ": " + note);
  of.add(std::move(account));
}

void TrackAnalysis::refuse_non_finite(const NonFinite& bad) {
  if (bad.count == 0) return;
  const std::string what =
      fmt::format("{} sample{} NaN, infinite or beyond +80 dBFS, the first in channel {} at frame {} ({:.3f} s)",
                  bad.count, bad.count == 1 ? " is" : "s are", bad.first_channel + 1, bad.first_frame,
                  static_cast<double>(bad.first_frame) / in_.sample_rate_hz);
  if (!s_.chain.scrub)
    throw UnusableAudio(s_.report.input.string() + ": " + what + "; set input.scrub to true to write 0 in their place");
  s_.report.notes.push_back(what + "; written as 0");
}

}  // namespace lathe
