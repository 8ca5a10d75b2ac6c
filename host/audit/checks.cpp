#include "host/audit/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/audit/spectrum_checks.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr int kManyRuns = 10, kLongRun = 10;
constexpr double kDcDb = -50, kShortestForDcS = 1;
constexpr double kLongestHeadS = 1, kLongestTailS = 5;
constexpr double kEndDb = -30, kEndBelowTailDb = 20;
constexpr double kSameDb = -90, kProgrammeDb = -60;
constexpr double kImbalanceLu = 3;
constexpr double kMonoLossDb = -6;
// Between the 1/256 of music that has 24 bits and the nearly all of music that was padded.
// One by chance was in one of a hundred untouched excerpts of the tuning third; five were in none.
constexpr std::int64_t kManyClicks = 5;
constexpr double kManyAMinute = 2;
constexpr double kPaddedShare = 0.5;

bool is_silent(const ChannelFacts& channel) { return channel.peak() <= SilenceTracker::kSilence; }

double seconds(std::int64_t frames, const Inspection& track) {
  return static_cast<double>(frames) / track.sample_rate_hz;
}

// "left", "right", or "channel 3".
std::string name_of(std::size_t channel, const Inspection& track) {
  if (track.channels.size() == 2) return channel == 0 ? "left" : "right";
  return fmt::format("channel {}", channel + 1);
}

void check_clipping(const Inspection& track, std::vector<AuditFinding>& findings) {
  ClippedRuns all;
  for (const ChannelFacts& channel : track.channels) {
    const ClippedRuns& runs = channel.clipped;
    if (runs.runs == 0) continue;
    all.first_frame = all.runs == 0 ? runs.first_frame : std::min(all.first_frame, runs.first_frame);
    all.runs += runs.runs;
    all.samples += runs.samples;
    all.longest = std::max(all.longest, runs.longest);
    all.level = std::max(all.level, std::abs(runs.level));
  }
  if (all.runs == 0) return;
  const double level_db = amplitude_to_db(static_cast<double>(all.level)),
               longest_ms = 1000 * seconds(all.longest, track);
  findings.push_back(
      {"clipped-runs",
       all.runs >= kManyRuns || all.longest >= kLongRun ? Severity::warning : Severity::info,
       fmt::format("{} flat {} at {:.1f} dBFS, the longest of {} samples ({:.2f} ms)", all.runs,
                   all.runs == 1 ? "top" : "tops", level_db > -0.05 ? 0.0 : level_db, all.longest, longest_ms),
       seconds(all.first_frame, track),
       {{"runs", static_cast<double>(all.runs)},
        {"samples", static_cast<double>(all.samples)},
        {"longest_samples", static_cast<double>(all.longest)},
        {"longest_ms", longest_ms},
        {"level_dbfs", level_db}}});
}

void check_dc(const Inspection& track, std::vector<AuditFinding>& findings) {
  if (seconds(track.frames, track) < kShortestForDcS) return;
  std::size_t worst = 0;
  for (std::size_t c = 1; c < track.channels.size(); ++c) {
    if (std::abs(track.channels[c].mean) > std::abs(track.channels[worst].mean)) worst = c;
  }
  const double mean = track.channels[worst].mean, level_db = amplitude_to_db(std::abs(mean));
  if (level_db < kDcDb) return;
  findings.push_back({"dc-offset",
                      Severity::warning,
                      fmt::format("DC offset of {:+.4f} ({:.1f} dBFS) in {}", mean, level_db, name_of(worst, track)),
                      std::nullopt,
                      {{"offset", mean}, {"offset_dbfs", level_db}, {"channel", static_cast<double>(worst + 1)}}});
}

void check_ends(const Inspection& track, std::vector<AuditFinding>& findings) {
  const SilenceFacts& at = track.silence;
  const double head_s = seconds(at.first_sound, track), head_black_s = seconds(at.first_nonzero, track);
  if (head_s > kLongestHeadS) {
    findings.push_back(
        {"head-silence",
         Severity::warning,
         fmt::format("{:.3f} s of silence at the head, {:.3f} s of it digital black", head_s, head_black_s),
         0.0,
         {{"silence_s", head_s}, {"black_s", head_black_s}}});
  }
  const double tail_s = seconds(at.frames - 1 - at.last_sound, track),
               tail_black_s = seconds(at.frames - 1 - at.last_nonzero, track);
  if (tail_s > kLongestTailS) {
    findings.push_back(
        {"tail-silence",
         Severity::warning,
         fmt::format("{:.3f} s of silence at the tail, {:.3f} s of it digital black", tail_s, tail_black_s),
         seconds(at.last_sound + 1, track),
         {{"silence_s", tail_s}, {"black_s", tail_black_s}}});
  }
  if (at.gaps > 0) {
    const double longest_ms = 1000 * seconds(at.longest_gap, track);
    findings.push_back({"gap",
                        Severity::warning,
                        fmt::format("{} {} of digital black within programme, the longest of {:.1f} ms", at.gaps,
                                    at.gaps == 1 ? "gap" : "gaps", longest_ms),
                        seconds(at.first_gap_frame, track),
                        {{"gaps", static_cast<double>(at.gaps)}, {"longest_ms", longest_ms}}});
  }
  const double end_db = amplitude_to_db(static_cast<double>(at.end_peak)),
               tail_db = amplitude_to_db(static_cast<double>(at.tail_peak));
  if (end_db > kEndDb && end_db > tail_db - kEndBelowTailDb) {
    findings.push_back({"cut-tail",
                        Severity::warning,
                        fmt::format("ends while it plays: {:.1f} dBFS in the last {:g} ms; right only where the next "
                                    "track goes on",
                                    end_db, SilenceTracker::kEndMs),
                        seconds(at.last_nonzero, track),
                        {{"end_peak_dbfs", end_db}, {"tail_peak_dbfs", tail_db}}});
  }
}

// Whether there was one.
bool check_silent_channels(const Inspection& track, std::vector<AuditFinding>& findings) {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < track.channels.size(); ++c) {
    if (is_silent(track.channels[c])) names.push_back(name_of(c, track));
  }
  if (names.empty()) return false;
  findings.push_back({"silent-channel",
                      track.channels.size() == 2 ? Severity::warning : Severity::info,
                      fmt::format("nothing above -90 dBFS in {}", fmt::join(names, ", ")),
                      std::nullopt,
                      {{"channels", static_cast<double>(names.size())}}});
  return true;
}

// Powers without DC, which has no part in what is heard.
struct StereoPowers {
  double left = 0, right = 0, product = 0;
};

StereoPowers stereo_powers(const Inspection& track) {
  const double left_dc = track.channels[0].mean, right_dc = track.channels[1].mean;
  return {track.channels[0].mean_square - left_dc * left_dc, track.channels[1].mean_square - right_dc * right_dc,
          track.pair->mean_product - left_dc * right_dc};
}

void check_stereo(const Inspection& track, std::vector<AuditFinding>& findings) {
  if (!track.pair) return;
  const PairFacts& pair = *track.pair;
  const double difference_db = power_to_db(pair.difference_mean_square);
  const bool is_same = pair.difference_peak == 0;
  if (is_same || (difference_db < kSameDb && power_to_db(stereo_powers(track).left) > kProgrammeDb)) {
    AuditFinding finding{"dual-mono", Severity::warning, "left and right are the same", std::nullopt, {}};
    if (!is_same) {
      finding.message = fmt::format("left and right differ by {:.1f} dBFS RMS only", difference_db);
      finding.figures["difference_dbfs"] = difference_db;
    }
    findings.push_back(std::move(finding));
    return;
  }
  const std::optional<double> balance_lu = channel_balance_lu(track);
  if (balance_lu && std::abs(*balance_lu) >= kImbalanceLu) {
    findings.push_back(
        {"channel-imbalance",
         Severity::warning,
         fmt::format("{} is {:.1f} LU louder", *balance_lu > 0 ? "left" : "right", std::abs(*balance_lu)),
         std::nullopt,
         {{"left_minus_right_lu", *balance_lu}}});
  }
  const std::optional<StereoFigures> stereo = stereo_figures(track);
  if (!stereo) return;
  const double correlation = stereo->correlation, loss_db = stereo->mono_loss_db;
  if (loss_db <= kMonoLossDb) {
    AuditFinding finding{"mono-loss",
                         Severity::warning,
                         fmt::format("{:.1f} dB are lost in mono, at a correlation of {:+.2f}", -loss_db, correlation),
                         std::nullopt,
                         {{"correlation", correlation}}};
    if (std::isfinite(loss_db)) {
      finding.figures["mono_loss_db"] = loss_db;
    } else {
      finding.message = fmt::format("nothing is left in mono, at a correlation of {:+.2f}", correlation);
    }
    findings.push_back(std::move(finding));
  }
}

void check_bits(Encoding encoding, const WordUse& use, std::vector<AuditFinding>& findings) {
  const int bits = bits_per_sample(encoding), unused = bits - use.used_bits;
  if (use.used_bits == 0 || is_float(encoding)) return;
  if (unused > 0) {
    findings.push_back({"unused-bits",
                        bits > 16 && use.used_bits <= 16 ? Severity::warning : Severity::info,
                        fmt::format("a {}-bit file of {}-bit samples: the low {} {} always 0", bits, use.used_bits,
                                    unused, unused == 1 ? "bit is" : "bits are"),
                        std::nullopt,
                        {{"used_bits", use.used_bits}, {"unused_bits", unused}, {"padded_share", use.padded_share}}});
  }
  // The one says all of it already where 16 bits are used.
  if (use.padded_share < kPaddedShare || (unused > 0 && use.used_bits <= 16)) return;
  AuditFinding finding{
      "unused-bits",
      Severity::warning,
      fmt::format("a {}-bit file of 16-bit samples, but for passages that were calculated anew: {:.1f} % of the "
                  "samples use no more than 16 bits",
                  bits, 100 * use.padded_share),
      std::nullopt,
      {{"used_bits", use.used_bits}, {"unused_bits", unused}, {"padded_share", use.padded_share}}};
  if (unused > 0) findings.pop_back();
  findings.push_back(std::move(finding));
}

void check_clicks(const Inspection& track, std::vector<AuditFinding>& findings) {
  const ClickFacts& clicks = track.clicks;
  if (clicks.clicks == 0) return;
  const double per_minute = 60 * static_cast<double>(clicks.clicks) / seconds(track.frames, track);
  // Of a spike of one sample.
  const double worst_db = amplitude_to_db(static_cast<double>(clicks.worst) / 6),
               worst_at_s = seconds(clicks.worst_frame, track);
  findings.push_back(
      {"clicks",
       clicks.clicks >= kManyClicks && per_minute >= kManyAMinute ? Severity::warning : Severity::info,
       fmt::format("{} {} standing alone, {:.1f} a minute, the worst of {:.1f} dBFS at {:.3f} s", clicks.clicks,
                   clicks.clicks == 1 ? "click" : "clicks", per_minute, worst_db, worst_at_s),
       seconds(clicks.first_frame, track),
       {{"clicks", static_cast<double>(clicks.clicks)},
        {"per_minute", per_minute},
        {"worst_dbfs", worst_db},
        {"worst_at_s", worst_at_s}}});
}

}  // namespace

std::optional<StereoFigures> stereo_figures(const Inspection& track) {
  if (!track.pair || is_silent(track.channels[0]) || is_silent(track.channels[1])) return std::nullopt;
  const auto [left, right, product] = stereo_powers(track);
  if (!(left > 0 && right > 0)) return std::nullopt;
  const double kept = std::max(0.0, (left + right + 2 * product) / (2 * (left + right)));
  return StereoFigures{std::clamp(product / std::sqrt(left * right), -1.0, 1.0), power_to_db(kept)};
}

std::vector<AuditFinding> check_signal(const Inspection& track, Encoding encoding, const WordUse& use) {
  std::vector<AuditFinding> findings;
  if (track.silence.first_sound < 0) return findings;
  check_clipping(track, findings);
  check_dc(track, findings);
  check_ends(track, findings);
  if (!check_silent_channels(track, findings)) check_stereo(track, findings);
  check_bits(encoding, use, findings);
  check_spectrum(track, findings);
  check_clicks(track, findings);
  return findings;
}

}  // namespace lathe
