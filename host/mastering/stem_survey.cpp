#include "host/mastering/stem_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <map>

#include "host/audio_file/input_file.h"
#include "host/mastering/stem_copies.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/math/decibel.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace {

constexpr std::int64_t kSurveyBlock = 32768;
constexpr std::int64_t kMostLag = 2048;  // frames that a stem is looked for beside its place
constexpr double kFitsDb = -60;          // a residual below this needs no explanation
constexpr double kExplained = 0.1;       // of the energy left by a stem as it is: so little is left by a better fit
constexpr double kSameGainDb = 0.05;
constexpr double kMostGainDb = 40;  // beyond it a stem that was found in what is left is not there, or not itself
constexpr double kClearPeak = 0.5;  // of what is left without a stem, what its best place explains
// Of a stem's energy, what the others together do not explain, where it is their sum: a mixdown may have been limited.
// Mixed stems of real music share far less.
constexpr double kMixdownLeft = 0.03;

std::int64_t frames_of(const std::vector<AudioReader>& stems) {
  std::int64_t most = 0;
  for (const AudioReader& stem : stems) most = std::max(most, stem.format().frames);
  return most;
}

double energy_of(AudioView frames) {
  double sum = 0;
  for (int c = 0; c < frames.channels; ++c)
    for (std::int64_t n = 0; n < frames.frames; ++n)
      sum += static_cast<double>(frames.channel(c)[n]) * frames.channel(c)[n];
  return sum;
}

// All stems, and the mixdown if there is one, block by block.
class SideBySide {
 public:
  SideBySide(std::vector<AudioReader>& stems, AudioReader* mixdown, int channels) : frames_(frames_of(stems)) {
    for (AudioReader& stem : stems) readers_.push_back(&stem);
    if (mixdown != nullptr) {
      readers_.push_back(mixdown);
      frames_ = std::max(frames_, mixdown->format().frames);
    }
    for (AudioReader* reader : readers_) {
      reader->rewind();
      blocks_.emplace_back(*reader, channels);
    }
  }
  ~SideBySide() = default;

  std::int64_t frames() const { return frames_; }

  // The next block of each: stems in order, then the mixdown. Empty at the end.
  std::vector<MutableAudioView> next() {
    std::vector<MutableAudioView> views;
    const std::int64_t count = std::min(kSurveyBlock, frames_ - done_);
    if (count <= 0) {
      for (AudioReader* reader : readers_) reader->rewind();
      return views;
    }
    for (StemBlocks& block : blocks_) views.push_back(block.next(count));
    done_ += count;
    return views;
  }

 private:
  std::vector<AudioReader*> readers_;
  std::vector<StemBlocks> blocks_;
  std::int64_t frames_;
  std::int64_t done_ = 0;
};

// Sums for the null test, in the order of the frames.
struct NullSums {
  double mixdown = 0, sum = 0, cross = 0, difference = 0;
  bool is_exact = true;

  double residual_db(double gain) const {
    const double left = mixdown - 2 * gain * cross + gain * gain * sum;
    if (gain == 1) return power_to_db(difference / mixdown);
    return power_to_db(std::max(left, 0.0) / mixdown);
  }
};

// A stem against all the others together.
struct Likeness {
  double stem = 0, rest = 0, cross = 0;

  void add(double stem_sample, double sum_sample) {
    const double others = sum_sample - stem_sample;
    stem += stem_sample * stem_sample;
    rest += others * others;
    cross += stem_sample * others;
  }
  // Of the stem's energy, what a gain of the others leaves.
  double left() const {
    return stem > 0 && rest > 0 && cross > 0 ? std::max(0.0, 1 - cross * cross / (stem * rest)) : 1;
  }
};

std::string mixdown_text(const std::string& name) {
  return name +
         " holds what all the other stems hold together: is it the mixdown? Then everything is in the mix twice; "
         "name it with --mixdown, or take it out of the folder";
}

// File names; where two are the same, with their folders.
std::vector<std::string> names_of(const std::vector<AudioReader>& stems) {
  std::map<std::string, int> count;
  for (const AudioReader& stem : stems) ++count[stem.file().path().filename().string()];
  std::vector<std::string> names;
  for (const AudioReader& stem : stems) {
    const std::filesystem::path& path = stem.file().path();
    const std::string name = path.filename().string();
    names.push_back(count[name] == 1 ? name : path.string());
  }
  return names;
}

// Of the suspects those that are copies over all their frames: of each stem the first that it is a copy of.
std::vector<StemCopy> proven_copies(const std::vector<StemCopy>& suspects, std::vector<AudioReader>& stems,
                                    int channels, const std::function<void()>& check) {
  std::vector<StemCopy> copies;
  if (suspects.empty()) return copies;
  std::vector<StemProducts> products(suspects.size());
  SideBySide all(stems, nullptr, channels);
  for (auto views = all.next(); !views.empty(); views = all.next()) {
    check();
    for (std::size_t i = 0; i < suspects.size(); ++i) products[i].add(views[suspects[i].of], views[suspects[i].stem]);
  }
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    if (products[i].left() > kCopyLeft || (!copies.empty() && copies.back().stem == suspects[i].stem)) continue;
    copies.push_back({suspects[i].stem, suspects[i].of, products[i].gain()});
  }
  return copies;
}

// A window of a stem and of what the mixdown leaves for it, channels added up.
struct Windows {
  std::vector<double> stem, left;
};

struct Fit {
  std::int64_t lag = 0;  // the stem comes so much later in the mixdown
  double gain = 1;
  // Energies, as parts of what is left with the stem as it is: at this lag and gain, and without the stem.
  double left = 1, without = 1;
  double clearness = 0;  // of what is left without the stem, what it explains here
};

// The best lag and gain of a stem. Both windows are as long; lags run over its middle.
Fit best_fit(const Windows& w) {
  const auto n = static_cast<std::int64_t>(w.stem.size());
  const std::int64_t first = kMostLag, end = n - kMostLag;
  Fit best;
  double most = 0, left_energy = 0, as_it_is = 0;
  for (std::int64_t i = first; i < end; ++i) {
    const double s = w.stem[static_cast<std::size_t>(i)], l = w.left[static_cast<std::size_t>(i)];
    left_energy += l * l;
    as_it_is += (l - s) * (l - s);
  }
  // From the middle outwards: of the places where a steady tone fits alike, the nearest.
  for (std::int64_t step = 0; step <= 2 * kMostLag; ++step) {
    const std::int64_t lag = step % 2 == 0 ? step / 2 : -(step + 1) / 2;
    double cross = 0, energy = 0;
    for (std::int64_t i = first; i < end; ++i) {
      const double s = w.stem[static_cast<std::size_t>(i - lag)];
      cross += w.left[static_cast<std::size_t>(i)] * s;
      energy += s * s;
    }
    if (energy == 0) continue;
    const double explained = cross * cross / energy;
    if (explained <= most * (1 + 1e-9)) continue;
    most = explained;
    best.lag = lag;
    best.gain = cross / energy;
  }
  if (as_it_is > 0) {
    best.left = std::max(0.0, left_energy - most) / as_it_is;
    best.without = left_energy / as_it_is;
  }
  if (left_energy > 0) best.clearness = most / left_energy;
  return best;
}

std::string shift_text(std::int64_t lag) {
  return fmt::format("{} frame{} {}", std::abs(lag), std::abs(lag) == 1 ? "" : "s", lag > 0 ? "early" : "late");
}

// Nothing that has a place or a level of its own is left for the stem.
bool is_absent(const Fit& fit) {
  return fit.without <= kExplained &&
         (fit.clearness < kClearPeak || amplitude_to_db(std::abs(fit.gain)) < -kMostGainDb);
}

// In words, what is wrong with a stem; empty if nothing is.
std::string finding_of(const std::string& name, const Fit& fit) {
  if (fit.left > kExplained) return {};
  const double gain_db = amplitude_to_db(std::abs(fit.gain));
  if (is_absent(fit))
    return name + " is not in the mixdown, or another stem holds the same: without it the others fit the mixdown";
  if (fit.clearness < kClearPeak || std::abs(gain_db) > kMostGainDb) return {};
  std::vector<std::string> said;
  if (fit.lag != 0)
    said.push_back(fmt::format("lies {} against the mixdown: shift it by {} frames", shift_text(fit.lag), fit.lag));
  if (fit.gain < 0) said.emplace_back("is upside down against the mixdown");
  if (std::abs(gain_db) > kSameGainDb)
    said.push_back(
        fmt::format("stands {:.2f} dB {} in the mixdown", std::abs(gain_db), gain_db > 0 ? "higher" : "lower"));
  if (said.empty()) return {};
  std::string text = name + " " + said.front();
  for (std::size_t i = 1; i < said.size(); ++i) text += ", and " + said[i];
  return text;
}

// The windows around each stem's strongest block.
std::vector<Windows> windows_of(std::vector<AudioReader>& stems, int channels, AudioReader& mixdown, double gain,
                                const std::vector<std::int64_t>& strongest, const std::function<void()>& check) {
  std::vector<Windows> windows(stems.size());
  SideBySide all(stems, &mixdown, channels);
  std::int64_t block = 0;
  for (auto views = all.next(); !views.empty(); views = all.next(), ++block) {
    check();
    for (std::size_t k = 0; k < stems.size(); ++k) {
      if (strongest[k] != block) continue;
      const std::int64_t frames = views[k].frames;
      windows[k].stem.assign(static_cast<std::size_t>(frames), 0.0);
      windows[k].left.assign(static_cast<std::size_t>(frames), 0.0);
      for (std::int64_t n = 0; n < frames; ++n) {
        const auto at = static_cast<std::size_t>(n);
        for (int c = 0; c < channels; ++c) {
          windows[k].stem[at] += views[k].channel(c)[n];
          windows[k].left[at] += views.back().channel(c)[n] / gain;
          for (std::size_t j = 0; j < stems.size(); ++j)
            if (j != k) windows[k].left[at] -= views[j].channel(c)[n];
        }
      }
    }
  }
  return windows;
}

}  // namespace

StemBlocks::StemBlocks(AudioReader& stem, int channels) : stem_(stem), channels_(channels) {}

MutableAudioView StemBlocks::next(std::int64_t frames) {
  const AudioFormat& format = stem_.format();
  bytes_.resize(static_cast<std::size_t>(frames * frame_bytes(format)) + kPcmSlackBytes);
  planes_.assign(static_cast<std::size_t>(frames * std::max(channels_, format.channels)), 0.0F);
  const MutableAudioView view{planes_.data(), format.channels, frames, frames};
  const std::int64_t count = stem_.read(bytes_.data(), frames);
  if (count > 0) {
    unpack_pcm(bytes_.data(), format.encoding, {planes_.data(), format.channels, count, frames});
    if (is_float(format.encoding)) find_non_finite(view, true);  // counted by the stem's own chain
  }
  for (int c = format.channels; c < channels_; ++c) std::copy_n(planes_.data(), frames, planes_.data() + c * frames);
  return {planes_.data(), channels_, frames, frames};
}

StemSurvey survey_stems(std::vector<AudioReader>& stems, const std::vector<bool>& wants_rest, int channels,
                        AudioReader* mixdown, const std::function<void()>& check) {
  const AudioFormat& format = stems.front().format();
  const LoudnessMeter::Setup setup{static_cast<double>(format.sample_rate_hz), channel_weights(channels, 0), true,
                                   false, frames_of(stems)};
  std::deque<LoudnessMeter> meters, rest_meters;  // they do not move
  for (std::size_t i = 0; i < stems.size(); ++i) {
    meters.emplace_back(setup);
    rest_meters.emplace_back(setup);
  }
  LoudnessMeter mix_meter(setup);
  std::vector<double> most(stems.size(), -1);
  std::vector<std::int64_t> strongest(stems.size(), 0);
  std::vector<Likeness> likeness(stems.size());
  CopySearch search(stems.size());
  NullSums null;
  std::vector<float> mix(static_cast<std::size_t>(kSurveyBlock * channels)), others(mix.size());
  const MutableAudioView rest{others.data(), channels, kSurveyBlock, kSurveyBlock};
  SideBySide all(stems, mixdown, channels);
  std::int64_t block = 0;
  for (auto views = all.next(); !views.empty(); views = all.next(), ++block) {
    check();
    const std::int64_t frames = views.front().frames;
    const MutableAudioView sum{mix.data(), channels, frames, kSurveyBlock};
    for (int c = 0; c < channels; ++c) {
      for (std::int64_t n = 0; n < frames; ++n) {
        double total = 0;
        for (std::size_t k = 0; k < stems.size(); ++k) total += views[k].channel(c)[n];
        sum.channel(c)[n] = static_cast<float>(total);
        for (std::size_t k = 0; k < stems.size(); ++k) likeness[k].add(views[k].channel(c)[n], total);
        if (mixdown == nullptr) continue;
        const double wanted = views.back().channel(c)[n];
        null.mixdown += wanted * wanted;
        null.sum += total * total;
        null.cross += wanted * total;
        null.difference += (wanted - total) * (wanted - total);
        null.is_exact = null.is_exact && views.back().channel(c)[n] == sum.channel(c)[n];
      }
    }
    search.take(views);
    mix_meter.take(sum);
    for (std::size_t k = 0; k < stems.size(); ++k) {
      meters[k].take(views[k]);
      for (int c = 0; c < channels && wants_rest[k]; ++c) {
        for (std::int64_t n = 0; n < frames; ++n) rest.channel(c)[n] = sum.channel(c)[n] - views[k].channel(c)[n];
      }
      if (wants_rest[k]) rest_meters[k].take(rest.slice(0, frames));
      const double energy = energy_of(views[k]);
      if (frames == kSurveyBlock && energy > most[k]) {
        most[k] = energy;
        strongest[k] = block;
      }
    }
  }
  StemSurvey survey;
  mix_meter.finish();
  survey.mix = measurement_of(mix_meter.take_reading(), frames_of(stems), format.sample_rate_hz);
  for (std::size_t k = 0; k < stems.size(); ++k) {
    meters[k].finish();
    rest_meters[k].finish();
    survey.rest_lufs.push_back(rest_meters[k].figures().integrated_lufs);
    survey.stems.push_back(measurement_of(meters[k].take_reading(), stems[k].format().frames, format.sample_rate_hz));
  }
  const std::vector<std::string> names = names_of(stems);
  const std::vector<StemCopy> copies = proven_copies(search.suspects(), stems, channels, check);
  std::vector<bool> is_copied(stems.size(), false), is_like_another(stems.size(), false);
  for (const StemCopy& copy : copies) {
    survey.findings.push_back(copy_text(copy, names));
    is_copied[copy.of] = true;
    is_like_another[copy.of] = is_like_another[copy.stem] = true;
  }
  for (std::size_t k = 0; k < stems.size() && stems.size() > 2; ++k)
    if (!is_like_another[k] && likeness[k].left() <= kMixdownLeft) survey.findings.push_back(mixdown_text(names[k]));
  if (mixdown == nullptr) return survey;
  NullTest& test = survey.null_test.emplace();
  test.mixdown = mixdown->file().path();
  test.is_exact = null.is_exact;
  const double gain = null.sum > 0 ? null.cross / null.sum : 1;
  test.residual_db = null.residual_db(1);
  const bool is_scaled = test.residual_db > kFitsDb && gain > 0 && null.residual_db(gain) < kFitsDb;
  if (is_scaled) {
    test.gain_db = amplitude_to_db(gain);
    test.residual_db = null.residual_db(gain);
  }
  if (mixdown->format().frames != frames_of(stems)) {
    test.findings.push_back(
        fmt::format("the mixdown has {} frames, and the longest stem {}", mixdown->format().frames, frames_of(stems)));
  }
  if (test.residual_db <= kFitsDb) return survey;
  bool is_explained = false;
  // Where nothing is found with the mixdown as it is, it may stand at another level too.
  for (const double level : {1.0, gain}) {
    if (is_explained || (level != 1.0 && std::abs(amplitude_to_db(std::abs(gain))) < kSameGainDb)) continue;
    if (!(level > 0)) continue;
    const std::vector<Windows> windows = windows_of(stems, channels, *mixdown, level, strongest, check);
    for (std::size_t k = 0; k < stems.size(); ++k) {
      check();
      if (static_cast<std::int64_t>(windows[k].stem.size()) < 3 * kMostLag) continue;
      const Fit fit = best_fit(windows[k]);
      const std::string finding = finding_of(names[k], fit);
      // Of stems that hold the same the sum is off by the copy, not by a place or a level.
      if (finding.empty() || (is_like_another[k] && (is_copied[k] || !is_absent(fit)))) continue;
      is_explained = true;
      test.findings.push_back(finding);
    }
  }
  if (!is_explained) {
    const std::string unexplained = "no shift or gain of one stem explains what is left: ";
    test.findings.push_back(
        unexplained + (copies.empty() ? "the mixdown holds something that is in no stem (one is missing?), or was "
                                        "made with processing on the sum"
                                      : "it may be the copies; take them out, and run again"));
  }
  return survey;
}

}  // namespace lathe
