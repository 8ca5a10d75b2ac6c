#include "host/audit/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "host/audit/playback.h"
#include "host/recipe/numbers.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

// Below a minute the range is no use (EBU R 128 s1); the short-term loudness needs its 3 s (EBU Tech 3341).
constexpr double kShortestForRange_s = 60;
constexpr double kShortestForShortTerm_s = 3;

bool is_above(double value, double limit) { return value > limit + kEdgeSlack; }
bool is_below(double value, double limit) { return value < limit - kEdgeSlack; }
bool is_within(double value, const LoudnessWindow& window) {
  return !is_above(value, window.max_lufs) && !is_below(value, window.min_lufs);
}

std::string one_decimal_at_least(double value) {
  const std::string text = shortest(value);
  return text.find('.') == text.npos ? text + ".0" : text;
}

std::string with_decimals(double value, int decimals) {
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const bool is_minus_zero = text.starts_with('-') && text.find_first_not_of("-0.") == text.npos;
  return is_minus_zero ? text.substr(1) : text;
}

// With one decimal, or as many as it takes to differ from the limit.
std::string figure(double value, double limit) {
  for (int decimals = 1; decimals <= 6; ++decimals) {
    const std::string text = with_decimals(value, decimals);
    if (text != with_decimals(limit, decimals)) return text;
  }
  return one_decimal_at_least(value);
}

// A limit as it was meant: -23 - 0.2 is -23.2.
std::string limit_text(double limit) { return one_decimal_at_least(std::round(limit * 1e6) / 1e6); }

// A verdict as it comes about.
class Decision {
 public:
  explicit Decision(const DeliveryProfile& profile) : profile_(profile) {
    result_.name = profile.name;
    result_.version = profile.version;
  }

  void fail(std::string reason) {
    has_failed_ = true;
    result_.reasons.push_back(std::move(reason));
  }
  void cannot_judge(std::string reason) {
    is_open_ = true;
    result_.reasons.push_back(std::move(reason));
  }
  void note(std::string text) { result_.notes.push_back(std::move(text)); }

  void play(double loudness_lufs, double loudness_after_lufs, double true_peak_dbtp) {
    if (!std::isfinite(loudness_lufs) || !std::isfinite(true_peak_dbtp)) return;
    const PlaybackGain gain = playback_gain(*profile_.playback, loudness_lufs, true_peak_dbtp);
    result_.playback_gain_db = gain.gain_db;
    result_.playback_lufs = loudness_after_lufs + gain.gain_db;
    result_.is_limited_by_peak = gain.is_limited_by_peak;
  }

  ProfileResult take() {
    if (!profile_.has_limits()) note("nothing is asked for, so nothing was judged");
    for (const std::string& what : profile_.not_judged) note("not judged: " + what);
    result_.verdict = has_failed_ ? Verdict::fail : is_open_ ? Verdict::unmeasurable : Verdict::pass;
    return std::move(result_);
  }

 private:
  const DeliveryProfile& profile_;
  ProfileResult result_;
  bool has_failed_ = false;
  bool is_open_ = false;
};

// Which measure is asked for that is not there, or "" for what this meter has.
std::string missing_measure(LoudnessMeasure measure) {
  switch (measure) {
    case LoudnessMeasure::dialogue:
      return "needs a dialogue measurement, which this meter does not make";
    case LoudnessMeasure::rms:
      return "needs RMS levels, which this meter does not measure";
    case LoudnessMeasure::leq_m:
      return "needs Leq(m), which this meter does not measure";
    case LoudnessMeasure::programme:
      break;
  }
  return "";
}

// "integrated -22.5 LUFS is above -22.8 (-23 ±0.2)", of the window that is nearest.
std::string outside(std::string_view what, double loudness_lufs, const std::vector<LoudnessWindow>& windows) {
  const LoudnessWindow* nearest_window = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const LoudnessWindow& window : windows) {
    const double distance = std::max(loudness_lufs - window.max_lufs, window.min_lufs - loudness_lufs);
    if (distance < least) nearest_window = &window;
    least = std::min(least, distance);
  }
  const LoudnessWindow& window = *nearest_window;
  const bool is_loud = is_above(loudness_lufs, window.max_lufs);
  const double limit = is_loud ? window.max_lufs : window.min_lufs;
  std::string text = fmt::format("{} {} LUFS is {} {}", what, figure(loudness_lufs, limit), is_loud ? "above" : "below",
                                 limit_text(limit));
  if (window.target_lufs) {
    text += fmt::format(" ({} ±{})", shortest(*window.target_lufs), limit_text(window.max_lufs - *window.target_lufs));
  }
  return windows.size() > 1 ? text + ", the nearest of what is allowed" : text;
}

void judge_loudness(const std::vector<LoudnessWindow>& windows, std::string_view what, double loudness_lufs,
                    Decision& decision) {
  if (windows.empty()) return;
  for (const LoudnessWindow& window : windows) {
    if (window.is_judged()) continue;
    return decision.note(fmt::format("{} {:.1f} LUFS, target {}: no tolerance is known, so it was not judged", what,
                                     loudness_lufs, limit_text(*window.target_lufs)));
  }
  if (std::ranges::none_of(windows, [&](const LoudnessWindow& window) { return is_within(loudness_lufs, window); })) {
    decision.fail(outside(what, loudness_lufs, windows));
  }
}

void judge_peaks(const DeliveryLimits& limits, const LoudnessFigures& figures, Decision& decision) {
  const double peak = figures.true_peak_dbtp;
  const bool asks_true_peak = limits.max_true_peak_dbtp || limits.true_peak_below_dbtp || limits.when_louder;
  if (asks_true_peak && std::isnan(peak)) decision.cannot_judge("has no true peak");
  if (limits.when_louder && is_above(figures.integrated_lufs, limits.when_louder->than_lufs)) {
    const double most = limits.when_louder->max_true_peak_dbtp;
    if (is_above(peak, most)) {
      decision.fail(fmt::format("true peak {} dBTP is above {}, for a master louder than {} LUFS", figure(peak, most),
                                limit_text(most), limit_text(limits.when_louder->than_lufs)));
    }
  } else if (limits.max_true_peak_dbtp && is_above(peak, *limits.max_true_peak_dbtp)) {
    const double most = *limits.max_true_peak_dbtp;
    decision.fail(fmt::format("true peak {} dBTP is above {}", figure(peak, most), limit_text(most)));
  } else if (limits.true_peak_below_dbtp && !is_below(peak, *limits.true_peak_below_dbtp) && !std::isnan(peak)) {
    const double limit = *limits.true_peak_below_dbtp;
    decision.fail(fmt::format("true peak {} dBTP is not below {}", figure(peak, limit), limit_text(limit)));
  }
  if (!limits.max_sample_peak_dbfs) return;
  const double most = *limits.max_sample_peak_dbfs;
  if (std::isnan(figures.sample_peak_dbfs)) decision.cannot_judge("has no sample peak");
  if (is_above(figures.sample_peak_dbfs, most)) {
    decision.fail(
        fmt::format("sample peak {} dBFS is above {}", figure(figures.sample_peak_dbfs, most), limit_text(most)));
  }
}

void judge_dynamics(const DeliveryLimits& limits, const FileAudit& file, Decision& decision) {
  if (limits.max_short_term_lufs) {
    const double level = file.figures.max_short_term_lufs;
    const double most = *limits.max_short_term_lufs;
    if (file.duration_s() < kShortestForShortTerm_s || std::isnan(level)) {
      decision.cannot_judge("is shorter than 3 s, so it has no short-term loudness");
    } else if (is_above(level, most)) {
      decision.fail(fmt::format("max short-term {} LUFS is above {}", figure(level, most), limit_text(most)));
    }
  }
  if (limits.max_loudness_range_lu) {
    const double range = file.figures.loudness_range_lu;
    const double most = *limits.max_loudness_range_lu;
    if (file.duration_s() < kShortestForRange_s || std::isnan(range)) {
      decision.cannot_judge("is shorter than 60 s, too short for a loudness range");
    } else if (is_above(range, most)) {
      decision.fail(fmt::format("loudness range {} LU is above {}", figure(range, most), limit_text(most)));
    }
  }
}

std::string any_of(std::span<const int> values) {
  std::vector<std::string> words;
  for (const int value : values) words.push_back(std::to_string(value));
  return joined(words, " or ");
}

bool holds(std::span<const int> values, int value) { return std::ranges::find(values, value) != values.end(); }

void judge_format(const DeliveryLimits& limits, const FileAudit& file, Decision& decision) {
  if (!limits.sample_rates_hz.empty() && !holds(limits.sample_rates_hz, file.sample_rate_hz)) {
    decision.fail(fmt::format("{} Hz is not {} Hz", file.sample_rate_hz, any_of(limits.sample_rates_hz)));
  }
  if (!limits.bits.empty()) {
    int bits = 0;
    const char* end = file.encoding.data() + file.encoding.size();
    const auto [rest, error] = std::from_chars(file.encoding.data(), end, bits);
    const std::string_view words(rest, static_cast<std::size_t>(end - rest));
    if (error != std::errc{} || !words.starts_with("-bit")) {
      decision.cannot_judge("has no known word length");
    } else if (words != "-bit" || !holds(limits.bits, bits)) {
      decision.fail(fmt::format("{} is not {}-bit", file.encoding, any_of(limits.bits)));
    }
  }
  // A layout is not a fault of the file: the figures are of another one than the source measures.
  if (!limits.channels.empty() && !holds(limits.channels, file.channels)) {
    decision.cannot_judge(
        fmt::format("is measured on {} channels; this has {}", any_of(limits.channels), file.channels));
  }
}

bool is_measured_layout(const DeliveryLimits& limits, const FileAudit& file) {
  return limits.channels.empty() || holds(limits.channels, file.channels);
}

bool is_measured(const FileAudit& file) {
  return file.state == AuditState::measured && std::isfinite(file.figures.integrated_lufs);
}

std::string name_of(const FileAudit& file) { return file.path.filename().string(); }

// "a.wav, b.wav, c.wav and 9 more"
std::string names_of(const std::vector<const FileAudit*>& tracks) {
  constexpr std::size_t kNamed = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, tracks.size()); ++i) text += (i > 0 ? ", " : "") + name_of(*tracks[i]);
  return tracks.size() > kNamed ? fmt::format("{} and {} more", text, tracks.size() - kNamed) : text;
}

}  // namespace

ProfileResult judge(const DeliveryProfile& profile, const FileAudit& file) {
  Decision decision(profile);
  const LoudnessFigures& figures = file.figures;
  if (!is_measured(file)) {
    decision.cannot_judge("not measured: " + (file.reason.empty() ? "no integrated loudness" : file.reason));
    return decision.take();
  }
  const DeliveryLimits& limits = profile.limits;
  judge_format(limits, file, decision);
  if (is_measured_layout(limits, file)) {
    if (limits.measure != LoudnessMeasure::programme) {
      decision.cannot_judge(missing_measure(limits.measure));
    } else if (limits.album == AlbumRule::loudest_track) {
      std::vector<LoudnessWindow> ceilings = limits.integrated;
      for (LoudnessWindow& window : ceilings) window.min_lufs = -std::numeric_limits<double>::infinity();
      judge_loudness(ceilings, "integrated", figures.integrated_lufs, decision);
      decision.note("the loudness is asked of the album's loudest track; a track by itself can only be too loud");
    } else {
      judge_loudness(limits.integrated, "integrated", figures.integrated_lufs, decision);
    }
    judge_peaks(limits, figures, decision);
    judge_dynamics(limits, file, decision);
  }
  if (profile.playback) decision.play(figures.integrated_lufs, figures.integrated_lufs, figures.true_peak_dbtp);
  return decision.take();
}

ProfileResult judge(const DeliveryProfile& profile, const AlbumAudit& album, std::span<const FileAudit* const> files) {
  Decision decision(profile);
  std::vector<const FileAudit*> failed, open, unmeasured;
  const FileAudit* loudest = nullptr;
  for (const FileAudit* file : files) {
    const Verdict verdict = judge(profile, *file).verdict;
    if (verdict == Verdict::fail) failed.push_back(file);
    if (verdict == Verdict::unmeasurable) open.push_back(file);
    if (!is_measured(*file)) {
      unmeasured.push_back(file);
    } else if (!loudest || file->figures.integrated_lufs > loudest->figures.integrated_lufs) {
      loudest = file;
    }
  }
  if (!loudest || !album.figures) {
    decision.cannot_judge("nothing of the album was measured");
    return decision.take();
  }
  const auto of_all = [&](std::size_t count) { return fmt::format("{} of {} tracks", count, files.size()); };
  if (!failed.empty()) decision.fail(fmt::format("{} fail: {}", of_all(failed.size()), names_of(failed)));
  if (!open.empty()) {
    decision.cannot_judge(fmt::format("{} could not be judged: {}", of_all(open.size()), names_of(open)));
  }
  const bool asks_for_loudest =
      profile.limits.album == AlbumRule::loudest_track && profile.limits.measure == LoudnessMeasure::programme;
  if (asks_for_loudest && unmeasured.empty()) {
    judge_loudness(profile.limits.integrated, "loudest track '" + name_of(*loudest) + "' at",
                   loudest->figures.integrated_lufs, decision);
  }
  if (profile.playback && profile.playback->album != PlaybackAlbum::none) {
    const double integrated = album.figures->integrated_lufs;
    const bool is_by_loudest = profile.playback->album == PlaybackAlbum::loudest_track;
    decision.play(is_by_loudest ? loudest->figures.integrated_lufs : integrated, integrated,
                  album.figures->true_peak_dbtp);
    if (!unmeasured.empty()) {
      decision.note(fmt::format("the gain is by the tracks that were measured; not by {}", names_of(unmeasured)));
    }
  }
  return decision.take();
}

}  // namespace lathe
