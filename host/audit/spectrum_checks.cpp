#include "host/audit/spectrum_checks.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/inspection/band_limit.h"
#include "kernels/math/decibel.h"
#include "kernels/math/k_weighting.h"

namespace lathe {
namespace {

// Found on the tuning third of the excerpts of docs/detectors.md, but for three figures that were raised after the
// first reading of the others: the walls of 35 and 40 dB and the lowest cut-off of a codec.

// A wall of the average spectrum that gives a track away.
struct SpectrumRule {
  double lowest_hz;      // cut-offs looked for
  double highest_share;  // of the sample rate
  double highest_foot_hz;
  double transition_hz;
  double wall_db;      // at least
  double floor_db_hz;  // at most
  double least_db_hz;  // of what lies below the wall
};
// Encoders cut within 700 Hz and leave 55 dB and more; what was not coded slopes by up to 13. The floor: 16 bits
// rounded leave -144 dBFS/Hz, with dither -140. The foot: 20 kHz is what converters keep. What lies below the wall is
// 10 dB above what 16 bits leave: dull music of 24 bits falls in steps of its own on the way down to its floor. Samples
// of a low rate played by a tracker had walls of up to 27 dB; 25 instead of 35 finds one of 100 coded files more.
constexpr SpectrumRule kLossy{14300, 0.5, 20100, 700, 35, -135, -130};
// A wall as steep as this is an encoder's, up to the foot of MP3 at 320 kbit/s and Opus, and however low it stands:
// those of honest music of 24 bits, where its level falls into the floor, had 32 dB at most.
constexpr double kSteepDb = 45, kHighestSteepFootHz = 20850;
constexpr double kLowestLossyRateHz = 44100;  // below, walls under 20 kHz are those of the rate itself
// Resamplers take up to 2.5 kHz and left 48 dB and more, to a floor of -145 dBFS/Hz at 16 bits. Half of what the rate
// could hold, and a margin for the transition. Played-back samples had up to 39 dB.
constexpr SpectrumRule kUpsampled{10000, 0.28, 1e6, 2500, 40, -135, -200};
constexpr double kShortestForSpectrumS = 1;
constexpr double kLowestHighRateHz = 64000;

// Walls from moment to moment. Of 300 honest versions of the excerpts none had them at a codec's cut-off in more than a
// tenth of its moments, or up to a fifth where the cut-off is below what codecs use today; of MP3 at 320 kbit/s four of
// five had them in more.
constexpr double kWallShare = 0.15, kWallShareOfLow = 0.25, kLowCodecHz = 15800;
constexpr std::int64_t kFewestWalls = 8;
// Codecs of 96 kbit/s and more cut at 15 kHz or above; below end samples of 22.05 and 32 kHz.
constexpr double kLowestCodecHz = 15000;
// MP3 at 320 kbit/s ends at 20.1 kHz, Opus at 20, which bands of 188 Hz at 48 kHz blur to 20.25. Samplers that play
// back at 44.1 kHz had walls at 20.5.
constexpr double kHighestCodecHz = 20300;
// What is at 48 kHz and ends between the next and 22.05 kHz was at 44.1: by the moments' cut-off, by the average's
// foot. Opus at 48 kHz has its foot at 21.0 at most.
constexpr double kLowestOf44Hz = 20700, kLowestFootOf44Hz = 21100, kHighestOf44Hz = 22200;
// A foot below this is up-sampling only where it fits 22.05 kHz: other low ends are those of instruments.
constexpr double kLowestFreeFootHz = 15000;

constexpr double kUltrasonicLu = 0.1;

// The standard sample rate that a spectrum ending at `foot_hz` points to; bins and bands blur the foot by a band.
double source_rate_of(double foot_hz, double blur_hz) {
  for (const double rate_hz : {22050.0, 32000.0, 44100.0, 48000.0, 64000.0, 88200.0, 96000.0, 176400.0, 192000.0}) {
    if (foot_hz <= rate_hz / 2 + blur_hz) return rate_hz;
  }
  return 2 * foot_hz;
}

double k_gain(const std::array<Biquad, 2>& filter, double hz, double rate_hz) {
  const double gain = magnitude(filter[0], hz, rate_hz) * magnitude(filter[1], hz, rate_hz);
  return gain * gain;
}

AuditFinding lossy(double cutoff_hz, const std::string& how, std::map<std::string, double> figures) {
  // 32 kHz is the rate of broadcast links and of old samplers.
  const bool may_be_32 = cutoff_hz > 14000 && cutoff_hz < 16200;
  figures["cutoff_hz"] = cutoff_hz;
  return {"lossy-source", Severity::warning,
          fmt::format("coded with loss before{}: {}", may_be_32 ? ", or from 32 kHz" : "", how), std::nullopt,
          std::move(figures)};
}

AuditFinding upsampled(double cutoff_hz, double source_hz, const std::string& how,
                       std::map<std::string, double> figures) {
  figures["cutoff_hz"] = cutoff_hz;
  figures["source_rate_hz"] = source_hz;
  return {"upsampled", Severity::warning,
          fmt::format("from a lower sample rate, {:g} kHz by its end: {}", source_hz / 1000, how), std::nullopt,
          std::move(figures)};
}

bool is_at_48k(const Inspection& track) {
  return track.sample_rate_hz > 47000 && track.sample_rate_hz < kLowestHighRateHz;
}

// Walls from moment to moment. True when something was said.
bool check_walls(const Inspection& track, std::vector<AuditFinding>& findings) {
  const SpectralWallFacts& walls = track.spectrum.walls;
  const double share = walls.cutoff_hz < kLowCodecHz ? kWallShareOfLow : kWallShare;
  if (walls.walls < kFewestWalls || walls.share() < share) return false;
  const std::map<std::string, double> figures{{"wall_share", walls.share()}};
  const std::string how = fmt::format("in {:.0f} % of its moments everything above {:.1f} kHz is missing at once",
                                      100 * walls.share(), walls.cutoff_hz / 1000);
  if (walls.cutoff_hz >= kLowestCodecHz && walls.cutoff_hz <= kHighestCodecHz) {
    findings.push_back(lossy(walls.cutoff_hz, how, figures));
    return true;
  }
  if (is_at_48k(track) && walls.cutoff_hz >= kLowestOf44Hz && walls.cutoff_hz <= kHighestOf44Hz) {
    findings.push_back(upsampled(walls.cutoff_hz, 44100, how, figures));
    return true;
  }
  return false;
}

// A wall of the average spectrum that keeps a rule.
std::optional<BandLimit> wall_by(const SpectrumRule& rule, const Inspection& track) {
  const auto wall =
      find_band_limit(track.spectrum, rule.lowest_hz, rule.highest_share * track.sample_rate_hz, rule.transition_hz);
  if (!wall || wall->wall_db < rule.wall_db || wall->floor_db_hz > rule.floor_db_hz) return std::nullopt;
  const bool is_high = wall->floor_db_hz + wall->wall_db >= rule.least_db_hz || wall->wall_db >= kSteepDb;
  return is_high ? wall : std::nullopt;
}

void check_average(const Inspection& track, std::vector<AuditFinding>& findings) {
  const bool is_high_rate = track.sample_rate_hz >= kLowestHighRateHz;
  const SpectrumRule& rule = is_high_rate ? kUpsampled : kLossy;
  const std::optional<BandLimit> wall = wall_by(rule, track);
  if (!wall) return;
  const double blur_hz = 8 * track.spectrum.bin_hz, foot_hz = wall->foot_hz;
  const std::map<std::string, double> figures{{"wall_db", wall->wall_db}, {"floor_dbfs_hz", wall->floor_db_hz}};
  const std::string how =
      fmt::format("the spectrum ends at {:.1f} kHz in a wall of {:.0f} dB, with {:.0f} dBFS/Hz above", foot_hz / 1000,
                  wall->wall_db, wall->floor_db_hz);
  if (is_high_rate) {
    if (foot_hz < kLowestFreeFootHz && foot_hz > 11025 + blur_hz) return;
    findings.push_back(upsampled(foot_hz, source_rate_of(foot_hz, blur_hz), how, figures));
  } else if (foot_hz >= kLowestCodecHz &&
             foot_hz <= (wall->wall_db >= kSteepDb ? kHighestSteepFootHz : rule.highest_foot_hz)) {
    findings.push_back(lossy(foot_hz, how, figures));
  } else if (is_at_48k(track) && foot_hz >= kLowestFootOf44Hz && foot_hz <= kHighestOf44Hz) {
    findings.push_back(upsampled(foot_hz, 44100, how, figures));
  }
}

}  // namespace

void check_spectrum(const Inspection& track, std::vector<AuditFinding>& findings) {
  if (track.sample_rate_hz < kLowestLossyRateHz ||
      static_cast<double>(track.frames) < kShortestForSpectrumS * track.sample_rate_hz)
    return;
  if (track.sample_rate_hz < kLowestHighRateHz && check_walls(track, findings)) return;
  check_average(track, findings);
}

std::optional<double> channel_balance_lu(const Inspection& track) {
  if (!track.pair || track.spectrum.powers.empty()) return std::nullopt;
  const std::array<Biquad, 2> filter = k_weighting(track.sample_rate_hz);
  double power[2] = {0, 0};
  for (std::size_t k = 1; k < track.spectrum.powers[0].size(); ++k) {
    const double gain = k_gain(filter, static_cast<double>(k) * track.spectrum.bin_hz, track.sample_rate_hz);
    for (std::size_t c = 0; c < 2; ++c) power[c] += gain * track.spectrum.powers[c][k];
  }
  if (power[0] <= 0 || power[1] <= 0) return std::nullopt;
  return power_to_db(power[0] / power[1]);
}

double share_above_20khz_lu(const Inspection& track) {
  if (track.sample_rate_hz <= 2 * kAudibleHz || track.spectrum.powers.empty()) return 0;
  const std::array<Biquad, 2> filter = k_weighting(track.sample_rate_hz);
  double all = 0, above = 0;
  for (std::size_t k = 1; k < track.spectrum.powers[0].size(); ++k) {
    const double hz = static_cast<double>(k) * track.spectrum.bin_hz, gain = k_gain(filter, hz, track.sample_rate_hz);
    for (const std::vector<double>& powers : track.spectrum.powers) {
      all += gain * powers[k];
      if (hz > kAudibleHz) above += gain * powers[k];
    }
  }
  if (!(all > 0)) return 0;
  return all > above ? -power_to_db(1 - above / all) : std::numeric_limits<double>::infinity();
}

void check_ultrasonic(double integrated_lufs, double below_20khz_lufs, std::vector<AuditFinding>& findings) {
  const double difference_lu = integrated_lufs - below_20khz_lufs;
  if (!(difference_lu >= kUltrasonicLu)) return;
  AuditFinding finding{"ultrasonic-loudness", Severity::warning, "no loudness is left below 20 kHz", std::nullopt, {}};
  if (std::isfinite(difference_lu)) {
    finding.message =
        fmt::format("{:.1f} LU of the loudness lie above 20 kHz, where nobody hears them: {:.1f} LUFS below",
                    difference_lu, below_20khz_lufs);
    finding.figures = {{"difference_lu", difference_lu}, {"below_20khz_lufs", below_20khz_lufs}};
  }
  findings.push_back(std::move(finding));
}

}  // namespace lathe
