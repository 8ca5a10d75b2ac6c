#include "host/mastering/stem_mix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "host/audio_file/input_file.h"
#include "host/audio_file/pcm_hash.h"
#include "host/audio_file/sample_rate_converter.h"
#include "host/mastering/output_writer.h"
#include "host/mastering/track_analysis.h"
#include "host/mastering/unusable_audio.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr int kHoldRounds = 12;
constexpr double kHeldLu = 0.01, kPromisedShareLu = 0.3;
constexpr double kMostHeldDb = 24;  // a stem that was cut away is not brought back

std::string file_name_of(const AudioReader& reader) { return reader.file().path().filename().string(); }

// Throws where the stems are not all alike, by the value that most of them have.
void check_alike(const std::vector<AudioReader>& stems, int (*value_of)(const AudioFormat&), const char* unit,
                 const std::string& what_to_do) {
  std::map<int, std::vector<std::string>> by_value;
  for (const AudioReader& stem : stems) by_value[value_of(stem.format())].push_back(file_name_of(stem));
  if (by_value.size() < 2) return;
  auto usual = by_value.begin();
  for (auto it = by_value.begin(); it != by_value.end(); ++it)
    if (it->second.size() > usual->second.size()) usual = it;
  std::string odd;
  for (const auto& [value, names] : by_value) {
    if (value == usual->first) continue;
    for (const std::string& name : names)
      odd += fmt::format("{}{} has {} {}", odd.empty() ? "" : ", ", name, value, unit);
  }
  const std::size_t others = usual->second.size();
  throw UnusableAudio(fmt::format("{}: {} where {} {} {} {}; {}", stems.front().file().path().parent_path().string(),
                                  odd, others == 1 ? usual->second.front() : fmt::format("the other {} stems", others),
                                  others == 1 ? "has" : "have", usual->first, unit, what_to_do));
}

int rate_of(const AudioFormat& format) { return format.sample_rate_hz; }

}  // namespace

StemMix::StemMix(const TrackJob& job) : job_(job), is_left_out_(job.stems.size(), false) {
  readers_.reserve(job.stems.size());
  for (const StemTrack& stem : job.stems) readers_.push_back(opened(stem.reader, stem.input));
  if (!job.chain.sample_rate_hz) {
    check_alike(readers_, rate_of, "Hz",
                "export it again at the rate of the others, or set input.sample_rate to the rate to mix at");
  }
  format_ = readers_.front().format();
  for (const AudioReader& reader : readers_) {
    const AudioFormat at_rate = chain_format(job.chain, reader.format());
    if (reader.format().channels > format_.channels) {
      format_.channels = reader.format().channels;
      format_.channel_mask = reader.format().channel_mask;
      format_.speakers = reader.format().speakers;
    }
    format_.frames = std::max(format_.frames, at_rate.frames);
    format_.sample_rate_hz = at_rate.sample_rate_hz;
  }
  for (const AudioReader& reader : readers_) {
    const int channels = reader.format().channels;
    if (channels != 1 && channels != format_.channels) {
      throw UnusableAudio(
          fmt::format("{}: {} channels do not fit a mix of {}: a stem has one channel, or as many as "
                      "the widest",
                      reader.file().path().string(), channels, format_.channels));
    }
  }
  format_.encoding = Encoding::float32;
  format_.valid_bits = 0;
  tracks_.push_back({job.input, format_, job.tags ? *job.tags : readers_.front().tags(), {}, job.metadata});
  ends_ = {format_.frames};
}

void StemMix::leave_out(const std::vector<std::string>& roles) {
  for (std::size_t i = 0; i < job_.stems.size(); ++i)
    is_left_out_[i] = std::ranges::find(roles, job_.stems[i].role) != roles.end();
  rewind();
}

void StemMix::prepare(const Work& work, TrackReport& report) {
  if (!held_.empty()) return;
  survey(work, report);
  PcmHash content;
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    StemReport stem = take_through_chain(i, work);
    stem.before = report.stems[i].before;
    stem.share_before_lu = report.stems[i].share_before_lu;
    stem.notes.insert(stem.notes.begin(), report.stems[i].notes.begin(), report.stems[i].notes.end());
    content.update(reinterpret_cast<const std::byte*>(stem.payload_hash.data()), stem.payload_hash.size());
    report.stems[i] = std::move(stem);
    work.progress(static_cast<double>(i + 1) / static_cast<double>(readers_.size()), "stems");
  }
  content_hash_ = content.hex();
  hold_shares(work, report);
}

// As they came, and against the mixdown.
void StemMix::survey(const Work& work, TrackReport& report) {
  const bool is_one_rate = std::all_of(readers_.begin(), readers_.end(), [this](const AudioReader& reader) {
    return reader.format().sample_rate_hz == readers_.front().format().sample_rate_hz;
  });
  report.stems.resize(readers_.size());
  std::int64_t longest = 0;
  for (const AudioReader& reader : readers_) longest = std::max(longest, reader.format().frames);
  for (std::size_t i = 0; i < readers_.size() && is_one_rate; ++i) {
    const std::int64_t missing = longest - readers_[i].format().frames;
    if (missing == 0) continue;
    report.stems[i].notes.push_back(fmt::format(
        "{} is {} frames ({:.3f} s) shorter than the longest stem; silence follows it", file_name_of(readers_[i]),
        missing, static_cast<double>(missing) / readers_[i].format().sample_rate_hz));
  }
  if (!is_one_rate) {
    report.before.reason = "not measured: the stems have several rates";
    for (StemReport& stem : report.stems) stem.before.reason = report.before.reason;
    report.notes.emplace_back(
        "the stems have several rates: their shares of the untouched mix were not measured, and none can be held");
    return;
  }
  std::optional<AudioReader> mixdown;
  if (!job_.mixdown.empty()) {
    mixdown.emplace(job_.mixdown);
    const AudioFormat& format = mixdown->format();
    if (format.sample_rate_hz != readers_.front().format().sample_rate_hz || format.channels > format_.channels) {
      throw UnusableAudio(job_.mixdown.string() + ": is " + format_text(format) +
                          ", which the stems do not sum to: the null test needs their rate and channels");
    }
  }
  work.watch.start(&BusySeconds::kernels);
  std::vector<bool> holds;
  for (const StemTrack& stem : job_.stems) holds.push_back(stem.holds_share);
  StemSurvey survey = survey_stems(readers_, holds, format_.channels, mixdown ? &*mixdown : nullptr, work.check);
  work.watch.stop();
  report.before = survey.mix;
  report.null_test = std::move(survey.null_test);
  report.notes.insert(report.notes.end(), survey.findings.begin(), survey.findings.end());
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    report.stems[i].before = survey.stems[i];
    if (holds[i]) report.stems[i].share_before_lu = survey.stems[i].figures.integrated_lufs - survey.rest_lufs[i];
  }
}

StemReport StemMix::take_through_chain(std::size_t index, const Work& work) {
  const StemTrack& stem = job_.stems[index];
  Chain chain;
  chain.stages = stem.stages;
  chain.scrub = job_.chain.scrub;
  chain.sample_rate_hz = job_.chain.sample_rate_hz;
  std::vector<ProgrammeFile> one;
  one.push_back({std::move(readers_[index])});
  const std::string name = file_name_of(one.front().reader);
  const AudioFormat file = one.front().reader.format();
  ProgrammeReader reader(std::move(one));
  auto held = std::make_unique<Held>();
  held->stores =
      std::make_unique<StorePair>(held->arena, held->second_arena, job_.spool_dir, file.channels, file.frames);
  TrackReport report;
  report.input = stem.input;
  const TrackAnalysis::Wanted nothing;
  TrackAnalysis analysis({chain, job_.backend, work.designs, work.accelerator, reader, held->stores.get(), nothing,
                          work.watch, report, work.check, [](double, std::string_view) {},
                          [](std::size_t, FrameStore&) {}, [] {}});
  analysis.run();
  held->stores->release_spare();
  held->gain = db_to_amplitude(stem.gain_db);
  held_.push_back(std::move(held));
  StemReport done;
  done.input = stem.input;
  done.role = stem.role;
  done.input_format = format_text(file);
  done.frames = file.frames;
  done.sample_rate_hz = file.sample_rate_hz;
  done.payload_hash = report.payload_hash;
  done.gain_db = stem.gain_db;
  done.stages = std::move(report.stages);
  done.notes = std::move(report.notes);
  return done;
}

// A held stem's gain changes what the others' shares are taken against, so they take turns until none has to move.
void StemMix::hold_shares(const Work& work, TrackReport& report) {
  work.watch.start(&BusySeconds::kernels);
  const auto loudness_of = [&](std::size_t stem, bool is_rest) {
    return measure(
               [&](std::int64_t first, MutableAudioView frames) {
                 render(first, frames, {stem, is_rest});
               },
               work)
        .figures.integrated_lufs;
  };
  const auto share = [&](std::size_t stem) { return loudness_of(stem, false) - loudness_of(stem, true); };
  bool moves = std::any_of(job_.stems.begin(), job_.stems.end(), [](const StemTrack& s) { return s.holds_share; });
  for (int round = 0; round < kHoldRounds && moves; ++round) {
    moves = false;
    for (std::size_t i = 0; i < held_.size(); ++i) {
      StemReport& stem = report.stems[i];
      if (!job_.stems[i].holds_share) continue;
      const double error = stem.share_before_lu - share(i);
      if (!std::isfinite(error) || std::abs(error) < kHeldLu) continue;
      const double to = std::clamp(stem.held_gain_db + error, -kMostHeldDb, kMostHeldDb);
      moves = moves || to != stem.held_gain_db;
      stem.held_gain_db = to;
      held_[i]->gain = db_to_amplitude(stem.gain_db + to);
    }
  }
  for (std::size_t i = 0; i < held_.size(); ++i) {
    StemReport& stem = report.stems[i];
    if (!job_.stems[i].holds_share) continue;
    stem.share_after_lu = share(i);
    if (std::abs(stem.share_after_lu - stem.share_before_lu) <= kPromisedShareLu) continue;
    stem.notes.push_back(fmt::format("{}: its share of {:+.2f} LU could not be held: it is {:+.2f} LU at {:+.1f} dB",
                                     stem.input.filename().string(), stem.share_before_lu, stem.share_after_lu,
                                     stem.held_gain_db));
  }
  work.watch.stop();
}

Measurement StemMix::measure(const std::function<void(std::int64_t, MutableAudioView)>& render,
                             const Work& work) const {
  LoudnessMeter meter({static_cast<double>(format_.sample_rate_hz),
                       channel_weights(format_.channels, format_.channel_mask, format_.speakers), false, false,
                       format_.frames});
  std::vector<float> planes(static_cast<std::size_t>(BlockBuffers::kFrames * format_.channels));
  for (std::int64_t first = 0; first < format_.frames; first += BlockBuffers::kFrames) {
    work.check();
    const MutableAudioView frames{planes.data(), format_.channels,
                                  std::min(BlockBuffers::kFrames, format_.frames - first), BlockBuffers::kFrames};
    render(first, frames);
    meter.take(frames);
  }
  meter.finish();
  return measurement_of(meter.take_reading(), format_.frames, format_.sample_rate_hz);
}

void StemMix::render(std::int64_t first, MutableAudioView frames, Part part) const {
  std::vector<double> sum(static_cast<std::size_t>(frames.frames * frames.channels), 0.0);
  for (std::size_t i = 0; i < held_.size(); ++i) {
    if (part.stem != kAll ? (i == part.stem) == part.is_rest : is_left_out_[i]) continue;
    const AudioView in = held_[i]->stores->held().read(first, frames.frames);
    for (int c = 0; c < frames.channels; ++c) {
      const float* from = in.channel(in.channels == 1 ? 0 : c);
      double* to = sum.data() + c * frames.frames;
      for (std::int64_t n = 0; n < frames.frames; ++n) to[n] += held_[i]->gain * static_cast<double>(from[n]);
    }
  }
  for (int c = 0; c < frames.channels; ++c) {
    const double* from = sum.data() + c * frames.frames;
    for (std::int64_t n = 0; n < frames.frames; ++n) frames.channel(c)[n] = static_cast<float>(from[n]);
  }
}

std::int64_t StemMix::read(std::byte* interleaved, std::int64_t frames) {
  const std::int64_t count = std::min(frames, format_.frames - at_);
  if (count <= 0) return 0;
  planes_.resize(static_cast<std::size_t>(count * format_.channels));
  const MutableAudioView sum{planes_.data(), format_.channels, count, count};
  render(at_, sum, {});
  for (int c = 0; c < format_.channels; ++c) {
    for (std::int64_t n = 0; n < count; ++n) {
      std::memcpy(interleaved + (n * format_.channels + c) * static_cast<std::int64_t>(sizeof(float)),
                  sum.channel(c) + n, sizeof(float));
    }
  }
  at_ += count;
  return count;
}

}  // namespace lathe
