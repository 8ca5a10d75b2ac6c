#include "host/compare/ab_track.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/audio_file/isolation/decoder_error.h"
#include "host/compare/ab_choice.h"
#include "kernels/math/gating.h"

namespace lathe {
namespace {

constexpr double kLoudest_lufs = -16;  // excerpts are heard one after the other: none startles
constexpr double kHighestPeak_dbtp = -1;
constexpr double kMostGain_db = 60;
constexpr double kMatched_lu = 0.1;
constexpr double kFade_s = 0.01;
constexpr int kHighestRate_hz = 48000;

int page_rate(int rate_hz) {
  while (rate_hz > kHighestRate_hz) rate_hz = rate_hz % 2 == 0 ? rate_hz / 2 : kHighestRate_hz;
  return rate_hz;
}

void scale(ComparedBlock& block, double gain_db) {
  const double gain = std::pow(10.0, gain_db / 20);
  for (auto& channel : block.channels) {
    for (double& x : channel) x *= gain;
  }
}

void fade_ends(ComparedBlock& block, int sample_rate_hz) {
  const auto frames = std::min<std::int64_t>(static_cast<std::int64_t>(kFade_s * sample_rate_hz), block.frames / 2);
  for (auto& channel : block.channels) {
    for (std::int64_t n = 0; n < frames; ++n) {
      const double gain = static_cast<double>(n) / static_cast<double>(frames);
      channel[static_cast<std::size_t>(n)] *= gain;
      channel[static_cast<std::size_t>(block.frames - 1 - n)] *= gain;
    }
  }
}

// The file, and of one that holds several tracks the name of this one's master.
std::string name_of_track(const MasterOrigin& track, const MasterEntry& entry) {
  if (track.part.is_whole()) return track.input;
  return fmt::format("{} ({})", track.input, std::filesystem::path(entry.path).stem().string());
}

class Cutter {
 public:
  Cutter(const std::vector<NamedMaster>& masters, const AbOptions& options, const std::atomic<bool>& is_cancelled)
      : options_(options), is_cancelled_(is_cancelled) {
    for (const NamedMaster& master : masters) {
      const MasterEntry& entry = *master.entry;
      if (master.path && entry.is_removed()) {
        removed_.push_back(&master);
      } else if (!master.path || entry.is_of_side || entry.is_partial) {
        if (unheard_ == nullptr) unheard_ = &master;
      } else if (after_ == nullptr) {
        after_ = &master;
      }
    }
  }

  void run(AbTrack& track) {
    if (after_ == nullptr) throw AudioFileError(AudioFileError::Fault::not_found, track.input, why_no_master());
    track.master = after_->path->string();
    ComparedTrack before(before_of(track), is_cancelled_, after_->track->part), after(*after_->path, is_cancelled_);
    // A file of several tracks does not say what one of them is called; its master does.
    const Tags& tags = after_->track->part.is_whole() ? before.tags() : after.tags();
    if (const auto title = tags.first("TITLE"); !title.empty()) track.title = title;
    track.artist = tags.first("ARTIST");
    rate_hz_ = page_rate(std::min(before.format().sample_rate_hz, after.format().sample_rate_hz));
    const int most = std::max(before.format().channels, after.format().channels);
    channels_ = std::min({before.format().channels, after.format().channels, 2});
    if (most > 2) track.notes.push_back(fmt::format("{} channels: the first {} are heard", most, channels_));
    begin(before);
    begin(after);
    const AbSurvey found = survey(before, after);
    track.before_lufs = found.before_lufs;
    track.after_lufs = found.after_lufs;
    const auto hops = static_cast<std::int64_t>(std::lround(options_.seconds * 100));
    const std::vector<AbPlace> places = choose(found, hops, options_.excerpts);
    const std::int64_t frames = std::min(before.frames(), after.frames());
    std::vector<Stretch> stretches;
    for (const AbPlace& place : places) {
      const std::int64_t first = hop_start(place.first_hop, rate_hz_);
      stretches.push_back({first, std::min(hop_start(hops, rate_hz_), frames - first)});
    }
    const std::vector<ComparedBlock> befores = collect(before, stretches), afters = collect(after, stretches);
    const std::vector<std::vector<ComparedBlock>> taken_out = collect_removed(track, stretches);
    for (std::size_t i = 0; i < places.size(); ++i) {
      AbExcerpt excerpt;
      excerpt.at_s = static_cast<double>(stretches[i].first) / rate_hz_;
      excerpt.seconds = static_cast<double>(stretches[i].count) / rate_hz_;
      excerpt.why = places[i].is_loudest ? "the loudest" : "where master and input differ most";
      std::vector<ComparedBlock> removed;
      for (const auto& blocks : taken_out) removed.push_back(blocks[i]);
      fill(excerpt, befores[i], afters[i], removed, track);
      if (!excerpt.versions.empty()) track.excerpts.push_back(std::move(excerpt));
    }
    if (track.excerpts.empty()) track.failure = "nothing to hear: silence, or shorter than 400 ms";
  }

 private:
  std::string why_no_master() const {
    if (unheard_ == nullptr) return "has no master here";
    const MasterEntry& entry = *unheard_->entry;
    if (!unheard_->path) return "its master's path leads out of the folder, and is not followed";
    if (entry.is_of_side)
      return fmt::format(
          "its master lies in its side's file, {}, and nowhere by itself: give the recipe a second output, without "
          "`per: side`, to hear it",
          entry.path);
    return fmt::format(
        "has no whole master here, only parts of one ({}): give the recipe an output without `of`, `without` and "
        "`preview_s`, to hear it",
        entry.path);
  }

  std::string before_of(AbTrack& track) const {
    const MasterOrigin& origin = *after_->track;
    if (!origin.is_mix) return track.input;
    if (origin.mixdown.empty())
      throw AudioFileError(AudioFileError::Fault::not_found, track.input,
                           "is made of stems, and no file holds their sum: master it with --mixdown (in a manifest, a "
                           "row with the role mixdown), which is then heard as before");
    track.notes.push_back("made of stems: before is the mixdown, " + origin.mixdown);
    return origin.mixdown;
  }

  void begin(ComparedTrack& track) const {
    const int channels = track.format().channels;
    track.start(rate_hz_, channels_ == 1 ? std::min(channels, 2) : channels_, channels_ == 1 && channels > 1);
  }

  // One list for each file that can be read and lies at this rate or above.
  std::vector<std::vector<ComparedBlock>> collect_removed(AbTrack& track, const std::vector<Stretch>& stretches) {
    std::vector<std::vector<ComparedBlock>> all;
    std::vector<const NamedMaster*> readable;
    for (const NamedMaster* removed : removed_) {
      try {
        ComparedTrack file(*removed->path, is_cancelled_);
        if (file.format().sample_rate_hz < rate_hz_ || file.format().channels < channels_) continue;
        begin(file);
        all.push_back(collect(file, stretches));
        readable.push_back(removed);
      } catch (const AudioFileError& fault) {
        track.notes.push_back(removed->entry->id + ": " + fault.reason());
      }
    }
    removed_ = readable;
    return all;
  }

  void fill(AbExcerpt& excerpt, ComparedBlock before, ComparedBlock after, const std::vector<ComparedBlock>& removed,
            AbTrack& track) {
    const AbLevel x = level_of(before, rate_hz_), y = level_of(after, rate_hz_);
    if (!std::isfinite(x.lufs) || !std::isfinite(y.lufs)) {
      track.notes.push_back(fmt::format("the excerpt at {:.0f} s is left out: it has no loudness", excerpt.at_s));
      return;
    }
    const double room = std::min(x.lufs - x.true_peak_dbtp, y.lufs - y.true_peak_dbtp) + kHighestPeak_dbtp;
    target_lufs_ = std::min(kLoudest_lufs, room);
    scale(before, target_lufs_ - x.lufs);
    scale(after, target_lufs_ - y.lufs);
    ComparedBlock difference = after;
    for (std::size_t c = 0; c < after.channels.size(); ++c) {
      for (std::size_t n = 0; n < after.channels[c].size(); ++n) difference.channels[c][n] -= before.channels[c][n];
    }
    put(excerpt, "before", std::move(before), target_lufs_ - x.lufs);
    put(excerpt, "after", std::move(after), target_lufs_ - y.lufs);
    put_raised(excerpt, "difference", std::move(difference));
    for (std::size_t i = 0; i < removed.size(); ++i) put_raised(excerpt, removed_[i]->entry->id, removed[i]);
  }

  // What is fainter than music, as loud as its peaks allow; left out where there is nothing to hear.
  void put_raised(AbExcerpt& excerpt, const std::string& name, ComparedBlock block) {
    AbLevel level = level_of(block, rate_hz_);
    if (!std::isfinite(level.true_peak_dbtp) || level.true_peak_dbtp < -110) return;
    // Below the gate of the meter it is raised by its peaks alone.
    const double wanted = std::isfinite(level.lufs) ? target_lufs_ - level.lufs : kMostGain_db;
    const double gain_db = std::min({wanted, kHighestPeak_dbtp - level.true_peak_dbtp, kMostGain_db});
    scale(block, gain_db);
    put(excerpt, name, std::move(block), gain_db);
  }

  void put(AbExcerpt& excerpt, const std::string& name, ComparedBlock block, double gain_db) {
    fade_ends(block, rate_hz_);
    AbVersion version;
    version.name = name;
    version.gain_db = gain_db;
    version.lufs = level_of(block, rate_hz_).lufs;
    version.is_matched = std::abs(version.lufs - target_lufs_) <= kMatched_lu;
    const std::int64_t stride = (block.frames + 15) / 16 * 16;
    AlignedArray<float> floats(static_cast<std::size_t>(stride * channels_));
    const MutableAudioView view{floats.data(), channels_, block.frames, stride};
    for (int c = 0; c < channels_; ++c) {
      const auto& channel = block.channels[static_cast<std::size_t>(c)];
      std::ranges::transform(channel, view.channel(c), [](double sample) { return static_cast<float>(sample); });
    }
    version.bytes = encoded(view, rate_hz_, options_.codec);
    excerpt.versions.push_back(std::move(version));
  }

  const AbOptions& options_;
  const std::atomic<bool>& is_cancelled_;
  const NamedMaster *after_ = nullptr, *unheard_ = nullptr;  // unheard: the first that is no master of the track alone
  std::vector<const NamedMaster*> removed_;
  int rate_hz_ = 0, channels_ = 0;
  double target_lufs_ = 0;
};

}  // namespace

std::size_t AbTrack::bytes() const {
  std::size_t sum = 0;
  for (const AbExcerpt& excerpt : excerpts) {
    for (const AbVersion& version : excerpt.versions) sum += version.bytes.size();
  }
  return sum;
}

AbTrack cut_track(const std::vector<NamedMaster>& masters, const AbOptions& options,
                  const std::atomic<bool>& is_cancelled) {
  AbTrack track;
  track.input = masters.at(0).track->input;
  track.title = std::filesystem::path(track.input).filename().string();
  try {
    Cutter(masters, options, is_cancelled).run(track);
  } catch (const AudioFileError& fault) {
    track.failure = fault.path() == track.input ? fault.reason() : fault.what();
  } catch (const DecoderDied& end) {
    track.failure = end.what();
  }
  const std::string name = name_of_track(*masters.at(0).track, *masters.at(0).entry) + ": ";
  if (!track.failure.empty() && !track.failure.starts_with(name)) track.failure.insert(0, name);
  return track;
}

}  // namespace lathe
